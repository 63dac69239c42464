"""AuthRequest: a member is asked whether the request may pass, before its own is.

The question is a try like any other (attempt.pxd): elected, connected, sent, timed out
and tried again as a request is, over the connections of its member. Of the answer its
head is read; what follows is read away, so that the connection serves again, or is the
client's where the answer is a refusal that goes out as it came.

  DECIDE -> question_begin -> SEND -> question_answered -> DECIDE, with a verdict
                                   -> question_is_relayed: the client's answer
                                   -> question_lost: 503, 502
"""
# uses: ground/chartable, ground/text, io/buffer, io/writer, ground/arena, io/timer,
#       io/stream, http/fields, http/exit, http/hops, http/framing, http/chunked,
#       plan/verdicts, plan/plan, plan/facts, flow/exchange, flow/due, flow/log_rows,
#       flow/service_log, flow/attempt, flow/settle


cdef void question_begin(exchange *x, plan_question *of) noexcept nogil:
    """Whom an election finds now is asked the question."""
    ASSERT(x.tried_count == 0)
    ASSERT(x.up == NULL)
    x.question.of = of
    x.question.told = False
    x.question.dropped = 0
    x.facts.mapping = &of.mapping
    x.facts.target = value(of.path.data, of.path.length)


cdef void question_forget(exchange *x) noexcept nogil:
    """Nothing of the question is left for the request itself but what it brought."""
    x.question.of = NULL
    x.question.told = False
    x.facts.mapping = NULL
    memset(&x.choice, 0, sizeof(member_choice))
    timer_clear(&x.down.c.timer)


cdef void question_lost(exchange *x) noexcept nogil:
    """An error takes the place of its answer."""
    say(x, &SAY_UNANSWERED)
    question_forget(x)


cdef bint question_over(exchange *x, bint reuse) noexcept nogil:
    """What it brought is known: decide anew. Always returns False."""
    exchange_detach(x, reuse and x.attempt.sent and not x.attempt.is_deaf)
    # Who was asked is not busy for as long as the request may take.
    tried_settle(x)
    question_forget(x)
    memset(&x.attempt, 0, sizeof(attempt))
    memset(&x.res, 0, sizeof(response_side))
    x.member = NULL
    return due_route(x)


cdef int sign_in_of(request_facts *r) noexcept nogil:
    """AuthRequestSignIn: an expression, or SIGN_IN_*."""
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].sign_in != SIGN_IN_UNSAID:
            return r.confs[i].sign_in
    return SIGN_IN_UNSAID


cdef bint question_is_refused(int status) noexcept nogil:
    """... in a way that a client can do something about."""
    return status == 401 or status == 403 or (300 <= status < 400 and status != 304)


cdef bint question_is_of_the_path(const request_facts *r) noexcept nogil:
    """... or of the path as a member may read it otherwise?"""
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].question == r.question:
            return True
    return False


cdef bint question_is_relayed(exchange *x, head *res, const char *data) noexcept nogil:
    """A refusal that goes to the client as it came? Else what it says is noted."""
    cdef request_facts *r = &x.facts
    cdef int status = res.status
    cdef int verdict = VERDICT_FAULT
    cdef value before = r.granted
    r.granted_status = status
    r.granted = value(NULL, 0)
    if 200 <= status < 300:
        if question_note(x, res, data, True):
            verdict = VERDICT_GRANTED
        if not question_is_of_the_path(r):
            r.granted = before      # of who was asked about the path itself
    elif question_is_refused(status):
        # To a HEAD there is no body, and a proxy's 401 is 407.
        if not (x.head_request or r.req.method_id == METHOD_CONNECT
                or error_document_for(r, status, NULL) != NULL
                or error_is_overridden(r, status)
                or (status == 401 and sign_in_of(r) >= 0)):
            say(x, &SAY_ELSEWHERE)
            return True
        if question_note(x, res, data, False):
            verdict = VERDICT_DENIED
    request_learn_verdict(r, verdict, b"", 0)
    return False


cdef bint question_note(
        exchange *x, head *res, const char *data, bint granted) noexcept nogil:
    """Keep the fields that members get, or that the client gets with a refusal. False:
    there are too many, or there is no memory for them."""
    cdef request_facts *r = &x.facts
    cdef unsigned int length = 0
    cdef bint cookies = not granted or conf_flag(r, CONF_AUTH_COOKIES, False)
    cdef field *f
    cdef writer w
    cdef int i
    arena_write(&r.arena, &w)
    for i in range(res.field_count):
        f = &res.fields[i]
        if f.dropped:
            continue
        length += f.name_length + f.value_length + 2
        if f.id == FIELD_SET_COOKIE and cookies:
            cookie_keep(x, data + f.value, f.value_length)
        elif f.id == FIELD_WWW_AUTHENTICATE and not granted:
            challenge_keep(x, data + f.value, f.value_length)
        elif question_names(r, data + f.name, f.name_length) if granted \
                else not is_of_a_body(data + f.name, f.name_length, f.id):
            put(&w, data + f.name, f.name_length)
            put_byte(&w, 0)
            put_value(&w, data + f.value, f.value_length)
            put_byte(&w, 0)
        else:
            length -= f.name_length + f.value_length + 2
    r.granted = arena_written(&r.arena, &w)
    return length <= GRANTED_BYTES_MAX and not r.arena.starved


cdef bint question_names(
        request_facts *r, const char *name, unsigned int length) noexcept nogil:
    """AuthRequestHeader."""
    cdef int i, j
    cdef text *one
    for i in range(r.conf_count):
        for j in range(r.confs[i].granted_count):
            one = &r.confs[i].granted[j]
            if one.length == length and bytes_equal_nocase(one.data, name, length):
                return True
    return False


cdef bint is_of_a_body(
        const char *name, unsigned int length, unsigned char id) noexcept nogil:
    """Of a body that another one takes the place of, or of who sends it."""
    return (id == FIELD_CONTENT_LENGTH or id == FIELD_CONTENT_TYPE
            or id == FIELD_DATE or id == FIELD_SERVER or id == FIELD_LAST_MODIFIED
            or id == FIELD_PROXY_AUTHENTICATE
            or (length >= 8 and bytes_equal_nocase(name, b"content-", 8))
            or (length == 4 and bytes_equal_nocase(name, b"etag", 4))
            or (length == 13 and bytes_equal_nocase(name, b"accept-ranges", 13)))


cdef void cookie_keep(
        exchange *x, const char *line, unsigned int length) noexcept nogil:
    cdef made_cookie **last = &x.question.cookies
    cdef made_cookie *made = <made_cookie *>arena_take_struct(
        &x.facts.arena, sizeof(made_cookie))
    if made == NULL:
        return
    made.next = NULL
    made.name = value(NULL, 0)
    made.line = arena_copy(&x.facts.arena, line, length)
    while last[0] != NULL:
        last = &last[0].next
    last[0] = made


cdef void challenge_keep(
        exchange *x, const char *said, unsigned int length) noexcept nogil:
    """Several are a list (RFC 9110 11.6.1)."""
    cdef writer w
    arena_write(&x.facts.arena, &w)
    if x.question.challenge.length:
        put(&w, x.question.challenge.data, x.question.challenge.length)
        put(&w, b", ", 2)
    put_value(&w, said, length)
    x.question.challenge = arena_written(&x.facts.arena, &w)


cdef bint question_answered(
        exchange *x, head *res, const hop_facts *hop,
        unsigned int head_bytes) noexcept nogil:
    """The head was read; what follows it is read away. Returns False when that has
    come: the request is decided anew."""
    x.question.told = True
    x.attempt.await_continue = False
    x.res.reusable = (
        not x.member.said.disable_reuse and not hop.close
        and not x.res.framing.close_after and (res.minor == 1 or hop.keep_alive))
    x.res.remaining = x.res.framing.length
    chunk_begin(&x.res.chunks)
    if unlikely(x.attempt.codec != NULL):
        return question_over(x, False)
    x.up.input.start += head_bytes
    return question_drop(x)


cdef bint question_drop(exchange *x) noexcept nogil:
    """Pass over what came of the body. Returns False when that is all, or more than a
    connection is worth."""
    cdef buffer *b = x.up.input
    cdef unsigned int held = buffer_held(b)
    cdef unsigned int payload = 0, consumed = 0
    cdef int kind = x.res.framing.kind
    if kind == BODY_UNTIL_CLOSE:
        return question_over(x, False)
    if kind == BODY_NONE:
        return question_over(x, x.res.reusable and held == 0)
    x.question.dropped += held
    if kind == BODY_LENGTH:
        if <long long>held >= x.res.remaining:
            return question_over(
                x, x.res.reusable and <long long>held == x.res.remaining)
        x.res.remaining -= held
    else:
        if chunk_decode(
                &x.res.chunks, &b.data[b.start], held, &payload, &consumed) < 0:
            return question_over(x, False)
        x.attempt.bytes_in -= consumed - payload
        if x.res.chunks.done:
            return question_over(x, x.res.reusable and consumed == held)
    buffer_empty(b)
    if not x.res.reusable or x.question.dropped > QUESTION_DROPPED_MAX:
        return question_over(x, False)
    return True


cdef bint question_drain(exchange *x) noexcept nogil:
    """Receive more of what is read away. Returns False when it is over."""
    cdef upstream *u = x.up
    cdef ssize_t n
    if u.input == NULL:
        u.input = buffer_take(BUFFER_SMALL)
        if u.input == NULL:
            return question_over(x, False)
    n = stream_recv(&u.c, &u.input.data[u.input.end], buffer_room(u.input))
    if n == AGAIN:
        buffer_drop(&u.input)
        return True
    if n < 0:
        return question_over(x, False)
    u.input.end += <unsigned int>n
    x.attempt.bytes_in += n
    return question_drop(x)
