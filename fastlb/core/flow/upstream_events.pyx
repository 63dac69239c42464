"""What happens on a member's connection."""
# uses: io/timer, io/watch, io/preface, io/tls_stream, balance/ledger, plan/client,
#       flow/exchange, flow/engine, flow/states, flow/member, flow/service_log,
#       flow/pool, flow/connecting, flow/send, flow/choose, flow/steps, flow/secure,
#       flow/remote

cdef void upstream_handle(conn *c) noexcept nogil:
    cdef upstream *u = <upstream *>c
    ASSERT(u.state == UP_IDLE or u.x.up == u)
    if likely(u.state == UP_BUSY):
        exchange_step(u.x)
    elif u.state == UP_CONNECTING:
        upstream_connected(u)
    elif u.state == UP_HANDSHAKE:
        upstream_handshake(u)
    elif u.state == UP_REMOTE:
        remote_answered(u)
    elif c.broken or (c.readable and (c.tls == NULL or not tls_is_quiet(c))):
        # Idle: the member closed, or spoke unasked (AH03408).
        pool_saw_end(u)
        pool_close(u)


cdef void upstream_connected(upstream *u) noexcept nogil:
    cdef int result = 0
    cdef socklen_t size = sizeof(result)
    getsockopt(u.c.fd, SOL_SOCKET, SO_ERROR, &result, &size)
    if result != 0:
        upstream_connect_failed(u, result)
        return
    if not u.c.writable:
        return
    ASSERT(u.state == UP_CONNECTING)
    if unlikely(u.member.said.proxy_protocol) and not upstream_tell_client(u):
        return
    if u.member.tls_context != NULL:
        if unlikely(u.member.remote_connect.length):
            remote_ask(u)
        else:
            upstream_secure(u)
        return
    upstream_enter(u, UP_BUSY)
    timer_clear(&u.c.timer)
    upstream_found_member(u)
    exchange_send(u.x)


cdef bint upstream_tell_client(upstream *u) noexcept nogil:
    """proxyprotocol=: the first bytes of a connection say whom it is for, before TLS.
    False: they were not taken, and another address is tried.

    A new socket has room for them. They leave with what follows.
    """
    cdef char[PREFACE_LINE_BYTES_MAX] header
    cdef client_facts *client = u.x.facts.client
    cdef unsigned int size
    cdef ssize_t n
    client_learn_local(client)
    size = preface_write(
        &header[0], u.member.said.proxy_protocol, &client.remote[0],
        client.remote_port, &client.local[0], client.local_port)
    n = send(u.c.fd, &header[0], size, MSG_NOSIGNAL | MSG_MORE)
    if n == <ssize_t>size:
        return True
    upstream_connect_failed(u, errno if n < 0 else EAGAIN)
    return False


cdef void upstream_connect_failed(upstream *u, int why) noexcept nogil:
    """This address is unreachable: try the next, or give the member up. Where its name
    has moved meanwhile, the first of the new ones is next: nothing speaks against them.
    """
    cdef exchange *x = u.x
    ledger_upstream(&engine.slot.failed)
    say_connect(x, why)
    if unlikely(upstream_is_of_old(u)):
        u.epoch = member_epoch(u.member.slot)
        u.address_index = 0
    else:
        u.address_index += 1
    if u.address_index < ADDRESSES_PER_MEMBER_MAX and upstream_has_address(u):
        close(u.c.fd)
        u.c.fd = -1
        watch.open_count -= 1
        u.c.readable = False
        u.c.writable = False
        u.c.peer_closed = False
        u.c.broken = False
        if upstream_socket(u) == 0:
            timer_set(&u.c.timer, watch.now_us + connect_timeout_us(x))
            return
        why = stream_errno
    exchange_connect_lost(x, why)


cdef void upstream_on_timeout(upstream *u) noexcept nogil:
    if u.state == UP_IDLE:
        if pool_of(u.member).idle_count <= u.member.said.min:
            timer_set(&u.c.timer, watch.now_us + POOL_IDLE_US)  # min= are kept open
            return
        pool_close(u)
    elif u.state == UP_CONNECTING:
        upstream_connect_failed(u, ETIMEDOUT)
    elif u.state == UP_HANDSHAKE:
        exchange_handshake_lost(u.x, b"timed out")
    elif u.state == UP_REMOTE:
        remote_lost(u.x, b"no answer in time")
    else:
        exchange_on_member_timeout(u.x)


cdef void upstream_on_event(conn *c) noexcept nogil:
    upstream_handle(c)
    exchange_do_due()
