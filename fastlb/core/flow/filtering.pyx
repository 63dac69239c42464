"""Bodies of answers on their way through filters (filters/stage.pxd).

Whether any is there is decided once, while the head is composed; without one there is
nothing here but a test of a pointer. With one a member's bytes are no longer sent from
where they were received: they are handed to the chain, and what comes out of it is
composed, with its framing, into down.output.

    up.input --> x.filters --> down.output --> the client

Nothing is read while the chain has anything left to do, so it holds one buffer of what
came. When the member pauses the chain gives what it keeps, as httpd has it.
"""
# uses: io/buffer, io/writer, ground/arena, io/timer, io/watch, io/stream,
#       http/chunked, filters/stage, filters/turn, filters/gzip, filters/brotli,
#       filters/chain, plan/plan, plan/out_fields, plan/filtered, flow/exchange,
#       flow/engine, flow/log_rows, flow/service_log

cdef enum:
    CHUNK_HEAD_ROOM = 8         # "1ffff\r\n" and one more
    FILTERED_ROOM_MIN = 4096    # for the chain to be run at all

# Length of the answer's body whose head is composed next, if all of it is here; -1.
cdef long long foreseen_length = -1
cdef long long filters_told_us = 0


cdef int filters_on_head(
        exchange *x, out_list *out, int status, long long length,
        bint has_body) noexcept nogil:
    """Choose, edit the head, and begin. Called anew when the head needs more room: then
    what was begun is given back, so that the choice finds what it found before, and the
    head says what the chain does.

    length: of the body; -1: unknown. has_body: it passes filters, be it that only its
    head is sent. Where a filter changes its length, how it is framed is not known
    before the head goes out: x.filters says where that is to be told. returns 0, or the
    status of the error, negated, that is the answer instead
    """
    cdef filter_choice choice
    cdef int rc
    filters_give(x)
    memset(&choice, 0, sizeof(choice))
    choice.coders = FILTERS_MAX if x.head_request else coders_left()
    choice.brotlis = FILTERS_MAX if x.head_request else brotlis_left()
    filters_choose(&x.facts, out, status, length, has_body, &choice)
    if choice.is_coded_page:
        pages_told(x, &SAY_PAGE_CODED, &engine.page_coded_us)
    if unlikely(choice.is_short):
        filters_told(x)
    if unlikely(choice.refused):
        if choice.refused == 500:
            say(x, &SAY_FILTERS_MANY)
        return -choice.refused
    if choice.is_changed:
        x.res.content_length = -1
        x.res.chunked_out = False
    if choice.count == 0 or x.head_request:
        return 0
    rc = filters_begin(x, &choice)
    if rc < 0 or x.res.content_length >= 0:
        return rc
    if x.facts.req.minor == 1 and not is_downgraded(x):
        x.res.chunked_out = True
    else:
        x.res.close_delimited = True
        x.keepalive = False
    return 0


cdef bint filters_keep_file(
        exchange *x, out_list *out, bint is_one, filter_choice *choice) noexcept nogil:
    """Does a file go out as it lies there, so that parts can be cut out of it? Of what
    filters make of it there are none, whatever its own length is.

    In httpd ranges are cut out of what filters have made, where that is short.
    """
    memset(choice, 0, sizeof(filter_choice))
    choice.coders = FILTERS_MAX
    choice.brotlis = FILTERS_MAX
    filters_choose(
        &x.facts, out, 200, x.facts.file.about.st_size, True, choice)
    return not choice.is_changed and not choice.refused and (
        choice.count == 0 or is_one)


cdef int filters_on_part(
        exchange *x, out_list *out, long long length, bint is_one) noexcept nogil:
    """As filters_on_head, of parts of a file: length bytes of it. returns 1, too: there
    are no parts of it"""
    cdef filter_choice choice
    if not filters_keep_file(x, out, is_one, &choice):
        return 1
    x.res.content_length = length
    x.res.chunked_out = False
    return 0 if choice.count == 0 or x.head_request else filters_begin(x, &choice)


cdef int filters_begin(exchange *x, const filter_choice *choice) noexcept nogil:
    """returns 0, or -503: there is no memory."""
    cdef filter_settings said
    cdef int i
    filter_settings_of(&x.facts, &said)
    x.filters = chain_begin(&said)
    if x.filters == NULL:
        return -503
    for i in range(choice.count):
        if not chain_add(x.filters, choice.filters[i]):
            return -503
    return 0


cdef void filters_told(exchange *x) noexcept nogil:
    """There are too few coders: said once in a while."""
    global filters_told_us
    if filters_told_us == 0 or watch.now_us - filters_told_us > FILTERS_TOLD_EVERY_US:
        filters_told_us = watch.now_us
        say(x, &SAY_FILTERS_FULL)


cdef void filters_say_why(exchange *x) noexcept nogil:
    if turn.why == WHY_FILTER_LINE:
        say_more(x, &SAY_FILTER_BOUND, 0,
                 b"a line is longer than SubstituteMaxLineLength", 0)
    elif turn.why == WHY_FILTER_MEMORY:
        say_more(x, &SAY_FILTER_BOUND, 0,
                 b"all lines together take the memory that a worker has for them", 0)
    elif turn.why == WHY_FILTER_TIME:
        say_more(x, &SAY_FILTER_BOUND, 0,
                 b"its lines take too much time for their length", 0)
    else:
        say(x, &SAY_FILTER_BROKEN)


cdef void pages_told(
        exchange *x, const log_row *row, long long *told_us) noexcept nogil:
    """Links that stay as they are: said once in a while."""
    if told_us[0] == 0 or watch.now_us - told_us[0] > FILTERS_TOLD_EVERY_US:
        told_us[0] = watch.now_us
        say(x, row)


cdef bint is_downgraded(exchange *x) noexcept nogil:
    """downgrade-1.0: for clients that say 1.1 and know less (observed: httpd)."""
    return x.facts.env[ENV_DOWNGRADE_10].data != NULL


cdef void filters_take(exchange *x, buffer **b) noexcept nogil:
    """Payload came: it is the chain's now."""
    if b[0] != NULL:
        x.record.body_bytes_out -= buffer_held(b[0])
    chain_take(x.filters, b)
    if x.res.done:
        chain_finish(x.filters)


cdef bint filters_wait(exchange *x) noexcept nogil:
    """The member pauses: is there anything that the client should get now?"""
    if not chain_keeps(x.filters) and x.down.output == NULL:
        return False
    chain_flush(x.filters)
    return True


cdef int filters_run(exchange *x) noexcept nogil:
    """Let the chain fill what is left of down.output. returns 0, FAILED"""
    cdef body_filters *f = x.filters
    cdef buffer *b
    cdef unsigned int made = 0
    if x.down.output == NULL:
        x.down.output = buffer_take(BUFFER_MEDIUM)
        if x.down.output == NULL:
            return FAILED
    b = x.down.output
    if f.body_at == 0:
        b.end += CHUNK_HEAD_ROOM
        f.body_at = b.end
    if chain_run(f, &b.data[b.end], buffer_room(b), &made) < 0:
        filters_say_why(x)
        return FAILED
    b.end += made
    x.record.body_bytes_out += made
    if chain_is_done(f):
        filters_note(x)
    return 0


cdef void filters_frame(exchange *x) noexcept nogil:
    """What lies in down.output goes out: say in the head what frames the body, if that
    is still here, and make a chunk of what is there of the body.

        | head ...  ^  ... | CHUNK_HEAD_ROOM | body |
                    framing_at                body_at

    The whole body beside its head has a length, as in httpd; a length that a member
    told is in the head already. The body stays where it is; the head moves up to it.
    """
    cdef body_filters *f = x.filters
    cdef buffer *b = x.down.output
    cdef unsigned int gap = CHUNK_HEAD_ROOM if f.body_at else 0
    cdef unsigned int body_at = f.body_at if f.body_at else b.end
    cdef unsigned int made = b.end - body_at
    cdef unsigned int chunk = 0, told = 0, before, behind
    cdef bint last = chain_is_done(f)
    cdef bint fits = True
    cdef char[BUFFER_HEADROOM] line
    cdef writer w
    writer_begin(&w, &line[0], sizeof(line))
    if f.framing_at and last and not f.is_long:
        x.res.chunked_out = False
        x.res.close_delimited = False
        x.res.content_length = made
        put(&w, b"Content-Length: ", 16)
        put_number(&w, made)
        put(&w, b"\r\n", 2)
    elif f.framing_at and x.res.chunked_out:
        put(&w, b"Transfer-Encoding: chunked\r\n", 28)
    told = writer_held(&w)
    if x.res.chunked_out and made:
        chunk = <unsigned int>chunk_head_before(&b.data[body_at], made)
    if f.framing_at == 0:
        f.framing_at = b.start
    before = f.framing_at - b.start
    behind = body_at - gap - f.framing_at
    ASSERT(not w.full)      # what is `made` lies in a buffer: it has few digits
    fits = buffer_move(
        b, body_at - chunk - behind, &b.data[f.framing_at], behind) \
        and buffer_move(b, body_at - chunk - behind - told - before,
                        &b.data[b.start], before) \
        and buffer_move(b, body_at - chunk - behind - told, &line[0], told)
    b.start = body_at - chunk - behind - told - before
    if x.res.chunked_out:
        if made:
            fits = buffer_put_tail(b, b"\r\n", 2) and fits
        if last:
            fits = buffer_put_tail(b, b"0\r\n\r\n", 5) and fits
    if unlikely(not fits):
        abort()     # the room is kept for just this
    f.framing_at = 0
    f.body_at = 0
    f.is_framed = True


cdef void filters_note(exchange *x) noexcept nogil:
    """DeflateFilterNote: figures for the log; and what PROXY_HTML has left."""
    cdef body_filters *f = x.filters
    cdef const plan_vhost *v = x.facts.vhost
    cdef body_stage *s
    cdef long long out
    cdef int i
    for i in range(f.count):
        s = &f.stages[i]
        if s.filter == FILTER_BROTLI:
            out = s.bytes_out
            filters_note_one(x, v.brotli_note_input, s.bytes_in, True)
            filters_note_one(x, v.brotli_note_output, out, True)
            filters_note_one(
                x, v.brotli_note_ratio,
                out * 100 // s.bytes_in if s.bytes_in else 0, s.bytes_in > 0)
        if s.left:
            pages_told(x, &SAY_PAGE_LEFT, &engine.page_left_us)
        if s.filter != FILTER_DEFLATE:
            continue
        out = s.bytes_out - CODING_BYTES
        filters_note_one(x, v.deflate_note_input, s.bytes_in, s.bytes_in > 0)
        filters_note_one(x, v.deflate_note_output, out, out > 0)
        filters_note_one(
            x, v.deflate_note_ratio,
            out * 100 // s.bytes_in if s.bytes_in else 0, s.bytes_in > 0)


cdef void filters_note_one(
        exchange *x, int variable, long long number, bint is_known) noexcept nogil:
    cdef writer w
    if variable < 0:
        return
    arena_write(&x.facts.arena, &w)
    if is_known:
        put_number(&w, number)
    else:
        put(&w, b"-", 1)
    x.facts.env[variable] = arena_written(&x.facts.arena, &w)


cdef int filters_flush(exchange *x) noexcept nogil:
    """Run and send, as response_flush: 1 nothing is left, AGAIN, FAILED; CLOSED: the
    body cannot be completed.

    What is made waits for more to go with it, as long as that is little and the chain
    was not asked to give what it keeps.
    """
    cdef downstream *d = x.down
    cdef body_filters *f = x.filters
    cdef int n, runs = 0
    while True:
        if not f.is_framed:
            if f.paused_us and not chain_waits(f):
                chain_allow(f)
            if not f.idle and (
                    d.output == NULL or buffer_room(d.output) >= FILTERED_ROOM_MIN):
                if runs == FILTER_RUNS_PER_STEP or f.yields:
                    watch.has_worked |= f.yields
                    f.yields = False
                    watch_queue(&d.c)
                    return AGAIN
                runs += 1
                if filters_run(x) < 0:
                    return CLOSED
                continue
            if d.output == NULL and f.paused_us:
                timer_set(&d.c.timer, f.paused_us)
                return AGAIN
            if d.output == NULL:
                return 1
            if not (f.flush or f.ended or f.is_long) \
                    and buffer_room(d.output) >= FILTERED_ROOM_MIN:
                return 1
            filters_frame(x)
        n = stream_flush(&d.c, d.output, &x.record.bytes_out)
        if n != 1:
            return n
        f.is_framed = False
        buffer_drop(&d.output)
        if x.record.first_byte_us == 0:
            x.record.first_byte_us = watch.now_us


cdef bint filters_pause(const exchange *x) noexcept nogil:
    """Is it RATE_LIMIT that holds the answer back?"""
    return x.filters != NULL and x.filters.paused_us != 0 and x.down.output == NULL


cdef void filters_give(exchange *x) noexcept nogil:
    """Free what an exchange has of them."""
    if unlikely(x.filters != NULL):
        chain_end(x.filters)
        x.filters = NULL
