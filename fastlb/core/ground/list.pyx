"""Comma lists (list.pxd)."""
# uses: ground/chartable, ground/text

cdef bint next_list_member(
    const char **p, const char *end, const char **begin, unsigned int *size
) noexcept nogil:
    """The next member from p on, without blanks; empty ones are passed over. False: no
    more."""
    cdef const char *at = p[0]
    cdef const char *stop
    while at < end and (at[0] == c" " or at[0] == c"\t" or at[0] == c","):
        at += 1
    if at == end:
        return False
    begin[0] = at
    while at < end and at[0] != c",":
        at += 1
    stop = at
    stop = without_blanks(<char *>begin[0], <char *>stop)
    size[0] = <unsigned int>(stop - begin[0])
    p[0] = at
    return True


cdef bint value_has_token(
    const char *value, unsigned int length,
    const char *token, unsigned int token_length
) noexcept nogil:
    cdef const char *p = value
    cdef const char *end = value + length
    cdef const char *begin
    cdef unsigned int size
    while next_list_member(&p, end, &begin, &size):
        if size == token_length and bytes_equal_nocase(begin, token, size):
            return True
    return False
