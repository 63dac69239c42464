# Exchanges that wait for a connection to their member (acquire=), oldest first, and
# those that wait until any member of their balancer can be asked (timeout=).

# Queue for a connection, oldest first; leave the queue.
cdef void pool_wait(exchange *x) noexcept nogil
cdef void pool_leave(exchange *x) noexcept nogil
# A connection came free or was closed: the first in the queue goes on.
cdef void pool_wake(plan_member *m) noexcept nogil
cdef bint pool_is_promised(plan_member *m) noexcept nogil
# Its turn has come, or is given up.
cdef void pool_keep_promise(exchange *x) noexcept nogil
# Until any member is usable: the tick tries again, oldest first.
cdef void nobody_wait(exchange *x) noexcept nogil
cdef void nobody_leave(exchange *x) noexcept nogil
