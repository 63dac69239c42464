"""Connecting to a member: one address after the other."""
# uses: io/writer, ground/address, io/timer, io/watch, balance/table, balance/ledger,
#       plan/plan, flow/exchange, flow/engine, flow/member, flow/service_log,
#       flow/upstream, flow/pool

cdef int upstream_address(
        upstream *u, sockaddr_storage *out, socklen_t *size) noexcept nogil:
    """Address number u.address_index. returns 0, or FAILED when there is none."""
    cdef plan_member *m = u.member
    cdef int index = u.address_index
    cdef member_address[TABLE_ADDRESSES_MAX] found
    cdef uint32_t version = 0
    cdef int count
    cdef sockaddr_un *local = <sockaddr_un *>out
    if m.unix_path.length:
        memset(out, 0, sizeof(sockaddr_storage))
        if index > 0 or not copy_terminated(
                &local.sun_path[0], sizeof(local.sun_path), m.unix_path.data,
                m.unix_path.length):
            return FAILED
        local.sun_family = AF_UNIX
        size[0] = sizeof(sockaddr_un)
        return 0
    if unlikely(m == &connect_target):
        if index >= u.x.tunnel.address_count:
            return FAILED
        found[index] = u.x.tunnel.addresses[index]
    else:
        count = member_addresses(engine.view, m.slot, &version, &found[0])
        u.addresses = version
        if index >= count:
            return FAILED
    size[0] = address_fill(
        out, found[index].family, &found[index].bytes[0], found[index].port,
        found[index].scope)
    return 0


cdef bint upstream_is_of_old(const upstream *u) noexcept nogil:
    """Has its member's name other addresses since it was connected?"""
    return (u.addresses != 0 and u.member != &connect_target
            and member_has_moved(engine.view, u.member.slot, u.addresses))


cdef bint upstream_has_address(upstream *u) noexcept nogil:
    cdef sockaddr_storage address
    cdef socklen_t size
    return upstream_address(u, &address, &size) == 0


cdef int upstream_bind(upstream *u, int family) noexcept nogil:
    """ProxySourceAddress, as the server has it that uses the member. returns 0, or
    FAILED: it is no address of this machine, or not of the member's family."""
    global stream_errno
    cdef sockaddr_storage storage
    cdef socklen_t size
    cdef const unsigned char *source = upstream_source(u)
    cdef bint is_four = address_is_four(source)
    cdef int one = 1
    if is_four != (family == AF_INET):
        stream_errno = EAFNOSUPPORT
        return FAILED
    size = address_fill(&storage, family, source + 12 if is_four else source, 0, 0)
    # The port is chosen when the destination is known; else every connection would
    # take one for all destinations together.
    setsockopt(u.c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one))
    if bind(u.c.fd, <sockaddr *>&storage, size) != 0:
        stream_errno = errno
        return FAILED
    return 0


cdef const unsigned char *upstream_source(upstream *u) noexcept nogil:
    return u.x.facts.vhost.source if u.member == &connect_target else u.member.source


cdef int upstream_socket(upstream *u) noexcept nogil:
    """Begin to connect to address u.address_index. returns 0 or FAILED."""
    global stream_errno
    cdef sockaddr_storage address
    cdef socklen_t size = 0
    cdef plan_member *m = u.member
    cdef int one = 1
    cdef int bytes_wanted = m.said.receive_buffer_bytes
    if upstream_address(u, &address, &size) < 0:
        if u.address_index == 0:
            stream_errno = NO_ADDRESS
        return FAILED
    if unlikely(engine.upstream_count >= engine.member_max):
        pool_make_room()
    u.c.fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if unlikely(u.c.fd < 0 and (errno == EMFILE or errno == ENFILE)) \
            and pool_make_room():
        u.c.fd = socket(
            address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if u.c.fd < 0:
        stream_errno = errno
        return FAILED
    if address.ss_family != AF_UNIX:
        setsockopt(u.c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))
    if m.said.keepalive:
        setsockopt(u.c.fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one))
    if bytes_wanted:
        setsockopt(u.c.fd, SOL_SOCKET, SO_RCVBUF, &bytes_wanted, sizeof(int))
    if unlikely(upstream_source(u) != NULL) and address.ss_family != AF_UNIX \
            and upstream_bind(u, address.ss_family) < 0:
        say_bind(u.x, upstream_source(u), stream_errno)
    elif (connect(u.c.fd, <sockaddr *>&address, size) == 0 or errno == EINPROGRESS) \
            and watch_add(&u.c, True) == 0:
        return 0
    else:
        stream_errno = errno
    close(u.c.fd)
    u.c.fd = -1
    return FAILED


cdef int upstream_open(exchange *x) noexcept nogil:
    """Open a connection to x.member and begin to connect; x.up is set. returns 0, or
    FAILED (nothing was opened; errno in stream_errno)."""
    global stream_errno
    cdef upstream *u = upstream_take()
    if u == NULL:
        stream_errno = ENOMEM
        return FAILED
    u.x = x
    u.member = x.member
    u.epoch = member_epoch(x.member.slot)
    while upstream_socket(u) < 0:
        # One address after the other, in the order of the resolver.
        if stream_errno == NO_ADDRESS \
                or u.address_index + 1 >= ADDRESSES_PER_MEMBER_MAX:
            upstream_release(u)
            return FAILED
        u.address_index += 1
        if not upstream_has_address(u):
            upstream_release(u)
            return FAILED
        say_connect(x, stream_errno)    # of the last one the caller says it
    pool_of(u.member).open_count += 1
    engine.upstream_count += 1
    ledger_upstream(&engine.slot.opened)
    x.up = u
    timer_set(&u.c.timer, watch.now_us + connect_timeout_us(x))
    return 0


cdef void upstream_learn_port(exchange *x) noexcept nogil:
    """Our own port of the connection to the member, for the access log."""
    cdef sockaddr_storage storage
    cdef socklen_t size = sizeof(storage)
    cdef unsigned char[ADDRESS_BYTES] address
    x.record.source_port = 0
    if x.member.unix_path.length == 0 and getsockname(
            x.up.c.fd, <sockaddr *>&storage, &size) == 0:
        address_store(&storage, &address[0], &x.record.source_port)
