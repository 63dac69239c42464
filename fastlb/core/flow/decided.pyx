"""What was decided about a request that no member gets (plan/decide.pxd), is done."""
# uses: io/timer, io/watch, plan/tls_names, plan/verdicts, plan/rewrite_run,
#       plan/tls_variables, plan/redirect, plan/because, plan/decide, flow/exchange,
#       flow/states, flow/due, flow/log_rows, flow/service_log, flow/services,
#       flow/question, flow/answer

cdef void exchange_answer_decided(
        exchange *x, int what, const decision *d) noexcept nogil:
    if what == DECIDED_ERROR:
        if unlikely(d.because == BECAUSE_OF_A_RULE):
            say_rule(x, d)
        else:
            say_because(x, d.because)
        if d.because == BECAUSE_ELSEWHERE:
            exchange_answer_refused(x, d)
            return
        if d.because == BECAUSE_METHOD:
            x.local.allow = b"TRACE"        # as httpd, of all methods
        if d.status == 401:
            x.local.challenge = x.facts.challenge
            if x.facts.req.method_id == METHOD_CONNECT:
                exchange_answer_error(x, 407, NULL)
                return
        exchange_answer_error(x, d.status, NULL)
    elif what == DECIDED_WAIT and not x.facts.host_wanted \
            and x.facts.asks.kind == ASKS_REQUEST:
        exchange_ask_elsewhere(x)
    elif what == DECIDED_WAIT:
        # A look-up takes its time, and so does a password; other requests do not wait
        # for it. What is found holds for the connection, or for this request; then it
        # is routed again.
        exchange_enter(x, X_WAIT_HOST)
        timer_set(&x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
        if x.facts.host_wanted:
            if not service_ask_host(x):
                exchange_answer_error(x, 500, NULL)
        else:
            exchange_ask_verdict(x)
    elif what == DECIDED_REDIRECT:
        exchange_answer_redirect(x, &d.moved)
    elif what == DECIDED_HANDLER:
        exchange_answer_handler(x, d.handler)
    elif what == DECIDED_HERE:
        exchange_answer_here(x)
    else:
        exchange_answer_unmapped(x)


cdef void exchange_ask_verdict(exchange *x) noexcept nogil:
    """Let somebody check the password, or look for the group."""
    cdef int taken
    if x.facts.verdict_count == VERDICTS_PER_REQUEST_MAX:
        exchange_answer_error(x, 500, NULL)
        return
    if unlikely(x.facts.asks.kind == ASKS_MAP):
        taken = service_ask_map(x)
        if taken <= 0:
            say(x, &SAY_MAP_IS_SILENT)
            exchange_answer_error(x, 503, NULL)
        return
    taken = service_ask_verdict(x)
    if taken < 0:
        exchange_answer_error(x, 500, NULL)
    elif taken == 0:
        say(x, &SAY_TOO_MANY)
        exchange_answer_error(x, 503, NULL)


cdef void exchange_ask_elsewhere(exchange *x) noexcept nogil:
    """AuthRequest: a member is asked about it first."""
    if x.facts.verdict_count == VERDICTS_PER_REQUEST_MAX:
        exchange_answer_error(x, 500, NULL)
        return
    # Of a section that holds for the path as it was sent, or as a member may read it.
    question_begin(x, x.facts.question)
    due_elect(x)


cdef void exchange_answer_refused(exchange *x, const decision *d) noexcept nogil:
    """Who was asked has said no, and we say it in other words: AuthRequestSignIn, an
    ErrorDocument, a page."""
    cdef redirected moved
    cdef int sign_in = sign_in_of(&x.facts)
    say(x, &SAY_ELSEWHERE)
    if d.status == 401 and sign_in >= 0:
        redirect_to_expression(&x.facts, sign_in, &moved)
        exchange_answer_redirect(x, &moved)
        return
    x.local.more_fields = x.facts.granted
    x.local.challenge = x.question.challenge
    exchange_answer_error(
        x, 407 if d.status == 401 and x.facts.req.method_id == METHOD_CONNECT
        else d.status, NULL)


cdef const log_row *row_of_digest(int because) noexcept nogil:
    """... where AuthType Digest refuses, in the order of BECAUSE_DIGEST."""
    cdef const log_row **rows = [
        &SAY_DIGEST_NO_NAME, &SAY_DIGEST_SCHEME, &SAY_DIGEST_BROKEN, &SAY_DIGEST_URI,
        &SAY_DIGEST_OPAQUE, &SAY_DIGEST_REALM, &SAY_DIGEST_ALGORITHM,
        &SAY_DIGEST_NO_USER, &SAY_DIGEST_QOP, &SAY_DIGEST_PASSWORD, &SAY_NONCE_FORGED,
        &SAY_NONCE_EARLY, &SAY_NONCE_OLD, &SAY_NONCE_COUNT, &SAY_NONCE_CLIENT,
        &SAY_NONCE_USED, &SAY_NONCE_REPLAYED]
    return rows[because - BECAUSE_DIGEST]


cdef const log_row *row_of(int because) noexcept nogil:
    """Its line in the error log."""
    if BECAUSE_DIGEST <= because <= BECAUSE_NONCE_REPLAYED:
        return row_of_digest(because)
    if because == BECAUSE_FILE_LARGE:
        return &SAY_FILE_LARGE
    if because == BECAUSE_OLD:
        return &SAY_OLD
    if because == BECAUSE_PASSWORD:
        return &SAY_PASSWORD
    if because == BECAUSE_NO_USER:
        return &SAY_NO_USER
    if because == BECAUSE_SCHEME:
        return &SAY_SCHEME
    if because == BECAUSE_NO_NAME:
        return &SAY_NO_AUTH_NAME
    if because == BECAUSE_NO_FILE:
        return &SAY_NO_FILE
    if because == BECAUSE_DIRECTORY:
        return &SAY_NO_DIRECTORY
    if because == BECAUSE_FILE_CLOSED:
        return &SAY_FILE_CLOSED
    if because == BECAUSE_NOT_HIM:
        return &SAY_NOT_HIM
    if because == BECAUSE_NO_TYPE:
        return &SAY_NO_TYPE
    if because == BECAUSE_NO_REQUIRE:
        return &SAY_NO_REQUIRE
    if because == BECAUSE_TOO_MANY:
        return &SAY_TOO_MANY
    if because == BECAUSE_METHOD:
        return &SAY_METHOD
    if because == BECAUSE_NO_ANSWER:
        return &SAY_NO_ANSWER
    return &SAY_UNKNOWN_TYPE


cdef void say_because(exchange *x, int because) noexcept nogil:
    if because == BECAUSE_OF_SECTIONS:
        say_more(x, &SAY_SECTIONS, 0, NULL, SECTIONS_MATCHED_MAX)
    elif because == BECAUSE_NOT_ASKED:
        say(x, &SAY_NOT_ASKED)
    elif because == BECAUSE_PLAIN:
        say(x, &SAY_PLAIN)
    elif because == BECAUSE_NO_CERTIFICATE:
        say(x, &SAY_NO_CERTIFICATE)
    elif because == BECAUSE_CIPHER:
        say_more(x, &SAY_CIPHER, 0, tls_variable(
            x.facts.client, tls_name_cipher).data, 0)
    elif because == BECAUSE_TLS_REQUIRE:
        say(x, &SAY_TLS_REQUIRE)
    elif because == BECAUSE_SPOOF:
        say(x, &SAY_SPOOF)
    elif because == BECAUSE_COLON:
        say(x, &SAY_COLON)
    elif because == BECAUSE_DENIED:
        say(x, &SAY_DENIED)
    elif because == BECAUSE_MISREAD:
        say(x, &SAY_MISREAD)
    elif because == BECAUSE_OF_HANDLER:
        say(x, &SAY_HANDLER)
    elif because == BECAUSE_CLIMBS:
        say(x, &SAY_CLIMBS)
    elif because != BECAUSE_OF_NOTHING:
        say(x, row_of(because))


cdef void say_rule(exchange *x, const decision *d) noexcept nogil:
    """Why a rule of mod_rewrite could not do what it says; nothing of one that did."""
    cdef const char *pattern = b""
    cdef int why = d.rewrite_because
    if d.rule != NULL:
        pattern = d.rule.pattern.data
    if why == REWRITE_UNSAFE_MARK:
        say(x, &SAY_UNSAFE_MARK)
    elif why == REWRITE_TOO_LONG:
        say_more(x, &SAY_REWRITE_LENGTH, 0, pattern, 0)
    elif why == REWRITE_TOO_MANY_ROUNDS:
        say_more(x, &SAY_REWRITE_ROUNDS, 0, pattern, 0)
    elif why == REWRITE_RAW_QUERY or why == REWRITE_RAW_QUERY_IN_DIR:
        say(x, &SAY_RAW_QUERY)
    elif why == REWRITE_RAW_TARGET:
        say(x, &SAY_RAW_TARGET)
    elif why == REWRITE_UNKNOWN_TARGET:
        say_more(x, &SAY_UNKNOWN_TARGET, 0, pattern, 0)
    elif why == REWRITE_TOO_MANY_REDIRECTS:
        say_more(x, &SAY_INTERNAL_REDIRECTS, 0, NULL, REWRITE_REDIRECTS_MAX)
    elif why == REWRITE_MAP_IS_SILENT:
        say(x, &SAY_MAP_IS_SILENT)
    elif why == REWRITE_NO_LINKS:
        say(x, &SAY_RULE_FORBIDDEN)
    elif why == REWRITE_TOO_MANY_LOOKS:
        say_more(x, &SAY_TOO_MANY_LOOKS, 0, NULL, LOOKS_PER_REQUEST_MAX)
