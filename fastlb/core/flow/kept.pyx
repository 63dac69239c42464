"""How long a member keeps a connection that is idle (kept.pxd)."""
# uses: ground/chartable, ground/number, ground/list

cdef void kept_hear(
        kept_time *k, const char *field_value, unsigned int length) noexcept nogil:
    cdef const char *p = field_value
    cdef const char *end = p + length
    cdef const char *begin
    cdef unsigned int size
    cdef long long seconds
    while next_list_member(&p, end, &begin, &size):
        if size <= 8 or not bytes_equal_nocase(begin, b"timeout=", 8):
            continue
        seconds = decimal_of(begin + 8, size - 8)
        if 0 < seconds <= KEPT_SAID_S_MAX:
            k.said_us = seconds * 1000000


cdef void kept_saw_open(kept_time *k, long long idle_us) noexcept nogil:
    if idle_us > k.lived_us:
        k.lived_us = idle_us
    if k.closed_us and idle_us > 2 * k.closed_us:
        k.closed_us = idle_us // 2


cdef void kept_saw_end(kept_time *k, long long idle_us) noexcept nogil:
    idle_us = max(idle_us, <long long>1)
    if k.closed_us == 0 or idle_us < k.closed_us:
        k.closed_us = idle_us


cdef long long kept_for_us(const kept_time *k) noexcept nogil:
    cdef long long limit = k.closed_us
    if k.said_us and (limit == 0 or k.said_us < limit):
        limit = k.said_us
    if limit:
        return limit - limit // KEPT_PART
    return max(<long long>KEPT_ANY_US, k.lived_us - k.lived_us // KEPT_PART)
