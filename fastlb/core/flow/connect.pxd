# CONNECT: a tunnel to where the client says (RFC 9110 9.3.6).
#
#   access rules -> port allowed? -> addresses -> allowed? -> connected -> 200, X_TUNNEL
#                                    X_WAIT_ADDRESS
#
# <Proxy> sections are compared with one spelling of what is asked for (connect_named).
# Those that name it as it was written, or an address that it leads to, must allow it
# as well: LOCALHOST, localhost., 127.1 and [::ffff:127.0.0.1] are one place.
#
# There is no member. What stands in its place is connect_target, one for the process:
# its slot is in memory of our own, so nothing that a CONNECT does is counted for, or
# found by, anybody else; the addresses are the exchange's.

# The head of a CONNECT has come.
cdef void connect_route(exchange *x) noexcept nogil
# The addresses are known (x.tunnel.addresses). Those that rules deny are left
# out.
cdef void connect_go(exchange *x) noexcept nogil
# The name has no address, or a look-up took too long.
cdef void connect_unknown(exchange *x) noexcept nogil
