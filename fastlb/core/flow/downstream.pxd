# The client's connection: from accept to close, one request after the other.
#
#   state       on bytes               on the end            on a timeout
#   HANDSHAKE   -> IDLE (TLS)          closed                closed
#   IDLE        -> HEAD                closed                closed (KeepAliveTimeout)
#   HEAD        -> EXCHANGE, or stays  closed                408, -> FLUSH
#   WAIT        not read               not looked at         none: it is our turn
#   EXCHANGE    body of the request    half-close is fine    408, or both sides closed
#   FLUSH       not read               -                     closed
#   LINGER      read and dropped       closed                closed
#
# A plain request where TLS is spoken: HANDSHAKE -> EXCHANGE, which answers 400. A
# handshake that fails with an alert: HANDSHAKE -> LINGER.
# IDLE and HEAD -> WAIT when MaxRequestWorkers are in work; -> IDLE when its turn comes.
# After an exchange: -> IDLE when the connection is kept, else -> FLUSH -> LINGER or
# closed; -> LINGER when its body was cut. A draining worker: IDLE -> LINGER on its
# timeout. Debug builds assert each step against DOWN_FOLLOWERS, which is this table.

# The exchange is over and its answer has gone out (or is in d.output).
cdef void downstream_next(downstream *d, bint keep, bint linger) noexcept nogil
# Close: at once, or in two steps when bytes may be on their way (RFC 9112 9.6).
cdef void downstream_close(downstream *d) noexcept nogil
cdef void downstream_linger(downstream *d) noexcept nogil
cdef void downstream_reset(downstream *d) noexcept nogil
# Close up to so many that have been silent longest after a request; how many it were.
cdef long downstreams_close_idle(long most) noexcept nogil
