# TLS under the same door as plain sockets (stream.pxd): a conn whose `tls` is set is
# read and written through it, with the same results. A connection is made here, from
# contexts that Python built: no Python object belongs to it.

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
