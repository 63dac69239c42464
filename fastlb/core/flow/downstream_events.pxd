# The socket of a new connection is known: wait for its first bytes.
cdef void downstream_begin(downstream *d) noexcept nogil
cdef void downstream_on_event(conn *c) noexcept nogil
cdef void downstream_on_timeout(downstream *d) noexcept nogil
# Look for a complete head in what has been received, and begin its exchange.
cdef void downstream_advance(downstream *d) noexcept nogil
