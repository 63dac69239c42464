"""One request and its response: what comes next.

How a request finds its member is route.pyx and choose.pyx; bodies towards the member
are request.pyx, everything towards the client response.pyx, answers made here
answer.pyx.

A function that may end the exchange returns False when it did, or when something is due
(due.pxd): after that neither the exchange nor its connections may be touched.
"""
# uses: io/watch, plan/verdicts, plan/plan, flow/exchange, flow/states, flow/waiting,
#       flow/due, flow/log_rows, flow/service_log, flow/filtering, flow/queue,
#       flow/places, flow/settle, flow/request, flow/tunnel, flow/response,
#       flow/answer, flow/listing, flow/choose, flow/connect, flow/route

cdef void exchange_do_due() noexcept nogil:
    """Do what the last step has left to do, and what follows from that."""
    cdef due_step now
    while unlikely(due.what != DUE_NOTHING):
        now = due
        due.what = DUE_NOTHING
        if now.what == DUE_ERROR:
            exchange_answer_error(now.x, now.status, now.detail)
        elif now.what == DUE_LOST:
            exchange_member_lost(now.x, now.status, now.detail, now.mark_error)
        elif now.what == DUE_ELECT:
            exchange_elect(now.x)
        elif now.what == DUE_ROUTE:
            exchange_route_anew(now.x)
        elif now.what == DUE_ASK:
            exchange_ask(now.x)
        else:
            exchange_connect(now.x, True)


cdef void exchange_step(exchange *x) noexcept nogil:
    """Go on after anything happened on either side."""
    ASSERT(x.down.x == x)
    ASSERT(x.down.state == DOWN_EXCHANGE)
    ASSERT(x.up == NULL or x.up.x == x)
    exchange_renew(x)
    if x.state == X_READ_BODY:
        if request_prefetch(x):
            exchange_elect(x)
    elif x.state == X_SEND:
        if x.up == NULL or x.up.state != UP_BUSY:
            # Only the rest of an answer may be on its way to the client.
            if x.res.head_sent:
                response_pump(x)
            return
        if not x.attempt.sent and not request_pump(x):
            return
        response_pump(x)
    elif x.state == X_TUNNEL:
        tunnel_step(x)
    elif x.state == X_LOCAL:
        response_pump(x)
    elif x.state == X_LISTING:
        listing_go_on(x)
    elif x.state == X_CALLED:
        pool_keep_promise(x)
        exchange_find_connection(x)
    elif x.state == X_WAIT_PLACE:
        if x.called:
            exchange_try_place(x)
    elif x.state == X_REFUSED:
        exchange_enter(x, X_DECIDE)
        exchange_connect_lost(x, x.attempt.lost_errno)


cdef void exchange_on_client_timeout(exchange *x) noexcept nogil:
    """What it waits for has not come."""
    if x.state == X_WAIT_POOL:
        exchange_connection_is_late(x)
    elif x.state == X_WAIT_ANY:
        exchange_leave_queues(x)
        exchange_overloaded(x)
    elif x.state == X_WAIT_PLACE:
        exchange_place_is_late(x)
    elif x.state == X_WAIT_HOST and x.facts.asks.kind == ASKS_MAP:
        say(x, &SAY_MAP_IS_SILENT)
        exchange_answer_error(x, 503, NULL)
    elif x.state == X_WAIT_HOST and x.facts.asks.kind != ASKS_NOTHING:
        exchange_answer_error(x, 500, NULL)     # nobody has said whether it may
    elif x.state == X_WAIT_HOST:
        say(x, &SAY_DENIED)
        exchange_answer_error(x, 403, NULL)
    elif x.state == X_TUNNEL:
        tunnel_on_timeout(x)
    elif x.state == X_WAIT_ADDRESS:
        connect_unknown(x)
    elif filters_pause(x):
        response_pump(x)
    elif x.res.head_sent or x.state == X_LOCAL:
        exchange_abort(x)           # it does not take what we send
    else:
        # The body does not come (RFC 9110 15.5.9).
        say_of_client(x.facts.client, x.down.vhost, &SAY_READ_TIMEOUT, b"body")
        x.keepalive = False
        exchange_detach(x, False)
        exchange_answer_error(x, 408, NULL)


cdef void nobody_try_again() noexcept nogil:
    """Called on every tick: elections anew for all that wait (balancer timeout=)."""
    global nobody
    cdef waiting_line now = nobody
    cdef downstream *d
    nobody = waiting_line(NULL, NULL)
    while now.head != NULL:
        d = now.head
        waiting_leave(&now, d)
        exchange_elect(d.x)
        exchange_do_due()


cdef void places_look() noexcept nogil:
    """Called by the clock of those who wait for a place, and on every tick: each looks
    whether there is one, oldest first."""
    cdef balancer_queue *q
    cdef downstream *d
    cdef downstream *following
    cdef bint all_full
    cdef int i
    if likely(places_waiting == 0):
        places_unwatch()
        return
    for i in range(plan.balancer_count):
        q = &queues[i]
        all_full = False
        d = q.line.head
        while d != NULL:
            following = d.wait_next
            if d.x.bound or not all_full:
                if exchange_try_place(d.x):
                    exchange_do_due()
                elif not d.x.bound and not d.x.choice.was_taken:
                    all_full = True
            d = following


cdef void places_on_clock(conn *c) noexcept nogil:
    places_clock_heard()
    places_look()
