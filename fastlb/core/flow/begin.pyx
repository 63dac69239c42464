"""A head has come: an exchange begins, or its request is refused."""
# uses: ground/text, ground/free_list, io/buffer, io/timer, io/watch, http/fields,
#       http/head, http/hops, http/host, http/framing, balance/ledger, plan/build,
#       plan/plan, plan/client, plan/facts, plan/request_ids, plan/match,
#       plan/remote_ip, flow/exchange, flow/engine, flow/follow, flow/states,
#       flow/log_rows, flow/service_log, flow/heads, flow/downstream, flow/settle,
#       flow/request, flow/answer, flow/route, flow/early

# What a head says before anything is decided about its request.
cdef struct understanding:
    bint host_was_asked     # which virtual host it is for was looked up
    bint host_is_known      # ... and one of that name was found
    unsigned char refused   # REFUSED_*, of a head that is none

# Why a head is refused. AS_IT_IS: x.local.why says more.
cdef enum:
    REFUSED_AS_IT_IS = 0
    REFUSED_NO_HOST = 1         # the handshake named a host, the request does not
    REFUSED_NO_NAME = 2         # SSLStrictSNIVHostCheck
    REFUSED_MISDIRECTED = 3     # another handshake is wanted there (SSLVHostSNIPolicy)


cdef void exchange_clear(exchange *x, downstream *d, value *env) noexcept nogil:
    """A new exchange of this client, before its head is read. env: for variables"""
    # Everything up to the variables; those and the head are set as far as used.
    memset(x, 0, <size_t>(&x.facts.arena.scratch[0] - <char *>x))
    x.facts.env = env
    memset(&x.facts.env[0], 0, sizeof(value) * plan.env_count)
    head_clear(&x.facts.req)
    x.facts.req.minor = 1
    x.pipe.read = -1
    x.pipe.write = -1
    x.keepalive = True
    x.facts.started_us = watch.now_us
    x.down = d
    x.facts.client = &d.client
    if unlikely(d.client.replaced == REPLACED_BY_FIELD):
        client_restore(&d.client)       # that was the client of another request
    x.facts.input = &d.input
    x.facts.vhost = d.vhost
    x.facts.confs[0] = &d.vhost.conf
    x.facts.conf_count = 1
    x.facts.base = d.input.start if d.input != NULL else 0


cdef exchange *exchange_take(downstream *d) noexcept nogil:
    cdef exchange *x = <exchange *>free_list_take(&exchange_pool, exchange_bytes)
    if unlikely(x == NULL):
        return NULL
    ASSERT(d.x == NULL)
    ASSERT(d.input != NULL)
    exchange_clear(x, d, <value *>(<char *>x + exchange_env_at))
    d.x = x
    downstream_enter(d, DOWN_EXCHANGE)
    engine.exchange_count += 1
    ledger_up(&engine.slot.exchanges)
    timer_clear(&d.c.timer)
    return x


cdef int exchange_understand(
        exchange *x, unsigned int head_bytes, understanding *found) noexcept nogil:
    """Read the head at the beginning of down.input: fields, host, framing.

    returns 1; or the status to answer, negated, with found.refused and x.local.why
    """
    cdef downstream *d = x.down
    cdef char *data = &d.input.data[d.input.start]
    cdef int rc
    memset(found, 0, sizeof(understanding))
    d.vhost = d.client.tls_vhost
    if likely(d.vhost == NULL):
        d.vhost = &plan.vhosts[d.client.set.vhosts[0]]
    rc = head_parse_request(&x.facts.req, data, head_bytes, &d.vhost.limits)
    if unlikely(rc < 0):
        x.local.why = x.facts.req.why
        return rc if rc <= -400 else -400
    x.head_request = x.facts.req.method_id == METHOD_HEAD
    if unlikely(head_drop_hop_by_hop(&x.facts.req, data, &x.hop) < 0):
        # Not all of what must not travel is known: nothing of it does.
        x.facts.req.field_count = 0
        x.facts.req.seen = 0
        x.facts.req.seen_high = 0
        return -400
    if unlikely(head_check_host(
            &x.facts.req, data, d.vhost.limits.strict, &x.facts.host,
            &x.facts.path) < 0):
        x.local.why = WHY_HOST
        return -400
    request_learn_authority(&x.facts)
    x.facts.vhost = match_vhost(
        d.client.set, data + x.facts.host.offset, x.facts.host.length,
        &found.host_is_known)
    found.host_was_asked = True
    if unlikely(x.facts.host.length == 0 and d.client.set.count > 1):
        x.facts.vhost = match_server_path(d.client.set, &x.facts)
    d.vhost = x.facts.vhost
    if unlikely(d.vhost.remote_ip.header.length):
        remote_ip_learn(&x.facts)
    if unlikely(not found.host_is_known and x.facts.host.length
                and x.facts.vhost.said.strict_host_check):
        x.local.why = WHY_HOST
        return -400
    if unlikely(d.client.tls_vhost != NULL):
        rc = host_may_be_asked(x, found)
        if unlikely(rc < 0):
            return rc
    rc = framing_of_request(&x.facts.req, data, &x.facts.vhost.limits, &x.body.framing)
    if unlikely(rc < 0):
        x.local.why = WHY_FRAMING
        return rc
    if unlikely(x.facts.vhost.has_early):
        rc = early_rewrite(x)
        if rc < 0:
            return rc
    if unlikely(plan_ids_wanted):
        request_ids_learn(&x.facts)
    x.body.done = x.body.framing.kind == BODY_NONE
    return 1


cdef int host_may_be_asked(exchange *x, understanding *found) noexcept nogil:
    """Is the request for a host of its handshake's group (SSLVHostSNIPolicy)?"""
    cdef client_facts *client = x.facts.client
    if client.named and x.facts.host.length == 0:
        found.refused = REFUSED_NO_HOST
        x.local.why = WHY_HOST
        return -400
    if not client.named and (client.tls_vhost.strict_sni or x.facts.vhost.strict_sni):
        found.refused = REFUSED_NO_NAME
        return -403
    if unlikely(x.facts.vhost.tls_group != client.tls_vhost.tls_group):
        found.refused = REFUSED_MISDIRECTED
        return -421
    return 1


cdef void exchange_begin(downstream *d, unsigned int head_bytes) noexcept nogil:
    """A new exchange for a complete head in down.input, run as far as it goes."""
    cdef exchange *x = exchange_take(d)
    cdef understanding found
    cdef int rc
    if x == NULL:
        downstream_close(d)
        return
    rc = exchange_understand(x, head_bytes, &found)
    if unlikely(rc < 0):
        exchange_misunderstood(x, -rc, found.refused)
        return
    follow_begin(x)
    if not x.body.done:
        request_body_begin(x)
    buffer_renew(&d.input)
    if unlikely(x.facts.req.seen >> FIELD_EXPECT & 1) and not x.body.expect_continue \
            and request_expects_more(x):
        x.keepalive = False
        exchange_answer_error(x, 417, NULL)
        return
    exchange_route(x)


cdef void exchange_misunderstood(
        exchange *x, int status, unsigned char refused) noexcept nogil:
    """Answer a head that exchange_understand has refused."""
    if refused == REFUSED_NO_NAME:
        say(x, &SAY_NO_NAME)
        x.keepalive = False
        exchange_answer_error(
            x, status,
            b"The client software did not provide a hostname using Server Name "
            b"Indication (SNI), which is required to access this server.")
    elif refused == REFUSED_MISDIRECTED:
        say(x, &SAY_MISDIRECTED if x.facts.client.named
            else &SAY_MISDIRECTED_UNNAMED)
        x.keepalive = False
        exchange_answer_error(x, status, NULL)
    else:
        if refused == REFUSED_NO_HOST:
            say(x, &SAY_NO_HOST)
        exchange_reject(x, status, x.local.why)


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
