# AuthType Digest (RFC 7616, mod_auth_digest): is the client who it says it is, what is
# it asked for, and what is it told when it was.

# returns 0 when r.user is who it says, or a status; r.challenge is set
cdef int authenticate_digest(
    request_facts *r, const plan_auth *said, int *because) noexcept nogil
