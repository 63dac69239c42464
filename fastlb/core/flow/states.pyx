"""States: a table says what may follow each, one function changes it. Debug builds
assert each step."""
# uses: io/watch, flow/exchange, flow/follow

# The table in downstream.pyx, as bits.
cdef unsigned char[DOWN_STATES] DOWN_FOLLOWERS = [
    1 << DOWN_IDLE | 1 << DOWN_EXCHANGE | 1 << DOWN_LINGER,     # HANDSHAKE
    1 << DOWN_EXCHANGE | 1 << DOWN_WAIT,                        # HEAD
    1 << DOWN_IDLE | 1 << DOWN_FLUSH | 1 << DOWN_LINGER,        # EXCHANGE
    0,                                                          # LINGER
    1 << DOWN_LINGER,                                           # FLUSH
    1 << DOWN_HEAD | 1 << DOWN_EXCHANGE | 1 << DOWN_LINGER | 1 << DOWN_WAIT,    # IDLE
    1 << DOWN_IDLE,                                             # WAIT
]

# That in upstream.pyx.
cdef unsigned char[UP_STATES] UP_FOLLOWERS = [
    1 << UP_BUSY | 1 << UP_HANDSHAKE | 1 << UP_REMOTE,  # CONNECTING
    1 << UP_IDLE,                       # BUSY
    1 << UP_BUSY,                       # IDLE
    1 << UP_BUSY,                       # HANDSHAKE
    1 << UP_HANDSHAKE,                  # REMOTE
]

# The drawing in exchange.pxd.
cdef unsigned short[X_STATES] X_FOLLOWERS = [
    1 << X_DECIDE | 1 << X_READ_BODY | 1 << X_WAIT_HOST | 1 << X_WAIT_ADDRESS
    | 1 << X_WAIT_ANY | 1 << X_WAIT_POOL | 1 << X_REFUSED | 1 << X_SEND
    | 1 << X_LOCAL | 1 << X_LISTING | 1 << X_WAIT_PLACE,    # DECIDE
    1 << X_DECIDE | 1 << X_LOCAL,                       # READ_BODY
    1 << X_DECIDE | 1 << X_LOCAL,                       # WAIT_HOST
    1 << X_DECIDE | 1 << X_LOCAL,                       # WAIT_ADDRESS
    1 << X_DECIDE,                                      # WAIT_ANY
    1 << X_DECIDE | 1 << X_CALLED,                      # WAIT_POOL
    1 << X_DECIDE,                                      # CALLED
    1 << X_DECIDE,                                      # REFUSED
    1 << X_DECIDE | 1 << X_TUNNEL | 1 << X_LOCAL,       # SEND
    0,                                                  # LOCAL
    0,                                                  # TUNNEL
    1 << X_DECIDE | 1 << X_LOCAL,                       # LISTING
    1 << X_DECIDE,                                      # WAIT_PLACE
]


cdef inline void downstream_enter(
        downstream *d, unsigned char state) noexcept nogil:
    ASSERT(d.c.kind == KIND_DOWNSTREAM)
    ASSERT(DOWN_FOLLOWERS[d.state] >> state & 1)
    d.state = state


cdef inline void upstream_enter(upstream *u, unsigned char state) noexcept nogil:
    ASSERT(u.c.kind == KIND_UPSTREAM)
    ASSERT(UP_FOLLOWERS[u.state] >> state & 1)
    u.state = state


cdef inline void exchange_enter(exchange *x, unsigned char state) noexcept nogil:
    ASSERT(X_FOLLOWERS[x.state] >> state & 1)
    if unlikely(x.followed):
        follow_state(x, state)
    x.state = state
