# The library is the one that pyOpenSSL uses; its functions are called at addresses that
# are taken once, when the worker starts (model: tls/library.py).

# In the order of TLS_FUNCTIONS: the struct is filled as an array of addresses.
cdef struct tls_library:
    void *(*SSL_new)(void *context) noexcept nogil
    void (*SSL_free)(void *ssl) noexcept nogil
    int (*SSL_set_fd)(void *ssl, int fd) noexcept nogil
    void *(*SSL_set_SSL_CTX)(void *ssl, void *context) noexcept nogil
    void (*SSL_set_accept_state)(void *ssl) noexcept nogil
    void (*SSL_set_connect_state)(void *ssl) noexcept nogil
    void (*SSL_set_verify)(
        void *ssl, int mode, int (*callback)(int, void *) noexcept nogil) noexcept nogil
    int (*SSL_do_handshake)(void *ssl) noexcept nogil
    int (*SSL_read)(void *ssl, void *data, int size) noexcept nogil
    int (*SSL_peek)(void *ssl, void *data, int size) noexcept nogil
    int (*SSL_write)(void *ssl, const void *data, int size) noexcept nogil
    int (*SSL_get_error)(const void *ssl, int result) noexcept nogil
    int (*SSL_shutdown)(void *ssl) noexcept nogil
    void (*SSL_set_shutdown)(void *ssl, int mode) noexcept nogil
    int (*SSL_session_reused)(const void *ssl) noexcept nogil
    void *(*SSL_get1_session)(void *ssl) noexcept nogil
    int (*SSL_set_session)(void *ssl, void *session) noexcept nogil
    void (*SSL_SESSION_free)(void *session) noexcept nogil
    long (*SSL_set_tlsext_host_name)(void *ssl, char *name) noexcept nogil
    void *(*SSL_get0_param)(void *ssl) noexcept nogil
    int (*X509_VERIFY_PARAM_set1_host)(
        void *param, const char *name, size_t length) noexcept nogil
    int (*X509_VERIFY_PARAM_set1_ip)(
        void *param, const unsigned char *address, size_t size) noexcept nogil
    void (*X509_VERIFY_PARAM_set_hostflags)(
        void *param, unsigned int flags) noexcept nogil
    int (*X509_STORE_CTX_get_error)(void *context) noexcept nogil
    int (*X509_STORE_CTX_get_error_depth)(void *context) noexcept nogil
    const char *(*X509_verify_cert_error_string)(long error) noexcept nogil
    long (*SSL_get_verify_result)(const void *ssl) noexcept nogil
    const char *(*SSL_get_version)(const void *ssl) noexcept nogil
    const void *(*SSL_get_current_cipher)(const void *ssl) noexcept nogil
    const char *(*SSL_CIPHER_get_name)(const void *cipher) noexcept nogil
    int (*SSL_CIPHER_get_bits)(const void *cipher, int *most) noexcept nogil
    void *(*SSL_get_peer_certificate)(const void *ssl) noexcept nogil
    unsigned long (*ERR_get_error)() noexcept nogil
    void (*ERR_clear_error)() noexcept nogil
    const char *(*ERR_reason_error_string)(unsigned long error) noexcept nogil
    void (*SSL_CTX_set_alpn_select_cb)(
        void *context,
        int (*choose)(void *, const unsigned char **, unsigned char *,
                      const unsigned char *, unsigned int, void *) noexcept nogil,
        void *) noexcept nogil
