# Open a connection to x.member and begin to connect; x.up is set.
# returns 0, or FAILED (nothing was opened; errno in stream_errno)
cdef int upstream_open(exchange *x) noexcept nogil
