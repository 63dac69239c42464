"""The listening sockets: how much room there is, and who looks at them (accept.pyx)."""
# uses: io/watch, balance/ledger, plan/plan, flow/engine

cdef enum:
    MARGIN_PART = 32        # of a bound, for the margin in which room is made


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
        here = plan.max_client_connections - ledger_sum(
            engine.view, &engine.view.workers.connections)
        room = here if here < room else room
    if unlikely(plan.async_factor >= 0):
        idle = plan.max_request_workers - ledger_sum(
            engine.view, &engine.view.workers.exchanges)
        here = plan.max_request_workers + idle * plan.async_factor // 16
        here -= ledger_sum(engine.view, &engine.view.workers.connections)
        if idle <= 0:
            here = 0
        room = here if here < room else room
    return room


cdef void accept_pause() noexcept nogil:
    """Stop watching the listeners; the next tick looks again."""
    listeners_watch(engine.accepting, True)


cdef void accept_resume() noexcept nogil:
    if engine.paused and engine.accepting and accept_room() > 0:
        listeners_watch(True, False)


cdef void accept_begin() noexcept nogil:
    listeners_watch(True, engine.paused)


cdef void accept_end() noexcept nogil:
    listeners_watch(False, False)


cdef void listeners_watch(bint accepting, bint paused) noexcept nogil:
    """They are watched while connections are accepted and that is not paused."""
    cdef bint watched = engine.accepting and not engine.paused
    cdef int i
    engine.accepting = accepting
    engine.paused = accepting and paused
    for i in range(plan.listener_count):
        if watched and not (accepting and not paused):
            watch_remove(&plan.listeners[i].c)
        elif not watched and accepting and not paused:
            watch_add(&plan.listeners[i].c, False)
