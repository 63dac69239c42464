"""Lines of an access log that could not be written: told once, and when it is over.

A full disk or a program that does not read stops no request. The error log may lie on
the same disk: then nobody is told until there is room.
"""
# uses: io/watch, seam, plan/logline

import os

cdef tuple lost_names = ()      # of the logs, by number


cdef object lost_lines_begin(object names):
    global lost_names
    lost_names = tuple(names)


cdef void lost_lines_say(log_buffer *b, int number) noexcept:
    """What is lost until it is well again is counted, and told then."""
    if not b.lost_is_told:
        why = "its program is behind" if b.lost_error == EAGAIN else \
            os.strerror(b.lost_error)
        seam_say(
            "error", "log_config", 0, "", 0,
            f"FB0730: access log {lost_names[number]}: lines are lost: {why}")
        b.lost_is_told = True
    elif b.lost_error == 0 and watch.now_us - b.lost_us >= LOG_WELL_US:
        seam_say(
            "notice", "log_config", 0, "", 0,
            f"FB0731: access log {lost_names[number]} is written again; lines that"
            f" were lost: {b.lost_count}")
        b.lost_is_told = False
        b.lost_count = 0


# With every tick.
cdef void lost_lines_tell() noexcept:
    cdef int i
    for i in range(log_buffer_count):
        if log_buffers[i].lost_count:
            lost_lines_say(log_buffers[i], i)
