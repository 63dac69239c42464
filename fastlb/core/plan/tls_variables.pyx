"""The SSL_* variables of a client's connection (mod_ssl), for headers, logs and rules.

Those that a configuration names are known by number (tls_names.pyx). What the library
tells in a word is asked for at once; the rest, above all what stands in certificates,
is made by Python in one call for a connection, when the first of them is wanted, and
kept with it.
"""
# uses: ground/text, io/writer, io/tls_state, io/tls_library, seam, plan/tls_names,
#       plan/plan, plan/client, plan/facts

cdef value tls_variable(client_facts *client, int number) noexcept nogil:
    """data is NULL where there is no TLS, or no such thing about it."""
    cdef value out = value(NULL, 0)
    cdef tls_state *t = client.c.tls
    if t == NULL or not t.established:
        if number == tls_name_https:
            return value(b"off", 3)
        return out
    if number == tls_name_protocol:
        out.data = tls.SSL_get_version(t.ssl)
    elif number == tls_name_cipher:
        out.data = tls.SSL_CIPHER_get_name(tls.SSL_get_current_cipher(t.ssl))
    else:
        if t.variables == NULL:
            tls_variables_make(client)
            if t.variables == NULL:
                return out
        return t.variables[number]
    if out.data != NULL:
        out.length = <unsigned int>strlen(out.data)
    return out


# What mod_ssl puts into the environment.
cdef void rules_tls_env(request_facts *r) noexcept nogil:
    """What mod_ssl puts into the environment: HTTPS and the server's name always, the
    rest with SSLOptions StdEnvVars, certificates with ExportCertData."""
    cdef int i
    cdef bint wanted = conf_flag(r, CONF_STD_ENV_VARS, False)
    cdef bint data = conf_flag(r, CONF_EXPORT_CERT_DATA, False)
    cdef value v
    for i in range(tls_env_count):
        if tls_env_when[i] == ENV_HTTPS:
            env_set(r, tls_env_variable[i], b"on", 2)
            continue
        if (tls_env_when[i] == ENV_STD and not wanted) or (
                tls_env_when[i] == ENV_CERT_DATA and not data):
            continue
        v = tls_variable(r.client, tls_env_name[i])
        if v.data != NULL:
            env_set(r, tls_env_variable[i], v.data, v.length)


cdef void tls_variables_make(client_facts *client) noexcept nogil:
    """Fill tls.variables; it stays NULL without memory, or where Python fails."""
    if not seam_is_shut:
        tls_variables_fill(client)


# Make all that Python makes of a connection: it stays without where Python fails.
cdef void tls_variables_fill(client_facts *client) noexcept with gil:
    cdef size_t size = sizeof(value) * len(tls_names)
    cdef value *table
    cdef writer w
    cdef bytes one
    cdef int i
    try:
        found = services.tls_variables(
            tuple(tls_names), <size_t>client.c.tls.ssl, client.tls_vhost.index)
        for v in found:
            size += len(v) + 1 if v is not None else 0
        table = <value *>malloc(size)
        if table == NULL:
            return
        writer_begin(
            &w, <char *>(table + len(tls_names)), size - sizeof(value) * len(tls_names))
        for i, v in enumerate(found):
            table[i] = value(NULL, 0)
            if v is not None:
                one = v
                table[i] = value(w.p, <unsigned int>len(one))
                put(&w, <const char *>one, len(one))
                put_byte(&w, 0)
        if w.full:
            free(table)         # it was measured: this cannot be
            return
        client.c.tls.variables = table
    except Exception:
        client_failed(client, client.tls_vhost.index)
