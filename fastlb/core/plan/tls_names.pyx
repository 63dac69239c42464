"""The SSL_* variables that a configuration names, by number (tls_names.pxd)."""
# uses: plan/build

cdef list tls_names = []            # by number
cdef int tls_name_protocol = -1     # numbers of those that need no Python
cdef int tls_name_cipher = -1
cdef int tls_name_https = -1
cdef int tls_name_verify = -1
cdef int tls_name_subject = -1     # as FakeBasicAuth writes it
cdef int tls_env_count = 0
cdef int[ENV_COUNT_MAX] tls_env_variable    # number in the environment,
cdef int[ENV_COUNT_MAX] tls_env_name        # number here,
cdef unsigned char[ENV_COUNT_MAX] tls_env_when  # and what puts it there: ENV_*

# The subject of a client in one line: no name of a configuration holds a blank.
cdef str TLS_SUBJECT_LINE = "SSL_CLIENT_S_DN LINE"
# %{...}c of mod_ssl's first days; any other name has no value
cdef dict TLS_OLD_NAMES = {
    "version": "SSL_PROTOCOL",
    "cipher": "SSL_CIPHER",
    "subjectdn": "SSL_CLIENT_S_DN",
    "issuerdn": "SSL_CLIENT_I_DN",
}


cdef list cipher_lists = []         # SSLCipherSuite of sections, by number


cdef int plan_cipher_list(object written) except -2:
    """Number of a list; what the names in it are, the library says (plan_tls)."""
    plan_tls_name("SSL_CIPHER")
    plan_tls_name("SSL_PROTOCOL")
    if written not in cipher_lists:
        cipher_lists.append(written)
    return cipher_lists.index(written)


cdef int plan_tls_name(object name) except -2:
    """Number of a variable."""
    global tls_name_protocol, tls_name_cipher, tls_name_https, tls_name_verify
    global tls_name_subject
    if name not in tls_names:
        tls_names.append(name)
        if name == "SSL_PROTOCOL":
            tls_name_protocol = len(tls_names) - 1
        elif name == "SSL_CIPHER":
            tls_name_cipher = len(tls_names) - 1
        elif name == "HTTPS":
            tls_name_https = len(tls_names) - 1
        elif name == "SSL_CLIENT_VERIFY":
            tls_name_verify = len(tls_names) - 1
        elif name == TLS_SUBJECT_LINE:
            tls_name_subject = len(tls_names) - 1
    return tls_names.index(name)


# Forget all; all rules are read.
cdef object tls_names_begin():
    global tls_name_protocol, tls_name_cipher, tls_name_https, tls_name_verify
    global tls_name_subject
    tls_names.clear()
    cipher_lists.clear()
    tls_name_https = -1
    tls_name_verify = -1
    tls_name_subject = -1
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
