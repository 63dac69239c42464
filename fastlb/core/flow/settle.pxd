# How an exchange ends. What ends it frees it: neither it nor its connections may be
# touched then.

# Give the member's connection back, or close it.
cdef void exchange_detach(exchange *x, bint reuse) noexcept nogil
# It waits for nothing any more.
cdef void exchange_leave_queues(exchange *x) noexcept nogil
# Count, log, and free; the downstream is the caller's again.
cdef void exchange_settle(exchange *x) noexcept nogil
# The answer has gone out whole. Always returns False.
cdef bint exchange_finish(exchange *x) noexcept nogil
# No well-formed end is possible: close both sides; the client went away.
cdef void exchange_end(exchange *x) noexcept nogil
cdef void exchange_abort(exchange *x) noexcept nogil
# The body cannot be completed: the client sees a message that is not whole.
cdef void exchange_cut(exchange *x) noexcept nogil
