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

cdef void upstream_close(upstream *u) noexcept nogil
