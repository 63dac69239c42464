"""The addresses of the TLS library (tls_library.pxd): the one door to it."""

cdef tls_library tls

TLS_FUNCTIONS = (
    "SSL_new", "SSL_free", "SSL_set_fd", "SSL_set_SSL_CTX", "SSL_set_accept_state",
    "SSL_set_connect_state", "SSL_set_verify", "SSL_do_handshake", "SSL_read",
    "SSL_peek", "SSL_write", "SSL_get_error", "SSL_shutdown", "SSL_set_shutdown",
    "SSL_session_reused", "SSL_get1_session", "SSL_set_session", "SSL_SESSION_free",
    "SSL_set_tlsext_host_name", "SSL_get0_param", "X509_VERIFY_PARAM_set1_host",
    "X509_VERIFY_PARAM_set1_ip", "X509_VERIFY_PARAM_set_hostflags",
    "X509_STORE_CTX_get_error",
    "X509_STORE_CTX_get_error_depth", "X509_verify_cert_error_string",
    "SSL_get_verify_result", "SSL_get_version", "SSL_get_current_cipher",
    "SSL_CIPHER_get_name", "SSL_CIPHER_get_bits", "SSL_get_peer_certificate",
    "ERR_get_error", "ERR_clear_error", "ERR_reason_error_string",
    "SSL_CTX_set_alpn_select_cb",
)


cdef object tls_library_begin(object addresses):
    """addresses: of each of TLS_FUNCTIONS, by name; ValueError when one is missing."""
    cdef void **slots = <void **>&tls
    cdef size_t i
    if sizeof(tls) != len(TLS_FUNCTIONS) * sizeof(void *):
        raise ValueError("TLS_FUNCTIONS and tls_library disagree")
    for i, name in enumerate(TLS_FUNCTIONS):
        address = addresses.get(name, 0)
        if not address:
            raise ValueError(f"the TLS library has no {name}")
        slots[i] = <void *><size_t>address
