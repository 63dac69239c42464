"""Classes of bytes: one look-up answers what a byte may be part of.

The table is filled when the module is loaded, before any worker exists, so that the
grammar can be read here in words and not as 256 numbers.
"""

cdef void chartable_fill() noexcept nogil:
    cdef int c
    cdef unsigned char bits
    for c in range(256):
        bits = 0
        if c"0" <= c <= c"9":
            bits = CHAR_TOKEN | CHAR_DIGIT | CHAR_HOST
        elif c"a" <= (c | 0x20) <= c"z":
            bits = CHAR_TOKEN | CHAR_ALPHA | CHAR_HOST
        if c != 0 and strchr("!#$%&'*+-.^_`|~", c) != NULL:
            bits |= CHAR_TOKEN
        if c != 0 and strchr("-_.", c) != NULL:
            bits |= CHAR_HOST
        if (c >= 0x20 and c != 0x7f) or c == c"\t":
            bits |= CHAR_VALUE
        if c > 0x20 and c != 0x7f and c != c"#":
            bits |= CHAR_TARGET
        char_class[c] = bits
        hex_value[c] = 255
        if c"0" <= c <= c"9":
            hex_value[c] = <unsigned char>(c - c"0")
        elif c"a" <= (c | 0x20) <= c"f":
            hex_value[c] = <unsigned char>((c | 0x20) - c"a" + 10)


chartable_fill()


cdef unsigned char char_lower(unsigned char c) noexcept nogil:
    """ASCII letters in lower case, every other byte as it is."""
    return c | 0x20 if char_class[c] & CHAR_ALPHA else c


cdef bint bytes_equal_nocase(
    const char *a, const char *b, unsigned int length
) noexcept nogil:
    """Equal but for the case of ASCII letters?"""
    cdef unsigned int i
    for i in range(length):
        if char_lower(<unsigned char>a[i]) != char_lower(<unsigned char>b[i]):
            return False
    return True


cdef inline char byte_before(const char *data, unsigned int at) noexcept nogil:
    """A look back: the byte before data[at], and 0 at the start. An index that may be 0
    is not decremented anywhere else."""
    return data[at - 1] if at > 0 else 0
