"""TLS towards a member: handshake, what its certificate must be, sessions kept."""
# uses: ground/text, ground/hash, io/writer, io/timer, io/tls_state, io/watch,
#       io/tls_library, io/tls_hello, io/tls_stream, balance/ledger, plan/plan,
#       plan/facts, flow/upstream, flow/downstream, flow/route, flow/answer,
#       flow/exchange, service_log


cdef value member_tls_name(exchange *x) noexcept nogil:
    """The name asked for: of the member's URL, or with ProxyPreserveHost the one the
    client used (proxying.md 9)."""
    cdef value out
    if conf_flag(&x.facts, CONF_PRESERVE_HOST, False) and x.facts.host.length:
        out.data = request_bytes(&x.facts) + x.facts.host.offset
        out.length = x.facts.host.length
    else:
        out.data = x.member.tls_name.data
        out.length = x.member.tls_name.length
    if out.length > TLS_NAME_BYTES_MAX:
        out.length = TLS_NAME_BYTES_MAX
    return out


cdef unsigned long long member_name_hash(exchange *x) noexcept nogil:
    """A connection made for another name does not serve."""
    cdef value name = member_tls_name(x)
    return hash_of(name.data, name.length)


cdef void upstream_secure(upstream *u) noexcept nogil:
    """The socket is connected: begin TLS."""
    cdef exchange *x = u.x
    cdef plan_member *m = u.member
    cdef char[TLS_NAME_BYTES_MAX + 1] name
    cdef value asked = member_tls_name(x)
    cdef unsigned long long hash = member_name_hash(x)
    if not copy_terminated(
            &name[0], sizeof(name), asked.data, asked.length) or tls_connect(
            &u.c, m.tls_context, &name[0], asked.length,
            m.tls_session if m.tls_session_name == hash else NULL,
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
    member_connected(u.member.slot)
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
    its retry= is over (balancing.md 4)."""
    service_log_member_handshake(x, why)
    exchange_detach(x, False)
    if x.choice.balancer != NULL and member_failed(
            engine.view, x.member.slot, watch.now_us, False):
        service_log_member_down(x)
    exchange_answer_error(x, 500, b"Error during SSL Handshake with remote server")


cdef void member_keep_session(upstream *u) noexcept nogil:
    """For the next connection to this member; tickets come behind the handshake.

    Only where a request was sent, that is where the certificate was found good: a
    resumed session shows none.
    """
    cdef plan_member *m = u.member
    cdef void *session
    if u.c.tls == NULL or u.requests == 0 or u.c.tls.failed:
        return
    session = tls.SSL_get1_session(u.c.tls.ssl)
    if session == NULL:
        return
    if m.tls_session != NULL:
        tls.SSL_SESSION_free(m.tls_session)
    m.tls_session = session
    m.tls_session_name = u.c.tls.name_hash
