# Who a client says it is: Authorization of the scheme Basic (RFC 7617).

cdef enum:
    CREDENTIALS_FOUND = 0
    CREDENTIALS_NONE = 1        # the field is missing
    CREDENTIALS_OTHER = 2       # of another scheme
    CREDENTIALS_BROKEN = 3      # more than one field, a NUL, or what is too long

# Name and password, in the request's arena. r.arena.starved: no memory.
cdef int credentials_basic(
    request_facts *r, value *user, value *password) noexcept nogil
