# How long a body is (RFC 9112 6.3).

cdef enum:
    BODY_NONE = 0       # no body at all
    BODY_LENGTH = 1     # Content-Length bytes follow
    BODY_CHUNKED = 2
    BODY_UNTIL_CLOSE = 3
    BODY_CODED = 4      # the member's own protocol says it (flow/exchange.pxd)

cdef struct framing:
    unsigned char kind      # BODY_*
    flag close_after        # the framing is doubtful: serve, then close (RFC 9112 6.1)
    long long length        # for BODY_LENGTH

# limits        compat_apache decides whether a doubtful framing is served, then closed
# returns 0; -400 (repeated or odd Content-Length; codings that do not end with chunked,
# or name it twice; Transfer-Encoding beside Content-Length or from HTTP/1.0); or -501
# (other codings before chunked). BODY_LENGTH may have length 0.
cdef int framing_of_request(
    head *h, const char *data, const head_limits *limits, framing *out) noexcept nogil

# request_method: METHOD_* of the request it answers. returns 0 or -502
cdef int framing_of_response(
    head *h, const char *data, int request_method, framing *out) noexcept nogil
