"""A chain at work (stage.pxd)."""
# uses: ground/free_list, io/buffer, io/watch, filters/stage, filters/turn,
#       filters/lines, filters/gzip, filters/brotli, filters/substitute, filters/page,
#       filters/html

cdef free_list chain_pool = free_list(NULL, 0, CHAINS_KEPT_MAX)


cdef int coders_out() noexcept nogil:
    """Live states, for leak tests."""
    return coder_count + line_owners


cdef body_filters *chain_begin(const filter_settings *said) noexcept nogil:
    """A chain without stages; NULL: no memory."""
    cdef body_filters *f = <body_filters *>free_list_take(
        &chain_pool, sizeof(body_filters))
    if f == NULL:
        return NULL
    memset(f, 0, sizeof(body_filters))
    f.said = said[0]
    f.idle = True
    return f


cdef bint chain_add(body_filters *f, int filter) noexcept nogil:
    """One stage more; False: there is no room or memory for it."""
    cdef body_stage *s
    cdef bint begun = False
    if f.count == FILTERS_MAX:
        return False
    s = &f.stages[f.count]
    s.filter = <unsigned char>filter
    s.flushed = True
    if filter == FILTER_DEFLATE:
        begun = deflate_begin(s, &f.said)
    elif filter == FILTER_INFLATE:
        begun = inflate_begin(s)
    elif filter == FILTER_BROTLI:
        begun = brotli_begin(s, &f.said)
    elif filter == FILTER_SUBSTITUTE:
        begun = substitute_begin(
            s, <const substitute_state *>f.said.substitutions)
    elif filter == FILTER_HTML:
        begun = html_begin(s, <const html_state *>f.said.html)
    elif filter == FILTER_RATE_LIMIT:
        begun = True
        f.allowed = f.said.rate // RATES_PER_SECOND + f.said.burst
    if begun:
        if filter != FILTER_RATE_LIMIT:
            f.streams = filter == FILTER_SUBSTITUTE
        f.count += 1
        f.last = s
    return begun


cdef void stage_end(body_stage *s) noexcept nogil:
    """Free its coder: it has given its last byte, or nobody takes any."""
    if s.state == NULL:
        return
    if s.filter == FILTER_DEFLATE:
        deflate_end(s)
    elif s.filter == FILTER_INFLATE:
        inflate_end(s)
    elif s.filter == FILTER_BROTLI:
        brotli_end(s)
    elif s.filter == FILTER_HTML:
        html_end(s)
    else:
        substitute_end(s)
    s.state = NULL


cdef void chain_end(body_filters *f) noexcept nogil:
    """Free it and all that it holds."""
    cdef int i
    for i in range(f.count):
        stage_end(&f.stages[i])
    for i in range(FILTERS_MAX):
        buffer_drop(&f.between[i])
    buffer_drop(&f.input)
    free_list_give(&chain_pool, f, sizeof(body_filters))


cdef void chain_renew(body_filters *f) noexcept nogil:
    """Debug builds: exchange its buffers, as exchange_renew does."""
    cdef int i
    buffer_renew(&f.input)
    for i in range(FILTERS_MAX):
        buffer_renew(&f.between[i])


cdef void chain_take(body_filters *f, buffer **b) noexcept nogil:
    """Hand over what came; the buffer is the chain's then."""
    ASSERT(f.input == NULL)
    if b[0] != NULL and buffer_held(b[0]) == 0:
        buffer_drop(b)
    f.input = b[0]
    b[0] = NULL
    if f.input == NULL:
        return
    f.flush = False
    f.idle = False


cdef void chain_finish(body_filters *f) noexcept nogil:
    """Nothing comes behind what it has."""
    f.ended = True
    f.idle = False


cdef bint chain_keeps(const body_filters *f) noexcept nogil:
    """Is there anything that it would give if it were asked?"""
    cdef int i
    if f.ended:
        return False
    for i in range(f.count):
        if not f.stages[i].flushed:
            return True
    return False


cdef void chain_flush(body_filters *f) noexcept nogil:
    f.flush = True
    f.idle = False


cdef bint chain_is_done(const body_filters *f) noexcept nogil:
    return f.last.done


cdef int rate_step(body_filters *f, stage_io *io) noexcept nogil:
    """RATE_LIMIT: as much as may go now. What is to come waits for chain_allow."""
    cdef unsigned int size = min(io.length, io.room)
    if size > f.allowed:
        size = <unsigned int>f.allowed
    stage_put(io, io.data, size)
    stage_take(io, size)
    f.allowed -= size
    if f.allowed == 0 and io.length:
        f.paused_us = watch.now_us + RATE_INTERVAL_US
        f.flush = True
    return io.length == 0


cdef bint chain_waits(const body_filters *f) noexcept nogil:
    """Has it sent all that RATE_LIMIT allows for now?"""
    return f.paused_us > watch.now_us


cdef void chain_allow(body_filters *f) noexcept nogil:
    """Its time has come: the next piece may go."""
    f.paused_us = 0
    f.allowed = f.said.rate // RATES_PER_SECOND
    if f.allowed == 0:
        f.allowed = 1
    f.idle = False


cdef int chain_substitutes(
        body_filters *f, body_stage *s, stage_io *io) noexcept nogil:
    """substitute_step, and its time, of which there is so much for each byte."""
    cdef long long began_us = turn_clock_us()
    cdef int rc = substitute_step(s, io)
    f.spent_us += turn_clock_us() - began_us
    if f.spent_us > SUBSTITUTE_US_FIRST + s.bytes_in // 1024 * SUBSTITUTE_US_PER_KIB:
        return turn_fails(WHY_FILTER_TIME)
    return rc


cdef int stage_step(
        body_filters *f, body_stage *s, stage_io *io) noexcept nogil:
    """One stage, once. returns 1: it has done what was asked; 0: no room; FAILED"""
    cdef unsigned int length = io.length
    cdef unsigned int room = io.room
    cdef int rc
    if s.filter == FILTER_DEFLATE:
        rc = deflate_step(s, io)
    elif s.filter == FILTER_INFLATE:
        rc = inflate_step(s, io, &f.said)
    elif s.filter == FILTER_BROTLI:
        rc = brotli_step(s, io)
    elif s.filter == FILTER_SUBSTITUTE:
        rc = chain_substitutes(f, s, io)
    elif s.filter == FILTER_HTML:
        rc = html_step(s, io)
    else:
        rc = rate_step(f, io)
    s.bytes_in += length - io.length
    s.bytes_out += room - io.room
    turn_spend(length - io.length + room - io.room)
    if length != io.length:
        s.flushed = False
    if rc == 1 and io.asked == STAGE_END:
        s.done = True
        s.flushed = True
        # A client may take long for what waits for it: it holds no coder meanwhile.
        stage_end(s)
    elif rc == 1 and io.asked == STAGE_FLUSH:
        s.flushed = True
    return rc


cdef int chain_stage(
        body_filters *f, int i, const body_stage *before, buffer **source,
        stage_io *last) noexcept nogil:
    """Let stage i do what it can. returns 1: something moved; 0: nothing; FAILED

    before: the stage before it; NULL: it is the first. source: what it reads from
    """
    cdef body_stage *s = &f.stages[i]
    cdef buffer *to = NULL
    cdef bint before_ended = f.ended if before == NULL else before.done
    cdef bint before_flushed = before == NULL or before.flushed
    cdef stage_io io
    cdef stage_io *at = &io
    cdef unsigned int length = 0, room
    cdef bint was_done, was_flushed
    cdef int rc
    if s.done or (f.paused_us and s.filter == FILTER_RATE_LIMIT):
        return 0
    if s == f.last:
        at = last
    else:
        if f.between[i] == NULL:
            f.between[i] = buffer_take(BUFFER_SMALL)
            if f.between[i] == NULL:
                return turn_fails(WHY_FILTER_DATA)
        to = f.between[i]
        io.out = &to.data[to.end]
        io.room = buffer_room(to)
    at.asked = STAGE_MORE
    if before_ended:
        at.asked = STAGE_END
    elif f.flush and before_flushed:
        at.asked = STAGE_FLUSH
    at.data = NULL
    if source[0] != NULL:
        length = buffer_held(source[0])
        at.data = &source[0].data[source[0].start]
    at.length = length
    if at.room < STAGE_ROOM_MIN or (length == 0 and (
            at.asked == STAGE_MORE or (at.asked == STAGE_FLUSH and s.flushed))):
        return 0
    room = at.room
    was_flushed = s.flushed
    was_done = s.done
    rc = stage_step(f, s, at)
    if rc < 0:
        return FAILED
    if source[0] != NULL:
        source[0].start += length - at.length
        if at.length == 0:
            buffer_drop(source)
    if to != NULL:
        to.end += room - at.room
        if buffer_held(to) == 0:
            buffer_drop(&f.between[i])
    return (length != at.length or room != at.room or s.done != was_done
            or s.flushed != was_flushed)


cdef int chain_run(
        body_filters *f, char *out, unsigned int room,
        unsigned int *made) noexcept nogil:
    """Go on until nothing moves any more, there is no room, or its turn is over.

    made: bytes that were written. returns 0, or FAILED: what came cannot be read, and
    the body cannot be completed
    """
    cdef stage_io last
    cdef const body_stage *before
    cdef buffer **source
    cdef int i, rc
    cdef bint moved = True
    last.out = out
    last.room = room
    turn_begin()
    while moved and not turn.is_over:
        moved = False
        before = NULL
        source = &f.input
        for i in range(f.count):
            rc = chain_stage(f, i, before, source, &last)
            if rc < 0:
                made[0] = room - last.room
                return FAILED
            moved |= rc == 1
            if turn.is_over:
                break
            before = &f.stages[i]
            source = &f.between[i]
        # httpd knows a length only of what came to its end in one go.
        if f.last.bytes_out and (f.streams or (not chain_is_done(f) and (
                f.last.bytes_out > f.said.piece or f.last.filter == FILTER_BROTLI))):
            f.is_long = True
    made[0] = room - last.room
    f.idle = chain_is_done(f) or (last.room >= STAGE_ROOM_MIN and not turn.is_over)
    f.yields = turn.is_over and not f.idle
    return 0
