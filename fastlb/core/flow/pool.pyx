"""The pools (pool.pxd; mod_proxy's min, smax, max, ttl, acquire, disablereuse)."""
# uses: io/buffer, io/timer, io/watch, io/tls_stream, balance/ledger, plan/plan,
#       flow/upstream, flow/secure, flow/downstream, flow/exchange

cdef enum:
    # Without smax= as many idle connections are kept as were ever of use; this is the
    # bound against a member that was slow for a moment.
    POOL_IDLE_MAX = 4096
    # Where ttl= does not say how long an idle connection beyond min= is kept.
    POOL_IDLE_US = 60000000


cdef inline void pool_unlink(upstream *u) noexcept nogil:
    cdef plan_member *m = u.member
    ASSERT(u.state == UP_IDLE)
    ASSERT(m.idle_count > 0)
    ASSERT(u.prev != NULL or m.idle == u)
    if u.prev != NULL:
        u.prev.next = u.next
    else:
        m.idle = u.next
    if u.next != NULL:
        u.next.prev = u.prev
    u.next = NULL
    u.prev = NULL
    m.idle_count -= 1


cdef bint pool_is_quiet(upstream *u) noexcept nogil:
    """Ask the socket: still open, and nothing unread?"""
    cdef char one
    cdef ssize_t n
    if unlikely(u.c.tls != NULL):
        return tls_is_quiet(&u.c)
    n = recv(u.c.fd, &one, 1, MSG_PEEK | MSG_DONTWAIT)
    return n < 0 and errno == EAGAIN


cdef bint pool_fits(upstream *u, exchange *x) noexcept nogil:
    """TLS: was it made for the name that this request asks for, and is it silent?"""
    return u.c.tls.name_hash == member_name_hash(x) and (
        not u.c.readable or tls_is_quiet(&u.c))


cdef upstream *pool_take(exchange *x, bint careful) noexcept nogil:
    cdef plan_member *m = x.member
    cdef upstream *u
    cdef unsigned int epoch = member_epoch(m.slot)
    while m.idle != NULL:
        u = m.idle
        pool_unlink(u)
        if likely(u.epoch == epoch and not u.c.peer_closed and not u.c.broken
                  and (not u.c.readable if u.c.tls == NULL else pool_fits(u, x))
                  and (not careful or pool_is_quiet(u))):
            ASSERT(u.input == NULL)
            ASSERT(u.output == NULL)
            upstream_enter(u, UP_BUSY)
            timer_clear(&u.c.timer)
            return u
        upstream_close(u)
    return NULL


cdef void pool_put(upstream *u) noexcept nogil:
    cdef plan_member *m = u.member
    cdef int idle_max = m.smax if m.smax >= 0 else POOL_IDLE_MAX
    ASSERT(u.state == UP_BUSY)
    ASSERT(u.x == NULL)
    # smax= bounds what is kept beyond ttl=; without a ttl= it bounds what is kept.
    if u.c.readable and pool_is_quiet(u):
        # The last read took just what it asked for, and left nothing: only the socket
        # could tell, because the edge that told of it is gone.
        u.c.readable = False
    if (u.epoch != member_epoch(m.slot) or u.c.peer_closed or u.c.broken
            or u.c.readable or (engine.draining and engine.exchange_count == 0)
            or (m.idle_count >= idle_max and m.said.ttl_us == 0)):
        upstream_close(u)
        return
    upstream_enter(u, UP_IDLE)
    u.x = NULL
    buffer_give(u.input)
    u.input = NULL
    buffer_give(u.output)
    u.output = NULL
    u.prev = NULL
    u.next = m.idle
    if m.idle != NULL:
        m.idle.prev = u
    m.idle = u
    m.idle_count += 1
    cdef long long idle_us = m.said.ttl_us if m.said.ttl_us else POOL_IDLE_US
    timer_set(&u.c.timer, watch.now_us + idle_us)
    if m.waiting_head != NULL:
        pool_wake(m)


cdef void pool_empty(plan_member *m) noexcept nogil:
    cdef upstream *u
    while m.idle != NULL:
        u = m.idle
        pool_unlink(u)
        upstream_close(u)


cdef bint pool_make_room() noexcept nogil:
    """Close an idle connection of the member that has the most. False: none has any."""
    cdef plan_member *most = NULL
    cdef plan_member *m
    cdef int i
    for i in range(plan.member_count):
        m = &plan.members[i]
        if m.idle_count and (most == NULL or m.idle_count > most.idle_count):
            most = m
    if most == NULL:
        return False
    pool_close_idle(most)
    return True


cdef void pool_close_idle(plan_member *m) noexcept nogil:
    """Close the idle connection that was used last."""
    cdef upstream *u = m.idle
    pool_unlink(u)
    upstream_close(u)


cdef bint pool_has_room(plan_member *m) noexcept nogil:
    return m.said.max == 0 or m.open_count < m.said.max


cdef void pool_wait(exchange *x) noexcept nogil:
    cdef plan_member *m = x.member
    exchange_enter(x, X_WAIT_POOL)
    x.wait_next = NULL
    if m.waiting_tail == NULL:
        m.waiting_head = x
    else:
        m.waiting_tail.wait_next = x
    m.waiting_tail = x
    if m.said.acquire_us:
        timer_set(&x.down.c.timer, watch.now_us + m.said.acquire_us)
    else:
        timer_clear(&x.down.c.timer)


cdef void pool_leave(exchange *x) noexcept nogil:
    pool_unqueue(x)
    exchange_enter(x, X_DECIDE)


cdef void pool_unqueue(exchange *x) noexcept nogil:
    cdef plan_member *m = x.member
    cdef exchange *before = NULL
    cdef exchange *at = m.waiting_head
    ASSERT(x.state == X_WAIT_POOL)
    while at != x:
        before = at
        at = at.wait_next
    if before == NULL:
        m.waiting_head = x.wait_next
    else:
        before.wait_next = x.wait_next
    if m.waiting_tail == x:
        m.waiting_tail = before
    x.wait_next = NULL


cdef void pool_wake(plan_member *m) noexcept nogil:
    cdef exchange *x = m.waiting_head
    if x == NULL:
        return
    pool_unqueue(x)
    timer_clear(&x.down.c.timer)
    # In its own turn: the caller is in the middle of another exchange.
    exchange_enter(x, X_CALLED)
    m.promised += 1
    watch_queue(&x.down.c)


cdef void pool_keep_promise(exchange *x) noexcept nogil:
    exchange_enter(x, X_DECIDE)
    x.member.promised -= 1
    ASSERT(x.member.promised >= 0)


cdef bint pool_is_promised(plan_member *m) noexcept nogil:
    """Is all that is free meant for those whose turn in the queue has come?"""
    return m.idle_count + m.said.max - m.open_count <= m.promised
