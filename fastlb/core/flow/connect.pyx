"""CONNECT (connect.pxd)."""

cdef plan_member connect_target
cdef member_slot connect_slot


cdef void connect_prepare() noexcept nogil:
    memset(&connect_target, 0, sizeof(connect_target))
    memset(&connect_slot, 0, sizeof(connect_slot))
    connect_target.slot = &connect_slot
    connect_target.index = -1
    connect_target.balancer = -1
    connect_target.disable_reuse = True


cdef void connect_route(exchange *x) noexcept nogil:
    cdef int first = x.conf_count
    cdef value target
    if not x.vhost.proxy_requests:
        exchange_answer_error(x, 405, NULL)
        return
    if x.req_framing.kind == BODY_CHUNKED or x.req_framing.length:
        # It has no body (RFC 9110 9.3.6): nobody could say where the tunnel begins.
        x.keepalive = False
        exchange_answer_error(x, 400, NULL)
        return
    if not match_connect_sections(x):
        exchange_too_many_sections(x)
        return
    rules_env_if(x, first, x.conf_count)
    # For messages: as Apache names what was asked for.
    target = request_part(x, x.req.target)
    x.decoded = arena_copy(x, target.data, target.length)
    if not exchange_admit(x):
        return
    if unlikely(x.down.tls_vhost != NULL):
        rules_tls_env(x)
    rules_env(x)
    if not connect_port_is_allowed(x):
        service_log_returned(x, b"Connect to remote machine blocked")
        exchange_answer_error(x, 403, b"Connect to remote machine blocked")
        return
    x.member = &connect_target
    x.addresses = <member_address *>arena_take_struct(
        x, ADDRESSES_PER_MEMBER_MAX * sizeof(member_address))
    if x.addresses == NULL:
        exchange_answer_error(x, 500, NULL)
        return
    x.address_count = 0
    if connect_target_is_address(x):
        connect_go(x)
        return
    x.state = X_WAIT_ADDRESS
    timer_set(&x.down.c.timer, watch.now_us + x.vhost.timeout_us)
    service_ask_address(x)


cdef int connect_port(exchange *x) noexcept nogil:
    """head_check_host has seen that it is there and valid."""
    cdef value target = request_part(x, x.req.target)
    return port_of_authority(target.data, target.length)


cdef bint connect_port_is_allowed(exchange *x) noexcept nogil:
    cdef plan_vhost *v = x.vhost
    cdef int port = connect_port(x)
    cdef int i
    for i in range(v.connect_port_count):
        if v.connect_ports[2 * i] <= port <= v.connect_ports[2 * i + 1]:
            return True
    return False


cdef bint connect_target_is_address(exchange *x) noexcept nogil:
    """Is the host a literal address? Then it is the one to connect to."""
    cdef const char *host = &x.down.input.data[x.base + x.host.offset]
    cdef unsigned int length = x.host.length
    cdef member_address *out = &x.addresses[0]
    cdef char[64] literal
    memset(out, 0, sizeof(member_address))
    out.port = <uint16_t>connect_port(x)
    out.family = AF_INET
    if host[0] == c'[':
        out.family = AF_INET6
        host += 1
        length -= 2
    if not copy_terminated(&literal[0], sizeof(literal), host, length) \
            or inet_pton(out.family, &literal[0], &out.bytes[0]) != 1:
        return False
    x.address_count = 1
    return True


cdef void connect_go(exchange *x) noexcept nogil:
    timer_clear(&x.down.c.timer)
    exchange_connect(x)


cdef void connect_unknown(exchange *x) noexcept nogil:
    service_unknown_host(x)


cdef void connect_begin(exchange *x) noexcept nogil:
    cdef downstream *d = x.down
    cdef plan_vhost *v = x.vhost
    cdef writer w
    x.status = 200
    x.keepalive = False
    if writer_on(&w, &d.output, BUFFER_SMALL) < 0:
        exchange_abort(x)
        return
    # HTTP/1.0, as Apache says it: old clients know no other.
    put(&w, b"HTTP/1.0 200 Connection Established\r\nProxy-agent: ", 50)
    put_value(&w, v.server_header.data, v.server_header.length)
    put(&w, b"\r\n\r\n", 4)
    writer_into(&w, d.output)
    tunnel_open(x)
