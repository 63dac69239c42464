"""What happens on a client's connection."""
# uses: io/buffer, io/timer, io/watch, io/preface, io/tls_hello, io/tls_stream,
#       io/stream, http/fields, http/head, http/count, plan/plan, plan/client,
#       plan/match, flow/exchange, flow/engine, flow/states, flow/log_rows,
#       flow/service_log, flow/read_time, flow/heads, flow/work, flow/downstream,
#       flow/settle, flow/begin, flow/steps

cdef void downstream_handle(conn *c) noexcept nogil:
    cdef downstream *d = <downstream *>c
    if d.state == DOWN_EXCHANGE:
        # A tunnel reads what came before the end of both sides.
        if unlikely(c.broken and d.x.state != X_TUNNEL):
            exchange_abort(d.x)
            return
        exchange_step(d.x)
    elif d.state == DOWN_IDLE or d.state == DOWN_HEAD:
        downstream_read(d)
    elif d.state == DOWN_LINGER:
        downstream_drain(d)
    elif d.state == DOWN_HANDSHAKE:
        downstream_handshake(d)
    elif d.state == DOWN_WAIT:
        work_on_event(d)
    else:
        downstream_flush(d)


cdef void work_on_event(downstream *d) noexcept nogil:
    if d.c.broken:
        downstream_close(d)
        return
    if not d.has_slot:
        return                      # its bytes are read when its turn comes
    downstream_enter(d, DOWN_IDLE)
    d.read_from_us = watch.now_us       # it is not the client that was slow
    downstream_read(d)
    if d.c.kind != KIND_DOWNSTREAM or d.state == DOWN_EXCHANGE or not d.has_slot:
        return
    # What came is no whole request; others may go first.
    if d.state == DOWN_IDLE:
        timer_set(&d.c.timer, watch.now_us + d.vhost.said.keepalive_timeout_us)
    work_leave(d)


cdef void downstream_begin(downstream *d) noexcept nogil:
    """A new connection: what its address speaks."""
    if d.vhost.tls_context != NULL:
        timer_set(&d.c.timer, read_time_of_handshake(d))
    elif unlikely(d.awaits_preface):
        timer_set(&d.c.timer, read_time_begun(d))
    else:
        # The first request has the time of a request, not that between two.
        downstream_enter(d, DOWN_IDLE)
        timer_set(&d.c.timer, read_time_begun(d))
    if engine.eager_read:
        d.c.readable = True
        downstream_on_event(&d.c)


cdef void downstream_handshake(downstream *d) noexcept nogil:
    """TLS, as far as it goes now."""
    cdef client_hello hello
    cdef int rc
    if d.c.broken:
        downstream_close(d)
        return
    if unlikely(d.awaits_preface):
        if not downstream_take_preface(d):
            return
        if d.vhost.tls_context == NULL:
            downstream_enter(d, DOWN_IDLE)
            downstream_read(d)
            return
    if d.c.tls == NULL:
        rc = tls_hello_peek(&d.c, &hello)
        if rc == AGAIN:
            return
        if rc == HELLO_IS_PLAIN:
            # Read away first: what is unread when we close would reset our answer.
            d.input = buffer_take(BUFFER_SMALL)
            if d.input == NULL:
                downstream_close(d)
                return
            stream_recv(&d.c, &d.input.data[d.input.end], buffer_room(d.input))
            d.must_linger = True    # the rest of a request may follow its first byte
            exchange_refuse(d, 400, WHY_PLAIN_HTTP)
            return
        if rc < 0 or not downstream_secure(d, &hello):
            downstream_close(d)
            return
    rc = tls_handshake(&d.c)
    if rc == AGAIN:
        return
    if rc < 0:
        say_of_client(
            &d.client, d.client.tls_vhost, &SAY_HANDSHAKE, tls_reason())
        downstream_refuse_handshake(d)
        return
    downstream_enter(d, DOWN_IDLE)
    timer_set(&d.c.timer, read_time_begun(d))
    downstream_read(d)


cdef bint downstream_take_preface(downstream *d) noexcept nogil:
    """The PROXY header says who the client is. False: it is not whole yet, or the
    connection was closed.

    It is read where it lies in the socket, which is told then to forget it: what
    follows is the library's, or a request's.
    """
    cdef char[PREFACE_BYTES_MAX] came
    cdef preface told
    cdef ssize_t n
    cdef int rc
    if not d.c.readable:
        return False
    while True:
        n = recv(d.c.fd, &came[0], PREFACE_BYTES_MAX, MSG_PEEK)
        if n >= 0 or errno != EINTR:
            break
    if n < 0 and errno == EAGAIN:
        d.c.readable = False
        return False
    rc = preface_read(&came[0], <unsigned int>n, &told) if n > 0 else CLOSED
    if rc == AGAIN and not d.c.peer_closed:
        d.c.readable = False        # the next bytes will tell
        return False
    if rc == PREFACE_WHOLE and recv(
            d.c.fd, NULL, told.length, MSG_TRUNC) == <ssize_t>told.length:
        d.awaits_preface = False
        if told.has_client:
            client_replace(
                &d.client, REPLACED_BY_PREFACE, &told.address[0], told.port)
        else:
            client_replace(
                &d.client, REPLACED_BY_PREFACE, &d.client.remote[0],
                d.client.remote_port)
        return True
    if rc == FAILED:
        say_preface(&d.client, d.vhost, &told, &came[0])
    downstream_close(d)
    return False


cdef void downstream_refuse_handshake(downstream *d) noexcept nogil:
    """The library has said why with an alert. In TLS 1.3 the client's first request may
    be here already, unread: closed over it, the socket would be reset and the alert
    lost."""
    if tls_socket_is_sound(&d.c):
        d.c.broken = False
        downstream_linger(d)
    else:
        downstream_close(d)


cdef bint downstream_secure(downstream *d, client_hello *hello) noexcept nogil:
    """Begin TLS as the host that the client names."""
    cdef bint known
    cdef plan_vhost *v = match_vhost(
        d.client.set, hello.name, hello.name_length, &known)
    if v.tls_context == NULL:
        v = d.vhost             # of this name there is only a plain host
    d.client.tls_vhost = v
    d.client.named = hello.name_length > 0
    return tls_accept(
        &d.c, v.tls_session_context, v.tls_context, v.tls_verify,
        v.no_crl_is_fine) == 0


cdef void downstream_read(downstream *d) noexcept nogil:
    """Receive until a head is complete, or nothing more is there."""
    cdef ssize_t n
    cdef int _
    if d.input != NULL and d.input.end > d.input.start and d.scanned == 0:
        downstream_advance(d)       # a pipelined request
        if not downstream_reads(d):
            return
    elif d.state == DOWN_IDLE and unlikely(not work_is_free()) and not d.has_slot \
            and d.c.readable and not d.c.peer_closed:
        work_wait(d)                # what it asks stays in the kernel
        return
    for _ in range(READS_PER_STEP):
        if not d.c.readable:
            break
        if d.input == NULL:
            d.input = buffer_take(heads_first_class(d))
            if d.input == NULL:
                downstream_close(d)
                return
        if unlikely(buffer_room(d.input) == 0) and not downstream_has_room(d):
            return
        buffer_renew(&d.input)
        n = stream_recv(
            &d.c, &d.input.data[d.input.end], buffer_room(d.input))
        if n == AGAIN:
            break
        if n < 0:
            if n == CLOSED and buffer_held(d.input):
                exchange_refuse(d, 400, WHY_NONE)   # the end within a head
            else:
                downstream_close(d)
            return
        d.input.end += <unsigned int>n
        downstream_advance(d)
        if not downstream_reads(d):
            return
    else:
        watch_queue(&d.c)
    if d.input != NULL and d.input.end == d.input.start:
        heads_leave(d)
        buffer_drop(&d.input)


cdef inline bint downstream_reads(downstream *d) noexcept nogil:
    """Does it still wait for a head? Without memory for an exchange it was closed."""
    return d.c.kind == KIND_DOWNSTREAM and (
        d.state == DOWN_IDLE or d.state == DOWN_HEAD)


cdef bint downstream_has_room(downstream *d) noexcept nogil:
    """Make room for more of a head. False: it waits for that, or was refused."""
    cdef int rc = heads_make_room(d)
    if rc == 1:
        return True
    if rc == FAILED or (rc == AGAIN and d.c.broken):
        downstream_close(d)
    elif rc != AGAIN:
        exchange_refuse(d, 400, WHY_FIELD_SIZE)
    return False


cdef inline plan_vhost *downstream_first_vhost(downstream *d) noexcept nogil:
    """Whose limits hold for a head: which host it asks is not known yet."""
    return d.client.tls_vhost if unlikely(d.client.tls_vhost != NULL) \
        else &plan.vhosts[d.client.set.vhosts[0]]


cdef head partial_head          # one is refused at a time


cdef void downstream_count(
        downstream *d, char *data, unsigned int held) noexcept nogil:
    """Lines and fields of a head are counted as they come."""
    cdef unsigned char why = head_exceeds(
        data, held, &d.counted, &d.vhost.limits)
    cdef int rc
    if likely(why == WHY_NONE):
        return
    rc = head_parse_request(&partial_head, data, held, &d.vhost.limits)
    if rc <= -400:
        exchange_refuse(d, -rc, partial_head.why)   # what is wrong before that
    else:
        exchange_refuse(d, 414 if why == WHY_REQUEST_LINE else 400, why)


cdef void downstream_advance(downstream *d) noexcept nogil:
    """Look for a complete head in what has been received, and begin its exchange."""
    cdef const char *data
    cdef unsigned int held
    cdef int head_bytes
    # One stray empty line before a request is forgiven (RFC 9112 2.2).
    if d.state == DOWN_IDLE:
        while buffer_held(d.input) >= 2 and d.input.data[d.input.start] == c'\r' \
                and d.input.data[d.input.start + 1] == c'\n' \
                and not d.stray_line:
            d.input.start += 2
            d.stray_line = True
    held = buffer_held(d.input)
    if held == 0:
        return
    data = &d.input.data[d.input.start]
    head_bytes = head_find_end(data, held, &d.scanned)
    if likely(head_bytes > 0):
        d.scanned = 0
        if unlikely(d.head_class):
            heads_complete(d)
        if unlikely(not work_enter(d)):
            work_wait(d)
            return
        d.stray_line = False
        exchange_begin(d, <unsigned int>head_bytes)
        return
    if d.state == DOWN_IDLE:
        downstream_enter(d, DOWN_HEAD)
        d.vhost = downstream_first_vhost(d)
        memset(&d.counted, 0, sizeof(head_count))
        if d.client.requests:
            d.read_from_us = watch.now_us
    timer_set(&d.c.timer, read_time_of_head(d))
    downstream_count(d, &d.input.data[d.input.start], held)


cdef void downstream_on_timeout(downstream *d) noexcept nogil:
    if d.state == DOWN_IDLE:
        # A request may have come just now; it is served.
        if not stream_is_quiet(&d.c):
            d.c.readable = True
            downstream_read(d)
        if d.c.kind != KIND_DOWNSTREAM or d.state != DOWN_IDLE:
            return
        if engine.draining:
            downstream_linger(d)    # a request may be on its way: no reset for it
        else:
            downstream_close(d)
    elif d.state == DOWN_HEAD:
        if d.head_waits:
            exchange_refuse(d, 503, WHY_NONE)   # we are slow: there is no room for it
            return
        say_of_client(&d.client, d.vhost, &SAY_READ_TIMEOUT, b"header")
        if d.counted.first_line:
            exchange_refuse(d, 408, WHY_NONE)
        else:
            exchange_drop(d, 408)   # as Apache: nothing is answered to half a line
    elif d.state == DOWN_EXCHANGE:
        exchange_on_client_timeout(d.x)
    else:
        downstream_close(d)


cdef void downstream_on_event(conn *c) noexcept nogil:
    downstream_handle(c)
    exchange_do_due()
