"""The SSL_* variables of a client's connection (mod_ssl), for headers, logs and rules.

Those that a configuration names are known by number. What the library tells in a word
is asked for at once; the rest, above all what stands in certificates, is made by Python
in one call for a connection, when the first of them is wanted, and kept with it.
"""
# uses: ground/text, io/tls_state, io/tls_library, plan/plan, plan/match, plan/rules,
#       flow/exchange, services

cdef list tls_names = []            # by number
cdef int tls_name_protocol = -1     # numbers of those that need no Python
cdef int tls_name_cipher = -1
cdef int tls_name_https = -1
cdef int tls_env_count = 0
cdef int[ENV_COUNT_MAX] tls_env_variable    # number in the environment,
cdef int[ENV_COUNT_MAX] tls_env_name        # number here,
cdef unsigned char[ENV_COUNT_MAX] tls_env_when  # and what puts it there: ENV_*

# %{...}c of mod_ssl's first days; any other name has no value
cdef dict TLS_OLD_NAMES = {
    "version": "SSL_PROTOCOL",
    "cipher": "SSL_CIPHER",
    "subjectdn": "SSL_CLIENT_S_DN",
    "issuerdn": "SSL_CLIENT_I_DN",
}

cdef enum:
    ENV_HTTPS = 0       # always, as "on"
    ENV_ALWAYS = 1
    ENV_STD = 2         # SSLOptions StdEnvVars
    ENV_CERT_DATA = 3   # SSLOptions ExportCertData


cdef int plan_tls_name(object name) except -2:
    """Number of a variable."""
    global tls_name_protocol, tls_name_cipher, tls_name_https
    if name not in tls_names:
        tls_names.append(name)
        if name == "SSL_PROTOCOL":
            tls_name_protocol = len(tls_names) - 1
        elif name == "SSL_CIPHER":
            tls_name_cipher = len(tls_names) - 1
        elif name == "HTTPS":
            tls_name_https = len(tls_names) - 1
    return tls_names.index(name)


cdef object tls_names_begin():
    global tls_name_protocol, tls_name_cipher, tls_name_https
    tls_names.clear()
    tls_name_https = -1
    tls_name_protocol = -1
    tls_name_cipher = -1


cdef object tls_names_end():
    """All rules are read: which of their variables StdEnvVars can set."""
    global tls_env_count
    tls_env_count = 0
    for name, number in list(plan_envs.items()):
        if name != "HTTPS" and not name.startswith("SSL_"):
            continue
        tls_env_variable[tls_env_count] = number
        tls_env_name[tls_env_count] = plan_tls_name(name)
        tls_env_when[tls_env_count] = env_when(name)
        tls_env_count += 1


cdef unsigned char env_when(str name):
    if name == "HTTPS":
        return ENV_HTTPS
    if name == "SSL_TLS_SNI":
        return ENV_ALWAYS
    if name in ("SSL_SERVER_CERT", "SSL_CLIENT_CERT") or name.startswith(
            "SSL_CLIENT_CERT_CHAIN_"):
        return ENV_CERT_DATA
    return ENV_STD


cdef value tls_variable(downstream *d, int number) noexcept nogil:
    """data is NULL where there is no TLS, or no such thing about it."""
    cdef value out = value(NULL, 0)
    cdef tls_state *t = d.c.tls
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
            service_tls_variables(d)
            if t.variables == NULL:
                return out
        return t.variables[number]
    if out.data != NULL:
        out.length = <unsigned int>strlen(out.data)
    return out


cdef void rules_tls_env(exchange *x) noexcept nogil:
    """What mod_ssl puts into the environment: HTTPS and the server's name always, the
    rest with SSLOptions StdEnvVars, certificates with ExportCertData."""
    cdef int i
    cdef bint wanted = conf_flag(x, CONF_STD_ENV_VARS, False)
    cdef bint data = conf_flag(x, CONF_EXPORT_CERT_DATA, False)
    cdef value v
    for i in range(tls_env_count):
        if tls_env_when[i] == ENV_HTTPS:
            env_set(x, tls_env_variable[i], b"on", 2)
            continue
        if (tls_env_when[i] == ENV_STD and not wanted) or (
                tls_env_when[i] == ENV_CERT_DATA and not data):
            continue
        v = tls_variable(x.down, tls_env_name[i])
        if v.data != NULL:
            env_set(x, tls_env_variable[i], v.data, v.length)


cdef bint tls_is_missing(exchange *x) noexcept nogil:
    """SSLRequireSSL, and this connection is plain."""
    return x.down.tls_vhost == NULL and conf_flag(x, CONF_REQUIRE_SSL, False)
