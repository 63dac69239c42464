# The core's epoll set, and the queue of connections that have work left.
#
# A descriptor is registered once, edge-triggered for everything, and never changed:
# the edges set `readable` and `writable`, a short read or write clears them. So
# backpressure is simply not reading, and no request costs an epoll_ctl.
#
# An event may stand behind one that has just closed its connection. Closing takes the
# descriptor away at once, but the struct is freed only when the batch has ended, and
# an event whose connection is KIND_DEAD finds nothing.

cdef enum:
    KIND_DEAD = 0
    KIND_LISTENER = 1
    KIND_DOWNSTREAM = 2
    KIND_UPSTREAM = 3
    KIND_CLOCK = 4              # of places.pyx
    KIND_COUNT = 5

# What every watched thing begins with.
cdef struct conn:
    int fd                      # -1 after close
    unsigned char kind          # KIND_*
    unsigned char freed_kind    # KIND_* it had before it died
    flag readable               # a recv may give bytes (or the end)
    flag writable               # a send may take bytes
    flag peer_closed            # the peer has ended its side (EPOLLRDHUP)
    flag broken                 # EPOLLERR or EPOLLHUP: both sides are gone
    flag queued                 # stands in the run queue
    flag crossed                # TLS waits to write before it can read, or the reverse
    tls_state *tls              # NULL: plain
    conn *run_next
    conn *dead_next
    timer_node timer

ctypedef void (*conn_handler)(conn *c) noexcept nogil

cdef struct watch_set:
    int epfd
    long long now_us            # CLOCK_MONOTONIC, read once a batch
    conn *run_head
    conn *run_tail
    conn *dead
    conn_handler handlers[KIND_COUNT]    # by kind: on an event or from the run queue
    conn_handler end_tls        # of one that is closed with a state of TLS
    conn_handler release        # frees a dead conn's struct
    long open_count             # registered descriptors
    bint has_worked             # for long: the turn ends with this batch

cdef watch_set watch
cdef long long clock_us() noexcept nogil
