"""What happens to a connection, by its kind: timers and frees; and the end of all."""
# uses: io/buffer, ground/arena, io/watch, plan/plan, plan/logline, plan/late_lines,
#       flow/exchange, flow/engine, flow/heads, flow/listeners, flow/places,
#       flow/downstream, flow/upstream, flow/pool, flow/settle, flow/steps,
#       flow/upstream_events, flow/downstream_events

cdef void conn_timed_out(void *owner) noexcept nogil:
    cdef conn *c = <conn *>owner
    if c.kind == KIND_DOWNSTREAM:
        downstream_on_timeout(<downstream *>owner)
    elif c.kind == KIND_UPSTREAM:
        upstream_on_timeout(<upstream *>owner)
    exchange_do_due()


cdef void conn_release(conn *c) noexcept nogil:
    if c.freed_kind == KIND_DOWNSTREAM:
        downstream_release(<downstream *>c)
    else:
        upstream_release(<upstream *>c)


cdef void engine_check_empty() noexcept nogil:
    """Whatever was opened was closed, and whatever was taken was given back."""
    ASSERT(engine.all == NULL)
    ASSERT(engine.downstream_count == 0)
    ASSERT(engine.exchange_count == 0)
    ASSERT(engine.tunnel_count == 0)
    ASSERT(engine.in_work == 0)
    ASSERT(engine.waiting.head == NULL)
    ASSERT(heads_open[1] + heads_open[2] + heads_open[3] == 0)
    ASSERT(engine.upstream_count == 0)
    ASSERT(watch.open_count == 0)
    ASSERT(buffers_out() == 0)
    ASSERT(arena_live == 0)


cdef void engine_abort() noexcept nogil:
    """Close everything, and write down what was under way."""
    cdef downstream *d = engine.all
    cdef downstream *following
    cdef int i
    accept_end()
    engine.draining = True
    while d != NULL:
        following = d.all_next
        if d.x != NULL:
            exchange_abort(d.x)
        else:
            downstream_close(d)
        d = following
    for i in range(plan.member_count):
        pool_empty(&plan.members[i])
    places_unwatch()
    watch_run_queued()      # all dead by now: it empties the queue
    watch_free_dead()
    late_lines_end()
    logs_flush()
    engine_check_empty()
