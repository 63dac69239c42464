"""The request's way to the member: head, and a body that is never held whole.

    down.input:  [ head | body kept ........ | raw, not yet decoded | room ]
                 base   body_at    +body_kept  raw_at                 end

A body up to BODY_KEEP_BYTES stays where it was received until the exchange ends, so
that it can be sent again to another member. What is longer passes through x.stream, and
from then on the request cannot be repeated (x.body_lost).
"""


cdef void request_body_begin(exchange *x) noexcept nogil:
    """Take stock of what came behind the head. May exchange down.input for a larger
    buffer, so it runs before anything points into it."""
    cdef downstream *d = x.down
    cdef unsigned int have
    cdef unsigned int wanted
    x.body_at = x.base + x.req.length
    have = d.input.end - x.body_at
    if x.req_framing.kind == BODY_LENGTH:
        if <long long>have > x.req_framing.length:
            have = <unsigned int>x.req_framing.length
        x.body_kept = have
        x.req_remaining = x.req_framing.length - have
        x.req_done = x.req_remaining == 0
        x.raw_at = x.body_at + have
        wanted = 0
        if x.req_remaining and x.req_framing.length <= BODY_KEEP_BYTES:
            wanted = <unsigned int>x.req_remaining
    else:
        chunk_begin(&x.req_chunks)
        x.raw_at = x.body_at
        wanted = BODY_PREFETCH_BYTES
    d.sends_large = wanted > BODY_PREFETCH_BYTES or have > BODY_PREFETCH_BYTES
    if wanted > buffer_room(d.input):
        # The head must keep its place: offsets count from base. Behind a chunked body
        # there must be room for what request_put_back may bring.
        if d.input.size_class < BUFFER_MEDIUM or x.req_framing.kind == BODY_CHUNKED:
            buffer_grow(&d.input)
    x.request_body_bytes = x.body_kept
    # Whoever has sent its whole body, or speaks HTTP/1.0, waits for no 100.
    x.expect_continue = (
        not x.req_done and x.req.minor == 1 and x.req.seen >> FIELD_EXPECT & 1
        and not request_expects_more(x))


cdef bint request_expects_more(exchange *x) noexcept nogil:
    """Does Expect ask for anything but 100-continue (RFC 9110 10.1.1: 417)?"""
    cdef field *f = head_field(&x.req, FIELD_EXPECT)
    return f != NULL and not (
        f.value_length == 12 and bytes_equal_nocase(
            request_bytes(x) + f.value, b"100-continue", 12))


cdef unsigned int request_end(exchange *x) noexcept nogil:
    """Offset in down.input behind this request: where the next one begins."""
    # Not by the framing: a request that is answered by an ErrorDocument has become a
    # GET without a body, and its body must not be taken for the next request.
    if x.body_at == 0:
        return x.base + x.req.length
    return x.raw_at


cdef void request_expectation(exchange *x) noexcept nogil:
    """Who waits for a 100: decided anew for every try (proxying.md 3.2)."""
    if x.req_framing.kind == BODY_NONE:
        return
    if x.expect_continue and not x.continue_sent and not x.req_done \
            and conf_flag(x, CONF_EXPECT_CONTINUE, True):
        x.attempt.expect_sent = True
        x.attempt.await_continue = not request_body_has_come(x)
    elif x.member.said.ping_us and not x.body_lost:
        x.attempt.expect_sent = True
        x.attempt.await_continue = True
        x.attempt.ping_sent = True


cdef bint request_body_has_come(exchange *x) noexcept nogil:
    """Has anything of the body been received? Remembered, as a chunk's size leaves no
    other trace."""
    if x.request_body_bytes > 0 or x.raw_at < x.down.input.end:
        x.body_unasked = True
    return x.body_unasked


cdef int request_await(exchange *x) noexcept nogil:
    """The body is held back for the member's 100; may it go all the same?

    A client need not wait for a 100 for ever, and a member need not send one: what the
    client sends of itself is passed on at once (RFC 9110 10.1.1). A body that is held
    back for our own question (ping=) waits for its answer.
    returns 1 it may, AGAIN, or what request_receive returned
    """
    cdef int rc
    if x.attempt.ping_sent or x.req_done or not x.down.c.readable:
        return AGAIN
    rc = request_receive(x)
    if rc == 1:
        x.attempt.await_continue = False
        x.body_unasked = True
    elif rc == AGAIN:
        buffer_give(x.stream)
        x.stream = NULL
    return rc


cdef bint request_continue(exchange *x) noexcept nogil:
    """Tell a waiting client to send its body. Returns False when it is gone."""
    if not x.expect_continue or x.continue_sent or x.res_head_sent:
        return True
    if request_body_has_come(x):
        return True         # it has not waited (RFC 9110 10.1.1)
    x.continue_sent = True
    if stream_send(&x.down.c, b"HTTP/1.1 100 Continue\r\n\r\n", 25) != 25:
        exchange_abort(x)
        return False
    return True


cdef int body_decode_kept(exchange *x) noexcept nogil:
    """Decode raw chunked bytes in down.input behind what is kept. 0 or -400."""
    cdef buffer *b = x.down.input
    cdef unsigned int payload = 0, consumed = 0
    cdef int rc
    if x.raw_at >= b.end:
        return 0
    rc = chunk_decode(
        &x.req_chunks, &b.data[x.raw_at], b.end - x.raw_at, &payload, &consumed)
    if rc < 0:
        return rc
    if not buffer_move(b, x.body_at + x.body_kept, &b.data[x.raw_at], payload):
        return -400
    x.body_kept += payload
    x.request_body_bytes += payload
    x.raw_at += consumed
    if x.req_chunks.done:
        x.req_done = True
    elif x.raw_at == b.end:
        # All decoded: the room behind the payload is free again.
        x.raw_at = x.body_at + x.body_kept
        b.end = x.raw_at
    return 0


cdef bint request_refuse_body(exchange *x, int status) noexcept nogil:
    """The body is wrong (400) or too large (413): say so while that can be said.

    Always returns False.
    """
    x.keepalive = False
    exchange_detach(x, False)
    if x.res_head_sent:
        exchange_abort(x)
    else:
        exchange_answer_error(x, status, NULL)
    return False


cdef bint request_prefetch(exchange *x) noexcept nogil:
    """Collect a body up to BODY_PREFETCH_BYTES before a member is asked.

    So a slow client holds no member, and a short body can go to another one
    (proxying.md 3.1). Returns True when a member can be asked; False when more must
    come, or the exchange was answered.
    """
    cdef downstream *d = x.down
    cdef ssize_t n
    cdef unsigned int room
    cdef bint chunked = x.req_framing.kind == BODY_CHUNKED
    while True:
        if chunked and body_decode_kept(x) < 0:
            request_refuse_body(x, 400)
            return False
        if x.req_limit and x.request_body_bytes > x.req_limit:
            request_refuse_body(x, 413)
            return False
        if x.req_done and (not chunked or x.body_kept <= BODY_PREFETCH_BYTES):
            if chunked:
                x.req_framing.kind = BODY_LENGTH
                x.req_framing.length = x.body_kept
            break
        buffer_renew(&d.input)
        room = buffer_room(d.input)
        if x.body_kept >= BODY_PREFETCH_BYTES or room == 0 or x.req_done:
            x.req_chunked_out = chunked
            break
        if not d.c.readable:
            timer_set(&d.c.timer, read_time_of_body(x))
            return False
        n = stream_recv(&d.c, &d.input.data[d.input.end], room)
        if n == AGAIN:
            timer_set(&d.c.timer, read_time_of_body(x))
            return False
        if n < 0:
            # The end came within the body. Who only shut its side can be told.
            request_refuse_body(x, 400)
            return False
        read_time_got(x, n)
        if chunked:
            d.input.end += <unsigned int>n
        else:
            request_keep(x, <unsigned int>n)
    timer_clear(&d.c.timer)
    return True


cdef void request_keep(exchange *x, unsigned int received) noexcept nogil:
    """Bytes of a body by length came into down.input; what is more than the body is
    the next request."""
    cdef unsigned int part = received
    if <long long>part > x.req_remaining:
        part = <unsigned int>x.req_remaining
    x.down.input.end += received
    x.body_kept += part
    x.raw_at = x.body_at + x.body_kept
    x.request_body_bytes += part
    x.req_remaining -= part
    x.req_done = x.req_remaining == 0


cdef int request_receive(exchange *x) noexcept nogil:
    """More of the body: into down.input while it can be kept, else into x.stream.

    returns 1 something came, AGAIN, CLOSED, FAILED or -400 -413
    """
    cdef downstream *d = x.down
    cdef ssize_t n
    cdef size_t room
    cdef unsigned int payload = 0, consumed = 0
    cdef int rc
    exchange_renew(x)
    if x.req_framing.kind == BODY_LENGTH and not x.body_lost \
            and x.req_framing.length <= BODY_KEEP_BYTES \
            and buffer_room(d.input) > 0 and x.raw_at == d.input.end:
        n = stream_recv(&d.c, &d.input.data[d.input.end], buffer_room(d.input))
        if n < 0:
            return <int>n
        read_time_got(x, n)
        request_keep(x, <unsigned int>n)
        return 1
    if x.stream == NULL:
        x.stream = buffer_take(
            BUFFER_LARGE if x.req_remaining > 131072 else BUFFER_MEDIUM)
        if x.stream == NULL:
            return FAILED
    x.stream.start = BUFFER_HEADROOM
    x.stream.end = BUFFER_HEADROOM
    room = buffer_room(x.stream)
    if x.req_framing.kind == BODY_LENGTH:
        if <long long>room > x.req_remaining:
            room = <size_t>x.req_remaining
        n = stream_recv(&d.c, &x.stream.data[x.stream.end], room)
        if n < 0:
            return <int>n
        read_time_got(x, n)
        x.stream.end += <unsigned int>n
        x.req_remaining -= n
        x.req_done = x.req_remaining == 0
        x.request_body_bytes += n
        x.body_lost = True
        return 1
    # Chunked: what waits in down.input comes first.
    if x.raw_at < d.input.end:
        # A head that grew the buffer may have more behind it than x.stream can hold.
        if room > d.input.end - x.raw_at:
            room = d.input.end - x.raw_at
        if not buffer_move(
                x.stream, x.stream.end, &d.input.data[x.raw_at], <unsigned int>room):
            return FAILED
        n = <ssize_t>room
    else:
        # Not more than request_put_back could put behind the head.
        if room > d.input.size - BUFFER_TAIL - x.body_at:
            room = d.input.size - BUFFER_TAIL - x.body_at
        if room == 0:
            return FAILED
        n = stream_recv(&d.c, &x.stream.data[x.stream.end], room)
        if n < 0:
            return <int>n
        read_time_got(x, n)
        room = 0
    rc = chunk_decode(&x.req_chunks, &x.stream.data[x.stream.end],
                      <unsigned int>n, &payload, &consumed)
    if rc < 0:
        return rc
    x.body_lost = True
    if room:
        x.raw_at += consumed
    elif consumed < <unsigned int>n:
        request_put_back(
            x, &x.stream.data[x.stream.end + consumed], <unsigned int>n - consumed)
    x.request_body_bytes += payload
    if x.req_limit and x.request_body_bytes > x.req_limit:
        return -413
    x.req_done = x.req_chunks.done
    x.stream.end += payload
    request_frame(x)
    return 1


cdef void request_put_back(
        exchange *x, const char *data, unsigned int length) noexcept nogil:
    """Bytes of the next request that were received with the end of this body. They take
    the place of what was kept of it: that has been sent and cannot be sent again."""
    cdef buffer *b = x.down.input
    x.raw_at = x.body_at
    b.end = x.raw_at
    if not buffer_put(b, data, length):
        x.keepalive = False     # what is lost is never taken for another request


cdef void request_frame(exchange *x) noexcept nogil:
    body_frame(x.stream, x.req_done)


cdef void body_frame(buffer *b, bint last) noexcept nogil:
    """One chunk around what the buffer holds, and behind it the last chunk."""
    cdef unsigned int size = buffer_held(b)
    cdef bint fits = True
    if size:
        ASSERT(b.start >= BUFFER_HEADROOM)
        b.start -= chunk_head_before(&b.data[b.start], size)
        fits = buffer_put_tail(b, b"\r\n", 2)
    if last:
        fits = buffer_put_tail(b, b"0\r\n\r\n", 5) and fits
    if unlikely(not fits):
        # The room is kept for just this; without it a peer would read another body.
        abort()


cdef bint request_send_failed(exchange *x) noexcept nogil:
    """The member does not take the request. It may have said why (an early answer)."""
    if x.attempt.begun:
        # Read what it said, also when that came with the reset and no event has told
        # of it yet; the response decides, and the connection ends with it.
        x.up.c.readable = True
        x.attempt.sent = True
        x.res_reusable = False
        x.attempt.is_deaf = True
        return True
    if stale_retry(x):
        return False
    service_log_send(x, stream_errno)
    exchange_member_lost(x, 502, b"Error reading from remote server", False)
    return False


cdef bint stale_retry(exchange *x) noexcept nogil:
    """A reused connection was dead: once more on a fresh one to the same member."""
    if x.up.requests <= 1 or x.attempt.fresh or x.res_head_sent \
            or x.interim_count or not request_can_be_sent_again(x):
        return False
    exchange_detach(x, False)
    exchange_enter(x, X_DECIDE)
    exchange_connect(x, True)
    return True


cdef int request_flush_both(exchange *x) noexcept nogil:
    """The rest of the head and what is kept of the body, in one call. As stream_flush
    with the head; x.attempt.body_sent tells of the body."""
    cdef buffer *b = x.up.output
    cdef unsigned int held = buffer_held(b)
    cdef ssize_t n = stream_send2(
        &x.up.c, &b.data[b.start], held,
        request_kept(x) + x.attempt.body_sent, x.body_kept - x.attempt.body_sent)
    if n < 0:
        return <int>n
    if <unsigned int>n < held:
        b.start += <unsigned int>n
        return AGAIN
    b.start = b.end
    x.attempt.body_sent += <unsigned int>n - held
    x.attempt.bytes_out += n - held
    return 1


cdef bint request_pump(exchange *x) noexcept nogil:
    """Send as much of the request as the member takes and the client has given.

    Returns False when the exchange is over (or began anew with another connection).
    """
    cdef upstream *u = x.up
    cdef downstream *d = x.down
    cdef ssize_t n
    cdef unsigned int before
    cdef int rc, _
    if u.output != NULL:
        before = buffer_held(u.output)
        if x.attempt.body_sent < x.body_kept and not x.req_chunked_out \
                and not x.attempt.await_continue:
            rc = request_flush_both(x)
        else:
            rc = stream_flush(&u.c, u.output)
        if likely(rc == 1):
            x.attempt.begun = True
            x.attempt.bytes_out += before
            buffer_give(u.output)
            u.output = NULL
        elif rc == AGAIN:
            x.attempt.begun = x.attempt.begun or buffer_held(u.output) < before
            x.attempt.bytes_out += before - buffer_held(u.output)
            request_wait_for_member(x)
            return True
        else:
            return request_send_failed(x)
    if unlikely(x.attempt.await_continue):
        rc = request_await(x)
        if rc == AGAIN:
            if d.c.peer_closed and not x.req_done and x.raw_at >= d.input.end \
                    and request_is_at_end(d):
                return request_refuse_body(x, 400)
            timer_set(&u.c.timer, watch.now_us + (
                x.member.said.ping_us if x.member.said.ping_us
                else exchange_timeout_us(x)))
            return True
        if rc < 0:
            return request_body_lost(x, rc)
    for _ in range(READS_PER_STEP):
        if x.req_done and x.attempt.body_sent == x.body_kept and x.stream == NULL:
            request_complete(x)
            return True
        if x.attempt.body_sent < x.body_kept and not x.req_chunked_out:
            n = stream_send(
                &u.c, request_kept(x) + x.attempt.body_sent,
                x.body_kept - x.attempt.body_sent)
            if n == FAILED:
                return request_send_failed(x)
            if n < 0:
                request_wait_for_member(x)
                return True
            x.attempt.body_sent += <unsigned int>n
            x.attempt.bytes_out += n
            continue
        if x.attempt.body_sent < x.body_kept:
            # Kept bytes that go out as chunks are framed in x.stream.
            if not request_frame_kept(x):
                return request_send_failed(x)
        if x.stream != NULL and buffer_held(x.stream):
            before = buffer_held(x.stream)
            rc = stream_flush(&u.c, x.stream)
            x.attempt.bytes_out += before - buffer_held(x.stream)
            if rc == FAILED:
                return request_send_failed(x)
            if rc == AGAIN:
                request_wait_for_member(x)
                return True
        if x.attempt.body_sent < x.body_kept:
            continue        # more is kept than one chunk could take
        if x.req_done:
            buffer_give(x.stream)
            x.stream = NULL
            continue
        if not request_continue(x):
            return False
        if not d.c.readable and x.raw_at >= d.input.end:
            return request_wait_for_client(x)
        rc = request_receive(x)
        if rc == AGAIN:
            return request_wait_for_client(x)
        if rc < 0:
            return request_body_lost(x, rc)
    watch_queue(&u.c)
    return True


cdef bint request_body_lost(exchange *x, int why) noexcept nogil:
    """What request_receive returned below AGAIN. Always returns False."""
    if why == FAILED:
        exchange_abort(x)       # the client went away in the middle of its body
        return False
    return request_refuse_body(x, 400 if why == CLOSED else -why)


cdef bint request_is_at_end(downstream *d) noexcept nogil:
    """Has the client ended its side, with nothing unread before that end?"""
    cdef char one
    return recv(d.c.fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) == 0


cdef bint request_frame_kept(exchange *x) noexcept nogil:
    cdef unsigned int size = x.body_kept - x.attempt.body_sent
    cdef unsigned int part
    if x.stream == NULL:
        x.stream = buffer_take(BUFFER_MEDIUM)
        if x.stream == NULL:
            return False
    if buffer_held(x.stream):
        return True
    x.stream.start = BUFFER_HEADROOM
    x.stream.end = BUFFER_HEADROOM
    part = buffer_room(x.stream)
    if part > size:
        part = size
    buffer_put(x.stream, request_kept(x) + x.attempt.body_sent, part)
    x.attempt.body_sent += part
    body_frame(x.stream, x.req_done and x.attempt.body_sent == x.body_kept)
    return True


cdef void request_complete(exchange *x) noexcept nogil:
    """All of it has been handed over: the member's time to answer begins."""
    x.attempt.sent = True
    timer_clear(&x.down.c.timer)
    timer_set(&x.up.c.timer, watch.now_us + exchange_timeout_us(x))


cdef void request_wait_for_member(exchange *x) noexcept nogil:
    """It takes no more: its time runs, and not the client's."""
    timer_clear(&x.down.c.timer)
    timer_set(&x.up.c.timer, watch.now_us + exchange_timeout_us(x))


cdef bint request_wait_for_client(exchange *x) noexcept nogil:
    """Nothing to send until the client gives more. Always returns True."""
    buffer_give(x.stream)
    x.stream = NULL
    timer_set(&x.down.c.timer, read_time_of_body(x))
    timer_clear(&x.up.c.timer)
    return True
