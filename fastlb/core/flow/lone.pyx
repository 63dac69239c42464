"""A worker that is left with tunnels (lone.pxd)."""
# uses: ground/free_list, io/buffer, io/timer, io/watch, balance/table,
#       balance/ledger, seam, plan/plan, plan/logline, plan/late_lines, flow/exchange,
#       flow/engine, flow/under_way, flow/queue, flow/downstream, flow/upstream,
#       flow/pool, flow/pipes, flow/settle, flow/tunnel, flow/events

cdef table_view lone_view       # the one of the Table goes with the interpreter
cdef long long lone_closing_us = 0      # since when tunnels are closed; 0: they are not
cdef long lone_closing_count = 0        # how many there were then


cdef bint lone_is_due() noexcept nogil:
    """True when a draining worker has nothing but tunnels."""
    cdef downstream *d = engine.all
    if not engine.draining or d == NULL:
        return False
    while d != NULL:
        if d.x == NULL or d.x.state != X_TUNNEL:
            return False
        d = d.all_next
    return True


cdef void lone_run(int pipe, long long ends_us) noexcept nogil:
    """Serve them to the end; never returns. ends_us: GracefulShutdownTimeout, or 0."""
    global lone_pipe, lone_view, seam_is_shut
    cdef bint more = True
    cdef int i
    lone_pipe = pipe
    lone_view = engine.view[0]
    engine.view = &lone_view
    seam_is_shut = True
    for i in range(plan.member_count):
        pool_empty(&plan.members[i])
    watch_free_dead()
    late_lines_end()
    logs_flush()
    if plan.max_request_workers > 0:
        # What it may have in work is for those who take requests.
        engine.granted = engine.in_work
        ledger_grant(engine.slot, engine.granted)
    lone_signals()
    lone_shed()
    interpreter_drop()
    lone_say(LONE_IS_HERE)
    while engine.downstream_count:
        lone_wait(watch.epfd, 0 if more else LONE_TICK_MS)
        more = watch_turn()
        watch.now_us = clock_us()
        timers_sweep(watch.now_us, conn_timed_out)
        queues_renew()
        under_way_tell()
        if lone_closes:
            lone_close_some()
        watch_free_dead()
        more = more or watch.run_head != NULL
        logs_flush()
        if lone_ends or (ends_us and watch.now_us >= ends_us):
            engine_abort()
    _exit(0)


cdef void lone_shed() noexcept nogil:
    """What is kept for requests that will not come."""
    global pipe_pooled, pipes_open
    cdef int i
    for i in range(BUFFER_CLASSES):
        free_list_shed(&buffer_pool[i])
    free_list_shed(&exchange_pool)
    free_list_shed(&downstream_pool)
    free_list_shed(&upstream_pool)
    while pipe_pooled:
        pipe_pooled -= 1
        pipes_open -= 2
        close(pipe_pool_read[pipe_pooled])
        close(pipe_pool_write[pipe_pooled])


cdef void lone_close_some() noexcept nogil:
    """Close the part of the tunnels whose time has come, the oldest first."""
    global lone_closing_us, lone_closing_count
    cdef downstream *d = engine.all     # the youngest
    cdef downstream *following
    cdef long keep
    if lone_closing_us == 0:
        lone_closing_us = watch.now_us
        lone_closing_count = engine.downstream_count
    keep = <long>(lone_closing_count * (
        lone_closing_us + LONE_FAREWELL_US - watch.now_us) // LONE_FAREWELL_US)
    while d != NULL:
        following = d.all_next
        if keep > 0:
            keep -= 1
        else:
            lone_say(LONE_CLOSED_ONE)
            tunnel_close(d.x)
        d = following
