# Tunnels: bytes both ways between a client and a member, after a 101 or a CONNECT.
#
#   client -- recv --> [ x.body.stream ] -- send --> member   client_ended, member_told
#   client <-- send -- [    u.input    ] <-- recv -- member   member_ended, client_told
#
# What one side gives is sent to the other at once, from memory of the worker's own; a
# buffer holds only what the other side did not take, and while it holds anything
# nothing more is read. So an idle tunnel holds no buffer.
#
# The end of one side is passed on (shutdown, and close_notify over TLS) and the other
# may go on sending; the tunnel is over when both have ended, when one is lost, or when
# both have been silent for idle_us. To the exchange it is one long response: busy,
# draining and the log line go by its end.

# Does the request ask this member for another protocol? Sets x.attempt.upgrade.
cdef void request_upgrade(exchange *x) noexcept nogil
# A 101 has come. Always returns False: the exchange is a tunnel, or was answered.
cdef bint tunnel_begin(exchange *x, head *res, unsigned int head_bytes) noexcept nogil
# A CONNECT's target is connected: tell the client, and be a tunnel.
cdef void tunnel_grant(exchange *x) noexcept nogil
# Become a tunnel: the answer's head is in down.output, x.status is set.
cdef void tunnel_open(exchange *x) noexcept nogil
# One of the connections has something to read, or room to write.
cdef void tunnel_step(exchange *x) noexcept nogil
# Both sides were silent for too long.
cdef void tunnel_on_timeout(exchange *x) noexcept nogil
