"""May this client ask for this? Access rules, and what of TLS they demand."""
# uses: io/timer, io/tls_state, io/watch, plan/tls_variables, plan/access,
#       plan/reading, flow/exchange, flow/states, flow/log_rows, flow/service_log,
#       flow/services, flow/answer

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
        if not service_ask_host(x):
            exchange_answer_error(x, 500, NULL)
        return False
    if unlikely(x.down.client.tls_vhost != NULL
                and x.facts.vhost.tls_verify != x.down.client.tls_vhost.tls_verify
                and x.facts.vhost.tls_verify != VERIFY_NONE):
        # SSLVHostSNIPolicy insecure: the handshake did not ask for what this host
        # demands, and nobody is asked twice.
        say(x, SAY_NOT_ASKED)
        exchange_answer_error(x, 403, NULL)
        return False
    if unlikely(tls_is_missing(&x.facts)):
        say(x, SAY_PLAIN)
        exchange_answer_error(x, 403, NULL)
        return False
    if unlikely(not allowed):
        if misread:
            say(x, SAY_MISREAD)
        else:
            say(x, SAY_DENIED)
        exchange_answer_error(x, 403, NULL)
        return False
    return True


cdef void exchange_too_many_sections(exchange *x) noexcept nogil:
    say_more(x, SAY_SECTIONS, 0, NULL, SECTIONS_MATCHED_MAX)
    exchange_answer_error(x, 500, NULL)
