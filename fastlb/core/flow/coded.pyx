"""Answers of members that do not speak HTTP/1.x (struct member_codec), on their way to
the client: the counterpart of response.pyx where codecs differ from it.

What comes in packets comes in pieces that are smaller than what is worth a send of its
own: they wait for each other until the member says that they are to be seen (a flush),
enough has come, or that is all (flushpackets=).
"""
# uses: io/buffer, io/watch, http/framing, plan/plan, flow/exchange, flow/states,
#       flow/due, flow/member, flow/log_rows, flow/service_log, flow/filtering,
#       flow/settle, flow/trailers, flow/rewrite, flow/rewrite_answer, flow/request

cdef enum:
    HELD_BYTES_MAX = 4096       # of an answer that may wait for more of it


cdef bint coded_is_held(exchange *x) noexcept nogil:
    """May what was composed for the client wait?"""
    cdef buffer *b = x.down.output
    return (
        x.filters == NULL and x.res.head_sent and not x.res.done
        and x.up != NULL and b != NULL
        and not x.attempt.codec.flush and x.member.said.flush_packets != FLUSH_ON
        and buffer_held(b) < HELD_BYTES_MAX
        and (x.up.input == NULL or buffer_held(x.up.input) == 0)
        and (x.up.c.readable or x.member.said.flush_packets == FLUSH_OFF)
        and not coded_is_complete(x))


cdef bint coded_is_complete(exchange *x) noexcept nogil:
    """Has the client all that it was promised, even if the member does not end?"""
    return x.attempt.codec.promised == 0 or x.attempt.codec.bodiless


cdef bint coded_is_enough(exchange *x) noexcept nogil:
    """The member has gone, or is silent: is the answer whole all the same?"""
    if not coded_is_complete(x):
        return False
    x.res.done = True
    x.res.reusable = False
    response_source_done(x)
    if unlikely(x.filters != NULL):
        # What they keep is a part of the answer, and so is its end.
        filters_take(x, &x.up.input)
        exchange_detach(x, False)
    return True


cdef bint coded_begin(exchange *x, unsigned int head_bytes) noexcept nogil:
    """As the end of response_begin: compose the head, and take what came with it."""
    cdef upstream *u = x.up
    cdef codec_state *c = x.attempt.codec
    cdef char *data = &u.input.data[u.input.start]
    cdef unsigned int held = buffer_held(u.input) - head_bytes
    cdef unsigned int payload = 0, consumed = 0
    cdef int rc
    global foreseen_length
    c.bodiless = x.res.framing.kind == BODY_NONE
    c.promised = x.res.framing.length if x.res.framing.kind == BODY_LENGTH else -1
    pool_of(x.member).sends_large = False
    # A body that is broken from its beginning is still answered with 502.
    if c.of.decode(x, data + head_bytes, held, &payload, &consumed) < 0 \
            or (c.ended and <long long>payload < c.promised):
        return coded_broken(x)
    x.attempt.bytes_in -= consumed - payload
    if c.ended and x.res.framing.kind == BODY_UNTIL_CLOSE and (
            payload == 0 or x.member.protocol == PROTOCOL_FCGI):
        # All of it is here: it needs no chunks. (AJP: as httpd.)
        x.res.framing.kind = BODY_LENGTH
        x.res.framing.length = payload
    foreseen_length = payload if c.ended else -1
    rc = rewrite_response(x, &response_head, data)
    if unlikely(rc == -502):
        filters_give(x)
        return coded_broken(x)
    if unlikely(rc < 0):
        return exchange_withhold(x, -rc)
    x.res.framing.kind = BODY_CODED
    x.res.head_sent = True
    u.input.start += head_bytes
    if not coded_decoded(x, payload, consumed):
        return False
    return coded_with_head(x) and coded_answer(x)


cdef bint coded_take(exchange *x) noexcept nogil:
    """As response_take."""
    cdef buffer *b = x.up.input
    cdef unsigned int payload = 0, consumed = 0
    if x.attempt.codec.of.decode(
            x, &b.data[b.start], buffer_held(b), &payload, &consumed) < 0:
        say_error(x, &SAY_RESPONSE, 0)
        return exchange_cut(x)
    x.attempt.bytes_in -= consumed - payload
    if not coded_decoded(x, payload, consumed):
        return False
    return coded_with_head(x) and coded_answer(x)


cdef bint coded_decoded(
        exchange *x, unsigned int payload, unsigned int consumed) noexcept nogil:
    """up.input holds what was decoded. False: the answer ended too early."""
    cdef buffer *b = x.up.input
    cdef codec_state *c = x.attempt.codec
    if consumed < buffer_held(b):
        x.res.reusable = False      # bytes behind the end are never passed on
    if c.bodiless:
        payload = 0
    elif c.promised >= 0:
        if <long long>payload > c.promised:
            # More than was announced: never passed on, and the connection ends.
            payload = <unsigned int>c.promised
            x.res.reusable = False
        c.promised -= payload
    b.end = b.start + payload
    x.record.body_bytes_out += payload
    if c.ended:
        if c.promised > 0 and not c.bodiless:
            say_error(x, &SAY_RESPONSE, 0)
            return exchange_cut(x)
        x.res.done = True
        response_source_done(x)
    if x.res.chunked_out and likely(x.filters == NULL):
        body_frame(b, x.res.done)
    return True


cdef bint coded_with_head(exchange *x) noexcept nogil:
    """What is small goes behind what waits for the client already. Always True."""
    cdef buffer *b = x.up.input
    cdef unsigned int held = buffer_held(b)
    if unlikely(x.filters != NULL):
        filters_take(x, &x.up.input)
        if x.res.done:
            exchange_detach(x, response_reusable(x))
        return True
    if x.down.output == NULL and 0 < held < HELD_BYTES_MAX and not x.res.done \
            and not x.attempt.codec.flush \
            and x.member.said.flush_packets == FLUSH_OFF:
        x.down.output = buffer_take(BUFFER_SMALL)   # where it waits
    if held and held <= BODY_WITH_HEAD_MAX and x.down.output != NULL \
            and buffer_put(x.down.output, &b.data[b.start], held):
        b.start = b.end
    if buffer_held(b) == 0:
        buffer_drop(&x.up.input)
        if x.res.done:
            exchange_detach(x, response_reusable(x))
    return True


cdef bint coded_answer(exchange *x) noexcept nogil:
    """The member may have asked for more of the request."""
    if x.up == NULL or not x.attempt.codec.asked:
        return True
    x.attempt.codec.asked = False
    x.attempt.sent = False
    return request_pump(x)


# --- no head ----------------------------------------------------------------------

cdef bint coded_no_head(exchange *x, int why) noexcept nogil:
    """What came is no head yet, or none at all. Returns False when it is over."""
    cdef codec_state *c = x.attempt.codec
    cdef buffer *b = x.up.input
    cdef int rc
    if why != AGAIN or buffer_held(b) > HEAD_BYTES_MAX:
        return coded_broken(x)
    if buffer_held(b) == 0:
        buffer_empty(b)
    if c.greeted:
        c.greeted = False
        x.attempt.await_continue = False
        x.attempt.bytes_out = 0     # nothing of the request
        x.attempt.sent = False
        rc = rewrite_request(x)
        if rc < 0:
            exchange_detach(x, False)
            return due_error(x, -rc, NULL)
        return request_pump(x)
    return coded_answer(x)


cdef bint coded_lost(exchange *x, int why) noexcept nogil:
    """The member closed before its head was whole. Always returns False."""
    if x.attempt.await_continue:
        return coded_ping_lost(x)
    if stale_retry(x, why):
        return False
    say_error(x, &SAY_CODED_LOST, stream_errno if why == FAILED else 0)
    x.attempt.lost_why = b"it has closed the connection instead of an answer"
    return due_lost(x, coded_status(x), NULL, True)


cdef bint coded_broken(exchange *x) noexcept nogil:
    """Always returns False."""
    if x.attempt.await_continue:
        return coded_ping_lost(x)
    say(x, &SAY_CODED_BAD)
    x.attempt.lost_why = b"what it sent is no answer by its protocol"
    return due_lost(x, 502, NULL, True)


cdef int coded_status(exchange *x) noexcept nogil:
    """What a request is answered with whose member was lost, as httpd: 503 where
    another one may be asked."""
    return 503 if request_may_move(x) else 500


cdef bint coded_ping_lost(exchange *x) noexcept nogil:
    """It has not answered the ping: the connection may have been stale. Once more on a
    new one; then it is another member's turn. Always returns False."""
    say(x, &SAY_CODED_PING)
    if x.attempt.fresh:
        x.attempt.lost_why = b"no answer to a ping"
        return due_lost(x, 503, NULL, True)
    exchange_disconnect(x, False)
    exchange_enter(x, X_DECIDE)
    due_connect(x)
    return False
