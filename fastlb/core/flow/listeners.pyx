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
