# Comma lists (RFC 9110 5.6.1).

# Does the list hold the token (ASCII case ignored)?
cdef bint value_has_token(
    const char *value, unsigned int length,
    const char *token, unsigned int token_length) noexcept nogil
