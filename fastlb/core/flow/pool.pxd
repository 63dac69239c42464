# Connections to members, kept alive between requests: one pool a member and worker.
#
# The newest idle connection is taken first, so that what a burst opened grows old and
# is closed (smax, ttl). An idle connection stays in the epoll set: what a member closes
# is taken out when its event comes, without any system call at the time of use.

# An idle connection that may still be used; NULL: none. careful: ask the socket too,
# because the request must not be sent twice (it is not idempotent).
cdef upstream *pool_take(exchange *x, bint careful) noexcept nogil
# Keep a connection whose response was read to its last byte, or close it.
cdef void pool_put(upstream *u) noexcept nogil
# Close all idle ones.
cdef void pool_empty(plan_member *m) noexcept nogil
# Close one idle connection, of whatever member, because descriptors are short.
cdef bint pool_make_room() noexcept nogil
# May another connection be opened (max=)?
cdef bint pool_has_room(plan_member *m) noexcept nogil
