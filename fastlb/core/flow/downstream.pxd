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

# What the whole worker counts and links.
cdef struct engine_state:
    table_view *view
    worker_slot *slot
    downstream *all             # every open downstream
    long downstream_count
    long upstream_count
    long exchange_count
    long tunnel_count
    int row_next                # of the plan's members, for row_say_again
    long accepted               # connections since the start, for recycling
    unsigned long connection_number
    uint64_t chance             # state of this worker's random numbers (chance.pxd)
    # requests in work (work.pxd); LONG_MAX is granted where there is no bound
    long in_work
    long granted
    long work_step              # so many more are asked for at once
    long work_fair              # an equal part of MaxRequestWorkers
    long work_owed              # others wait, and have less than that
    downstream *wait_head
    downstream *wait_tail
    long wait_count
    bint full_told
    # how many there may be (accept.pyx, pool.pyx, splice.pyx)
    long client_max             # connections of clients, by our descriptors
    long client_margin          # so near to a bound room is made
    long long room_sought_us    # when nothing was found that could make room
    long member_max             # connections to members
    long pipe_max
    bint accepting
    bint paused                 # no more connections, or out of descriptors
    bint draining
    bint drained_told
    bint recycle_told
    bint lone_due               # nothing but tunnels is left, by the last tick
    bint eager_read             # TCP_DEFER_ACCEPT: a new connection has its request

# The socket of a new connection is known: wait for its first bytes.
cdef void downstream_begin(downstream *d) noexcept nogil
cdef void downstream_on_event(conn *c) noexcept nogil
cdef void downstream_on_timeout(downstream *d) noexcept nogil
# Look for a complete head in what has been received, and begin its exchange.
cdef void downstream_advance(downstream *d) noexcept nogil
# The exchange is over and its answer has gone out (or is in d.output).
cdef void downstream_next(downstream *d, bint keep, bint linger) noexcept nogil
# Close: at once, or in two steps when bytes may be on their way (RFC 9112 9.6).
cdef void downstream_close(downstream *d) noexcept nogil
cdef void downstream_linger(downstream *d) noexcept nogil
cdef void downstream_reset(downstream *d) noexcept nogil
# Close up to so many that have been silent longest after a request; how many it were.
cdef long downstreams_close_idle(long most) noexcept nogil
