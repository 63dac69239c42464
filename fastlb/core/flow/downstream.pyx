"""The client's connection: from accept to close, one request after the other.

  state       on bytes               on the end            on a timeout
  HANDSHAKE   -> IDLE (PROXY, TLS)   closed                closed
  IDLE        -> HEAD                closed                closed (KeepAliveTimeout)
  HEAD        -> EXCHANGE, or stays  closed                408, -> FLUSH
  WAIT        not read               not looked at         none: it is our turn
  EXCHANGE    body of the request    half-close is fine    408, or both sides closed
  FLUSH       not read               -                     closed
  LINGER      read and dropped       closed                closed

A plain request where TLS is spoken: HANDSHAKE -> EXCHANGE, which answers 400. A
handshake that fails with an alert: HANDSHAKE -> LINGER.
IDLE and HEAD -> WAIT when MaxRequestWorkers are in work; -> IDLE when its turn comes.
After an exchange: -> IDLE when the connection is kept, else -> FLUSH -> LINGER or
closed; -> LINGER when its body was cut. A draining worker: IDLE -> LINGER on its
timeout. Debug builds assert each step against DOWN_FOLLOWERS, which is this table.
"""
# uses: ground/free_list, io/buffer, io/timer, io/watch, io/tls_stream, io/stream,
#       balance/ledger, flow/exchange, flow/engine, flow/states, flow/heads,
#       flow/work, flow/listeners

cdef enum:
    LINGER_US = 2000000         # how long what still comes is read away
    DRAIN_GRACE_US = 5000000    # how long a draining worker waits for a silent client
    DOWNSTREAMS_KEPT_MAX = 8192
    AGES = 256                  # classes by which the longest idle ones are found

cdef free_list downstream_pool = free_list(NULL, 0, DOWNSTREAMS_KEPT_MAX)


cdef downstream *downstream_take() noexcept nogil:
    cdef downstream *d = <downstream *>free_list_take(
        &downstream_pool, sizeof(downstream))
    if d == NULL:
        return NULL
    memset(d, 0, sizeof(downstream))
    d.c.kind = KIND_DOWNSTREAM
    d.c.fd = -1
    d.c.writable = True
    d.c.timer.owner = d
    d.client.c = &d.c
    engine.connection_number += 1
    d.client.number = engine.connection_number
    d.all_next = engine.all
    if engine.all != NULL:
        engine.all.all_prev = d
    engine.all = d
    engine.downstream_count += 1
    ledger_connection_opened(engine.slot)
    return d


cdef void downstream_release(downstream *d) noexcept nogil:
    """The struct of a closed connection, back to the pool (watch.release)."""
    free_list_give(&downstream_pool, d, sizeof(downstream))


cdef void downstream_close(downstream *d) noexcept nogil:
    """At once; downstream_linger does it in two steps, where bytes may be on their way
    (RFC 9112 9.6)."""
    if d.c.kind == KIND_DEAD:
        return
    work_forget(d)
    heads_leave(d)
    buffer_drop(&d.input)
    buffer_drop(&d.output)
    if d.all_prev != NULL:
        d.all_prev.all_next = d.all_next
    else:
        engine.all = d.all_next
    if d.all_next != NULL:
        d.all_next.all_prev = d.all_prev
    engine.downstream_count -= 1
    ASSERT(engine.downstream_count >= 0)
    ASSERT(d.x == NULL)
    ledger_down(&engine.slot.connections)
    watch_close(&d.c)
    if unlikely(engine.paused):
        accept_resume()


cdef void downstream_reset(downstream *d) noexcept nogil:
    """Close with a reset: nobody takes it for a proper end."""
    cdef int[2] at_once = [1, 0]    # struct linger: on, 0 s
    setsockopt(d.c.fd, SOL_SOCKET, SO_LINGER, &at_once[0], sizeof(at_once))
    d.c.broken = True               # nothing more is said, no close_notify either
    downstream_close(d)


cdef void downstream_linger(downstream *d) noexcept nogil:
    """Shut our side and read away what comes, so that our answer is not reset."""
    heads_leave(d)
    buffer_drop(&d.input)
    buffer_drop(&d.output)
    if d.c.broken:
        downstream_close(d)
        return
    downstream_enter(d, DOWN_LINGER)
    if d.c.tls != NULL:
        tls_end(&d.c)               # what still comes is dropped as it is
        d.c.readable = True
    shutdown(d.c.fd, SHUT_WR)
    timer_set(&d.c.timer, watch.now_us + LINGER_US)
    downstream_drain(d)


cdef void downstream_drain(downstream *d) noexcept nogil:
    cdef char[DROPPED_BYTES] dropped
    cdef ssize_t n
    cdef int _
    for _ in range(READS_PER_STEP):
        if not d.c.readable:
            return
        n = stream_recv(&d.c, &dropped[0], sizeof(dropped))
        if n == AGAIN:
            return
        if n < 0:
            downstream_close(d)
            return
    watch_queue(&d.c)


cdef void downstream_flush(downstream *d) noexcept nogil:
    """Last bytes of the last answer; then close."""
    cdef int rc
    cdef long long uncounted = 0    # it was logged before
    if d.output != NULL:
        rc = stream_flush(&d.c, d.output, &uncounted)
        if rc == AGAIN and not d.c.broken:
            timer_set(&d.c.timer, watch.now_us + d.vhost.said.timeout_us)
            return
    # Nothing unread and nothing announced: a plain close resets nothing. A client that
    # has ended its side may still have bytes before that end.
    if d.must_linger or d.c.readable:
        downstream_linger(d)
    else:
        downstream_close(d)


cdef void downstream_next(downstream *d, bint keep, bint linger) noexcept nogil:
    """The exchange is over and its answer has gone out (or is in d.output)."""
    d.client.requests += 1
    d.scanned = 0
    if not keep:
        d.must_linger = d.must_linger or linger or (
            d.input != NULL and d.input.end > d.input.start)
        downstream_enter(d, DOWN_FLUSH)
        timer_clear(&d.c.timer)
        heads_leave(d)
        buffer_drop(&d.input)
        downstream_flush(d)
        return
    downstream_enter(d, DOWN_IDLE)
    timer_set(&d.c.timer, watch.now_us + d.vhost.said.keepalive_timeout_us)
    if d.input != NULL:
        if d.input.start < d.input.end:
            if unlikely(d.input.size_class > BUFFER_SMALL):
                heads_next(d)
            watch_queue(&d.c)       # a pipelined request: in its own turn
            return
        heads_leave(d)
        buffer_drop(&d.input)
    if d.c.readable:
        watch_queue(&d.c)


cdef void downstreams_drain() noexcept nogil:
    """Silent connections get a grace period, shorter than a long KeepAliveTimeout."""
    cdef downstream *d = engine.all
    cdef long long deadline = watch.now_us + DRAIN_GRACE_US
    while d != NULL:
        if d.state == DOWN_IDLE and d.c.timer.deadline_us > deadline:
            timer_set(&d.c.timer, deadline)
        d = d.all_next


cdef inline bint downstream_is_kept(downstream *d) noexcept nogil:
    """Is it between two requests, with nothing of the next one there?"""
    return (d.state == DOWN_IDLE and d.client.requests > 0 and d.input == NULL
            and not d.c.readable and d.c.timer.deadline_us != 0)


cdef inline long long downstream_idle_since(downstream *d) noexcept nogil:
    return d.c.timer.deadline_us - d.vhost.said.keepalive_timeout_us


cdef long downstreams_close_idle(long most) noexcept nogil:
    """Close up to so many that have been silent longest after a request; how many it
    were.

    Three looks at all of them, without an order that requests would have to keep: the
    oldest and the newest, how many there are of each age, and then the closing.
    """
    cdef long[AGES] ages
    cdef long long oldest = LLONG_MAX, newest = 0, width, since
    cdef long closed = 0, last, count = 0
    cdef downstream *following
    cdef downstream *d = engine.all
    while d != NULL:
        if downstream_is_kept(d):
            since = downstream_idle_since(d)
            oldest = since if since < oldest else oldest
            newest = since if since > newest else newest
        d = d.all_next
    if oldest == LLONG_MAX:
        return 0
    width = (newest - oldest) // AGES + 1
    memset(&ages[0], 0, sizeof(ages))
    d = engine.all
    while d != NULL:
        if downstream_is_kept(d):
            ages[(downstream_idle_since(d) - oldest) // width] += 1
        d = d.all_next
    for last in range(AGES):
        count += ages[last]
        if count >= most:
            break
    d = engine.all
    while d != NULL and closed < most:
        following = d.all_next
        if downstream_is_kept(d) and (
                downstream_idle_since(d) - oldest) // width <= last:
            downstream_close(d)
            closed += 1
        d = following
    return closed
