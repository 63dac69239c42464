"""Places at members whose max= counts over all workers (maxscope=global), and who waits
for one.

An exchange has a place from before it is connected until its connection is idle again
or closed (exchange_detach). Places are cells of the table that each worker writes for
itself (ledger_take), so there are never more than max=, and those of a worker that died
are free when it is settled. A balancer's elections leave out who has none free; when
nobody has, the request waits, in its worker's line of the balancer:

  place_give    the first in the line that may have what came free is called, and looks
                for itself in its own turn; while any waits, no later one of this worker
                goes before it
  places_watch  while anybody waits, a clock of PLACES_LOOK_US: the line looks at what
                other workers have given back

A session waits for its own member (bound); others in the line may go before it to where
it may not.

So a worker keeps what it has while its own line is not empty. Where another one waits,
too, and this one has more than an equal part, it leaves what comes free to the others
for PLACES_LEFT_US, once in PLACES_SLICE_US.
"""
# uses: io/timer, io/watch, balance/ledger, balance/elect, plan/plan, flow/exchange,
#       flow/engine, flow/states, flow/waiting, flow/member, flow/queue

cdef extern from "sys/timerfd.h" nogil:
    cdef struct itimerspec:
        timespec it_interval
        timespec it_value
    int timerfd_create(int clock, int flags)
    int timerfd_settime(
        int fd, int flags, const itimerspec *to, itimerspec *before)
    int TFD_NONBLOCK, TFD_CLOEXEC

cdef extern from "unistd.h" nogil:
    ssize_t places_read "read"(int fd, void *data, size_t size)

cdef long places_waiting = 0    # in all lines
cdef long long places_left_us = 0   # the last time until which one leaves some
cdef conn places_clock          # of kind KIND_DEAD while it does not run


cdef bint place_take(exchange *x) noexcept nogil:
    """A place at x.member. False: none is free."""
    cdef plan_member *m = x.member
    cdef member_pool *p = pool_of(m)
    ASSERT(x.placed == NULL)
    if not ledger_place_take(engine.view, engine.slot, m.slot, p.places):
        return False
    p.places += 1
    queues[m.balancer].places += 1
    x.placed = m
    return True


cdef void place_give(exchange *x) noexcept nogil:
    cdef plan_member *m = x.placed
    cdef balancer_queue *q = &queues[m.balancer]
    cdef member_pool *p = pool_of(m)
    x.placed = NULL
    p.places -= 1
    ASSERT(p.places >= 0)
    ledger_place_set(engine.view, engine.slot, m.slot, p.places)
    places_divide(q)
    q.places -= 1
    if q.line.head != NULL:
        place_call(q, m)


cdef bint places_are_others(const balancer_queue *q) noexcept nogil:
    """Is what is free now for other workers?"""
    return watch.now_us < q.leaves_until_us


cdef inline bint places_are_scarce() noexcept nogil:
    """Is anything so anywhere?"""
    return unlikely(places_waiting > 0 or watch.now_us < places_left_us)


cdef bint places_are_asked_for(const balancer_queue *q) noexcept nogil:
    """... or for those who have come before?"""
    return q.any_count > 0 or places_are_others(q)


cdef void places_divide(balancer_queue *q) noexcept nogil:
    """One comes free: is it time to leave some to others?"""
    global places_left_us
    cdef balancer_plan *b = &plan.balancers[q - queues]
    cdef long long count = 0
    cdef long others
    cdef int i
    if watch.now_us < q.leaves_until_us + PLACES_SLICE_US:
        return
    others = ledger_workers_waiting(engine.view, engine.slot, b.slot)
    if others == 0:
        return
    for i in range(b.member_count):
        count += member_places_max(engine.view, b.members[i])
    if q.places * (others + 1) > count:
        q.leaves_until_us = places_left_us = watch.now_us + PLACES_LEFT_US


cdef void place_call(balancer_queue *q, const plan_member *m) noexcept nogil:
    """The first that may have a place at m (NULL: it is to see where) looks for one, in
    its own turn: the caller is in the middle of another exchange."""
    cdef downstream *d = q.line.head
    while d != NULL:
        if not d.x.called and (m == NULL or not d.x.bound or d.x.member == m):
            d.x.called = True
            watch_queue(&d.c)
            return
        d = d.wait_next


cdef long long place_wait_ends(exchange *x, bint bound) noexcept nogil:
    """timeout= of the balancer, else the time that a client has (Timeout); acquire= of
    a session's member, if that is less."""
    cdef long long balancer_us = x.choice.balancer.timeout_ms * 1000
    cdef long long acquire_us = x.member.said.acquire_us if bound else 0
    if x.choice.wait_until_us == 0:
        x.choice.wait_until_us = watch.now_us + (
            balancer_us if balancer_us > 0 else x.facts.vhost.said.timeout_us)
    if 0 < acquire_us < x.choice.wait_until_us - watch.now_us:
        return watch.now_us + acquire_us
    return x.choice.wait_until_us


cdef bint place_wait(exchange *x, bint bound) noexcept nogil:
    """For one at x.member, or at any. False: too many wait."""
    global places_waiting
    cdef balancer_queue *q = &queues[x.choice.balancer.queue]
    if not queue_join(x):
        return False
    exchange_enter(x, X_WAIT_PLACE)
    x.bound = bound
    x.called = False
    waiting_join(&q.line, x.down)
    q.any_count += not bound
    places_waiting += 1
    timer_set(&x.down.c.timer, place_wait_ends(x, bound))
    places_watch()
    return True


cdef void place_leave(exchange *x) noexcept nogil:
    """Out of the line, with a place or without one."""
    global places_waiting
    cdef balancer_queue *q = &queues[x.choice.balancer.queue]
    ASSERT(x.state == X_WAIT_PLACE)
    waiting_leave(&q.line, x.down)
    q.any_count -= not x.bound
    places_waiting -= 1
    ASSERT(q.any_count >= 0)
    ASSERT(places_waiting >= 0)
    timer_clear(&x.down.c.timer)
    exchange_enter(x, X_DECIDE)
    if x.called and x.placed == NULL:
        place_call(q, NULL)     # it was its turn; now it is the next one's
    x.called = False


cdef void place_rebind(exchange *x, bint bound) noexcept nogil:
    """Its member cannot serve any more, and an election has found another one."""
    queues[x.choice.balancer.queue].any_count += x.bound - bound
    x.bound = bound


cdef void places_watch() noexcept nogil:
    """The clock runs. Where there is no descriptor for it, the tick has to do."""
    cdef itimerspec every
    if places_clock.kind != KIND_DEAD:
        return
    memset(&places_clock, 0, sizeof(conn))
    places_clock.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
    if places_clock.fd < 0:
        return
    every.it_interval.tv_sec = 0
    every.it_interval.tv_nsec = PLACES_LOOK_US * 1000
    every.it_value = every.it_interval
    places_clock.kind = KIND_CLOCK
    if timerfd_settime(places_clock.fd, 0, &every, NULL) != 0 \
            or watch_add(&places_clock, False) != 0:
        close(places_clock.fd)
        places_clock.kind = KIND_DEAD


cdef void places_clock_heard() noexcept nogil:
    """... until it says so again."""
    cdef uint64_t times
    cdef ssize_t _
    _ = places_read(places_clock.fd, &times, sizeof(times))
    places_clock.readable = False


cdef void places_unwatch() noexcept nogil:
    """Nobody waits."""
    if places_clock.kind == KIND_DEAD:
        return
    watch_remove(&places_clock)
    close(places_clock.fd)
    places_clock.kind = KIND_DEAD
