# The heads that go out to the member.

# Compose the request head for x.member into x.up.output, with the part of a small body
# that is at hand. returns 0, or -400 (Max-Forwards), -500
cdef int rewrite_request(exchange *x) noexcept nogil
