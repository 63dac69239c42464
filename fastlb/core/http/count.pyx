"""Counting a head that is not complete (count.pxd).

Each byte is looked at once more, and only where a head comes in pieces.
"""
# uses: ground/chartable, http/fields


cdef unsigned char head_exceeds(
    const char *data, unsigned int length, head_count *c, const head_limits *limits
) noexcept nogil:
    cdef unsigned int count_max = FIELD_COUNT_MAX
    cdef unsigned int from_here, end
    cdef const char *stop
    cdef bint goes_on
    if limits.field_count != 0 and limits.field_count < count_max:
        count_max = limits.field_count
    while True:
        from_here = c.looked if c.looked > c.line else c.line
        stop = NULL
        if from_here < length:
            stop = <const char *>memchr(data + from_here, c"\n", length - from_here)
        end = length if stop == NULL else <unsigned int>(stop - data)
        if end > c.line and byte_before(data, end) == c"\r":
            end -= 1
        if not c.first_line:
            if end - c.line > limits.line_bytes:
                return WHY_REQUEST_LINE
            # an empty line before the first one is none
            c.first_line = stop != NULL and (end > c.line or c.line > 0)
        elif c.line < length:
            goes_on = data[c.line] == c" " or data[c.line] == c"\t"
            if not goes_on:
                c.field = c.line
            if end - c.field > limits.field_bytes:
                return WHY_FIELD_SIZE
            if stop != NULL and not goes_on:
                c.fields += 1
                if c.fields > count_max:
                    return WHY_FIELD_COUNT
        if stop == NULL:
            c.looked = length
            return WHY_NONE
        c.line = <unsigned int>(stop + 1 - data)
