"""From a complete head to a member: settings, access, election, connection."""
# uses: ground/text, ground/path, http/fields, http/framing, plan/plan, plan/path,
#       plan/tls_variables, plan/own_name, plan/target, plan/match, plan/rules,
#       plan/redirect, flow/exchange, flow/states, flow/log_rows, flow/service_log,
#       flow/request, flow/answer, flow/admit, flow/choose, flow/connect


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
        say(x, SAY_CLIMBS)
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
