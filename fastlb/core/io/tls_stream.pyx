"""TLS under the same door as plain sockets (stream.pyx): a conn whose `tls` is set is
read and written through it, with the same results. A connection is made here, from
contexts that Python built: no Python object belongs to it.

The library reads and writes the socket itself. It is called until it says that the
socket gives or takes no more; only then is `readable` or `writable` cleared, because
the next edge will come only after that.
"""
# uses: ground/free_list, io/tls_state, io/watch, io/tls_library, io/tls_hello

cdef enum:
    TLS_WANT_READ = 2           # SSL_ERROR_*
    TLS_WANT_WRITE = 3
    TLS_SYSCALL = 5
    TLS_ZERO_RETURN = 6
    TLS_VERIFY_PEER = 1         # SSL_VERIFY_*
    TLS_VERIFY_DEMAND = 2
    TLS_BOTH_SHUT = 3           # SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN
    # Records: the first bytes of an answer in records that arrive whole in the first
    # packets, the rest in the largest there are.
    RECORD_FIRST = 1300
    RECORD_SMALL = 4096
    RECORD_SMALL_UNTIL = 16384  # bytes sent before records are full
    RECORD_FULL = 16384
    SILENCE_US = 1000000        # after which a connection is as new
    TLS_STATES_KEPT_MAX = 4096
    # X509_V_ERR_*, by what they are about
    ERROR_NO_CRL = 3
    ERROR_NOT_YET_VALID = 9
    ERROR_HAS_EXPIRED = 10
    ERROR_HOSTNAME_MISMATCH = 62
    ERROR_IP_ADDRESS_MISMATCH = 64
    # What optional_no_ca forgives (mod_ssl: ssl_verify_error_is_optional)
    ERROR_SELF_SIGNED = 18
    ERROR_SELF_SIGNED_IN_CHAIN = 19
    ERROR_ISSUER_UNKNOWN = 20
    ERROR_LEAF_UNVERIFIED = 21
    ERROR_UNTRUSTED = 27
    NAME_IN_SUBJECT_TOO = 1     # X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT
    ALPN_OK = 0                 # SSL_TLSEXT_ERR_*
    ALPN_NONE = 3

cdef free_list tls_pool = free_list(NULL, 0, TLS_STATES_KEPT_MAX)
cdef tls_state *tls_verifying = NULL    # whose handshake is in the library just now
cdef unsigned long tls_error = 0        # the library's, of the last FAILED
cdef char[HELLO_BYTES_MAX] hello_received
cdef char[RECORD_FULL] tls_record       # pieces gathered into one record


cdef int tls_hello_peek(conn *c, client_hello *hello) noexcept nogil:
    """Look at the ClientHello without taking it. returns HELLO_*, AGAIN, CLOSED,
    FAILED."""
    global stream_errno
    cdef ssize_t n
    cdef int rc
    if not c.readable:
        return AGAIN
    while True:
        n = recv(c.fd, &hello_received[0], HELLO_BYTES_MAX, MSG_PEEK)
        if n > 0:
            break
        if n == 0:
            return CLOSED
        if errno == EINTR:
            continue
        if errno == EAGAIN:
            c.readable = False
            return AGAIN
        stream_errno = errno
        return FAILED
    rc = hello_judge(&hello_received[0], <unsigned int>n, hello)
    if rc == AGAIN:
        if c.peer_closed:
            return CLOSED
        c.readable = False      # the next bytes will tell
    return rc


cdef int tls_begin(
        conn *c, void *context, unsigned char verify,
        bint no_crl_is_fine) noexcept nogil:
    global stream_errno
    cdef tls_state *t = <tls_state *>free_list_take(&tls_pool, sizeof(tls_state))
    if t == NULL:
        stream_errno = ENOMEM
        return FAILED
    memset(t, 0, sizeof(tls_state))
    t.verify = verify
    t.no_crl_is_fine = no_crl_is_fine
    t.ssl = tls.SSL_new(context)
    if t.ssl == NULL or not tls.SSL_set_fd(t.ssl, c.fd):
        tls_note_error()
        if t.ssl != NULL:
            tls.SSL_free(t.ssl)
        free_list_give(&tls_pool, t, sizeof(tls_state))
        return FAILED
    c.tls = t
    return 0


cdef int tls_accept(
        conn *c, void *session_context, void *certificate_context,
        unsigned char verify, bint no_crl_is_fine) noexcept nogil:
    """Begin as a server. returns 0 or FAILED; the handshake is tls_handshake's."""
    if tls_begin(c, session_context, verify, no_crl_is_fine) < 0:
        return FAILED
    if certificate_context != session_context:
        tls.SSL_set_SSL_CTX(c.tls.ssl, certificate_context)
    tls.SSL_set_accept_state(c.tls.ssl)
    if likely(verify == VERIFY_NONE):
        tls.SSL_set_verify(c.tls.ssl, 0, NULL)
    else:
        tls.SSL_set_verify(
            c.tls.ssl, TLS_VERIFY_PEER
            | (TLS_VERIFY_DEMAND if verify == VERIFY_REQUIRE else 0),
            tls_on_client_certificate)
    return 0


cdef int tls_connect(
        conn *c, void *context, const char *name, unsigned int length, void *session,
        unsigned char verify, bint no_crl_is_fine) noexcept nogil:
    """Begin as a client. name: asked for and measured against (NUL-terminated)."""
    cdef unsigned char[ADDRESS_BYTES] address
    cdef void *param
    if tls_begin(c, context, verify, no_crl_is_fine) < 0:
        return FAILED
    tls.SSL_set_connect_state(c.tls.ssl)
    param = tls.SSL_get0_param(c.tls.ssl)
    if length:
        # Names as mod_ssl compares them: each in subjectAltName, and the common name.
        tls.X509_VERIFY_PARAM_set1_host(param, name, length)
        tls.X509_VERIFY_PARAM_set_hostflags(param, NAME_IN_SUBJECT_TOO)
        c.tls.names_asked = 1
    if inet_pton(AF_INET, name, &address[0]) == 1:
        # An address may stand there as such, too.
        tls.X509_VERIFY_PARAM_set1_ip(param, &address[0], 4)
        c.tls.names_asked = 2
    elif inet_pton(AF_INET6, name, &address[0]) == 1:
        tls.X509_VERIFY_PARAM_set1_ip(param, &address[0], 16)
        c.tls.names_asked = 2
    elif length:
        # An address is never sent as a name (RFC 6066 3).
        tls.SSL_set_tlsext_host_name(c.tls.ssl, <char *>name)
    if session != NULL:
        tls.SSL_set_session(c.tls.ssl, session)
    tls.SSL_set_verify(c.tls.ssl, TLS_VERIFY_PEER, tls_on_certificate)
    return 0


cdef int tls_on_client_certificate(int good, void *store) noexcept nogil:
    """optional_no_ca: who signed does not matter; that it is in force does."""
    cdef int error
    if good or tls_verifying == NULL:
        return good
    error = tls.X509_STORE_CTX_get_error(store)
    if error == ERROR_NO_CRL and tls_verifying.no_crl_is_fine:
        return 1
    if tls_verifying.verify != VERIFY_OPTIONAL_NO_CA:
        return 0
    return (error == ERROR_SELF_SIGNED or error == ERROR_SELF_SIGNED_IN_CHAIN
            or error == ERROR_ISSUER_UNKNOWN or error == ERROR_LEAF_UNVERIFIED
            or error == ERROR_UNTRUSTED)


cdef int tls_on_certificate(int good, void *store) noexcept nogil:
    """Note what is wrong with the peer's chain, and go on: who asked decides when the
    handshake is over, by its own rules."""
    cdef int error
    if good or tls_verifying == NULL:
        return 1
    error = tls.X509_STORE_CTX_get_error(store)
    if error == ERROR_NO_CRL and tls_verifying.no_crl_is_fine:
        return 1
    if error == ERROR_HOSTNAME_MISMATCH or error == ERROR_IP_ADDRESS_MISMATCH:
        tls_verifying.names_wrong += 1
        if tls_verifying.names_wrong >= tls_verifying.names_asked:
            tls_verifying.name_error = error
    elif error == ERROR_NOT_YET_VALID or error == ERROR_HAS_EXPIRED:
        tls_verifying.date_error = error
    elif tls_verifying.chain_error == 0:
        tls_verifying.chain_error = error
    return 1


cdef int tls_choose_protocol(
        void *ssl, const unsigned char **out, unsigned char *out_length,
        const unsigned char *offered, unsigned int length, void *data) noexcept nogil:
    """ALPN (RFC 7301): HTTP/1.1 where it is offered, else nothing is said of it."""
    cdef unsigned int at = 0
    while at < length and at + 1 + offered[at] <= length:
        if offered[at] == 8 and memcmp(&offered[at + 1], b"http/1.1", 8) == 0:
            out[0] = &offered[at + 1]
            out_length[0] = 8
            return ALPN_OK
        at += 1 + offered[at]
    return ALPN_NONE


cdef inline void tls_clear() noexcept nogil:
    """Before a call of which tls_why may be asked: no older error speaks for it."""
    global errno
    tls.ERR_clear_error()
    errno = 0


cdef void tls_note_error() noexcept nogil:
    """Keep the oldest error of the library's queue: the cause, not what followed."""
    global tls_error, stream_errno
    tls_error = tls.ERR_get_error()
    tls.ERR_clear_error()
    stream_errno = EPROTO


cdef const char *tls_reason() noexcept nogil:
    cdef const char *words = NULL
    if tls_error:
        words = tls.ERR_reason_error_string(tls_error)
    if words == NULL:
        words = b"the connection was cut"
    return words


cdef int tls_why(conn *c, int result) noexcept nogil:
    """What a result <= 0 means: AGAIN, CLOSED or FAILED."""
    global stream_errno, tls_error
    cdef int number = errno
    cdef int why = tls.SSL_get_error(c.tls.ssl, result)
    if likely(why == TLS_WANT_READ):
        c.readable = False
        return AGAIN
    if why == TLS_WANT_WRITE:
        c.writable = False
        return AGAIN
    if why == TLS_ZERO_RETURN:
        c.peer_closed = True
        return CLOSED
    tls_error = 0
    c.tls.failed = True
    if why == TLS_SYSCALL:
        tls.ERR_clear_error()
        if number == 0:
            # The end of the stream without a close_notify.
            c.peer_closed = True
            return CLOSED
        stream_errno = number
    else:
        tls_note_error()
    c.broken = True
    return FAILED


cdef bint tls_socket_is_sound(conn *c) noexcept nogil:
    """After FAILED: was it the library that gave up, and not the connection?"""
    return tls_error != 0 and c.tls.failed and not c.peer_closed


cdef int tls_handshake(conn *c) noexcept nogil:
    """returns 1 established, AGAIN, FAILED (tls_reason says why)."""
    global tls_verifying
    cdef tls_state *t = c.tls
    cdef int rc
    tls_clear()
    tls_verifying = t
    rc = tls.SSL_do_handshake(t.ssl)
    tls_verifying = NULL
    if rc == 1:
        t.established = True
        c.crossed = False
        return 1
    # It waits for one of the two, and either edge may bring it.
    c.crossed = True
    rc = tls_why(c, rc)
    return AGAIN if rc == AGAIN else FAILED


cdef bint tls_is_drained(conn *c) noexcept nogil:
    """Is the socket empty, behind a record that was read to its end? A question of the
    kernel costs less than half of what the library takes to be told EAGAIN."""
    cdef int held
    # An end shows no bytes; its edge may have passed.
    return not c.peer_closed and ioctl(c.fd, FIONREAD, &held) == 0 and held == 0


cdef ssize_t tls_recv(conn *c, char *data, size_t size) noexcept nogil:
    cdef size_t total = 0
    cdef int n
    if not c.readable:
        return AGAIN
    while total < size:
        tls_clear()
        n = tls.SSL_read(
            c.tls.ssl, data + total,
            <int>(size - total if size - total < 1 << 30 else 1 << 30))
        if n <= 0:
            n = tls_why(c, n)
            if unlikely(n == AGAIN and c.readable):
                c.readable = False      # it must write before it can read
                c.crossed = True
            if total and n != AGAIN:
                c.readable = True       # what it is will be told by the next call
            return <ssize_t>total if total else n
        # Behind a full record there is mostly another.
        if total == 0 and <size_t>n < size and n < RECORD_FULL and tls_is_drained(c):
            c.readable = False
            return n
        total += <size_t>n
    return <ssize_t>total


cdef int tls_record_size(tls_state *t, size_t waiting) noexcept nogil:
    """How much of what is waiting goes into the next record."""
    if watch.now_us - t.wrote_us > SILENCE_US:
        t.burst_bytes = 0
    if t.burst_bytes < RECORD_SMALL_UNTIL and waiting > RECORD_FULL:
        return RECORD_SMALL if t.burst_bytes else RECORD_FIRST
    return RECORD_FULL if waiting > RECORD_FULL else <int>waiting


cdef ssize_t tls_send(conn *c, const char *data, size_t size) noexcept nogil:
    cdef tls_state *t = c.tls
    cdef size_t total = 0
    cdef int n, part
    if not c.writable:
        return AGAIN
    while total < size:
        # A record that was begun is made of just these bytes already.
        part = t.write_size if t.write_size else tls_record_size(t, size - total)
        ASSERT(<size_t>part <= size - total)
        tls_clear()
        n = tls.SSL_write(t.ssl, data + total, part)
        if n <= 0:
            t.write_size = part
            n = tls_why(c, n)
            if unlikely(n == AGAIN and c.writable):
                c.writable = False      # it must read before it can write
                c.crossed = True
            return <ssize_t>total if total else (FAILED if n == CLOSED else n)
        t.write_size = 0
        t.burst_bytes += <unsigned int>n
        t.wrote_us = watch.now_us
        total += <size_t>n
    return <ssize_t>total


cdef ssize_t tls_send2(
        conn *c, const char *first, size_t first_size,
        const char *second, size_t second_size) noexcept nogil:
    """A head and its body in one record, where they fit into one."""
    cdef size_t part = 0        # of the second, in one record with the first
    cdef ssize_t n, more
    if 0 < first_size < RECORD_FULL and second_size:
        part = min(RECORD_FULL - first_size, second_size)
        memcpy(&tls_record[0], first, first_size)
        memcpy(&tls_record[first_size], second, part)
        first = &tls_record[0]
    n = tls_send(c, first, first_size + part)
    if n < <ssize_t>(first_size + part) or part == second_size:
        return n
    more = tls_send(c, second + part, second_size - part)
    return n + more if n == 0 or more > 0 else n


cdef bint tls_is_quiet(conn *c) noexcept nogil:
    """Open, and no bytes for us? Takes what the library itself has to read
    (tickets)."""
    cdef char one
    cdef int n
    tls_clear()
    n = tls.SSL_peek(c.tls.ssl, &one, 1)
    if n > 0:
        return False
    return tls_why(c, n) == AGAIN


cdef int tls_half_close(conn *c) noexcept nogil:
    """Say that we send no more, and go on reading. returns 1, or AGAIN: not yet."""
    cdef tls_state *t = c.tls
    cdef int rc
    if t.failed or c.broken or not t.established or t.write_size:
        return 1
    tls_clear()
    rc = tls.SSL_shutdown(t.ssl)
    if rc < 0 and tls.SSL_get_error(t.ssl, rc) == TLS_WANT_WRITE:
        c.writable = False
        return AGAIN
    tls.ERR_clear_error()
    return 1


cdef void tls_end(conn *c) noexcept nogil:
    """Say that we send no more (close_notify), and free. c.fd stays open."""
    cdef tls_state *t = c.tls
    c.tls = NULL
    tls.ERR_clear_error()
    if not t.failed and not c.broken:
        # A record that was begun can be followed by nothing.
        if t.established and t.write_size == 0:
            tls.SSL_shutdown(t.ssl)
        # Else the library would take the session for a bad one.
        tls.SSL_set_shutdown(t.ssl, TLS_BOTH_SHUT)
    tls.SSL_free(t.ssl)
    tls.ERR_clear_error()
    if t.variables != NULL:
        free(t.variables)
    free_list_give(&tls_pool, t, sizeof(tls_state))
