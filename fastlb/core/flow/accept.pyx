"""Accepting connections.

Listeners are the only descriptors in the set that are watched by level: what one turn
leaves in the backlog is seen again in the next, here or in another worker.
"""

cdef enum:
    BACKLOG_TAKEN_MAX = 1024    # at a drain, of each listener
    FAIR_FROM = 16          # connections of its own before a worker looks at the others
    STATE_DRAINING = 71     # "G" of the scoreboard


cdef bint accept_is_full() noexcept nogil:
    """No more connections over all workers: the backlog holds the rest."""
    return plan.compat_apache and plan.max_request_workers > 0 and (
        ledger_connections(engine.view) >= plan.max_request_workers)


cdef bint accept_is_ahead() noexcept nogil:
    """Has this worker clearly more than its part of the connections?

    Whoever wakes first would take a whole burst, and kept-alive connections stay where
    they are. (One SO_REUSEPORT socket a worker would spread them too, but a connection
    waiting in a socket whose worker is stuck or gone waits in vain: bench/accept.py,
    ARCHITECTURE.md.)
    """
    cdef unsigned int i
    cdef long total = 0, workers = 0
    cdef long mine = engine.slot.connections
    cdef worker_slot *w
    if mine < FAIR_FROM:
        return False
    for i in range(engine.view.header.workers_used):
        w = &engine.view.workers[i]
        if w.used and w.generation == engine.slot.generation \
                and w.state != STATE_DRAINING:
            total += w.connections
            workers += 1
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
    if not engine.paused or not engine.accepting or accept_is_full():
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
        if unlikely(accept_is_full()):
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
        d.listener = listener
        address_store(&storage, &d.remote[0], &d.remote_port)
        if watch_add(&d.c, True) < 0:
            downstream_close(d)
            return
        d.set = match_set(listener, d)
        d.vhost = &plan.vhosts[d.set.vhosts[0]]
        engine.accepted += 1
        downstream_begin(d)
