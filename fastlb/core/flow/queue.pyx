"""Exchanges that wait for a connection to their member (acquire=), oldest first, and
those that wait until any member of their balancer can be asked (timeout=).

Whatever a request of a balancer waits for (places.pyx, too), it counts in the table
from when it begins to wait until a member is asked, or it gets another answer. Over all
workers no more wait than maxqueue= says.
"""
# uses: io/timer, io/watch, balance/table, balance/ledger, balance/elect, plan/build,
#       plan/plan, flow/exchange, flow/engine, flow/states, flow/waiting, flow/member

cdef waiting_line nobody        # whose exchanges wait for any member at all
cdef balancer_queue *queues = NULL      # by number of the balancer


cdef object queues_begin():
    """The plan is made: a queue for each balancer."""
    global queues
    queues = <balancer_queue *>plan_alloc(
        sizeof(balancer_queue) * (plan.balancer_count + 1))


cdef bint queue_join(exchange *x) noexcept nogil:
    """x waits. False: it cannot, since as many do as may."""
    cdef balancer_plan *b = x.choice.balancer
    cdef balancer_queue *q
    if b == NULL or x.queued != NULL:
        return True
    q = &queues[b.queue]
    if not ledger_queue_join(engine.view, engine.slot, b.slot, q.count, b.queue_max):
        return False
    q.count += 1
    x.queued = q
    x.queued_us = watch.now_us
    return True


cdef void queue_leave(exchange *x) noexcept nogil:
    """It waits no more, if it did."""
    cdef balancer_queue *q = x.queued
    if likely(q == NULL):
        return
    x.queued = NULL
    q.count -= 1
    ASSERT(q.count >= 0)
    ledger_queue_leave(
        engine.view, engine.slot, plan.balancers[q - queues].slot, q.count,
        watch.now_us - x.queued_us)


cdef void queues_renew() noexcept nogil:
    """On every tick: what stands in our own cells of the table is what we have, whoever
    has written there."""
    cdef balancer_plan *b
    cdef plan_member *m
    cdef int i
    for i in range(plan.balancer_count):
        b = &plan.balancers[i]
        if b.queue == i:
            ledger_keep(table_queued(engine.view, engine.slot, b.slot), queues[i].count)
    for i in range(plan.member_count):
        m = &plan.members[i]
        if m.balancer >= 0 and (
                pool_of(m).places or member_places_max(engine.view, m.slot)):
            ledger_keep(
                table_place(engine.view, engine.slot, m.slot), pool_of(m).places)
        if unlikely(m.has_agent):
            # Its bound may have risen, and nobody else tells those who wait.
            while pool_of(m).waiting.head != NULL and not pool_is_promised(m):
                pool_wake(m)


cdef bint pool_wait(exchange *x) noexcept nogil:
    """Queue for a connection, oldest first. False: too many do."""
    if not queue_join(x):
        return False
    exchange_enter(x, X_WAIT_POOL)
    waiting_join(&pool_of(x.member).waiting, x.down)
    if x.member.said.acquire_us:
        timer_set(&x.down.c.timer, watch.now_us + x.member.said.acquire_us)
    else:
        timer_clear(&x.down.c.timer)
    return True


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
    queue_leave(x)
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
    cdef int most = member_most(m)
    return most != 0 and p.idle_count + most - p.open_count <= p.promised


cdef bint nobody_wait(exchange *x) noexcept nogil:
    """Until any member is usable: the tick tries again, oldest first. False: too many
    wait."""
    if not queue_join(x):
        return False
    exchange_enter(x, X_WAIT_ANY)
    waiting_join(&nobody, x.down)
    return True


cdef void nobody_leave(exchange *x) noexcept nogil:
    waiting_leave(&nobody, x.down)
    exchange_enter(x, X_DECIDE)
