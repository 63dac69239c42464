"""A member that speaks TLS and is reached through another proxy: CONNECT comes first.

ProxyRemote. What the proxy answers is looked at where it lies, and taken when its head
is whole: what follows is the member's, and comes when TLS has begun.
"""
# uses: ground/text, io/timer, io/watch, balance/ledger, flow/exchange, flow/engine,
#       flow/states, flow/member, flow/log_rows, flow/service_log, flow/choose,
#       flow/secure

cdef enum:
    REMOTE_HEAD_BYTES_MAX = 8192    # of the proxy's answer to CONNECT


cdef void remote_ask(upstream *u) noexcept nogil:
    """Connected to the proxy. A new socket has room for a CONNECT."""
    cdef text *head = &u.member.remote_connect
    if send(u.c.fd, head.data, head.length, MSG_NOSIGNAL) != <ssize_t>head.length:
        remote_lost(u.x, b"it does not take what is sent")
        return
    upstream_enter(u, UP_REMOTE)
    timer_set(&u.c.timer, watch.now_us + exchange_timeout_us(u.x))


cdef int remote_status(const char *data, size_t length) noexcept nogil:
    """Of "HTTP/1.x NNN"; -1: it is none."""
    cdef int i
    cdef int status = 0
    if length < 12 or memcmp(data, b"HTTP/1.", 7) != 0 or data[8] != c' ':
        return -1
    for i in range(9, 12):
        if not c'0' <= data[i] <= c'9':
            return -1
        status = status * 10 + data[i] - c'0'
    if length > 12 and data[12] != c' ' and data[12] != c'\r' and data[12] != c'\n':
        return -1
    return status


cdef ssize_t remote_head_size(const char *data, size_t length) noexcept nogil:
    """Bytes up to the empty line and with it; 0: it has not come."""
    cdef bint is_empty = False
    cdef size_t i
    for i in range(length):
        if data[i] != c'\n':
            is_empty = is_empty and data[i] == c'\r'
        elif is_empty:
            return <ssize_t>(i + 1)
        else:
            is_empty = True
    return 0


cdef void remote_answered(upstream *u) noexcept nogil:
    """Something has come of its answer, or it has gone."""
    cdef char[REMOTE_HEAD_BYTES_MAX] head
    cdef ssize_t n = recv(u.c.fd, &head[0], sizeof(head), MSG_PEEK)
    cdef ssize_t size
    cdef int status
    if n < 0 and (errno == EAGAIN or errno == EINTR) and not u.c.broken:
        return
    if n <= 0:
        remote_lost(u.x, b"it has closed the connection")
        return
    size = remote_head_size(&head[0], <size_t>n)
    if size == 0:
        if n == REMOTE_HEAD_BYTES_MAX:
            remote_lost(u.x, b"its answer is too large")
        elif u.c.peer_closed or u.c.broken:
            remote_lost(u.x, b"it has closed the connection")
        return
    status = remote_status(&head[0], <size_t>size)
    if not 200 <= status <= 299:
        remote_refused(u.x, status)
        return
    if recv(u.c.fd, &head[0], <size_t>size, 0) != size:
        remote_lost(u.x, b"it has closed the connection")
        return
    upstream_secure(u)


cdef void remote_refused(exchange *x, int status) noexcept nogil:
    if status < 0:
        remote_lost(x, b"it does not answer in HTTP")
        return
    say_more(x, &SAY_REMOTE_REFUSED, 0, NULL, status)
    remote_give_up(x)


cdef void remote_lost(exchange *x, const char *why) noexcept nogil:
    say_more(x, &SAY_REMOTE_LOST, 0, why, 0)
    remote_give_up(x)


cdef void remote_give_up(exchange *x) noexcept nogil:
    """The member is out of reach: another one, or 503. That the proxy takes connections
    disproves nothing, so retry= decides when it is asked again."""
    cdef bint first = x.choice.balancer != NULL and member_failed(
        engine.view, x.member.slot, watch.now_us, False)
    if first:
        say_member_down(x)
    exchange_member_lost(x, 503, NULL, False)
