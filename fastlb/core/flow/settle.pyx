"""How an exchange ends. What ends it frees it: neither it nor its connections may be
touched then."""
# uses: ground/free_list, io/buffer, ground/arena, io/watch, balance/ledger,
#       plan/plan, plan/facts, plan/logged, plan/logline, flow/exchange, flow/engine,
#       flow/follow, flow/due, flow/filtering, flow/work, flow/queue, flow/places,
#       flow/attempt, flow/downstream, flow/upstream, flow/pool, flow/pipes,
#       flow/file_send

cdef enum:
    EXCHANGES_KEPT_MAX = 2048

cdef free_list exchange_pool = free_list(NULL, 0, EXCHANGES_KEPT_MAX)


cdef void exchange_detach(exchange *x, bint reuse) noexcept nogil:
    """Give the member's connection back, or close it, and with it the place there."""
    exchange_disconnect(x, reuse)
    if unlikely(x.placed != NULL):
        place_give(x)


cdef void exchange_disconnect(exchange *x, bint reuse) noexcept nogil:
    """... and keep the place, for another connection."""
    cdef upstream *u = x.up
    if u == NULL:
        return
    attempt_unanswered(x, False)
    x.up = NULL
    u.x = NULL
    ASSERT(x.attempt.bytes_out >= 0)
    ASSERT(x.attempt.bytes_in >= 0)
    ledger_bytes(u.member.slot, x.attempt.bytes_out, x.attempt.bytes_in)
    if reuse:
        pool_put(u)
    else:
        upstream_close(u)


cdef bint exchange_withhold(exchange *x, int status) noexcept nogil:
    """A member's answer cannot go out, and an error does. Always returns False."""
    filters_give(x)
    exchange_detach(x, False)
    memset(&x.res, 0, sizeof(response_side))
    return due_error(x, status, NULL)


cdef void exchange_leave_queues(exchange *x) noexcept nogil:
    """Whatever it waits for, it does not any more."""
    if x.state == X_WAIT_POOL:
        pool_leave(x)
    elif x.state == X_WAIT_ANY:
        nobody_leave(x)
    elif x.state == X_WAIT_PLACE:
        place_leave(x)
    elif x.state == X_CALLED:
        # It was its turn; now it is the next one's.
        pool_keep_promise(x)
        pool_wake(x.member)
    queue_leave(x)


cdef void exchange_log(exchange *x, int tried_count) noexcept nogil:
    cdef logged told
    told.record = &x.record
    told.member = x.member
    if page_asked(&x.facts) != NULL:
        told.member = NULL      # the controller is none
        x.record.member_status = 0
    told.handler = x.local.handler
    told.status = x.status
    told.keepalive = x.keepalive
    told.retries = tried_count - 1 if tried_count > 1 else 0
    told.bytes_in = x.body.bytes_in
    logline_write(&x.facts, &told)


cdef void exchange_settle(exchange *x) noexcept nogil:
    """Count, log, and free; the downstream is the caller's again."""
    cdef downstream *d = x.down
    cdef long long duration_us = 0
    cdef int tried_count = x.tried_count
    exchange_renew(x)
    exchange_leave_queues(x)
    exchange_detach(x, False)
    if plan.extended_status:
        duration_us = clock_us() - x.facts.started_us
        if x.facts.vhost.counted != NULL:
            ledger_of_vhost(
                x.facts.vhost.counted, x.status if x.record.bytes_out else 0,
                x.record.bytes_out, duration_us)
        if x.tried_count:
            # A status that was only noted down, nobody has seen.
            ledger_outcome(
                engine.view, x.member.slot, x.status if x.record.bytes_out else 0,
                duration_us)
    tried_settle(x)
    ledger_request_done(engine.slot, x.record.bytes_out, duration_us)
    if x.facts.vhost.log_count:
        exchange_log(x, tried_count)
    if unlikely(x.followed):
        follow_ended(x)
    if unlikely(x.state == X_TUNNEL):
        engine.tunnel_count -= 1
        ledger_down(&engine.slot.tunnels)
    work_leave(d)
    d.x = NULL
    exchange_give(x)


cdef void exchange_give(exchange *x) noexcept nogil:
    """Free what it holds; all links were cut."""
    ASSERT(x.up == NULL)
    ASSERT(x.placed == NULL)
    ASSERT(x.queued == NULL)
    ASSERT(x.state < X_WAIT_ANY or x.state > X_CALLED)
    ASSERT(x.tried_count == 0)
    ASSERT(x.tried_more == NULL)
    file_close(x)
    arena_end(&x.facts.arena)
    buffer_drop(&x.body.stream)
    splice_give(x)
    filters_give(x)
    engine.exchange_count -= 1
    ASSERT(engine.exchange_count >= 0)
    ledger_down(&engine.slot.exchanges)
    free_list_give(&exchange_pool, x, exchange_bytes)


cdef bint exchange_finish(exchange *x) noexcept nogil:
    """The answer has gone out whole. Always returns False: the exchange is over."""
    cdef downstream *d = x.down
    cdef bint keep = x.keepalive and x.body.done and not d.c.broken
    # A client that has not said that it will close may have sent the next request.
    cdef bint linger = not x.body.done or not client_closes(x)
    if d.input != NULL:
        # What lies behind this request belongs to the next one.
        d.input.start = request_end(x) if x.facts.req.length else d.input.end
    exchange_settle(x)
    downstream_next(d, keep, linger)
    return False


cdef void exchange_end(exchange *x) noexcept nogil:
    """No well-formed end is possible: close both sides."""
    cdef downstream *d = x.down
    x.keepalive = False
    if x.status == 0:
        x.status = 400
    exchange_settle(x)
    downstream_close(d)


cdef bint exchange_abort(exchange *x) noexcept nogil:
    """The client went away. Always returns False."""
    x.record.aborted = True
    exchange_end(x)
    return False


cdef bint exchange_cut(exchange *x) noexcept nogil:
    """The body cannot be completed: the client sees a message that is not whole. Always
    returns False.

    A missing last chunk or too few bytes say so, and what went out before (answers to
    pipelined requests too) must arrive. Where our close would be the end of the
    message, only a reset tells; it must not take an earlier answer with it.
    """
    cdef downstream *d = x.down
    cdef bint ends_by_close = x.res.close_delimited and d.client.requests == 0
    x.keepalive = False
    exchange_settle(x)
    if ends_by_close:
        downstream_reset(d)
    else:
        downstream_linger(d)
    return False
