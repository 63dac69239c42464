"""TLS towards a member: handshake, what its certificate must be, sessions kept."""
# uses: ground/text, io/writer, io/timer, io/tls_state, io/watch, io/tls_library,
#       io/tls_hello, io/tls_stream, balance/ledger, plan/plan, flow/exchange,
#       flow/engine, flow/states, flow/member, flow/log_rows, flow/service_log,
#       flow/settle, flow/answer, flow/send


cdef void upstream_secure(upstream *u) noexcept nogil:
    """The socket is connected: begin TLS."""
    cdef exchange *x = u.x
    cdef plan_member *m = u.member
    cdef member_pool *p = pool_of(m)
    cdef char[TLS_NAME_BYTES_MAX + 1] name
    cdef value asked = member_tls_name(x)
    cdef unsigned long long hash = member_name_hash(x)
    if not copy_terminated(
            &name[0], sizeof(name), asked.data, asked.length) or tls_connect(
            &u.c, m.tls_context, &name[0], asked.length,
            p.tls_session if p.tls_session_name == hash else NULL,
            m.tls_verify, m.no_crl_is_fine) < 0:
        exchange_handshake_lost(x, tls_reason())
        return
    u.c.tls.name_hash = hash
    upstream_enter(u, UP_HANDSHAKE)
    timer_set(&u.c.timer, watch.now_us + exchange_timeout_us(x))
    upstream_handshake(u)


cdef void upstream_handshake(upstream *u) noexcept nogil:
    cdef int rc = tls_handshake(&u.c)
    cdef const char *wrong
    if rc == AGAIN:
        return
    if rc < 0:
        exchange_handshake_lost(u.x, tls_reason())
        return
    wrong = certificate_fault(u)
    if wrong != NULL:
        exchange_handshake_lost(u.x, wrong)
        return
    upstream_enter(u, UP_BUSY)
    timer_clear(&u.c.timer)
    upstream_found_member(u)
    exchange_send(u.x)


cdef const char *certificate_fault(upstream *u) noexcept nogil:
    """What SSLProxyVerify or SSLProxyCheckPeer* forbids; NULL: nothing."""
    cdef tls_state *t = u.c.tls
    cdef plan_member *m = u.member
    if t.chain_error and (m.tls_verify == VERIFY_REQUIRE
                          or m.tls_verify == VERIFY_OPTIONAL):
        return tls.X509_verify_cert_error_string(t.chain_error)
    if t.date_error and (m.tls_check_date or m.tls_verify == VERIFY_REQUIRE):
        return tls.X509_verify_cert_error_string(t.date_error)
    if t.name_error and m.tls_check_name:
        return tls.X509_verify_cert_error_string(t.name_error)
    return NULL


cdef void exchange_handshake_lost(exchange *x, const char *why) noexcept nogil:
    """Nothing was sent; Apache tries no other member, but asks this one no more until
    its retry= is over."""
    say_no_handshake(x, why)
    exchange_detach(x, False)
    if x.choice.balancer != NULL and member_failed(
            engine.view, x.member.slot, watch.now_us, False) == WENT_OUT:
        say_member_out(x, &SAY_MEMBER_OUT_TLS, CAUSE_TLS, why, 0)
    exchange_answer_error(x, 500, b"Error during SSL Handshake with remote server")
