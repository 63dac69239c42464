"""From a complete head to a member, or to an answer of our own."""
# uses: ground/text, http/framing, plan/plan, plan/facts, plan/handled, plan/decide,
#       flow/exchange, flow/follow, flow/states, flow/request, flow/answer,
#       flow/files, flow/decided, flow/choose, flow/connect

cdef void exchange_route(exchange *x) noexcept nogil:
    cdef decision d
    cdef int what
    exchange_renew(x)
    exchange_enter(x, X_DECIDE)
    what = request_decide(&x.facts, &d)
    if unlikely(x.followed):
        follow_decided(x, what, &d)
    if likely(what == DECIDED_MEMBER and x.facts.file == NULL):
        exchange_proxy(x)
    elif what == DECIDED_TUNNEL:
        connect_route(x)
    elif what == DECIDED_FILE:
        exchange_route_found(x, file_serve(x, &d), &d)
    elif x.facts.file != NULL and (what == DECIDED_MEMBER or what == DECIDED_HANDLER):
        exchange_route_found(x, file_handed(x, what, &d), &d)
    else:
        exchange_route_found(x, what, &d)


cdef void exchange_route_found(exchange *x, int what, const decision *d) noexcept nogil:
    """To what is decided now that the file was looked at, or what another path leads to
    that takes its place: a member, which gets the body of the request, too
    (DirectoryIndex index.php)."""
    if what == DECIDED_MEMBER:
        exchange_proxy(x)
    elif what == DECIDED_HANDLER:
        exchange_hand_on(x, d.handler)
    elif what != FILES_ANSWERED:
        exchange_answer_decided(x, what, d)


cdef void exchange_hand_on(exchange *x, const text *handler) noexcept nogil:
    """To the controller, if that is a page of its; others are made here."""
    cdef const text *page = page_named(&x.facts, handler)
    cdef int method = x.facts.req.method_id
    if page == NULL:
        exchange_answer_handler(x, handler)
        return
    x.local.handler = page
    if not page_target(&x.facts, page):
        exchange_answer_error(x, 500, NULL)
        return
    if method == METHOD_GET or method == METHOD_HEAD:
        request_forget_body(x)      # no page reads it
    exchange_proxy(x)


cdef void exchange_route_anew(exchange *x) noexcept nogil:
    """... with what was waited for. Nobody sees the variables of the time before: a
    rule that asks for one of its own would not be met again."""
    request_forget_env(&x.facts)
    exchange_route(x)


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
    cdef decision d
    cdef long long limit
    if not x.body.done or x.body.framing.kind != BODY_NONE:
        limit = limit_of_body(x)
        if limit and x.body.framing.kind == BODY_LENGTH and \
                x.body.framing.length > limit:
            x.keepalive = False
            exchange_answer_error(x, 413, NULL)
            return
        x.body.limit = limit
    if unlikely(request_target(&x.facts, &d) != DECIDED_MEMBER):
        exchange_answer_decided(x, DECIDED_ERROR, &d)
        return
    if unlikely(x.followed):
        follow_mapped(x)
    if not x.body.done or x.body.framing.kind == BODY_CHUNKED:
        if not x.body.expect_continue:
            exchange_enter(x, X_READ_BODY)
            if not request_prefetch(x):
                return
        else:
            x.body.chunked_out = x.body.framing.kind == BODY_CHUNKED
    exchange_elect(x)
