"""The time of day (date.pxd)."""
# uses: io/watch

cdef char[HTTP_DATE_BYTES] date_text
cdef long long date_second = -1
cdef long long wall_offset_us = 0   # wall clock minus monotonic, refreshed by the date


cdef const char *http_date() noexcept nogil:
    global date_second, wall_offset_us
    cdef timespec now
    cdef tm parts
    # Coarse is enough: the text changes once a second.
    cdef long long second = (watch.now_us + wall_offset_us) // 1000000
    if likely(second == date_second):
        return &date_text[0]
    clock_gettime(CLOCK_REALTIME, &now)
    wall_offset_us = (
        <long long>now.tv_sec * 1000000 + now.tv_nsec // 1000 - clock_us())
    date_second = now.tv_sec
    gmtime_r(&now.tv_sec, &parts)
    strftime(&date_text[0], HTTP_DATE_BYTES, b"%a, %d %b %Y %H:%M:%S GMT", &parts)
    return &date_text[0]
