"""A head has come: an exchange begins, or its request is refused."""
# uses: ground/text, ground/free_list, io/buffer, io/timer, io/watch, http/fields,
#       http/head, http/hops, http/host, http/framing, balance/ledger, plan/plan,
#       plan/client, plan/facts, plan/match, plan/remote_ip, flow/exchange,
#       flow/engine, flow/states, flow/log_rows, flow/service_log, flow/heads,
#       flow/downstream, flow/settle, flow/request, flow/answer, flow/route,
#       flow/early

cdef exchange *exchange_take(downstream *d) noexcept nogil:
    cdef exchange *x = <exchange *>free_list_take(&exchange_pool, exchange_bytes)
    if unlikely(x == NULL):
        return NULL
    memset(x, 0, <size_t>(&x.facts.arena.scratch[0] - <char *>x))
    x.facts.env = <value *>(<char *>x + exchange_env_at)
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
    if unlikely(d.client.replaced == REPLACED_BY_FIELD):
        client_restore(&d.client)       # that was the client of another request
    x.facts.input = &d.input
    d.x = x
    downstream_enter(d, DOWN_EXCHANGE)
    x.facts.vhost = d.vhost
    x.facts.confs[0] = &d.vhost.conf
    x.facts.conf_count = 1
    x.facts.base = d.input.start if d.input != NULL else 0
    engine.exchange_count += 1
    ledger_up(&engine.slot.exchanges)
    timer_clear(&d.c.timer)
    return x


cdef void exchange_begin(downstream *d, unsigned int head_bytes) noexcept nogil:
    """A new exchange for a complete head in down.input, run as far as it goes."""
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
    request_learn_authority(&x.facts)
    x.facts.vhost = match_vhost(
        d.client.set, data + x.facts.host.offset, x.facts.host.length, &known)
    if unlikely(x.facts.host.length == 0 and d.client.set.count > 1):
        x.facts.vhost = match_server_path(d.client.set, &x.facts)
    d.vhost = x.facts.vhost
    if unlikely(d.vhost.remote_ip.header.length):
        remote_ip_learn(&x.facts)
    if unlikely(not known and x.facts.vhost.said.strict_host_check):
        exchange_reject(x, 400, WHY_HOST)
        return
    if unlikely(d.client.tls_vhost != NULL) and not host_may_be_asked(x):
        return
    rc = framing_of_request(&x.facts.req, data, &x.facts.vhost.limits, &x.body.framing)
    if unlikely(rc < 0):
        exchange_reject(x, -rc, WHY_FRAMING)
        return
    if unlikely(x.facts.vhost.has_early):
        rc = early_rewrite(x)
        if rc < 0:
            exchange_reject(x, -rc, WHY_NONE)
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
        say(x, &SAY_NO_HOST)
        exchange_reject(x, 400, WHY_HOST)
        return False
    if not x.down.client.named and (
            x.down.client.tls_vhost.strict_sni or x.facts.vhost.strict_sni):
        say(x, &SAY_NO_NAME)
        x.keepalive = False
        exchange_answer_error(
            x, 403,
            b"The client software did not provide a hostname using Server Name "
            b"Indication (SNI), which is required to access this server.")
        return False
    if unlikely(x.facts.vhost.tls_group != x.down.client.tls_vhost.tls_group):
        say(x, &SAY_MISDIRECTED if x.facts.client.named
            else &SAY_MISDIRECTED_UNNAMED)
        x.keepalive = False
        exchange_answer_error(x, 421, NULL)
        return False
    return True


cdef void exchange_refuse(downstream *d, int status, unsigned char why) noexcept nogil:
    """A head that is too large, too slow or broken: answer and close."""
    cdef exchange *x = exchange_take(d)
    heads_leave(d)
    if x == NULL:
        downstream_close(d)
        return
    exchange_reject(x, status, why)


cdef void exchange_drop(downstream *d, int status) noexcept nogil:
    """As exchange_refuse, without an answer: a first request is only logged."""
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
