cdef void upstream_on_event(conn *c) noexcept nogil
cdef void upstream_on_timeout(upstream *u) noexcept nogil
