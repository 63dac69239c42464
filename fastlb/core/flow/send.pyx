"""A member is connected: the request goes out."""
# uses: ground/text, balance/ledger, plan/plan, plan/logline, flow/exchange,
#       flow/follow, flow/member, flow/service_log, flow/settle, flow/rewrite,
#       flow/codecs, flow/request, flow/tunnel, flow/response, flow/answer,
#       flow/connecting

cdef void upstream_found_member(upstream *u) noexcept nogil:
    """A new connection is there: its member may have been out."""
    cdef long long failed_us = member_connected(u.member.slot)
    if unlikely(failed_us != 0):
        say_member_back(u.x, failed_us)


cdef void exchange_send(exchange *x) noexcept nogil:
    """Connected: compose the head and let it go."""
    cdef int rc
    exchange_renew(x)
    if unlikely(x.member == &connect_target):
        tunnel_grant(x)
        return
    if unlikely(x.followed):
        follow_note(
            x, FOLLOW_CONNECTED, follow_slot(x.member), x.up.requests, 0,
            value(NULL, 0))
    x.up.requests += 1
    if unlikely(logline_wants_source_port):
        upstream_learn_port(x)
    if unlikely(x.member.protocol != PROTOCOL_HTTP) and not codec_begin(x):
        exchange_detach(x, False)
        exchange_answer_error(x, 500, NULL)
        return
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
    if unlikely(x.facts.trailers != NULL) and not request_end_empty(x):
        exchange_detach(x, False)
        exchange_answer_error(x, 500, NULL)
        return
    if not request_pump(x):
        return
    # An answer cannot be there yet, except on a connection that spoke too early.
    if x.up.c.readable:
        response_pump(x)
