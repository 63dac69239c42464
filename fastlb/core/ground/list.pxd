# Comma lists (RFC 9110 5.6.1).

# The next member from p on, without blanks; empty ones are passed over. False: no more.
cdef bint next_list_member(
    const char **p, const char *end, const char **begin,
    unsigned int *size) noexcept nogil
# Does the list hold the token (ASCII case ignored)?
cdef bint value_has_token(
    const char *value, unsigned int length,
    const char *token, unsigned int token_length) noexcept nogil
