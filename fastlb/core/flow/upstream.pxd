# The member's connection: connecting, busy with an exchange, or idle in its pool.
#
#   CONNECTING -> BUSY          connected: the request goes out
#              -> closed        refused or timed out: next address, then member lost
#              -> HANDSHAKE     connected to a member that speaks TLS
#   HANDSHAKE  -> BUSY          established, and its certificate is what it must be
#              -> closed        failed, or in vain: 500, and no other member
#   BUSY       -> IDLE          the response was read whole and both may go on
#              -> closed        an error, or "close" was said
#   IDLE       -> BUSY          taken for a request
#              -> closed        the member closed it, said something, or ttl passed

# Open a connection to x.member and begin to connect; x.up is set.
# returns 0, or FAILED (nothing was opened; errno in stream_errno)
cdef int upstream_open(exchange *x) noexcept nogil
cdef void upstream_on_event(conn *c) noexcept nogil
cdef void upstream_on_timeout(upstream *u) noexcept nogil
cdef void upstream_close(upstream *u) noexcept nogil
