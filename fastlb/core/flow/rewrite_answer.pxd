# The heads that go out to the client: a member's, or of an answer made here.

# Compose the final response head into x.down.output from res (parsed from data).
# Settles keep-alive and the framing towards the client. returns 0 or -502
cdef int rewrite_response(exchange *x, head *res, const char *data) noexcept nogil
# A 1xx head as it is passed on. returns 0 or -502
cdef int rewrite_interim(exchange *x, head *res, const char *data) noexcept nogil
# The head of an answer made here. content_length < 0: no body at all (204, 304)
cdef int rewrite_local(
    exchange *x, int status, const char *reason, unsigned int reason_length,
    const char *content_type, long long content_length) noexcept nogil
