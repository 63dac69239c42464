"""Text in the order in which people count: file2 before file10 (VersionSort)."""
# uses: ground/chartable

cdef inline signed char natural_at(
        const char *data, unsigned int length, unsigned int i,
        bint ignore_case) noexcept nogil:
    """0: behind the end. As apr_strnatcmp sees it: capital letters where case does not
    matter, and bytes that are no ASCII before all others."""
    cdef char c = 0
    if i < length:
        c = data[i]
        if ignore_case and c'a' <= c <= c'z':
            c -= 32
    return <signed char>c


cdef inline bint natural_digit(signed char c) noexcept nogil:
    return c'0' <= c <= c'9'


cdef inline bint natural_blank(signed char c) noexcept nogil:
    return c == c' ' or 9 <= c <= 13


cdef int natural_run(
        const char *a, unsigned int a_length, unsigned int i,
        const char *b, unsigned int b_length, unsigned int j,
        bint is_fraction) noexcept nogil:
    """Two runs of digits: the longer number is the larger, and of two of one length the
    first digit that differs decides. Of fractions that digit decides alone."""
    cdef int bias = 0
    cdef signed char c, d
    while True:
        c = natural_at(a, a_length, i, False)
        d = natural_at(b, b_length, j, False)
        if not natural_digit(c) and not natural_digit(d):
            return bias
        if not natural_digit(c):
            return -1
        if not natural_digit(d):
            return 1
        if c != d and bias == 0:
            bias = -1 if c < d else 1
            if is_fraction:
                return bias
        i += 1
        j += 1


cdef int natural_compare(
        const char *a, unsigned int a_length, const char *b, unsigned int b_length,
        bint ignore_case) noexcept nogil:
    cdef unsigned int i = 0, j = 0
    cdef signed char c, d
    cdef int result
    while True:
        while natural_blank(natural_at(a, a_length, i, False)):
            i += 1
        while natural_blank(natural_at(b, b_length, j, False)):
            j += 1
        c = natural_at(a, a_length, i, ignore_case)
        d = natural_at(b, b_length, j, ignore_case)
        if natural_digit(c) and natural_digit(d):
            result = natural_run(
                a, a_length, i, b, b_length, j, c == c'0' or d == c'0')
            if result:
                return result
        if c != d:
            return -1 if c < d else 1
        if i >= a_length and j >= b_length:
            return 0
        i += 1
        j += 1


cdef int bytes_compare(
        const char *a, unsigned int a_length, const char *b, unsigned int b_length,
        bint ignore_case) noexcept nogil:
    """As strcmp and strcasecmp."""
    cdef unsigned int i
    cdef unsigned char c, d
    for i in range(min(a_length, b_length)):
        c = <unsigned char>a[i]
        d = <unsigned char>b[i]
        if ignore_case:
            c = char_lower(c)
            d = char_lower(d)
        if c != d:
            return -1 if c < d else 1
    return 0 if a_length == b_length else -1 if a_length < b_length else 1
