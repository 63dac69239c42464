# From a request that may go to a member, to the connection that it goes out on.

# Find a member and ask it; also for every further try of the same request.
cdef void exchange_elect(exchange *x) noexcept nogil
# x.member by an election of the mapping's balancer, and the variables that tell of it.
# False: there is nobody (x.choice.election)
cdef bint member_choose(exchange *x) noexcept nogil
# A connection from the pool, a new one, or a place in the queue for one.
cdef void exchange_connect(exchange *x, bint fresh) noexcept nogil
cdef void exchange_find_connection(exchange *x) noexcept nogil
# No address of the member is reachable; it let time pass; its side failed.
# status: what the client is told if nobody else is tried
cdef void exchange_connect_lost(exchange *x, int why) noexcept nogil
cdef void exchange_on_member_timeout(exchange *x) noexcept nogil
cdef void exchange_member_lost(
    exchange *x, int status, const char *detail, bint mark_error) noexcept nogil
