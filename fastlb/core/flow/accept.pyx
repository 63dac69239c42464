"""Accepting connections.

Listeners are the only descriptors in the set that are watched by level: what one turn
leaves in the backlog is seen again in the next, here or in another worker.
"""
# uses: ground/address, io/watch, balance/ledger, plan/plan, plan/match,
#       plan/remote_ip, flow/exchange, flow/engine, flow/log_rows, flow/service_log,
#       flow/listeners, flow/downstream, flow/downstream_events

cdef enum:
    BACKLOG_TAKEN_MAX = 1024    # at a drain, of each listener
    FAIR_FROM = 16          # connections of its own before a worker looks at the others
    ROOM_AGAIN_US = 100000  # after a look that found nothing to close


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


cdef void accept_on_event(conn *c) noexcept nogil:
    if unlikely(accept_is_ahead()):
        # The others are awake for the same backlog; the next tick looks again.
        accept_pause()
        return
    accept_some(<plan_listener *>c, ACCEPTS_PER_TURN)


cdef void accept_backlog() noexcept nogil:
    """Before a drain: a client in a backlog may find nobody behind us."""
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
                say_of_worker(&SAY_ACCEPT, errno)
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
        if unlikely(plan.preface_on_count):
            d.awaits_preface = preface_is_due(&d.client)
        engine.accepted += 1
        downstream_begin(d)
        if unlikely(accept_room() <= engine.client_margin):
            accept_make_room()
