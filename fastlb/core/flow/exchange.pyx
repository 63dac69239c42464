"""One request and its response (exchange.pxd): beginning, steps, settlement.

How a request finds its member is route.pyx; bodies towards the member are request.pyx,
everything towards the client response.pyx, answers made here answer.pyx.

A function that may end the exchange returns False when it did: after that neither the
exchange nor its connections may be touched.
"""
# uses: ground/text, ground/free_list, io/buffer, ground/arena, io/timer, io/watch,
#       http/fields, http/head, http/count, http/hops, http/host, http/framing,
#       http/chunked, balance/table, balance/ledger, balance/elect, balance/sticky,
#       plan/plan, plan/client, plan/facts, plan/match, plan/logline, flow/pool,
#       flow/upstream, flow/work, flow/heads, flow/downstream, flow/request,
#       flow/response, flow/splice, flow/attempt, flow/route, flow/answer,
#       flow/tunnel, flow/connect, service_log

cdef enum:
    EXCHANGES_KEPT_MAX = 2048

cdef free_list exchange_pool = free_list(NULL, 0, EXCHANGES_KEPT_MAX)


# The states that may follow each state: the drawing in exchange.pxd, as bits.
cdef unsigned short[X_STATES] X_FOLLOWERS = [
    1 << X_DECIDE | 1 << X_READ_BODY | 1 << X_WAIT_HOST | 1 << X_WAIT_ADDRESS
    | 1 << X_WAIT_ANY | 1 << X_WAIT_POOL | 1 << X_REFUSED | 1 << X_SEND
    | 1 << X_LOCAL,                                     # DECIDE
    1 << X_DECIDE | 1 << X_LOCAL,                       # READ_BODY
    1 << X_DECIDE | 1 << X_LOCAL,                       # WAIT_HOST
    1 << X_DECIDE | 1 << X_LOCAL,                       # WAIT_ADDRESS
    1 << X_DECIDE,                                      # WAIT_ANY
    1 << X_DECIDE | 1 << X_CALLED,                      # WAIT_POOL
    1 << X_DECIDE,                                      # CALLED
    1 << X_DECIDE,                                      # REFUSED
    1 << X_DECIDE | 1 << X_TUNNEL | 1 << X_LOCAL,       # SEND
    0,                                                  # LOCAL
    0,                                                  # TUNNEL
]


cdef inline void exchange_enter(exchange *x, unsigned char state) noexcept nogil:
    ASSERT(X_FOLLOWERS[x.state] >> state & 1)
    x.state = state


cdef exchange *exchange_take(downstream *d) noexcept nogil:
    cdef exchange *x = <exchange *>free_list_take(&exchange_pool, sizeof(exchange))
    if unlikely(x == NULL):
        return NULL
    # Everything up to the variables; those and the head are set as far as used.
    memset(x, 0, <size_t>(&x.facts.arena.scratch[0] - <char *>x))
    memset(&x.facts.env[0], 0, sizeof(value) * plan.env_count)
    head_clear(&x.facts.req)
    x.facts.req.minor = 1
    x.pipe.read = -1
    x.pipe.write = -1
    x.keepalive = True
    x.facts.started_us = watch.now_us
    ASSERT(d.x == NULL)
    ASSERT(d.input != NULL)
    x.down = d
    x.facts.client = &d.client
    x.facts.input = &d.input
    d.x = x
    downstream_enter(d, DOWN_EXCHANGE)
    x.facts.vhost = d.vhost
    x.facts.confs[0] = &d.vhost.conf
    x.facts.conf_count = 1
    x.facts.base = d.input.start if d.input != NULL else 0
    engine.exchange_count += 1
    ledger_exchange_opened(engine.slot)
    timer_clear(&d.c.timer)
    return x


cdef void exchange_give(exchange *x) noexcept nogil:
    """Free what it holds; all links were cut."""
    ASSERT(x.up == NULL)
    ASSERT(x.state < X_WAIT_ANY or x.state > X_CALLED)
    ASSERT(x.tried_count == 0)
    ASSERT(x.tried_more == NULL)
    arena_end(&x.facts.arena)
    buffer_give(x.body.stream)
    x.body.stream = NULL
    splice_give(x)
    engine.exchange_count -= 1
    ASSERT(engine.exchange_count >= 0)
    ledger_exchange_closed(engine.slot)
    free_list_give(&exchange_pool, x, sizeof(exchange))


cdef void exchange_renew(exchange *x) noexcept nogil:
    if not DEBUG_BUILD:
        return
    buffer_renew(&x.down.input)
    buffer_renew(&x.down.output)
    buffer_renew(&x.body.stream)
    if x.up != NULL:
        buffer_renew(&x.up.input)
        buffer_renew(&x.up.output)


cdef char *request_kept(const exchange *x) noexcept nogil:
    return &x.down.input.data[x.body.at]


cdef void exchange_begin(downstream *d, unsigned int head_bytes) noexcept nogil:
    cdef exchange *x = exchange_take(d)
    cdef char *data
    cdef int rc
    cdef bint known
    if x == NULL:
        downstream_close(d)
        return
    d.vhost = d.client.tls_vhost
    if likely(d.vhost == NULL):
        d.vhost = &plan.vhosts[d.client.set.vhosts[0]]
    data = &d.input.data[d.input.start]
    rc = head_parse_request(&x.facts.req, data, head_bytes, &d.vhost.limits)
    if unlikely(rc < 0):
        exchange_reject(x, -rc if rc <= -400 else 400, x.facts.req.why)
        return
    x.head_request = x.facts.req.method_id == METHOD_HEAD
    if unlikely(head_drop_hop_by_hop(&x.facts.req, data, &x.hop) < 0):
        # Not all of what must not travel is known: nothing of it does.
        x.facts.req.field_count = 0
        x.facts.req.seen = 0
        x.facts.req.seen_high = 0
        exchange_reject(x, 400, WHY_NONE)
        return
    if unlikely(head_check_host(
            &x.facts.req, data, d.vhost.limits.strict, &x.facts.host,
            &x.facts.path) < 0):
        exchange_reject(x, 400, WHY_HOST)
        return
    exchange_learn_authority(x)
    x.facts.vhost = match_vhost(
        d.client.set, data + x.facts.host.offset, x.facts.host.length, &known)
    if unlikely(x.facts.host.length == 0 and d.client.set.count > 1):
        x.facts.vhost = match_server_path(d.client.set, &x.facts)
    d.vhost = x.facts.vhost
    if unlikely(not known and x.facts.vhost.said.strict_host_check):
        exchange_reject(x, 400, WHY_HOST)
        return
    if unlikely(d.client.tls_vhost != NULL) and not host_may_be_asked(x):
        return
    rc = framing_of_request(&x.facts.req, data, &x.facts.vhost.limits, &x.body.framing)
    if unlikely(rc < 0):
        exchange_reject(x, -rc, WHY_FRAMING)
        return
    x.body.done = x.body.framing.kind == BODY_NONE
    if not x.body.done:
        request_body_begin(x)
    buffer_renew(&d.input)
    if unlikely(x.facts.req.seen >> FIELD_EXPECT & 1) and not x.body.expect_continue \
            and request_expects_more(x):
        x.keepalive = False
        exchange_answer_error(x, 417, NULL)
        return
    exchange_route(x)


cdef bint host_may_be_asked(exchange *x) noexcept nogil:
    """Is the request for a host of its handshake's group (SSLVHostSNIPolicy)?

    Answers the request and returns False when it is not.
    """
    if x.down.client.named and x.facts.host.length == 0:
        service_log_no_host(x)
        exchange_reject(x, 400, WHY_HOST)
        return False
    if not x.down.client.named and (
            x.down.client.tls_vhost.strict_sni or x.facts.vhost.strict_sni):
        service_log_no_name(x)
        x.keepalive = False
        exchange_answer_error(
            x, 403,
            b"The client software did not provide a hostname using Server Name "
            b"Indication (SNI), which is required to access this server.")
        return False
    if unlikely(x.facts.vhost.tls_group != x.down.client.tls_vhost.tls_group):
        service_log_misdirected(x)
        x.keepalive = False
        exchange_answer_error(x, 421, NULL)
        return False
    return True


cdef void exchange_learn_authority(exchange *x) noexcept nogil:
    """The authority of an absolute-form target replaces Host (RFC 9112 3.2.2)."""
    cdef value target = request_part(&x.facts, x.facts.req.target)
    cdef unsigned int scheme, at
    if likely(target.data[0] == c'/' or x.facts.req.method_id == METHOD_CONNECT):
        return
    scheme = scheme_length(target.data, target.length)
    if scheme == 0:
        return
    at = scheme
    while at < target.length and target.data[at] != c'/' and target.data[at] != c'?':
        at += 1
    x.facts.authority.offset = x.facts.req.target.offset + scheme
    x.facts.authority.length = at - scheme


cdef void exchange_refuse(downstream *d, int status, unsigned char why) noexcept nogil:
    """A head that is too large, too slow or broken: answer and close."""
    cdef exchange *x = exchange_take(d)
    heads_leave(d)
    if x == NULL:
        downstream_close(d)
        return
    exchange_reject(x, status, why)


cdef void exchange_drop(downstream *d, int status) noexcept nogil:
    cdef exchange *x = NULL
    d.input.start = d.input.end         # the log line names no half of a line
    if d.client.requests == 0:
        x = exchange_take(d)
    if x != NULL:
        x.status = status
        exchange_end(x)
    else:
        downstream_close(d)


cdef void exchange_reject(exchange *x, int status, unsigned char why) noexcept nogil:
    x.local.why = why
    x.keepalive = False
    x.body.done = True
    # Where this request ends nobody knows: more of it may be on its way.
    x.down.must_linger = True
    exchange_answer_error(x, status, why_text(why))


cdef const char *why_text(unsigned char why) noexcept nogil:
    """Apache's sentence on the page of a refused head; NULL: none."""
    if why == WHY_FIELD_SIZE:
        return b"Size of a request header field exceeds server limit."
    if why == WHY_FIELD_COUNT:
        return b"The number of request header fields exceeds this server's limit."
    if why == WHY_PLAIN_HTTP:
        return b"You're speaking plain HTTP to an SSL-enabled server port."
    return NULL


cdef bint client_closes(const exchange *x) noexcept nogil:
    """Has the client called this request its last (RFC 9112 9.6, 9.3)?"""
    return (x.hop.close or x.facts.req.minor == 9
            or (x.facts.req.minor == 0 and not x.hop.keep_alive))


cdef void exchange_step(exchange *x) noexcept nogil:
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
    elif x.state == X_CALLED:
        pool_keep_promise(x)
        exchange_find_connection(x)
    elif x.state == X_REFUSED:
        exchange_enter(x, X_DECIDE)
        exchange_connect_lost(x, x.attempt.refused_errno)


cdef long long exchange_timeout_us(exchange *x) noexcept nogil:
    """timeout= of the member, else ProxyTimeout, else Timeout."""
    if x.member.said.timeout_us:
        return x.member.said.timeout_us
    if x.facts.mapping != NULL and x.facts.mapping.timeout_us:
        return x.facts.mapping.timeout_us
    if x.facts.vhost.said.proxy_timeout_us:
        return x.facts.vhost.said.proxy_timeout_us
    return x.facts.vhost.said.timeout_us


cdef void exchange_detach(exchange *x, bint reuse) noexcept nogil:
    """Give the member's connection back, or close it."""
    cdef upstream *u = x.up
    if u == NULL:
        return
    x.up = NULL
    u.x = NULL
    ASSERT(x.attempt.bytes_out >= 0)
    ASSERT(x.attempt.bytes_in >= 0)
    ledger_bytes(u.member.slot, x.attempt.bytes_out, x.attempt.bytes_in)
    if reuse:
        pool_put(u)
    else:
        upstream_close(u)


cdef void exchange_leave_queues(exchange *x) noexcept nogil:
    """Whatever it waits for, it does not any more."""
    if x.state == X_WAIT_POOL:
        pool_leave(x)
    elif x.state == X_WAIT_ANY:
        nobody_leave(x)
    elif x.state == X_CALLED:
        # It was its turn; now it is the next one's.
        pool_keep_promise(x)
        pool_wake(x.member)


cdef void exchange_log(exchange *x) noexcept nogil:
    cdef logged told
    told.record = &x.record
    told.member = x.member
    told.handler = x.local.handler
    told.status = x.status
    told.keepalive = x.keepalive
    told.bytes_in = x.body.bytes_in
    logline_write(&x.facts, &told)


cdef void exchange_settle(exchange *x) noexcept nogil:
    """Count, log, and free; the downstream is the caller's again."""
    cdef downstream *d = x.down
    exchange_renew(x)
    exchange_leave_queues(x)
    exchange_detach(x, False)
    tried_settle(x)
    ledger_request_done(
        engine.slot, x.record.bytes_out, clock_us() - x.facts.started_us
        if plan.extended_status else 0)
    if x.facts.vhost.log_count:
        exchange_log(x)
    if unlikely(x.state == X_TUNNEL):
        engine.tunnel_count -= 1
        ledger_tunnel_closed(engine.slot)
    work_leave(d)
    d.x = NULL
    exchange_give(x)


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


cdef void exchange_abort(exchange *x) noexcept nogil:
    x.record.aborted = True
    exchange_end(x)


cdef void exchange_on_client_timeout(exchange *x) noexcept nogil:
    if x.state == X_WAIT_POOL or x.state == X_WAIT_ANY:
        exchange_leave_queues(x)
        service_log_acquire(x)
        exchange_answer_error(x, 503, NULL)
    elif x.state == X_WAIT_HOST:
        service_log_denied(x)
        exchange_answer_error(x, 403, NULL)
    elif x.state == X_TUNNEL:
        tunnel_on_timeout(x)
    elif x.state == X_WAIT_ADDRESS:
        connect_unknown(x)
    elif x.res.head_sent or x.state == X_LOCAL:
        exchange_abort(x)           # it does not take what we send
    else:
        # The body does not come (RFC 9110 15.5.9).
        service_log_read_timeout(x.down, b"body")
        x.keepalive = False
        exchange_detach(x, False)
        exchange_answer_error(x, 408, NULL)
