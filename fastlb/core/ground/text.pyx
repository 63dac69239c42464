"""Bytes with their length (text.pxd)."""
# uses: ground/chartable

cdef bint same_text(value a, value b) noexcept nogil:
    return a.length == b.length and memcmp(a.data, b.data, a.length) == 0


cdef value value_from(value v, unsigned int at) noexcept nogil:
    return value(v.data + at, v.length - at)


cdef const void *memchr_or_end(
        const char *data, int c, size_t length) noexcept nogil:
    """Where the byte stands, or the end: never NULL."""
    cdef const void *at = memchr(data, c, length)
    return at if at != NULL else data + length


# The end of [begin, end) without SP and HTAB before it.
cdef char *without_blanks(char *begin, char *end) noexcept nogil:
    cdef char last
    while True:
        last = byte_before(begin, <unsigned int>(end - begin))
        if last != c" " and last != c"\t":
            return end
        end -= 1


# Names of fields that are one to who makes variables of them (CGI, WSGI): "_" is "-".
cdef bint names_are_alike(
        const char *one, const char *other, unsigned int length) noexcept nogil:
    cdef unsigned char a, b
    cdef unsigned int i
    for i in range(length):
        a = char_lower(<unsigned char>one[i])
        b = char_lower(<unsigned char>other[i])
        if (c'-' if a == c'_' else a) != (c'-' if b == c'_' else b):
            return False
    return True
