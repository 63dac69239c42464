"""Tunnels: bytes both ways between a client and a member, after a 101 or a CONNECT.

  client -- recv --> [ x.body.stream ] -- send --> member   client_ended, member_told
  client <-- send -- [    u.input    ] <-- recv -- member   member_ended, client_told

What one side gives is sent to the other at once, from memory of the worker's own; a
buffer holds only what the other side did not take, and while it holds anything
nothing more is read. So an idle tunnel holds no buffer.

The end of one side is passed on (shutdown, and close_notify over TLS) and the other
may go on sending; the tunnel is over when both have ended, when one is lost, or when
both have been silent for idle_us. To the exchange it is one long response: busy,
draining and the log line go by its end.
"""
# uses: ground/chartable, ground/text, io/buffer, io/writer, ground/arena, io/timer,
#       io/watch, io/tls_stream, io/stream, http/fields, http/exit, http/framing,
#       balance/ledger, seam, plan/plan, plan/facts, flow/exchange, flow/engine,
#       flow/states, flow/due, flow/member, flow/log_rows, flow/service_log,
#       flow/services, flow/work, flow/attempt, flow/downstream, flow/settle,
#       flow/rewrite_answer

# How far one direction came.
cdef enum:
    MOVED_ALL = 0               # it waits for one of the sides
    MOVED_PART = 1              # work is left: others are to be served first
    MOVED_END = 2               # the source has ended, and all of it was passed on
    MOVED_SOURCE_LOST = 3
    MOVED_SINK_LOST = 4

cdef char[TUNNEL_PIECE] tunnel_piece    # passed on before anything else comes


# Upgrade (RFC 9110 7.8) -----------------------------------------------------------

cdef void request_upgrade(exchange *x) noexcept nogil:
    """Does the request ask this member for another protocol? Sets x.attempt.upgrade."""
    cdef plan_member *m = x.member
    cdef field *f
    cdef value asked
    cdef int i
    if likely(not (x.facts.req.seen >> FIELD_UPGRADE & 1)):
        return
    # An HTTP/1.0 client could not tell a 101 from an answer.
    if not (m.upgrade_any or m.upgrade_count) or x.facts.req.minor != 1 \
            or m.protocol != PROTOCOL_HTTP or x.local.internal \
            or x.facts.env[ENV_FORCE_PROXY_10].data != NULL \
            or field_is_repeated(&x.facts.req, FIELD_UPGRADE):
        return
    f = head_field(&x.facts.req, FIELD_UPGRADE)
    asked = request_part(&x.facts, span(f.value, f.value_length))
    for i in range(0 if m.upgrade_any else m.upgrade_count):
        if m.upgrades[i].length == asked.length and bytes_equal_nocase(
                m.upgrades[i].data, asked.data, asked.length):
            break
    else:
        if not m.upgrade_any:
            return
    x.attempt.upgrade = arena_copy(&x.facts.arena, asked.data, asked.length)


cdef bint upgrade_is_granted(exchange *x, head *res, field *granted) noexcept nogil:
    """Is the member's 101 for what was asked, and was the whole request sent?"""
    cdef buffer *b = x.up.input
    return (
        x.attempt.upgrade.length and granted != NULL and x.attempt.sent and x.body.done
        and not field_is_repeated(res, FIELD_UPGRADE)
        and granted.value_length == x.attempt.upgrade.length
        and bytes_equal_nocase(
            &b.data[b.start + granted.value], x.attempt.upgrade.data,
            x.attempt.upgrade.length))


cdef bint tunnel_begin(exchange *x, head *res, unsigned int head_bytes) noexcept nogil:
    """A 101 has come. Always returns False: the exchange is a tunnel, or was
    answered."""
    cdef upstream *u = x.up
    cdef field *granted = head_field(res, FIELD_UPGRADE)
    cdef const char *told
    if not upgrade_is_granted(x, res, granted):
        told = service_unexpected_upgrade(x, granted)
        say_more(x, &SAY_RETURNED, 0, told, 0)
        return due_lost(x, 502, told, False)
    attempt_answered(x)
    x.status = 101
    x.keepalive = False
    if rewrite_interim(x, res, &u.input.data[u.input.start]) < 0:
        return due_lost(x, 502, NULL, False)
    u.input.start += head_bytes
    if not plan.compat_apache:
        x.record.body_bytes_out += buffer_held(u.input)
    say(x, &SAY_TUNNEL_BEGINS)
    tunnel_open(x)
    return False


cdef void tunnel_open(exchange *x) noexcept nogil:
    """Become a tunnel: the answer's head is in down.output, x.status is set; from now
    on bytes."""
    cdef downstream *d = x.down
    # What the client said right behind its request is for the other side.
    cdef unsigned int early = d.input.end - request_end(x)
    exchange_enter(x, X_TUNNEL)
    engine.tunnel_count += 1
    ledger_up(&engine.slot.tunnels)
    # Apache's tunnels keep the thread of their request.
    if not plan.compat_apache:
        work_leave(d)
    x.res.head_sent = True
    if early and not tunnel_hold(
            &x.body.stream, &d.input.data[request_end(x)], early):
        exchange_abort(x)
        return
    x.body.bytes_in += early
    tunnel_slim(x)
    # The longer one, as in Apache.
    x.tunnel.idle_us = exchange_timeout_us(x)
    if x.facts.vhost.said.timeout_us > x.tunnel.idle_us:
        x.tunnel.idle_us = x.facts.vhost.said.timeout_us
    if x.facts.vhost.said.websocket_idle_us and x.status == 101:
        x.tunnel.idle_us = x.facts.vhost.said.websocket_idle_us
    timer_clear(&x.up.c.timer)
    tunnel_step(x)


cdef void tunnel_grant(exchange *x) noexcept nogil:
    """A CONNECT's target is connected: tell the client, and be a tunnel."""
    cdef downstream *d = x.down
    cdef plan_vhost *v = x.facts.vhost
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


# What a tunnel keeps --------------------------------------------------------------

cdef void tunnel_slim(exchange *x) noexcept nogil:
    """Put what the log line will ask for into blocks of just its size, the head and the
    arena: a tunnel may be there for days, and silent."""
    cdef downstream *d = x.down
    cdef buffer *slim = buffer_take_exact(x.facts.req.length)
    if slim != NULL:
        buffer_put(slim, request_bytes(&x.facts), x.facts.req.length)
        x.facts.base = slim.start
        buffer_give(d.input)
        d.input = slim
    x.tunnel.addresses = NULL
    x.facts.verdicts = NULL
    x.facts.verdict_count = 0
    x.choice.sticky.value = NULL
    x.choice.sticky.route = NULL
    tunnel_slim_arena(x)


cdef void tunnel_slim_arena(exchange *x) noexcept nogil:
    """What lies in its scratch stays there."""
    cdef unsigned int size = 0
    cdef buffer *pieces = x.facts.arena.pieces
    cdef buffer *b = pieces
    cdef char *into
    cdef writer w
    while b != NULL:
        size += buffer_held(b)
        b = b.next
    if size == 0:
        return
    x.facts.arena.pieces = NULL
    into = arena_take_alone(&x.facts.arena, size)
    if into == NULL:
        x.facts.arena.pieces = pieces
        return
    writer_begin(&w, into, size)
    while pieces != NULL:
        b = pieces
        pieces = b.next
        size = buffer_held(b)
        into = w.p
        put(&w, &b.data[b.start], size)
        values_follow(x, &b.data[b.start], size, into)
        arena_give(b)


cdef void values_follow(
        exchange *x, const char *old, unsigned int size, const char *new
) noexcept nogil:
    """A piece of the arena lies elsewhere now: every value in it goes with it."""
    cdef int i
    x.facts.cookies = NULL      # the answer's head has gone
    x.question.cookies = NULL
    x.facts.looks = NULL
    x.facts.file = NULL
    x.facts.cut = NULL
    x.facts.wanted = NULL
    x.facts.trailers = NULL
    x.facts.digest = NULL       # nobody decides about it any more
    x.facts.verdict_count = 0
    value_follow(&x.facts.decoded, old, size, new)
    value_follow(&x.facts.misread, old, size, new)
    value_follow(&x.facts.user, old, size, new)
    value_follow(&x.facts.challenge, old, size, new)
    value_follow(&x.facts.granted, old, size, new)
    value_follow(&x.facts.proxies, old, size, new)
    value_follow(&x.facts.target, old, size, new)
    value_follow(&x.facts.query, old, size, new)
    value_follow(&x.facts.original, old, size, new)
    value_follow(&x.facts.forced_handler, old, size, new)
    value_follow(&x.question.challenge, old, size, new)
    value_follow(&x.facts.forced_type, old, size, new)
    value_follow(&x.facts.script_url, old, size, new)
    value_follow(&x.facts.looks_from, old, size, new)
    value_follow(&x.attempt.upgrade, old, size, new)
    value_follow(&x.local.location, old, size, new)
    value_follow(&x.local.reason, old, size, new)
    value_follow(&x.local.challenge, old, size, new)
    value_follow(&x.local.more_fields, old, size, new)
    for i in range(plan.env_count):
        value_follow(&x.facts.env[i], old, size, new)


cdef void value_follow(
        value *v, const char *old, unsigned int size, const char *new) noexcept nogil:
    if v.data != NULL and old <= v.data <= old + size:
        v.data = new + (v.data - old)


# Bytes ----------------------------------------------------------------------------


cdef bint tunnel_hold(
        buffer **held, const char *data, unsigned int length) noexcept nogil:
    """Keep what is to be sent later. False: no memory."""
    cdef int size_class = buffer_class_for(length)
    cdef buffer *b
    if size_class == BUFFER_CLASSES:
        return False
    b = buffer_take(size_class)
    if b == NULL:
        return False
    buffer_put(b, data, length)
    held[0] = b
    return True


cdef int tunnel_move(
        conn *source, conn *sink, buffer **held, flag *ended,
        long long *received, long long *sent) noexcept nogil:
    """One direction, as far as both sides go now. returns MOVED_*"""
    cdef ssize_t n, taken
    cdef int rc, _
    if held[0] != NULL:
        rc = stream_flush(sink, held[0], sent)
        if rc == AGAIN:
            return MOVED_ALL
        if rc < 0:
            return MOVED_SINK_LOST
        buffer_drop(held)
    for _ in range(READS_PER_STEP):
        if ended[0]:
            return MOVED_END
        if not source.readable or not sink.writable:
            return MOVED_ALL
        n = stream_recv(source, &tunnel_piece[0], TUNNEL_PIECE)
        if n == AGAIN:
            return MOVED_ALL
        if n == CLOSED:
            ended[0] = True
            return MOVED_END
        if n < 0:
            return MOVED_SOURCE_LOST
        received[0] += n
        taken = stream_send(sink, &tunnel_piece[0], n)
        if taken == FAILED:
            return MOVED_SINK_LOST
        if taken < 0:
            taken = 0
        sent[0] += taken
        if taken < n:
            return MOVED_ALL if tunnel_hold(
                held, &tunnel_piece[taken], <unsigned int>(n - taken)
            ) else MOVED_SOURCE_LOST
    return MOVED_PART


cdef void tunnel_step(exchange *x) noexcept nogil:
    """One of the connections has something to read, or room to write."""
    cdef downstream *d = x.down
    cdef upstream *u = x.up
    cdef long long from_client = 0, to_member = 0, from_member = 0, to_client = 0
    cdef int inward, outward = MOVED_ALL
    exchange_renew(x)
    if unlikely(d.output != NULL) and tunnel_send_head(x) < 0:
        outward = MOVED_SINK_LOST
    elif likely(d.output == NULL):
        outward = tunnel_move(
            &u.c, &d.c, &u.input, &x.tunnel.member_ended, &from_member, &to_client)
    inward = tunnel_move(
        &d.c, &u.c, &x.body.stream, &x.tunnel.client_ended, &from_client, &to_member)
    x.body.bytes_in += from_client
    x.attempt.bytes_out += to_member
    x.attempt.bytes_in += from_member
    if not plan.compat_apache:
        x.record.body_bytes_out += from_member
    x.record.bytes_out += to_client
    if unlikely(inward >= MOVED_END or outward >= MOVED_END) \
            and not tunnel_ends(x, inward, outward):
        return
    if unlikely(inward == MOVED_PART or outward == MOVED_PART):
        watch_queue(&d.c)
    timer_set(&d.c.timer, watch.now_us + x.tunnel.idle_us)


cdef int tunnel_send_head(exchange *x) noexcept nogil:
    """The 101 goes first. returns 0, or FAILED"""
    cdef downstream *d = x.down
    cdef int rc = stream_flush(&d.c, d.output, &x.record.bytes_out)
    if rc == AGAIN:
        return 0
    if rc < 0:
        return FAILED
    buffer_drop(&d.output)
    if x.record.first_byte_us == 0:
        x.record.first_byte_us = watch.now_us
    return 0


cdef bint tunnel_ends(exchange *x, int inward, int outward) noexcept nogil:
    """A side has ended or is lost. Returns False when the tunnel is over."""
    cdef downstream *d = x.down
    cdef upstream *u = x.up
    if inward == MOVED_SOURCE_LOST or outward == MOVED_SOURCE_LOST:
        say_more(x, &SAY_TUNNEL_LOST, stream_errno,
                 b"client" if inward == MOVED_SOURCE_LOST else b"origin", 0)
        tunnel_close(x)
        return False
    # A peer that takes nothing more may have said something before it went. Its socket
    # tells when all of that has been read.
    if inward == MOVED_SINK_LOST:
        x.tunnel.client_ended = x.tunnel.member_told = True
        tunnel_deaf(x, &u.c, &x.body.stream)
    if outward == MOVED_SINK_LOST:
        x.tunnel.member_ended = x.tunnel.client_told = True
        tunnel_deaf(x, &d.c, &d.output)
        tunnel_deaf(x, &d.c, &u.input)
    if inward == MOVED_END and not x.tunnel.member_told:
        x.tunnel.member_told = tunnel_half_close(&u.c)
    if outward == MOVED_END and not x.tunnel.client_told:
        x.tunnel.client_told = tunnel_half_close(&d.c)
    if x.tunnel.member_told and x.tunnel.client_told:
        tunnel_close(x)
        return False
    if x.facts.env[ENV_PROXY_NOHALFCLOSE].data != NULL or (
            inward == MOVED_END and d.c.tls != NULL and d.c.tls.failed) or (
            outward == MOVED_END and u.c.tls != NULL and u.c.tls.failed):
        tunnel_close(x)
        return False
    return True


cdef void tunnel_deaf(exchange *x, conn *c, buffer **held) noexcept nogil:
    buffer_drop(held)
    c.readable = True
    watch_queue(&x.down.c)


cdef bint tunnel_half_close(conn *c) noexcept nogil:
    """Tell a side that the other will send no more. False: it cannot be told yet."""
    if c.tls != NULL and tls_half_close(c) == AGAIN:
        return False
    shutdown(c.fd, SHUT_WR)
    return True


cdef void tunnel_close(exchange *x) noexcept nogil:
    cdef downstream *d = x.down
    exchange_settle(x)
    downstream_close(d)


cdef void tunnel_on_timeout(exchange *x) noexcept nogil:
    """Both sides were silent for too long. As in Apache: an error of CONNECT's; of an
    Upgrade's only worth a note."""
    if seam_is_shut:
        lone_say(LONE_TIMED_OUT)
    else:
        say(x, &SAY_UPGRADE_TIMED_OUT if x.status == 101 else &SAY_CONNECT_TIMED_OUT)
    tunnel_close(x)
