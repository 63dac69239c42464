# The state of a connection or an exchange, changed. Debug builds assert each step.

cdef void downstream_enter(downstream *d, unsigned char state) noexcept nogil  # no-cython-lint: one unit
cdef void upstream_enter(upstream *u, unsigned char state) noexcept nogil  # no-cython-lint: one unit
cdef void exchange_enter(exchange *x, unsigned char state) noexcept nogil  # no-cython-lint: one unit
