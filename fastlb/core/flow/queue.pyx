"""Exchanges that wait: for a connection to their member, or for any member at all
(queue.pxd)."""
# uses: io/timer, io/watch, plan/plan, flow/exchange, flow/states, flow/member

cdef exchange *nobody_head = NULL   # exchanges that wait for any member at all
cdef exchange *nobody_tail = NULL


cdef void pool_wait(exchange *x) noexcept nogil:
    cdef plan_member *m = x.member
    cdef member_pool *p = pool_of(m)
    exchange_enter(x, X_WAIT_POOL)
    x.wait_next = NULL
    if p.waiting_tail == NULL:
        p.waiting_head = x
    else:
        p.waiting_tail.wait_next = x
    p.waiting_tail = x
    if m.said.acquire_us:
        timer_set(&x.down.c.timer, watch.now_us + m.said.acquire_us)
    else:
        timer_clear(&x.down.c.timer)


cdef void pool_leave(exchange *x) noexcept nogil:
    pool_unqueue(x)
    exchange_enter(x, X_DECIDE)


cdef void pool_unqueue(exchange *x) noexcept nogil:
    cdef plan_member *m = x.member
    cdef member_pool *p = pool_of(m)
    cdef exchange *before = NULL
    cdef exchange *at = p.waiting_head
    ASSERT(x.state == X_WAIT_POOL)
    while at != x:
        before = at
        at = at.wait_next
    if before == NULL:
        p.waiting_head = x.wait_next
    else:
        before.wait_next = x.wait_next
    if p.waiting_tail == x:
        p.waiting_tail = before
    x.wait_next = NULL


cdef void pool_wake(plan_member *m) noexcept nogil:
    cdef member_pool *p = pool_of(m)
    cdef exchange *x = p.waiting_head
    if x == NULL:
        return
    pool_unqueue(x)
    timer_clear(&x.down.c.timer)
    # In its own turn: the caller is in the middle of another exchange.
    exchange_enter(x, X_CALLED)
    p.promised += 1
    watch_queue(&x.down.c)


cdef void pool_keep_promise(exchange *x) noexcept nogil:
    exchange_enter(x, X_DECIDE)
    pool_of(x.member).promised -= 1
    ASSERT(pool_of(x.member).promised >= 0)


cdef bint pool_is_promised(plan_member *m) noexcept nogil:
    """Is all that is free meant for those whose turn in the queue has come?"""
    cdef member_pool *p = pool_of(m)
    return p.idle_count + m.said.max - p.open_count <= p.promised


cdef void nobody_wait(exchange *x) noexcept nogil:
    global nobody_head, nobody_tail
    exchange_enter(x, X_WAIT_ANY)
    x.wait_next = NULL
    if nobody_tail == NULL:
        nobody_head = x
    else:
        nobody_tail.wait_next = x
    nobody_tail = x


cdef void nobody_leave(exchange *x) noexcept nogil:
    global nobody_head, nobody_tail
    cdef exchange *before = NULL
    cdef exchange *at = nobody_head
    while at != x:
        before = at
        at = at.wait_next
    if before == NULL:
        nobody_head = x.wait_next
    else:
        before.wait_next = x.wait_next
    if nobody_tail == x:
        nobody_tail = before
    exchange_enter(x, X_DECIDE)
