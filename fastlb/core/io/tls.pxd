# TLS under the same door as plain sockets (stream.pxd): a conn whose `tls` is set is
# read and written through it, with the same results.
#
# The library is the one that pyOpenSSL uses; its functions are called at addresses that
# are taken once, when the worker starts (model: tls/library.py). A connection is made
# here, from contexts that Python built: no Python object belongs to it.
#
# uses: ground/text, io/watch, io/tls_hello

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

# What a peer's certificate is measured by (facts.tls.Verify), and what was found.
cdef enum:
    VERIFY_NONE = 0
    VERIFY_OPTIONAL = 1
    VERIFY_REQUIRE = 2
    VERIFY_OPTIONAL_NO_CA = 3

cdef struct tls_state:
    void *ssl
    bint established            # the handshake is over
    bint failed                 # after a fatal error nothing may be said any more
    unsigned char verify        # VERIFY_*
    bint no_crl_is_fine         # SSLCARevocationCheck ... no_crl_for_cert_ok
    int write_size              # of the record that was begun; 0: none
    unsigned int burst_bytes    # sent since the connection was silent
    long long wrote_us          # when it last took anything
    # of the peer's certificate; 0: nothing is wrong
    int chain_error             # X509_V_ERR_* of its issuers or their signatures
    int name_error              # it is not for the name that was asked for,
    unsigned char names_asked   # in any of the forms that it was asked in,
    unsigned char names_wrong   # or only not in so many of them
    int date_error              # before or after its time
    unsigned long long name_hash    # of the name that a member was asked for
    value *variables            # SSL_*, once asked for (flow/tls_variables.pyx)
    tls_state *next             # free list

# Look at the ClientHello without taking it. returns HELLO_*, AGAIN, CLOSED, FAILED
cdef int tls_hello_peek(conn *c, client_hello *hello) noexcept nogil

# Begin as a server. returns 0 or FAILED; the handshake is tls_handshake's
cdef int tls_accept(
    conn *c, void *session_context, void *certificate_context,
    unsigned char verify, bint no_crl_is_fine) noexcept nogil
# Begin as a client. name: asked for and measured against (NUL-terminated).
cdef int tls_connect(
    conn *c, void *context, const char *name, unsigned int length, void *session,
    unsigned char verify, bint no_crl_is_fine) noexcept nogil
# returns 1 established, AGAIN, FAILED (tls_reason says why)
cdef int tls_handshake(conn *c) noexcept nogil
cdef const char *tls_reason() noexcept nogil
# Say that we send no more (close_notify), and free. c.fd stays open.
cdef void tls_end(conn *c) noexcept nogil

# Say that we send no more, and go on reading. returns 1, or AGAIN: not yet
cdef int tls_half_close(conn *c) noexcept nogil

cdef ssize_t tls_recv(conn *c, char *data, size_t size) noexcept nogil
cdef ssize_t tls_send(conn *c, const char *data, size_t size) noexcept nogil
cdef ssize_t tls_send2(
    conn *c, const char *first, size_t first_size,
    const char *second, size_t second_size) noexcept nogil
# Open, and no bytes for us? Takes what the library itself has to read (tickets).
cdef bint tls_is_quiet(conn *c) noexcept nogil
