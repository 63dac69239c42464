"""The response's way to the client.

The member's bytes wait in up.input, where they were received; what was composed here
waits in down.output and goes first. While anything waits nothing more is read: that is
the whole of the backpressure.
"""
# uses: ground/text, io/buffer, ground/arena, io/timer, io/watch, io/stream,
#       http/fields, http/head, http/hops, http/framing, http/chunked, balance/ledger,
#       balance/elect, balance/budget, plan/plan, plan/facts, flow/kept,
#       flow/exchange, flow/engine, flow/follow, flow/states, flow/due, flow/member,
#       flow/log_rows, flow/service_log, flow/filtering, flow/attempt, flow/pipes,
#       flow/file_send, flow/settle, flow/ejected, flow/again, flow/trailers,
#       flow/rewrite_answer, flow/question, flow/request, flow/splice, flow/tunnel,
#       flow/coded

cdef enum:
    SPLICE_BYTES_MIN = 131072   # of a body still to come, for splice to pay
    WHOLE_RECORDS = 65536       # of TLS (RFC 8446 5.1), received at once


cdef bint response_pump(exchange *x) noexcept nogil:
    """Go on until a side has to be waited for. Returns False when it is over."""
    cdef int rc, _
    for _ in range(READS_PER_STEP):
        exchange_renew(x)
        rc = response_flush(x) if likely(x.attempt.codec == NULL) \
            or not coded_is_held(x) else 1
        if rc == AGAIN and unlikely(filters_pause(x)):
            if x.up != NULL and x.attempt.sent:
                timer_clear(&x.up.c.timer)
            return True
        if rc == AGAIN:
            timer_set(&x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
            if x.up != NULL and x.attempt.sent:
                timer_clear(&x.up.c.timer)      # it is the client that is slow
            return True
        if unlikely(rc == CLOSED and x.filters != NULL):
            return exchange_cut(x)
        if rc < 0:
            return exchange_abort(x)
        if x.res.done or x.state == X_LOCAL:
            if likely(x.facts.file == NULL or not x.facts.file.sends):
                return exchange_finish(x)
            rc = file_pump(x)
            if rc == FILE_GOES_ON:
                continue
            if rc == FILE_SENT:
                return exchange_finish(x)
            if rc == AGAIN:
                timer_set(
                    &x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
                return True
            if rc == FILE_IS_SHORT:
                say(x, &SAY_FILE_SHORT)
                return exchange_cut(x)
            return exchange_abort(x)
        if x.up == NULL:
            return True
        if not x.up.c.readable:
            if unlikely(x.filters != NULL) and filters_wait(x):
                continue
            response_wait(x)
            return True
        if not x.res.head_sent:
            if not response_read_head(x):
                return False
        elif not response_read_body(x):
            return False
    if x.up != NULL:
        watch_queue(&x.up.c)
    else:
        watch_queue(&x.down.c)
    return True


cdef void response_wait(exchange *x) noexcept nogil:
    """The member's turn."""
    cdef int one = 1
    if unlikely(x.pipe.corked):
        # Setting what is set already sends what SPLICE_F_MORE has kept waiting for a
        # full segment: up to 200 ms, where the member pauses.
        x.pipe.corked = False
        setsockopt(x.down.c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))
    if x.attempt.sent or x.res.head_sent:
        timer_set(&x.up.c.timer, watch.now_us + exchange_timeout_us(x))
        if x.body.done and x.down.c.timer.deadline_us:
            timer_clear(&x.down.c.timer)


cdef int response_flush(exchange *x) noexcept nogil:
    """Send what waits: 1 nothing is left, AGAIN, FAILED."""
    cdef downstream *d = x.down
    cdef upstream *u = x.up
    cdef ssize_t n
    cdef unsigned int held
    if unlikely(x.filters != NULL):
        return filters_flush(x)
    if d.output != NULL:
        if u != NULL and u.input != NULL and x.res.head_sent \
                and buffer_held(u.input):
            held = buffer_held(d.output)
            n = stream_send2(
                &d.c, &d.output.data[d.output.start], held,
                &u.input.data[u.input.start], buffer_held(u.input))
            if n < 0:
                return <int>n
            x.record.bytes_out += n
            if <unsigned int>n < held:
                d.output.start += <unsigned int>n
                return AGAIN
            u.input.start += <unsigned int>n - held
        else:
            n = stream_flush(&d.c, d.output, &x.record.bytes_out)
            if n != 1:
                return <int>n
        buffer_drop(&d.output)
        if x.record.first_byte_us == 0:
            x.record.first_byte_us = watch.now_us
    if u != NULL and u.input != NULL and x.res.head_sent and buffer_held(u.input):
        n = stream_flush(&d.c, u.input, &x.record.bytes_out)
        if n != 1:
            # The member has no part in a slow client's last bytes.
            if n == AGAIN and x.res.done:
                d.output = u.input
                u.input = NULL
                exchange_detach(x, response_reusable(x))
            return <int>n
    if x.pipe.held:
        return splice_out(x)
    if x.res.done and u != NULL:
        exchange_detach(x, response_reusable(x))
    return 1


cdef bint response_read_head(exchange *x) noexcept nogil:
    """Receive and handle a head. Returns False when the exchange is over."""
    cdef upstream *u = x.up
    cdef ssize_t n
    cdef int head_bytes
    cdef head_limits limits
    if unlikely(x.question.told):
        return question_drain(x)
    if u.input == NULL:
        # Where the last body was large the next is likely to be: less of it is copied
        # with the head, more is spliced.
        u.input = buffer_take(
            BUFFER_SMALL if pool_of(x.member).sends_large and splice_is_possible(x)
            else BUFFER_MEDIUM)
        if u.input == NULL:
            return exchange_abort(x)
    if buffer_room(u.input) == 0 and not buffer_grow(&u.input):
        return response_broken(x)
    n = stream_recv(&u.c, &u.input.data[u.input.end], buffer_room(u.input))
    if n == AGAIN:
        if buffer_held(u.input) == 0:
            buffer_drop(&u.input)
        return True
    if n < 0:
        return response_lost(x, <int>n)
    u.input.end += <unsigned int>n
    x.attempt.bytes_in += n
    limits.line_bytes = x.member.field_bytes
    limits.field_bytes = x.member.field_bytes \
        if likely(x.attempt.codec == NULL) else HEAD_BYTES_MAX
    limits.field_count = FIELD_COUNT_MAX
    limits.strict = True
    limits.allow_http09 = False
    limits.compat_apache = plan.compat_apache
    limits.ignore_bad_fields = (
        x.facts.vhost.said.proxy_bad_header != BAD_HEADER_IS_ERROR
        and x.question.of == NULL)
    while True:
        buffer_renew(&u.input)
        if unlikely(x.attempt.codec != NULL):
            head_bytes = x.attempt.codec.of.read_head(x)
            if head_bytes < 0:
                return coded_no_head(x, head_bytes)
        # One stray empty line is forgiven.
        if u.scanned == 0 and buffer_held(u.input) >= 2 and \
                u.input.data[u.input.start] == c'\r' and \
                u.input.data[u.input.start + 1] == c'\n' and x.res.interim_count == 0:
            u.input.start += 2
        if likely(x.attempt.codec == NULL):
            head_bytes = head_find_end(
                &u.input.data[u.input.start], buffer_held(u.input), &u.scanned)
        if head_bytes == AGAIN:
            if buffer_held(u.input) > HEAD_BYTES_MAX:
                return response_broken(x)
            return True
        u.scanned = 0
        if head_parse_response(
                &response_head, &u.input.data[u.input.start],
                <unsigned int>head_bytes, &limits) < 0:
            return response_broken(x)
        if likely(x.attempt.codec == NULL):
            x.attempt.bytes_in -= <unsigned int>head_bytes - (
                response_head.fields_at - 2)
        if response_head.status >= 200:
            return response_begin(x, <unsigned int>head_bytes)
        if response_head.status == 101:
            return tunnel_begin(x, &response_head, <unsigned int>head_bytes)
        if not response_interim(x):
            return False
        u.input.start += <unsigned int>head_bytes
        if buffer_held(u.input) == 0:
            buffer_empty(u.input)
            # What was held back for the 100 can go now.
            if not x.attempt.sent and not x.attempt.await_continue:
                return request_pump(x)
            return True


cdef bint response_interim(exchange *x) noexcept nogil:
    """A 1xx answer: passed on, or swallowed. Returns False when it is over."""
    cdef int status = response_head.status
    cdef bint relay = x.facts.req.minor == 1 and x.question.of == NULL
    x.res.interim_count += 1
    if x.res.interim_count > INTERIM_RESPONSES_MAX:
        say_error(x, &SAY_RESPONSE, 0)
        return due_lost(
            x, 502, b"Too many (10) interim responses", False)
    if status == 100:
        x.attempt.await_continue = False
        relay = x.body.expect_continue and not x.body.continue_sent \
            and not x.attempt.ping_sent and x.question.of == NULL
        if relay:
            x.body.continue_sent = True
    if x.facts.env[ENV_PROXY_INTERIM].data != NULL and (
            x.facts.env[ENV_PROXY_INTERIM].data[0] | 32) == c's':
        relay = False
    if relay and rewrite_interim(
            x, &response_head, &x.up.input.data[x.up.input.start]) < 0:
        return due_lost(x, 502, NULL, False)
    return True


cdef bint response_lost(exchange *x, int why) noexcept nogil:
    """The member closed before a head was complete. Always returns False."""
    if unlikely(x.attempt.codec != NULL):
        return coded_lost(x, why)
    if x.up.input == NULL or buffer_held(x.up.input) == 0:
        if stale_retry(x, why):
            return False
    elif response_is_http09(x) or memchr(
            &x.up.input.data[x.up.input.start], c'\n',
            buffer_held(x.up.input)) != NULL:
        return response_broken(x)       # a status line came, but not its fields
    say_error(x, &SAY_STATUS_LINE, stream_errno if why == FAILED else 0)
    return due_lost(x, 502, b"Error reading from remote server", False)


cdef bint response_is_http09(exchange *x) noexcept nogil:
    """Are bytes that are no status line a body by themselves? Only where asked for."""
    cdef buffer *b = x.up.input
    cdef const char *p
    cdef int i
    if x.res.interim_count or b == NULL or buffer_held(b) == 0 \
            or x.question.of != NULL:
        return False
    if not (plan.compat_apache
            or x.facts.vhost.said.proxy_bad_header == BAD_HEADER_START_BODY
            or x.facts.env[ENV_PROXY_ALLOW_HTTP09].data != NULL):
        return False
    p = &b.data[b.start]
    if buffer_held(b) < 13 or memcmp(p, b"HTTP/1.", 7) != 0:
        return True
    for i in range(9, 12):
        if not c'0' <= p[i] <= c'9':
            return True
    return False


cdef bint response_http09(exchange *x) noexcept nogil:
    """Relay a bare body with 200 until the member closes."""
    cdef int rc
    head_clear(&response_head)
    response_head.status = 200
    response_head.reason = span(13, 2)
    x.res.framing.kind = BODY_UNTIL_CLOSE
    x.res.reusable = False
    x.status = 200
    rc = rewrite_response(x, &response_head, b"HTTP/1.0 200 OK\r\n")
    if unlikely(rc == -502):
        filters_give(x)
        return due_lost(x, 502, NULL, False)
    if unlikely(rc < 0):
        return exchange_withhold(x, -rc)
    x.res.head_sent = True
    if not response_take(x):
        return False
    if unlikely(x.filters != NULL):
        response_filtered(x)
    return True


cdef bint response_broken(exchange *x) noexcept nogil:
    """What it sent is no HTTP/1.x head. Always returns False."""
    if unlikely(x.attempt.codec != NULL):
        return coded_broken(x)
    if unlikely(response_is_http09(x)):
        return response_http09(x)
    say(x, &SAY_CORRUPT)
    if response_head.why == WHY_VERSION or response_head.why == WHY_REQUEST_LINE:
        # httpd quotes the line. What a member sent too late behind another request's
        # answer would be shown to this one's client; the log has it.
        return due_lost(
            x, 502, b"Corrupt status line returned by remote server", False)
    return due_lost(x, 502, NULL, False)


cdef void response_judge(exchange *x, int status) noexcept nogil:
    """failonstatus= (AH01174): the answer is passed on, the member goes into E."""
    cdef int i, out
    if x.choice.balancer == NULL:
        return
    if unlikely(x.choice.balancer.ejects):
        member_weighed(x, response_head.status)
    for i in range(x.choice.balancer.fail_status_count):
        if x.choice.balancer.fail_statuses[i] == status:
            out = member_failed(engine.view, x.member.slot, watch.now_us, False)
            if out:
                say_more(x, &SAY_FAIL_ON_STATUS, 0, NULL, status)
            if out == WENT_OUT:
                say_member_out(
                    x, &SAY_MEMBER_OUT_STATUS, CAUSE_STATUS, NULL, status)
            return


cdef bint response_moves(exchange *x, unsigned int head_bytes) noexcept nogil:
    """retryonstatus=: another member is asked in place of who has answered so. False:
    nobody may be, and the answer is passed on."""
    cdef const balancer_plan *b = x.choice.balancer
    cdef unsigned int behind = buffer_held(x.up.input) - head_bytes
    cdef bint is_whole
    cdef int rule, i
    for i in range(b.retry_status_count):
        if b.retry_statuses[i] == x.record.member_status:
            break
    else:
        return False
    # Of an interim answer the client may have seen something.
    if x.res.interim_count or not x.body.done or x.question.of != NULL \
            or not request_may_move(x):
        return False
    rule = request_rule(x)
    if rule < AGAIN_IDEMPOTENT or not may_retry(
            engine.view, b, x.member.slot, x.choice.attempts, False, True,
            x.choice.election.by_route):
        return False
    if not again_elect(x, rule, x.record.member_status):
        return False
    is_whole = x.attempt.codec == NULL and (
        (x.res.framing.kind == BODY_NONE and behind == 0)
        or (x.res.framing.kind == BODY_LENGTH
            and x.res.framing.length == <long long>behind))
    exchange_detach(x, is_whole and response_reusable(x))
    exchange_enter(x, X_DECIDE)
    due_ask(x)
    return True


cdef bint response_begin(exchange *x, unsigned int head_bytes) noexcept nogil:
    """The final head: decide, compose, and take what came of the body with it."""
    cdef upstream *u = x.up
    cdef char *data = &u.input.data[u.input.start]
    cdef hop_facts hop
    cdef field *f
    cdef unsigned int held, payload = 0, consumed = 0
    cdef int rc
    global foreseen_length
    if framing_of_response(
            &response_head, data, x.facts.req.method_id
            if likely(x.question.of == NULL) else METHOD_GET, &x.res.framing) < 0 \
            or head_drop_hop_by_hop(&response_head, data, &hop) < 0:
        return response_broken(x)
    if unlikely(page_asked(&x.facts) != NULL) and x.attempt.codec.missing >= 0 \
            and x.res.framing.kind == BODY_UNTIL_CLOSE:
        # The controller is nobody's program: the length that it tells is right.
        x.res.framing.kind = BODY_LENGTH
        x.res.framing.length = x.attempt.codec.missing
    attempt_answered(x)
    if unlikely(x.followed):
        follow_note(
            x, FOLLOW_ANSWERED, follow_slot(x.member), response_head.status,
            x.question.of != NULL, value(NULL, 0))
    if unlikely(x.question.of != NULL) and not question_is_relayed(
            x, &response_head, data):
        response_judge(x, response_head.status)
        return question_answered(x, &response_head, &hop, head_bytes)
    if unlikely(response_head.seen >> FIELD_KEEP_ALIVE & 1):
        f = head_field(&response_head, FIELD_KEEP_ALIVE)
        kept_hear(&pool_of(x.member).kept, data + f.value, f.value_length)
    x.record.member_status = response_head.status
    x.status = x.local.error_status if x.local.overridden else x.record.member_status
    if x.attempt.await_continue:
        # An answer instead of the 100: the body is neither sent nor asked for.
        x.attempt.await_continue = False
        x.attempt.sent = True
        x.attempt.is_deaf = True
    if not x.body.done:
        # It answers before it has the request; the rest of that may never come.
        x.keepalive = False
    response_judge(x, x.status)
    x.res.reusable = (
        not x.member.said.disable_reuse and not hop.close
        and not x.res.framing.close_after
        and (response_head.minor == 1 or hop.keep_alive)
        and x.res.framing.kind != BODY_UNTIL_CLOSE
        # A document that a HEAD's error asked for by GET: its body is not waited for.
        and not (x.local.internal and x.head_request)
        and x.facts.env[ENV_PROXY_NOKEEPALIVE].data == NULL
        and x.facts.env[ENV_FORCE_PROXY_10].data == NULL)
    if unlikely(x.attempt.codec != NULL) and x.attempt.codec.of.decode != NULL:
        x.res.reusable = (
            not x.member.said.disable_reuse
            and not (x.local.internal and x.head_request)
            and x.facts.env[ENV_PROXY_NOKEEPALIVE].data == NULL)
    if unlikely(x.choice.balancer != NULL and x.choice.balancer.retry_status_count) \
            and response_moves(x, head_bytes):
        return False
    if unlikely(not x.local.internal and error_is_overridden(&x.facts, x.status)):
        return response_override(x, data)
    if unlikely(x.attempt.codec != NULL) and x.attempt.codec.of.decode != NULL:
        return coded_begin(x, head_bytes)
    x.res.remaining = x.res.framing.length
    pool_of(x.member).sends_large = (
        x.res.framing.kind == BODY_LENGTH and x.res.remaining > SPLICE_BYTES_MIN)
    if x.res.framing.kind == BODY_CHUNKED:
        # What came with the head is decoded first: a coding that is broken from its
        # beginning is still answered with 502, and an empty body has a length.
        chunk_begin(&x.res.chunks)
        held = buffer_held(u.input) - head_bytes
        if chunk_decode(&x.res.chunks, data + head_bytes, held, &payload,
                        &consumed) < 0:
            return response_broken(x)
        trailers_forget_answer(x)
        if unlikely(x.res.chunks.trailer_part) and trailers_keep(
                x, &x.res.chunks, data + head_bytes + consumed, True) < 0:
            return response_broken(x)
        x.attempt.bytes_in -= consumed - payload
        if x.res.chunks.done and payload == 0 and likely(not (
                x.facts.req.minor == 1 and not is_downgraded(x)
                and answer_trailers_pass(x))):
            x.res.framing.kind = BODY_LENGTH
            x.res.framing.length = 0
            x.res.remaining = 0
            x.res.reusable = x.res.reusable and consumed == held
            u.input.end = u.input.start + head_bytes
    foreseen_length = -1
    if unlikely(x.facts.vhost.any_filter):
        foreseen_length = response_length(x, payload)
    rc = rewrite_response(x, &response_head, data)
    if unlikely(rc == -502):
        filters_give(x)
        return response_broken(x)
    if unlikely(rc < 0):
        return exchange_withhold(x, -rc)
    x.res.head_sent = True
    u.input.start += head_bytes
    held = buffer_held(u.input)
    if x.res.framing.kind == BODY_NONE or (
            x.res.framing.kind == BODY_LENGTH and x.res.remaining == 0):
        x.res.done = True
    if x.res.framing.kind == BODY_CHUNKED:
        if not response_decoded(x, payload, consumed):
            return exchange_cut(x)
    elif held and not response_take(x):
        return False
    if x.res.done:
        response_source_done(x)
    if unlikely(x.filters != NULL):
        response_filtered(x)
        return True
    # A small body goes with the head in one segment, by one plain send.
    held = buffer_held(u.input)
    if held and held <= BODY_WITH_HEAD_MAX and buffer_put(
            x.down.output, &u.input.data[u.input.start], held):
        u.input.start = u.input.end
    if x.res.done and buffer_held(u.input) == 0:
        # Nothing of the member's is needed any more.
        exchange_detach(x, response_reusable(x))
    return True


cdef long long response_length(
        exchange *x, unsigned int payload) noexcept nogil:
    """Of a body that is chunked and all here; -1: it is not."""
    if x.res.framing.kind == BODY_CHUNKED and x.res.chunks.done:
        return payload
    return -1


cdef void response_filtered(exchange *x) noexcept nogil:
    """Payload that came is the chain's; the member is not needed behind its last."""
    filters_take(x, &x.up.input)
    if x.res.done:
        exchange_detach(x, response_reusable(x))


cdef bint response_override(exchange *x, const char *data) noexcept nogil:
    """Our own page instead of the member's, with its status and its reason; its body is
    dropped with its connection, unless it has none. Always returns False."""
    cdef int status = x.status
    cdef field *f = head_field(&response_head, FIELD_WWW_AUTHENTICATE)
    x.local.reason = arena_copy(
        &x.facts.arena, data + response_head.reason.offset, response_head.reason.length)
    if f != NULL and status == 401:
        x.local.challenge = arena_copy(&x.facts.arena, data + f.value, f.value_length)
    exchange_detach(x, x.res.framing.kind == BODY_NONE and response_reusable(x)
                    and x.attempt.codec == NULL)
    memset(&x.res, 0, sizeof(response_side))
    x.local.overridden = True
    return due_error(x, status, NULL)


cdef bint response_take(exchange *x) noexcept nogil:
    """Body bytes were received into up.input: take off the framing, put on ours."""
    cdef upstream *u = x.up
    cdef buffer *b = u.input
    cdef unsigned int held = buffer_held(b)
    cdef unsigned int payload = 0, consumed = 0
    if x.res.framing.kind == BODY_LENGTH:
        if <long long>held > x.res.remaining:
            # More than was announced: never passed on, and the connection ends.
            b.end = b.start + <unsigned int>x.res.remaining
            held = <unsigned int>x.res.remaining
            x.res.reusable = False
        x.res.remaining -= held
        x.record.body_bytes_out += held
        if x.res.remaining == 0:
            x.res.done = True
        return True
    if x.res.framing.kind == BODY_NONE:
        x.res.reusable = False
        b.end = b.start
        return True
    if x.res.framing.kind == BODY_CHUNKED:
        if chunk_decode(
                &x.res.chunks, &b.data[b.start], held, &payload, &consumed) < 0:
            say_error(x, &SAY_RESPONSE, 0)
            return exchange_cut(x)
        x.attempt.bytes_in -= consumed - payload
        if unlikely(x.res.chunks.trailer_part) and trailers_keep(
                x, &x.res.chunks, &b.data[b.start + consumed], True) < 0:
            say_error(x, &SAY_RESPONSE, 0)
            return exchange_cut(x)
        if not response_decoded(x, payload, consumed):
            return exchange_cut(x)
        return True
    x.record.body_bytes_out += held
    if unlikely(x.attempt.codec != NULL):
        x.attempt.codec.missing -= held
    if x.res.chunked_out and likely(x.filters == NULL):
        body_frame(x.up.input, x.res.done)
    return True


cdef bint response_decoded(
        exchange *x, unsigned int payload, unsigned int consumed) noexcept nogil:
    """up.input held chunked bytes; its first `payload` bytes are what they meant.
    False: there is no room for what ends them."""
    cdef buffer *b = x.up.input
    if x.res.chunks.done:
        x.res.done = True
        if consumed < buffer_held(b):
            x.res.reusable = False      # bytes behind the end are never passed on
    b.end = b.start + payload
    x.record.body_bytes_out += payload
    if x.res.chunked_out and likely(x.filters == NULL):
        return body_frame_of(x, &x.up.input, x.res.done, True)
    return True


cdef bint response_read_body(exchange *x) noexcept nogil:
    """Receive more of the body. Returns False when the exchange is over."""
    cdef upstream *u = x.up
    cdef ssize_t n
    cdef size_t room
    cdef int size_class = BUFFER_MEDIUM
    if x.res.framing.kind == BODY_LENGTH and x.res.remaining >= SPLICE_BYTES_MIN \
            and not x.pipe.failed and x.filters == NULL and splice_is_possible(x):
        return splice_in(x)
    if x.pipe.read >= 0:
        splice_give(x)
    if u.input == NULL:
        if x.res.framing.kind != BODY_LENGTH and x.record.body_bytes_out > 262144:
            size_class = BUFFER_LARGE
        u.input = buffer_take(size_class)
        if u.input == NULL:
            return exchange_abort(x)
    buffer_empty(u.input)
    # Not bounded by what is to come: a short read tells that the socket is empty.
    room = buffer_room(u.input)
    if x.down.c.tls != NULL and room > WHOLE_RECORDS:
        room = WHOLE_RECORDS
    n = stream_recv(&u.c, &u.input.data[u.input.end], room)
    if n == AGAIN:
        buffer_drop(&u.input)
        return True
    if n == CLOSED and x.res.framing.kind == BODY_UNTIL_CLOSE and (
            likely(x.attempt.codec == NULL) or x.attempt.codec.missing <= 0):
        x.res.done = True
        response_source_done(x)
        if unlikely(x.filters != NULL):
            response_filtered(x)
        elif x.res.chunked_out:
            body_frame(x.up.input, x.res.done)
        return True
    if n < 0:
        if x.res.framing.kind == BODY_CODED and coded_is_enough(x):
            return True
        # AH01110: the client must not take it for whole.
        say_error(x, &SAY_RESPONSE, stream_errno if n == FAILED else 0)
        return exchange_cut(x)
    u.input.end += <unsigned int>n
    x.attempt.bytes_in += n
    if unlikely(x.res.framing.kind == BODY_CODED):
        return coded_take(x)
    if not response_take(x):
        return False
    if x.res.done:
        response_source_done(x)
    if unlikely(x.filters != NULL):
        response_filtered(x)
    return True
