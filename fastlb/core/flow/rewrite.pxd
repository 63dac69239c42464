# The heads that go out: to the member and to the client.
# ProxyPassReverse and its kin are in reverse.pyx.

# Compose the request head for x.member into x.up.output, with the part of a small body
# that is at hand. returns 0, or -400 (Max-Forwards), -500
cdef int rewrite_request(exchange *x) noexcept nogil

# Compose the final response head into x.down.output from res (parsed from data).
# Settles keep-alive and the framing towards the client. returns 0 or -502
cdef int rewrite_response(exchange *x, head *res, const char *data) noexcept nogil
# A 1xx head as it is passed on. returns 0 or -502
cdef int rewrite_interim(exchange *x, head *res, const char *data) noexcept nogil
# The head of an answer made here. content_length < 0: no body at all (204, 304)
cdef int rewrite_local(
    exchange *x, int status, const char *reason, unsigned int reason_length,
    const char *content_type, long long content_length) noexcept nogil

cdef const char *reason_of(int status, unsigned int *length) noexcept nogil

# A writer over an empty buffer of that class, which takes the place of *b; over the
# room behind what a buffer holds; and the end of both. returns 0 or FAILED (no memory)
cdef int writer_on(writer *w, buffer **b, int size_class) noexcept nogil
cdef void writer_behind(writer *w, buffer *b) noexcept nogil
cdef void writer_into(writer *w, buffer *b) noexcept nogil
