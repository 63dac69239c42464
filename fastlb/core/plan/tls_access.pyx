"""What a section asks of a client's TLS, and the user that its certificate names.

The handshake is over when the path is known: what a section demands of a certificate
is looked up in what the handshake has found, and nobody is asked twice.
"""
# uses: ground/text, ground/arena, io/tls_state, plan/tls_names, plan/plan,
#       plan/client, plan/facts, plan/tls_variables, plan/variables, plan/expr,
#       plan/because

# What goes with a name that a certificate gives.
cdef value FAKE_PASSWORD = value(b"password", 8)


cdef int tls_refusal(request_facts *r) noexcept nogil:
    """SSLRequireSSL; SSLCipherSuite, SSLVerifyClient and SSLRequire, which say nothing
    of plain connections. returns BECAUSE_*"""
    cdef signed char verify = -1
    cdef int ciphers = -1
    cdef int i, j
    if r.client.tls_vhost == NULL:
        if unlikely(conf_flag(r, CONF_REQUIRE_SSL, False)):
            return BECAUSE_PLAIN
        return BECAUSE_OF_NOTHING
    if likely(not plan.any_tls_access):
        return BECAUSE_OF_NOTHING
    for i in range(r.conf_count):
        if r.confs[i].tls_verify >= 0:
            verify = r.confs[i].tls_verify
        if r.confs[i].tls_ciphers >= 0:
            ciphers = r.confs[i].tls_ciphers
    if ciphers >= 0 and plan.cipher_lists != NULL and not cipher_is_listed(
            r.client, &plan.cipher_lists[ciphers]):
        return BECAUSE_CIPHER
    if verify == VERIFY_REQUIRE and not same_word(
            tls_variable(r.client, tls_name_verify), value(b"SUCCESS", 7)):
        return BECAUSE_NO_CERTIFICATE
    for i in range(r.conf_count):
        for j in range(r.confs[i].tls_require_count):
            if expr_holds(r, r.confs[i].tls_requires[j], NULL) <= 0:
                return BECAUSE_TLS_REQUIRE
    return BECAUSE_OF_NOTHING


cdef bint cipher_is_listed(
        client_facts *client, const cipher_list *listed) noexcept nogil:
    """SSLCipherSuite of a section. In TLS 1.3 nobody is asked, as in httpd: such a
    list names no suites of it."""
    cdef value cipher = tls_variable(client, tls_name_cipher)
    cdef int i
    if same_text(tls_variable(client, tls_name_protocol), value(b"TLSv1.3", 7)):
        return True
    for i in range(listed.count):
        if same_text(cipher, value(listed.names[i].data, listed.names[i].length)):
            return True
    return False


cdef value tls_user(request_facts *r) noexcept nogil:
    """SSLUserName. data NULL: it is not said, or has no value"""
    cdef value found = value(NULL, 0)
    cdef int number = -1
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].tls_user >= 0:
            number = r.confs[i].tls_user
    if number >= 0:
        found = variable_value(r, number)
    if found.length == 0:
        return value(NULL, 0)
    return arena_copy(&r.arena, found.data, found.length)


cdef bint tls_is_user(request_facts *r) noexcept nogil:
    """SSLOptions FakeBasicAuth: is the client's certificate its name and password?"""
    return plan.any_fake and r.client.tls_vhost != NULL \
        and r.req.method_id != METHOD_CONNECT \
        and conf_flag(r, CONF_FAKE_BASIC_AUTH, False) \
        and tls_variable(r.client, tls_name_subject).data != NULL


cdef value tls_user_faked(request_facts *r) noexcept nogil:
    """... whom it names: the whole subject, whatever SSLUserName says."""
    cdef value found = tls_variable(r.client, tls_name_subject)
    return arena_copy(&r.arena, found.data, found.length)
