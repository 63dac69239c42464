"""Exchanges that wait for a connection to their member (acquire=), oldest first, and
those that wait until any member of their balancer can be asked (timeout=)."""
# uses: io/timer, io/watch, plan/plan, flow/exchange, flow/states, flow/waiting,
#       flow/member

cdef waiting_line nobody        # whose exchanges wait for any member at all


cdef void pool_wait(exchange *x) noexcept nogil:
    """Queue for a connection, oldest first."""
    exchange_enter(x, X_WAIT_POOL)
    waiting_join(&pool_of(x.member).waiting, x.down)
    if x.member.said.acquire_us:
        timer_set(&x.down.c.timer, watch.now_us + x.member.said.acquire_us)
    else:
        timer_clear(&x.down.c.timer)


cdef void pool_leave(exchange *x) noexcept nogil:
    """Leave the queue."""
    waiting_leave(&pool_of(x.member).waiting, x.down)
    exchange_enter(x, X_DECIDE)


cdef void pool_wake(plan_member *m) noexcept nogil:
    """A connection came free or was closed: the first in the queue goes on."""
    cdef member_pool *p = pool_of(m)
    cdef exchange *x
    if p.waiting.head == NULL:
        return
    x = p.waiting.head.x
    waiting_leave(&p.waiting, x.down)
    timer_clear(&x.down.c.timer)
    # In its own turn: the caller is in the middle of another exchange.
    exchange_enter(x, X_CALLED)
    p.promised += 1
    watch_queue(&x.down.c)


cdef void pool_keep_promise(exchange *x) noexcept nogil:
    """Its turn has come, or is given up."""
    exchange_enter(x, X_DECIDE)
    pool_of(x.member).promised -= 1
    ASSERT(pool_of(x.member).promised >= 0)


cdef bint pool_is_promised(plan_member *m) noexcept nogil:
    """Is all that is free meant for those whose turn in the queue has come?"""
    cdef member_pool *p = pool_of(m)
    return p.idle_count + m.said.max - p.open_count <= p.promised


cdef void nobody_wait(exchange *x) noexcept nogil:
    """Until any member is usable: the tick tries again, oldest first."""
    exchange_enter(x, X_WAIT_ANY)
    waiting_join(&nobody, x.down)


cdef void nobody_leave(exchange *x) noexcept nogil:
    waiting_leave(&nobody, x.down)
    exchange_enter(x, X_DECIDE)
