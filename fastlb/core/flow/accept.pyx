"""Accepting connections.

Listeners are the only descriptors in the set that are watched by level: what one turn
leaves in the backlog is seen again in the next, here or in another worker.
"""
# uses: ground/address, io/watch, balance/ledger, plan/plan, plan/match,
#       flow/downstream, flow/exchange, service_log

cdef enum:
    BACKLOG_TAKEN_MAX = 1024    # at a drain, of each listener
    FAIR_FROM = 16          # connections of its own before a worker looks at the others
    MARGIN_PART = 32        # of a bound, for the margin in which room is made
    ROOM_AGAIN_US = 100000  # after a look that found nothing to close


cdef void accept_prepare() noexcept nogil:
    cdef long bound = engine.client_max
    if plan.max_client_connections and plan.max_client_connections < bound:
        bound = plan.max_client_connections
    if plan.async_factor >= 0 and plan.max_request_workers < bound:
        bound = plan.max_request_workers
    engine.client_margin = bound // MARGIN_PART + 1


cdef long accept_room() noexcept nogil:
    """How many more connections may be accepted: what is beyond it, the backlog holds.

    By this worker's descriptors, by MaxClientConnections over all workers, and under
    Compat apache by its MPM's formula: so many as there are threads, and a factor more
    for each that is idle.
    """
    cdef long room = engine.client_max - engine.downstream_count
    cdef long here, idle
    if unlikely(plan.max_client_connections):
        here = plan.max_client_connections - ledger_connections(engine.view)
        room = here if here < room else room
    if unlikely(plan.async_factor >= 0):
        idle = plan.max_request_workers - ledger_exchanges(engine.view)
        here = plan.max_request_workers + idle * plan.async_factor // 16
        here -= ledger_connections(engine.view)
        if idle <= 0:
            here = 0
        room = here if here < room else room
    return room


cdef bint accept_make_room() noexcept nogil:
    """The bound is near: the longest idle connections go first. True: there is room."""
    if plan.async_factor != 0 and \
            watch.now_us - engine.room_sought_us >= ROOM_AGAIN_US:
        if downstreams_close_idle(engine.client_margin // 2 + 1) == 0:
            engine.room_sought_us = watch.now_us
    return accept_room() > 0


cdef bint accept_is_ahead() noexcept nogil:
    """Has this worker clearly more than its part of the connections?

    Whoever wakes first would take a whole burst, and kept-alive connections stay where
    they are. (One SO_REUSEPORT socket a worker would spread them too, but a connection
    waiting in a socket whose worker is stuck or gone waits in vain: bench/accept.py,
    ARCHITECTURE.md.)
    """
    cdef long long total
    cdef long workers
    cdef long mine = engine.slot.connections
    if mine < FAIR_FROM:
        return False
    total = ledger_connections_of_peers(engine.view, engine.slot, &workers)
    return workers > 1 and mine * workers > total + total // 4 + FAIR_FROM


cdef void accept_pause() noexcept nogil:
    """Stop watching the listeners; the next tick looks again."""
    cdef int i
    if engine.paused or not engine.accepting:
        return
    engine.paused = True
    for i in range(plan.listener_count):
        watch_remove(&plan.listeners[i].c)


cdef void accept_resume() noexcept nogil:
    cdef int i
    if not engine.paused or not engine.accepting or accept_room() <= 0:
        return
    engine.paused = False
    for i in range(plan.listener_count):
        watch_add(&plan.listeners[i].c, False)


cdef void accept_begin() noexcept nogil:
    cdef int i
    engine.accepting = True
    for i in range(plan.listener_count):
        watch_add(&plan.listeners[i].c, False)


cdef void accept_end() noexcept nogil:
    cdef int i
    if engine.accepting and not engine.paused:
        for i in range(plan.listener_count):
            watch_remove(&plan.listeners[i].c)
    engine.accepting = False
    engine.paused = False


cdef void accept_on_event(conn *c) noexcept nogil:
    if unlikely(accept_is_ahead()):
        # The others are awake for the same backlog; the next tick looks again.
        accept_pause()
        return
    accept_some(<plan_listener *>c, ACCEPTS_PER_TURN)


cdef void accept_backlog() noexcept nogil:
    """Before a drain: who waits in a backlog may find nobody behind us."""
    cdef int i
    for i in range(plan.listener_count):
        accept_some(&plan.listeners[i], BACKLOG_TAKEN_MAX)


cdef void accept_some(plan_listener *listener, int most) noexcept nogil:
    cdef sockaddr_storage storage
    cdef socklen_t size
    cdef int _, fd
    cdef downstream *d
    for _ in range(most):
        if not engine.accepting or engine.paused:
            return
        if unlikely(accept_room() <= 0) and not accept_make_room():
            accept_pause()
            return
        size = sizeof(storage)
        fd = accept4(
            listener.c.fd, <sockaddr *>&storage, &size,
            SOCK_NONBLOCK | SOCK_CLOEXEC)
        if fd < 0:
            if errno == EINTR or errno == ECONNABORTED:
                continue
            if errno == EMFILE or errno == ENFILE or errno == ENOBUFS \
                    or errno == ENOMEM:
                service_log_accept(errno)
                accept_pause()
            return
        d = downstream_take()
        if d == NULL:
            close(fd)
            return
        d.c.fd = fd
        d.client.listener = listener
        address_store(&storage, &d.client.remote[0], &d.client.remote_port)
        if watch_add(&d.c, True) < 0:
            downstream_close(d)
            return
        d.client.set = match_set(listener, &d.client)
        d.vhost = &plan.vhosts[d.client.set.vhosts[0]]
        engine.accepted += 1
        downstream_begin(d)
        if unlikely(accept_room() <= engine.client_margin):
            accept_make_room()
