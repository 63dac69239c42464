"""A member that speaks TLS and is reached through another proxy: CONNECT comes first.

ProxyRemote. What the proxy answers is looked at where it lies, and taken when its head
is whole: what follows is the member's, and comes when TLS has begun.
"""
# uses: ground/text, io/timer, io/watch, http/fields, http/head, balance/ledger,
#       flow/exchange, flow/engine, flow/states, flow/member, flow/log_rows,
#       flow/service_log, flow/rewrite_answer, flow/choose, flow/secure

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


cdef int remote_head(head *out, char *data, unsigned int length) noexcept nogil:
    """Parse the proxy's answer to CONNECT, as any answer is (RFC 9112 4). returns bytes
    of its head, which may be changed; AGAIN; -502: it is none"""
    cdef unsigned int scanned = 0
    cdef int size = head_find_end(data, length, &scanned)
    cdef head_limits limits
    if size == AGAIN:
        return AGAIN
    memset(&limits, 0, sizeof(limits))
    limits.line_bytes = limits.field_bytes = REMOTE_HEAD_BYTES_MAX
    limits.field_count = FIELD_COUNT_MAX
    limits.strict = True
    return head_parse_response(out, data, <unsigned int>size, &limits)


cdef void remote_answered(upstream *u) noexcept nogil:
    """Something has come of its answer, or it has gone."""
    cdef char[REMOTE_HEAD_BYTES_MAX] head
    cdef ssize_t n = recv(u.c.fd, &head[0], sizeof(head), MSG_PEEK)
    cdef int size
    if n < 0 and (errno == EAGAIN or errno == EINTR) and not u.c.broken:
        return
    if n <= 0:
        remote_lost(u.x, b"it has closed the connection")
        return
    size = remote_head(&response_head, &head[0], <unsigned int>n)
    if size == AGAIN:
        if n == REMOTE_HEAD_BYTES_MAX:
            remote_lost(u.x, b"its answer is too large")
        elif u.c.peer_closed or u.c.broken:
            remote_lost(u.x, b"it has closed the connection")
        return
    if size < 0:
        remote_lost(u.x, b"it does not answer in HTTP")
        return
    if not 200 <= response_head.status <= 299:
        say_more(u.x, &SAY_REMOTE_REFUSED, 0, NULL, response_head.status)
        remote_give_up(u.x)
        return
    if recv(u.c.fd, &head[0], <size_t>size, 0) != size:
        remote_lost(u.x, b"it has closed the connection")
        return
    upstream_secure(u)


cdef void remote_lost(exchange *x, const char *why) noexcept nogil:
    say_more(x, &SAY_REMOTE_LOST, 0, why, 0)
    remote_give_up(x)


cdef void remote_give_up(exchange *x) noexcept nogil:
    """The member is out of reach: another one, or 503. That the proxy takes connections
    disproves nothing, so retry= decides when it is asked again."""
    x.attempt.lost_why = b"the proxy before it makes no tunnel to it"
    if x.choice.balancer != NULL:
        say_member_down(
            x, member_failed(engine.view, x.member.slot, watch.now_us, False))
    exchange_member_lost(x, 503, NULL, False)
