# Timers and frees, by the kind of a connection; and the end of all of them.

cdef void conn_timed_out(void *owner) noexcept nogil
cdef void conn_release(conn *c) noexcept nogil
# Close everything, and write down what was under way.
cdef void engine_abort() noexcept nogil
