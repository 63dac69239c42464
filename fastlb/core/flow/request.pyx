"""The request's way to the member: head, and a body that is never held whole.

    down.input:  [ head | body kept ........ | raw, not yet decoded | room ]
                 base   body_at    +body_kept  raw_at                 end

A body up to BODY_KEEP_BYTES stays where it was received until the exchange ends, so
that it can be sent again to another member. What is longer passes through
x.body.stream, and from then on the request cannot be repeated (x.body.lost).
"""
# uses: ground/chartable, ground/text, io/buffer, io/timer, io/watch, io/stream,
#       http/fields, http/framing, http/chunked, balance/budget, plan/plan,
#       plan/facts, flow/kept, flow/exchange, flow/states, flow/due, flow/member,
#       flow/log_rows, flow/service_log, flow/read_time, flow/settle, flow/again,
#       flow/trailers


cdef void request_body_begin(exchange *x) noexcept nogil:
    """Take stock of what came behind the head. May exchange down.input for a larger
    buffer, so it runs before anything points into it."""
    cdef downstream *d = x.down
    cdef unsigned int have
    cdef unsigned int wanted
    x.body.at = x.facts.base + x.facts.req.length
    have = d.input.end - x.body.at
    if x.body.framing.kind == BODY_LENGTH:
        if <long long>have > x.body.framing.length:
            have = <unsigned int>x.body.framing.length
        x.body.kept = have
        x.body.remaining = x.body.framing.length - have
        x.body.done = x.body.remaining == 0
        x.body.raw_at = x.body.at + have
        wanted = 0
        if x.body.remaining and x.body.framing.length <= BODY_KEEP_BYTES:
            wanted = <unsigned int>x.body.remaining
    else:
        chunk_begin(&x.body.chunks)
        x.body.raw_at = x.body.at
        wanted = BODY_PREFETCH_BYTES
    d.sends_large = wanted > BODY_PREFETCH_BYTES or have > BODY_PREFETCH_BYTES
    if wanted > buffer_room(d.input):
        # The head must keep its place: offsets count from base. Behind a chunked body
        # there must be room for what request_put_back may bring.
        if d.input.size_class < BUFFER_MEDIUM or x.body.framing.kind == BODY_CHUNKED:
            buffer_grow(&d.input)
    x.body.bytes_in = x.body.kept
    # Whoever has sent its whole body, or speaks HTTP/1.0, waits for no 100.
    x.body.expect_continue = (
        not x.body.done and x.facts.req.minor == 1
        and x.facts.req.seen >> FIELD_EXPECT & 1 and not request_expects_more(x))


cdef bint request_expects_more(exchange *x) noexcept nogil:
    """Does Expect ask for anything but 100-continue (RFC 9110 10.1.1: 417)?"""
    cdef field *f = head_field(&x.facts.req, FIELD_EXPECT)
    return f != NULL and not (
        f.value_length == 12 and bytes_equal_nocase(
            request_bytes(&x.facts) + f.value, b"100-continue", 12))


cdef void request_forget_body(exchange *x) noexcept nogil:
    """It has become a GET without a body; where the next request begins stays known."""
    if not x.body.done:
        x.keepalive = False
        x.body.done = True
    x.body.framing.kind = BODY_NONE
    x.body.kept = 0
    x.body.lost = False
    x.body.chunked_out = False


cdef void request_expectation(exchange *x) noexcept nogil:
    """Which side waits for a 100: decided anew for every try."""
    if unlikely(x.attempt.codec != NULL):
        # Others are asked whether they are there, before anything of a request.
        x.attempt.await_continue = x.attempt.ping_sent = x.member.said.ping_us > 0
        return
    if x.body.framing.kind == BODY_NONE or x.question.of != NULL:
        return
    if x.body.expect_continue and not x.body.continue_sent and not x.body.done \
            and conf_flag(&x.facts, CONF_EXPECT_CONTINUE, True):
        x.attempt.expect_sent = True
        x.attempt.await_continue = not request_body_has_come(x)
    elif x.member.said.ping_us and not x.body.lost:
        x.attempt.expect_sent = True
        x.attempt.await_continue = True
        x.attempt.ping_sent = True


cdef bint request_body_has_come(exchange *x) noexcept nogil:
    """Has anything of the body been received? Remembered, as a chunk's size leaves no
    other trace."""
    if x.body.bytes_in > 0 or x.body.raw_at < x.down.input.end:
        x.body.unasked = True
    return x.body.unasked


cdef int request_await(exchange *x) noexcept nogil:
    """The body is held back for the member's 100; may it go all the same?

    A client need not wait for a 100 for ever, and a member need not send one: what the
    client sends of itself is passed on at once (RFC 9110 10.1.1). A body that is held
    back for our own question (ping=) waits for its answer.
    returns 1 it may, AGAIN, or what request_receive returned
    """
    cdef int rc
    if x.attempt.ping_sent or x.body.done or not x.down.c.readable:
        return AGAIN
    rc = request_receive(x)
    if rc == 1:
        x.attempt.await_continue = False
        x.body.unasked = True
    elif rc == AGAIN:
        buffer_drop(&x.body.stream)
    return rc


cdef bint request_continue(exchange *x) noexcept nogil:
    """Tell a waiting client to send its body. Returns False when it is gone."""
    if not x.body.expect_continue or x.body.continue_sent or x.res.head_sent:
        return True
    if request_body_has_come(x):
        return True         # it has not waited (RFC 9110 10.1.1)
    x.body.continue_sent = True
    if stream_send(&x.down.c, b"HTTP/1.1 100 Continue\r\n\r\n", 25) != 25:
        return exchange_abort(x)
    return True


cdef int body_decode_kept(exchange *x) noexcept nogil:
    """Decode raw chunked bytes in down.input behind what is kept. 0 or -400."""
    cdef buffer *b = x.down.input
    cdef unsigned int payload = 0, consumed = 0
    cdef int rc
    if x.body.raw_at >= b.end:
        return 0
    rc = chunk_decode(
        &x.body.chunks, &b.data[x.body.raw_at], b.end - x.body.raw_at, &payload,
        &consumed)
    if rc < 0:
        return rc
    if unlikely(x.body.chunks.trailer_part) and trailers_keep(
            x, &x.body.chunks, &b.data[x.body.raw_at + consumed], False) < 0:
        return -400
    if not buffer_move(b, x.body.at + x.body.kept, &b.data[x.body.raw_at], payload):
        return -400
    x.body.kept += payload
    x.body.bytes_in += payload
    x.body.raw_at += consumed
    if x.body.chunks.done:
        x.body.done = True
    elif x.body.raw_at == b.end:
        # All decoded: the room behind the payload is free again.
        x.body.raw_at = x.body.at + x.body.kept
        b.end = x.body.raw_at
    return 0


cdef bint request_refuse_body(exchange *x, int status) noexcept nogil:
    """The body is wrong (400) or too large (413): say so while that can be said.

    Always returns False.
    """
    x.keepalive = False
    exchange_detach(x, False)
    return exchange_abort(x) if x.res.head_sent else due_error(x, status, NULL)


cdef bint request_prefetch(exchange *x) noexcept nogil:
    """Collect a body up to BODY_PREFETCH_BYTES before a member is asked.

    So a slow client holds no member, and a short body can go to another one. Returns
    True when a member can be asked; False when more must come, or the exchange was
    answered.
    """
    cdef downstream *d = x.down
    cdef ssize_t n
    cdef unsigned int room
    cdef bint chunked = x.body.framing.kind == BODY_CHUNKED
    while True:
        if chunked and body_decode_kept(x) < 0:
            return request_refuse_body(x, 400)
        if x.body.limit and x.body.bytes_in > x.body.limit:
            return request_refuse_body(x, 413)
        if x.body.done and (not chunked or x.body.kept <= BODY_PREFETCH_BYTES):
            if unlikely(chunked and request_trailers_pass(x)):
                x.body.chunked_out = True
            elif chunked:
                x.body.framing.kind = BODY_LENGTH
                x.body.framing.length = x.body.kept
            break
        buffer_renew(&d.input)
        room = buffer_room(d.input)
        if x.body.kept >= BODY_PREFETCH_BYTES or room == 0 or x.body.done:
            x.body.chunked_out = chunked
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
            return request_refuse_body(x, 400)
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
    if <long long>part > x.body.remaining:
        part = <unsigned int>x.body.remaining
    x.down.input.end += received
    x.body.kept += part
    x.body.raw_at = x.body.at + x.body.kept
    x.body.bytes_in += part
    x.body.remaining -= part
    x.body.done = x.body.remaining == 0


cdef int request_receive(exchange *x) noexcept nogil:
    """More of the body: into down.input while it can be kept, else into x.body.stream.

    returns 1 something came, AGAIN, CLOSED, FAILED or -400 -413
    """
    cdef downstream *d = x.down
    cdef buffer *into
    cdef ssize_t n
    cdef size_t room
    cdef unsigned int payload = 0, consumed = 0
    cdef int rc
    exchange_renew(x)
    if x.body.framing.kind == BODY_LENGTH and not x.body.lost \
            and x.body.framing.length <= BODY_KEEP_BYTES \
            and buffer_room(d.input) > 0 and x.body.raw_at == d.input.end:
        n = stream_recv(&d.c, &d.input.data[d.input.end], buffer_room(d.input))
        if n < 0:
            return <int>n
        read_time_got(x, n)
        request_keep(x, <unsigned int>n)
        return 1
    if x.body.stream == NULL:
        x.body.stream = buffer_take(
            BUFFER_LARGE if x.body.remaining > 131072 else BUFFER_MEDIUM)
        if x.body.stream == NULL:
            return FAILED
    into = x.body.stream
    buffer_empty(into)
    room = request_piece(x, into)
    if x.body.framing.kind == BODY_LENGTH:
        if <long long>room > x.body.remaining:
            room = <size_t>x.body.remaining
        n = stream_recv(&d.c, &into.data[into.end], room)
        if n < 0:
            return <int>n
        read_time_got(x, n)
        into.end += <unsigned int>n
        x.body.remaining -= n
        x.body.done = x.body.remaining == 0
        x.body.bytes_in += n
        x.body.lost = True
        if unlikely(x.attempt.framed):
            x.attempt.codec.of.frame(x, into, x.body.done)
        return 1
    # Chunked: what waits in down.input comes first.
    if x.body.raw_at < d.input.end:
        # A head that grew the buffer may have more behind it than can be held.
        if room > d.input.end - x.body.raw_at:
            room = d.input.end - x.body.raw_at
        if not buffer_move(
                into, into.end, &d.input.data[x.body.raw_at], <unsigned int>room):
            return FAILED
        n = <ssize_t>room
    else:
        # Not more than request_put_back could put behind the head.
        if room > d.input.size - BUFFER_TAIL - x.body.at:
            room = d.input.size - BUFFER_TAIL - x.body.at
        if room == 0:
            return FAILED
        n = stream_recv(&d.c, &into.data[into.end], room)
        if n < 0:
            return <int>n
        read_time_got(x, n)
        room = 0
    rc = chunk_decode(&x.body.chunks, &into.data[into.end],
                      <unsigned int>n, &payload, &consumed)
    if rc < 0:
        return rc
    if unlikely(x.body.chunks.trailer_part) and trailers_keep(
            x, &x.body.chunks, &into.data[into.end + consumed], False) < 0:
        return -400
    x.body.lost = True
    if room:
        x.body.raw_at += consumed
    elif consumed < <unsigned int>n:
        request_put_back(
            x, &into.data[into.end + consumed], <unsigned int>n - consumed)
    x.body.bytes_in += payload
    if x.body.limit and x.body.bytes_in > x.body.limit:
        return -413
    x.body.done = x.body.chunks.done
    into.end += payload
    if not request_frame(x, x.body.done):
        return FAILED
    return 1


cdef void request_put_back(
        exchange *x, const char *data, unsigned int length) noexcept nogil:
    """Bytes of the next request that were received with the end of this body. They take
    the place of what was kept of it: that has been sent and cannot be sent again."""
    cdef buffer *b = x.down.input
    x.body.raw_at = x.body.at
    b.end = x.body.raw_at
    if not buffer_put(b, data, length):
        x.keepalive = False     # what is lost is never taken for another request


cdef inline unsigned int request_piece(exchange *x, buffer *into) noexcept nogil:
    """Bytes that may come into the buffer, to go out as one piece."""
    cdef unsigned int room = buffer_room(into)
    if unlikely(x.attempt.codec != NULL) and room > x.attempt.codec.credit:
        return x.attempt.codec.credit
    return room


cdef inline bint request_frame(exchange *x, bint last) noexcept nogil:
    """Around what x.body.stream holds, if it goes out in pieces. False: there is no
    room for trailers."""
    if likely(x.attempt.codec == NULL):
        return body_frame_of(x, &x.body.stream, last, False)
    if x.attempt.framed and (last or buffer_held(x.body.stream)):
        x.attempt.codec.of.frame(x, x.body.stream, last)
    return True


cdef bint request_send_failed(exchange *x) noexcept nogil:
    """The member does not take the request. It may have said why (an early answer)."""
    if x.attempt.bytes_out:
        # Read what it said, also when that came with the reset and no event has told
        # of it yet; the response decides, and the connection ends with it.
        x.up.c.readable = True
        x.attempt.sent = True
        x.res.reusable = False
        x.attempt.is_deaf = True
        return True
    if stale_retry(x, FAILED):
        return False
    say_error(x, &SAY_SEND, stream_errno)
    return due_lost(x, 502, b"Error reading from remote server", False)


cdef bint stale_retry(exchange *x, int why) noexcept nogil:
    """A reused connection was dead: once more on a fresh one to the same member. Who
    has said a single byte was alive, and may have done what was asked. why: CLOSED, or
    FAILED."""
    cdef upstream *u = x.up
    cdef int rule
    if u.requests <= 1 or x.attempt.fresh or x.attempt.bytes_in:
        return False
    rule = request_rule(x)
    if rule != AGAIN_UNSENT and request_went_unheard(x, why):
        rule = AGAIN_UNSENT
    if rule == AGAIN_NOT or not again_is_granted(x, rule):
        return False
    if x.choice.balancer != NULL:
        again_count(x.choice.balancer, rule)
    kept_saw_end(&pool_of(u.member).kept, u.idle_us)
    say(x, &SAY_AGAIN)
    exchange_disconnect(x, False)
    exchange_enter(x, X_DECIDE)
    due_connect(x)
    return True


cdef bint request_went_unheard(exchange *x, int why) noexcept nogil:
    """The member had ended the connection before any of the request was there: it was
    never applied, whatever its method (RFC 9110 9.2.2)."""
    return (why == CLOSED and not x.body.lost and x.member.unix_path.length == 0
            and stream_went_unheard(&x.up.c, x.attempt.bytes_out))


cdef int request_flush_both(exchange *x) noexcept nogil:
    """The rest of the head and what is kept of the body, in one call. As stream_flush
    with the head; x.attempt.body_sent tells of the body."""
    cdef buffer *b = x.up.output
    cdef unsigned int held = buffer_held(b)
    cdef ssize_t n = stream_send2(
        &x.up.c, &b.data[b.start], held,
        request_kept(x) + x.attempt.body_sent, x.body.kept - x.attempt.body_sent)
    if n < 0:
        return <int>n
    x.attempt.bytes_out += n
    if <unsigned int>n < held:
        b.start += <unsigned int>n
        return AGAIN
    b.start = b.end
    x.attempt.body_sent += <unsigned int>n - held
    return 1


cdef bint request_pump(exchange *x) noexcept nogil:
    """Send as much of the request as the member takes and the client has given.

    Returns False when the exchange is over (or began anew with another connection).
    """
    cdef upstream *u = x.up
    cdef downstream *d = x.down
    cdef ssize_t n
    cdef int rc, _
    if unlikely(x.question.of != NULL):
        return question_pump(x)
    if u.output != NULL:
        if x.attempt.body_sent < x.body.kept and not x.attempt.framed \
                and not x.attempt.await_continue:
            rc = request_flush_both(x)
        else:
            rc = stream_flush(&u.c, u.output, &x.attempt.bytes_out)
        if likely(rc == 1):
            buffer_drop(&u.output)
        elif rc == AGAIN:
            request_wait_for_member(x)
            return True
        else:
            return request_send_failed(x)
    if unlikely(x.attempt.await_continue):
        rc = request_await(x)
        if rc == AGAIN:
            if d.c.peer_closed and not x.body.done and x.body.raw_at >= d.input.end \
                    and request_is_at_end(d):
                return request_refuse_body(x, 400)
            timer_set(&u.c.timer, watch.now_us + (
                x.member.said.ping_us if x.member.said.ping_us
                else exchange_timeout_us(x)))
            return True
        if rc < 0:
            return request_body_lost(x, rc)
    for _ in range(READS_PER_STEP):
        if x.body.done and x.attempt.body_sent == x.body.kept and x.body.stream == NULL:
            if unlikely(x.attempt.codec != NULL) and x.attempt.codec.wants_end:
                if not request_frame_end(x):
                    return request_send_failed(x)
                continue
            request_complete(x)
            return True
        if x.body.stream != NULL and unlikely(x.attempt.codec != NULL) \
                and buffer_held(x.body.stream):
            pass        # what was begun goes first
        elif unlikely(x.attempt.codec != NULL) and x.attempt.codec.credit == 0 \
                and not (x.body.done and x.attempt.body_sent == x.body.kept):
            # Until it asks for more. It may answer without that.
            buffer_drop(&x.body.stream)
            request_wait_for_member(x)
            return True
        if x.attempt.body_sent < x.body.kept and not x.attempt.framed:
            n = stream_send(
                &u.c, request_kept(x) + x.attempt.body_sent,
                x.body.kept - x.attempt.body_sent)
            if n == FAILED:
                return request_send_failed(x)
            if n < 0:
                request_wait_for_member(x)
                return True
            x.attempt.body_sent += <unsigned int>n
            x.attempt.bytes_out += n
            continue
        if x.attempt.body_sent < x.body.kept:
            # Kept bytes that go out in pieces are framed in x.body.stream.
            if not request_frame_kept(x):
                return request_send_failed(x)
        if x.body.stream != NULL and buffer_held(x.body.stream):
            rc = stream_flush(&u.c, x.body.stream, &x.attempt.bytes_out)
            if rc == FAILED:
                return request_send_failed(x)
            if rc == AGAIN:
                request_wait_for_member(x)
                return True
        if x.attempt.body_sent < x.body.kept:
            continue        # more is kept than one chunk could take
        if x.body.done:
            buffer_drop(&x.body.stream)
            continue
        if unlikely(x.attempt.codec != NULL) and x.attempt.codec.credit == 0:
            continue        # that piece was the one it had asked for
        if not request_continue(x):
            return False
        if not d.c.readable and x.body.raw_at >= d.input.end:
            return request_wait_for_client(x)
        rc = request_receive(x)
        if rc == AGAIN:
            return request_wait_for_client(x)
        if rc < 0:
            return request_body_lost(x, rc)
    watch_queue(&u.c)
    return True


cdef bint question_pump(exchange *x) noexcept nogil:
    """... of a question, which is a head: the body stays where it is."""
    cdef int rc = 1
    if x.up.output != NULL:
        rc = stream_flush(&x.up.c, x.up.output, &x.attempt.bytes_out)
    if rc == AGAIN:
        request_wait_for_member(x)
        return True
    if rc != 1:
        return request_send_failed(x)
    buffer_drop(&x.up.output)
    request_complete(x)
    return True


cdef bint request_body_lost(exchange *x, int why) noexcept nogil:
    """What request_receive returned below AGAIN. Always returns False."""
    if why == FAILED:
        return exchange_abort(x)       # the client went away in the middle of its body
    return request_refuse_body(x, 400 if why == CLOSED else -why)


cdef bint request_is_at_end(downstream *d) noexcept nogil:
    """Has the client ended its side, with nothing unread before that end?"""
    cdef char one
    return recv(d.c.fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) == 0


cdef bint request_frame_kept(exchange *x) noexcept nogil:
    cdef unsigned int size = x.body.kept - x.attempt.body_sent
    cdef unsigned int part
    if x.body.stream == NULL:
        x.body.stream = buffer_take(BUFFER_MEDIUM)
        if x.body.stream == NULL:
            return False
    if buffer_held(x.body.stream):
        return True
    buffer_empty(x.body.stream)
    part = request_piece(x, x.body.stream)
    if part > size:
        part = size
    buffer_put(x.body.stream, request_kept(x) + x.attempt.body_sent, part)
    x.attempt.body_sent += part
    return request_frame(x, x.body.done and x.attempt.body_sent == x.body.kept)


cdef bint request_frame_end(exchange *x) noexcept nogil:
    """All has gone out, and the member wants to be told."""
    x.body.stream = buffer_take(BUFFER_SMALL)
    if x.body.stream == NULL:
        return False
    x.attempt.codec.of.frame(x, x.body.stream, True)
    return True


cdef bint request_end_empty(exchange *x) noexcept nogil:
    """A body without a byte that is still sent as chunks, for its trailers: they go
    behind the head. False: there is no memory."""
    cdef value last
    if not x.body.chunked_out or not x.body.done or x.body.kept or x.body.lost \
            or x.attempt.codec != NULL:
        return True
    last = last_chunk(x, False)
    if last.data == NULL:
        return False
    while buffer_room(x.up.output) < last.length:
        if not buffer_grow(&x.up.output):
            return False
    return buffer_put(x.up.output, last.data, last.length)


cdef void request_complete(exchange *x) noexcept nogil:
    """All of it has been handed over: the member's time to answer begins."""
    x.attempt.sent = True
    if unlikely(x.attempt.due_from_us and x.body.bytes_in):
        x.attempt.due_from_us = watch.now_us    # no member answers for a slow client
    request_wait_for_member(x)


cdef void request_wait_for_member(exchange *x) noexcept nogil:
    """It takes no more, or has all: its time runs, and not the client's."""
    timer_clear(&x.down.c.timer)
    timer_set(&x.up.c.timer, watch.now_us + exchange_timeout_us(x))


cdef bint request_wait_for_client(exchange *x) noexcept nogil:
    """Nothing to send until the client gives more. Always returns True."""
    buffer_drop(&x.body.stream)
    timer_set(&x.down.c.timer, read_time_of_body(x))
    timer_clear(&x.up.c.timer)
    return True


cdef bint request_drop_body(exchange *x) noexcept nogil:
    """Has the rest of a body that nobody wants come already? Then pass over it."""
    if x.body.framing.kind != BODY_CHUNKED or x.body.lost or x.body.chunked_out:
        return False
    return body_decode_kept(x) == 0 and x.body.done
