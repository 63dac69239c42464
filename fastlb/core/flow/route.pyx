"""From a complete head to a member: settings, access, election, connection."""
# uses: ground/chartable, ground/text, ground/path, ground/arena, io/timer,
#       io/tls_state, io/watch, http/fields, http/framing, balance/table,
#       balance/lock, balance/ledger, balance/chance, balance/elect, balance/sticky,
#       plan/plan, plan/facts, plan/undecided, plan/path, plan/tls_variables,
#       plan/own_name, plan/target, plan/match, plan/rules, plan/redirect,
#       plan/access, plan/reading, plan/logline, flow/rewrite, flow/pool,
#       flow/upstream, flow/downstream, flow/request, flow/response, flow/attempt,
#       flow/answer, flow/exchange, flow/tunnel, flow/connect, service_log, services


cdef void exchange_route(exchange *x) noexcept nogil:
    cdef int rc
    cdef const text *handler
    cdef redirected moved
    cdef bint mapped
    exchange_renew(x)
    exchange_enter(x, X_DECIDE)
    rc = match_path(&x.facts)
    if unlikely(rc < 0):
        exchange_answer_error(x, -rc, NULL)
        return
    if unlikely(not match_locations(&x.facts)):
        exchange_too_many_sections(x)
        return
    rules_env_if(&x.facts, 0, x.facts.conf_count)
    if unlikely(x.facts.req.method_id == METHOD_TRACE
                and x.facts.vhost.said.trace_enable == TRACE_OFF):
        exchange_answer_error(x, 405, NULL)
        return
    if unlikely(x.facts.req.method_id == METHOD_CONNECT):
        connect_route(x)
        return
    if unlikely(x.facts.authority.length and x.facts.vhost.said.proxy_requests
                and not authority_is_ours(&x.facts)):
        # Another server is meant, and what is not tunnelled is not forwarded.
        exchange_answer_error(x, 501, NULL)
        return
    if unlikely(x.facts.req.method_id == METHOD_OTHER
                and x.facts.vhost.said.registered_methods_only
                and not request_method_is_registered(x)):
        exchange_answer_error(x, 501, NULL)
        return
    mapped = match_mapping(&x.facts)
    if mapped and unlikely(x.facts.req.seen >> FIELD_MAX_FORWARDS & 1) \
            and exchange_answer_here(x):
        return
    if mapped:
        if unlikely(x.facts.mapping.any_dynamic):
            rc = match_target(&x.facts)
            if rc < 0:
                exchange_answer_error(x, -rc, NULL)
                return
        if unlikely(not match_proxy_sections(&x.facts)):
            exchange_too_many_sections(x)
            return
        if x.facts.proxy_conf_count:
            rules_env_if(&x.facts, 1, 1 + x.facts.proxy_conf_count)
    if unlikely(not exchange_admit(x)):
        return
    if unlikely(x.down.client.tls_vhost != NULL):
        rules_tls_env(&x.facts)
    rules_env(&x.facts)
    rc = match_redirect(&x.facts, True, &moved)
    if unlikely(rc != 0):
        exchange_answer_redirect(x, rc, &moved)
        return
    if likely(mapped):
        exchange_proxy(x)
        return
    handler = match_handler(&x.facts)
    if handler != NULL:
        exchange_answer_handler(x, handler)
        return
    rc = match_redirect(&x.facts, False, &moved)
    if rc != 0:
        exchange_answer_redirect(x, rc, &moved)
        return
    exchange_answer_unmapped(x)


cdef bint exchange_admit(exchange *x) noexcept nogil:
    """Access rules. Returns False when the request was answered, or must wait."""
    cdef bint allowed
    cdef bint misread = False
    if unlikely(x.facts.arena.starved):
        # A variable lacks what it should hold: nothing may be decided by it.
        exchange_answer_error(x, 500, NULL)
        return False
    x.facts.host_wanted = 0
    allowed = match_access(&x.facts)
    if allowed and not x.facts.host_wanted and x.facts.req.method_id != METHOD_CONNECT:
        misread = not readings_admit(&x.facts)
        allowed = not misread
    if unlikely(x.facts.undecided or x.facts.arena.starved):
        exchange_answer_error(x, 500, NULL)
        return False
    if unlikely(x.facts.host_wanted):
        # A look-up takes its time, and other requests do not wait for it. What is
        # found holds for the connection; then this request is routed again.
        exchange_enter(x, X_WAIT_HOST)
        timer_set(&x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
        service_ask_host(x)
        return False
    if unlikely(x.down.client.tls_vhost != NULL
                and x.facts.vhost.tls_verify != x.down.client.tls_vhost.tls_verify
                and x.facts.vhost.tls_verify != VERIFY_NONE):
        # SSLVHostSNIPolicy insecure: the handshake did not ask for what this host
        # demands, and nobody is asked twice.
        service_log_not_asked(x)
        exchange_answer_error(x, 403, NULL)
        return False
    if unlikely(tls_is_missing(&x.facts)):
        service_log_plain(x)
        exchange_answer_error(x, 403, NULL)
        return False
    if unlikely(not allowed):
        if misread:
            service_log_misread(x)
        else:
            service_log_denied(x)
        exchange_answer_error(x, 403, NULL)
        return False
    return True


cdef void exchange_too_many_sections(exchange *x) noexcept nogil:
    service_log_sections(x)
    exchange_answer_error(x, 500, NULL)


cdef long long limit_of_body(exchange *x) noexcept nogil:
    """LimitRequestBody; 0: none.

    Differs from Apache: there it does not hold for proxied requests, here what is
    written does; the default of 1 GiB holds in neither.
    """
    cdef int i
    if plan.compat_apache:
        return 0
    for i in range(x.facts.conf_count - 1, -1, -1):
        if x.facts.confs[i].limit_request_body >= 0:
            return x.facts.confs[i].limit_request_body
    return 0


cdef void exchange_proxy(exchange *x) noexcept nogil:
    cdef int rc
    cdef long long limit
    if not x.body.done or x.body.framing.kind != BODY_NONE:
        limit = limit_of_body(x)
        if limit and x.body.framing.kind == BODY_LENGTH and \
                x.body.framing.length > limit:
            x.keepalive = False
            exchange_answer_error(x, 413, NULL)
            return
        x.body.limit = limit
    rc = match_target(&x.facts)
    if unlikely(rc < 0):
        exchange_answer_error(x, -rc, NULL)
        return
    if unlikely(x.facts.mapping.target_has_groups or x.facts.mapping.interpolate) \
            and path_climbs(x.facts.target.data, x.facts.target.length):
        # "/app(.*)" -> "/x/$1" and "/app../secret": what is sent is not what was
        # decided upon.
        service_log_climbs(x)
        exchange_answer_error(x, 403, NULL)
        return
    if not x.body.done or x.body.framing.kind == BODY_CHUNKED:
        if not x.body.expect_continue:
            exchange_enter(x, X_READ_BODY)
            if not request_prefetch(x):
                return
        else:
            x.body.chunked_out = x.body.framing.kind == BODY_CHUNKED
    exchange_elect(x)


cdef void exchange_sticky(exchange *x) noexcept nogil:
    """The route that the client asks for (balancing.md 6.2); once per request."""
    cdef balancer_plan *b = x.choice.balancer
    cdef sticky_result *asked = &x.choice.sticky
    cdef field *f
    cdef const char *cookies = NULL
    cdef unsigned int length = 0
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int g
    cdef int i
    cdef const char *head = request_bytes(&x.facts)
    f = head_field(&x.facts.req, FIELD_COOKIE)
    if f != NULL:
        cookies = head + f.value
        length = f.value_length
    sticky_find(b, x.facts.target.data, x.facts.target.length, cookies, length, asked)
    if f != NULL and asked.value == NULL:
        # Rarely a client sends its cookies in several fields.
        for i in range(x.facts.req.field_count):
            f = &x.facts.req.fields[i]
            if f.id == FIELD_COOKIE and asked.value == NULL:
                sticky_find(
                    b, x.facts.target.data, x.facts.target.length,
                    head + f.value, f.value_length, asked)
    if asked.value != NULL and not asked.from_url:
        sticky_keep(x, asked)
    if b.route_regex >= 0 and asked.value != NULL:
        asked.route = NULL
        asked.route_length = 0
        if request_matches(
                &x.facts, b.route_regex, False, asked.value, asked.value_length,
                &groups[0]):
            g = 2 if groups[2] >= 0 else 0
            asked.route = asked.value + groups[g]
            asked.route_length = groups[g + 1] - groups[g]
    if asked.route == NULL and asked.value_length and b.has_separator \
            and byte_before(asked.value, asked.value_length) == b.separator:
        # "X.": a session without a route. Apache names it, and elects freely.
        asked.route = asked.value + asked.value_length
    if asked.route != NULL:
        if asked.from_url:
            env_set(&x.facts, ENV_BALANCER_SESSION_STICKY, b.sticky_url,
                    b.sticky_url_length)
        else:
            env_set(&x.facts, ENV_BALANCER_SESSION_STICKY, b.sticky_cookie,
                    b.sticky_cookie_length)
        env_set(&x.facts, ENV_BALANCER_SESSION_ROUTE, asked.route, asked.route_length)


cdef void sticky_keep(exchange *x, sticky_result *asked) noexcept nogil:
    """What stands in a cookie is asked for again with every try, and logged."""
    cdef value kept = arena_copy(&x.facts.arena, asked.value, asked.value_length)
    if asked.route != NULL:
        asked.route = kept.data + (asked.route - asked.value) \
            if kept.data != NULL else NULL
    asked.value = kept.data
    asked.value_length = kept.length
    if kept.data == NULL:
        asked.route_length = 0


cdef void exchange_elect(exchange *x) noexcept nogil:
    """Find a member and ask it; also for every further try of the same request."""
    cdef plan_mapping *m = x.facts.mapping
    cdef int chosen
    cdef text *name
    exchange_renew(x)
    exchange_enter(x, X_DECIDE)
    if m.balancer < 0:
        x.member = &plan.members[m.member]
        if unlikely(member_flags_now(engine.view, x.member.slot)
                    & (FLAG_DISABLED | FLAG_STOPPED)):
            service_log_disabled(x)
            exchange_answer_error(x, 503, NULL)
            return
    else:
        if x.choice.balancer == NULL:
            x.choice.balancer = &plan.balancers[m.balancer]
            x.choice.balancer_index = m.balancer
            if x.choice.balancer.sticky_cookie != NULL:
                exchange_sticky(x)
        chosen = elect(
            engine.view, x.choice.balancer, watch.now_us, chance_next(&engine.chance),
            x.choice.sticky.route, x.choice.sticky.route_length, &x.choice.election)
        if unlikely(x.choice.election.lock != LOCK_FREE):
            service_log_lock(x)
        if unlikely(x.choice.election.began_anew):
            service_log_began_anew(x)
        if unlikely(chosen < 0):
            exchange_nobody(x)
            return
        x.member = &plan.members[x.choice.balancer.member_index[chosen]]
        if unlikely(x.choice.election.forced_recovery):
            service_log_forced(x)
        name = &plan.balancer_names[x.choice.balancer_index]
        env_set(&x.facts, ENV_BALANCER_NAME, name.data, name.length)
        env_set(&x.facts, ENV_BALANCER_WORKER_NAME, x.member.url.data,
                x.member.url.length)
        env_set(&x.facts, ENV_BALANCER_WORKER_ROUTE, x.member.route.data,
                x.member.route.length)
        if x.choice.election.route_changed:
            env_set(&x.facts, ENV_BALANCER_ROUTE_CHANGED, b"1", 1)
    x.choice.attempts += 1
    if unlikely(not tried_add(x)):
        exchange_answer_error(x, 500, NULL)
        return
    exchange_connect(x, False)


cdef void exchange_nobody(exchange *x) noexcept nogil:
    """No usable member: wait if the balancer says so, else 503."""
    if x.choice.balancer.timeout_ms > 0 and x.choice.election.why == ELECT_ALL_IN_ERROR:
        if x.choice.wait_until_us == 0:
            x.choice.wait_until_us = watch.now_us + x.choice.balancer.timeout_ms * 1000
        if watch.now_us < x.choice.wait_until_us:
            nobody_wait(x)
            return
    service_log_nobody(x)
    exchange_answer_error(x, 503, NULL)


cdef exchange *nobody_head = NULL   # exchanges that wait for any member at all


cdef void nobody_wait(exchange *x) noexcept nogil:
    global nobody_head
    exchange_enter(x, X_WAIT_ANY)
    x.wait_next = nobody_head
    nobody_head = x


cdef void nobody_leave(exchange *x) noexcept nogil:
    global nobody_head
    cdef exchange **at = &nobody_head
    while at[0] != x:
        at = &at[0].wait_next
    at[0] = x.wait_next
    exchange_enter(x, X_DECIDE)


cdef void nobody_try_again() noexcept nogil:
    """Called on every tick: elections anew for all that wait (balancer timeout=)."""
    global nobody_head
    cdef exchange *x = nobody_head
    cdef exchange *following
    nobody_head = NULL
    while x != NULL:
        following = x.wait_next
        exchange_elect(x)
        x = following


cdef void exchange_connect(exchange *x, bint fresh) noexcept nogil:
    """A connection from the pool, a new one, or a place in the queue for one.

    fresh: not from the pool.
    """
    cdef plan_member *m = x.member
    attempt_begin(x, fresh)
    request_upgrade(x)
    if unlikely(m.is_websocket and x.attempt.upgrade.length == 0) \
            and not conf_flag(&x.facts, CONF_WEBSOCKET_FALLBACK, True):
        upgrade_demand(x)
        return
    if unlikely(m.promised) and pool_is_promised(m):
        pool_wait(x)
        return
    exchange_find_connection(x)


cdef void exchange_find_connection(exchange *x) noexcept nogil:
    cdef plan_member *m = x.member
    cdef upstream *u = NULL
    if unlikely(m.tls_refused):
        service_log_no_engine(x)
        exchange_answer_error(x, 500, NULL)
        return
    if not m.said.disable_reuse and not x.attempt.fresh and not (
            x.down.client.requests == 0
            and x.facts.env[ENV_PROXY_INITIAL_NOT_POOLED].data != NULL):
        u = pool_take(x, not request_is_idempotent(x))
    if likely(u != NULL):
        u.x = x
        x.up = u
        exchange_enter(x, X_SEND)
        exchange_send(x)
        return
    if unlikely(not pool_has_room(m) and m.idle != NULL):
        # Idle ones that this request may not use take all the room, and nobody will
        # wake it for them: one makes way.
        pool_close_idle(m)
    if not pool_has_room(m):
        pool_wait(x)
        return
    if likely(upstream_open(x) == 0):
        exchange_enter(x, X_SEND)
        return
    # In its own turn: of thousands that refuse at once each would call the next.
    x.attempt.refused_errno = stream_errno
    service_log_connect(x, 0, stream_errno)
    exchange_enter(x, X_REFUSED)
    watch_queue(&x.down.c)
    pool_wake(m)


cdef bint request_is_idempotent(exchange *x) noexcept nogil:
    """RFC 9110 9.2.2."""
    cdef int method = x.facts.req.method_id
    return (method == METHOD_GET or method == METHOD_HEAD or method == METHOD_PUT
            or method == METHOD_DELETE or method == METHOD_OPTIONS
            or method == METHOD_TRACE)


cdef bint request_can_be_sent_again(exchange *x) noexcept nogil:
    """Nothing of it can have been processed twice, and its bytes are at hand."""
    if x.body.lost:
        return False
    if x.attempt.await_continue:
        return True     # the body was held back for the 100 that never came
    return not x.attempt.begun or request_is_idempotent(x)


cdef void exchange_send(exchange *x) noexcept nogil:
    """Connected: compose the head and let it go."""
    cdef int rc
    exchange_renew(x)
    if unlikely(x.member == &connect_target):
        connect_begin(x)
        return
    x.up.requests += 1
    if unlikely(logline_wants_source_port):
        upstream_learn_port(x)
    request_expectation(x)
    rc = rewrite_request(x)
    if unlikely(rc < 0):
        exchange_detach(x, False)
        if rc == -400:
            exchange_answer_error(
                x, 400, b"Max-Forwards has reached zero - proxy loop?")
        else:
            exchange_answer_error(x, -rc, NULL)
        return
    if not request_pump(x):
        return
    # An answer cannot be there yet, except on a connection that spoke too early.
    if x.up.c.readable:
        response_pump(x)


cdef bint connect_lacks_means(int why) noexcept nogil:
    """What this machine lacks (descriptors, ports, memory, the address that
    ProxySourceAddress names) is no member's fault."""
    return (why == EMFILE or why == ENFILE or why == ENOBUFS or why == ENOMEM
            or why == EADDRNOTAVAIL or why == EAFNOSUPPORT or why == ENOSPC)


cdef void exchange_connect_lost(exchange *x, int why) noexcept nogil:
    """No address of the member is to be had: E, and the next member.

    why: the last address's errno, or NO_ADDRESS. Under Compat apache a name that
    does not resolve ends the request.
    """
    cdef plan_member *m = x.member
    if why == NO_ADDRESS and (x.choice.balancer == NULL or plan.compat_apache):
        exchange_detach(x, False)
        if x.choice.balancer != NULL and member_failed(
                engine.view, m.slot, watch.now_us, False):
            service_log_member_down(x)
        service_no_address(x)
        return
    exchange_member_lost(x, 503, NULL, not connect_lacks_means(why))


cdef void exchange_on_member_timeout(exchange *x) noexcept nogil:
    """The member let time pass (proxying.md 4.2 and 6)."""
    if x.res.head_sent:
        service_log_response(x, ETIMEDOUT)
        exchange_abort(x)
    elif x.attempt.await_continue:
        service_log_status_line(x, ETIMEDOUT)
        exchange_member_lost(x, 503, b"Timeout on 100-Continue", True)
    elif not x.attempt.sent:
        service_log_status_line(x, ETIMEDOUT)
        exchange_member_lost(x, 504, NULL, False)
    else:
        x.attempt.timed_out = True
        service_log_status_line(x, ETIMEDOUT)
        exchange_member_lost(x, 502, b"Error reading from remote server", False)


cdef void exchange_member_lost(
        exchange *x, int status, const char *detail, bint mark_error) noexcept nogil:
    cdef plan_member *m = x.member
    cdef bint again = request_can_be_sent_again(x)
    cdef int first = 0
    exchange_detach(x, False)
    if mark_error and x.choice.balancer != NULL:
        first = member_failed(engine.view, m.slot, watch.now_us, status == 503)
        if first:
            service_log_member_down(x)
    elif x.attempt.timed_out and x.choice.balancer != NULL \
            and x.choice.balancer.fail_on_timeout:
        if member_failed(engine.view, m.slot, watch.now_us, False):
            service_log_fail_on(x, 0)
    if unlikely(x.res.head_sent):
        exchange_abort(x)
        return
    if status == 503 and x.choice.balancer != NULL and may_retry(
            engine.view, x.choice.balancer, m.slot, x.choice.attempts, False, again,
            x.choice.election.by_route):
        exchange_elect(x)
        return
    exchange_answer_error(x, status, detail)
