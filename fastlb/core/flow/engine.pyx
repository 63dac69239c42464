"""What the whole worker counts and links (engine.pxd)."""
# uses: balance/table, flow/exchange

cdef engine_state engine
cdef int lone_pipe = -1


cdef void lone_say(char what) noexcept nogil:
    """One byte to the master."""
    cdef ssize_t _
    # The pipe holds more bytes than a worker has tunnels; one that is lost is a count
    # that is too low.
    _ = write(lone_pipe, &what, 1)
