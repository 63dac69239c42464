"""Trailers of an exchange: kept as they come, and passed on behind a chunked body.

httpd drops them. They are passed on here, because what comes behind a body is what only
its end can tell: its digest, a status of gRPC. What a head's field would have to say is
dropped (trailer_may_travel), and so is whatever the configuration decides itself
(trailer_is_decided): a member that takes trailers for fields must not be told by a
client what `RequestHeader unset` took away.
"""
# uses: ground/text, ground/list, io/buffer, io/writer, ground/arena, http/fields,
#       http/exit, http/chunked, http/trailers, plan/plan, plan/facts, plan/trailing,
#       flow/exchange


cdef bint trailers_pass(exchange *x) noexcept nogil:
    """ProxyPassTrailers."""
    return conf_flag(&x.facts, CONF_PASS_TRAILERS, not plan.compat_apache)


cdef bint request_trailers_pass(exchange *x) noexcept nogil:
    """Are there some of the request, for a member that gets chunks?"""
    return (x.facts.trailers != NULL and x.facts.trailers.request.length
            and x.facts.env[ENV_FORCE_PROXY_10].data == NULL and trailers_pass(x))


cdef bint answer_trailers_pass(exchange *x) noexcept nogil:
    return (x.facts.trailers != NULL and x.facts.trailers.answer.length
            and trailers_pass(x))


cdef int trailers_keep(
        exchange *x, const chunk_decoder *d, const char *behind,
        bint of_answer) noexcept nogil:
    """The decoder has come upon lines of the section: the last d.trailer_part bytes
    before `behind`. returns 0, or -400: there are too many, or there is no memory"""
    cdef trailer_sections *both = x.facts.trailers
    cdef trailer_section *s
    cdef unsigned int room
    cdef char *lines
    cdef writer w
    if both == NULL:
        both = <trailer_sections *>arena_take_struct(
            &x.facts.arena, sizeof(trailer_sections))
        if both == NULL:
            return -400
        memset(both, 0, sizeof(trailer_sections))
        x.facts.trailers = both
    s = &both.answer if of_answer else &both.request
    if s.room - s.length < d.trailer_part:
        room = TRAILER_BYTES_FIRST
        while room < s.length + d.trailer_part:
            room *= 2
        lines = arena_take(&x.facts.arena, room)
        if lines == NULL:
            return -400
        writer_begin(&w, lines, room)
        put(&w, s.lines, s.length)
        s.lines = lines
        s.room = room
    writer_begin(&w, s.lines + s.length, s.room - s.length)
    put(&w, behind - d.trailer_part, d.trailer_part)
    s.length += writer_held(&w)
    if d.done:
        ASSERT(s.length >= 2)
        s.length -= 2       # the empty line
        return trailers_are_few(x, s)
    return 0


cdef int trailers_are_few(exchange *x, const trailer_section *s) noexcept nogil:
    """As many as a head may have, and none longer than a head's. returns 0 or -400"""
    cdef const char *at = s.lines
    cdef const char *end = at + s.length
    cdef const char *line = at
    cdef unsigned int count = 0
    cdef const head_limits *limits = &x.facts.vhost.limits
    cdef trailer t
    while next_trailer(&at, end, &t):
        count += 1
        if at - line - 2 > limits.field_bytes:
            return -400
        line = at
    if count > TRAILER_FIELDS_MAX or (
            limits.field_count and count > limits.field_count):
        return -400
    return 0


cdef void trailers_forget_answer(exchange *x) noexcept nogil:
    """Another answer begins."""
    if unlikely(x.facts.trailers != NULL):
        x.facts.trailers.answer.length = 0


cdef value last_chunk(exchange *x, bint of_answer) noexcept nogil:
    """... with the trailers that are passed on. data NULL: no memory"""
    cdef const trailer_section *s = (
        &x.facts.trailers.answer if of_answer else &x.facts.trailers.request)
    cdef const char *at = s.lines
    cdef const char *end = at + s.length
    cdef trailer t
    cdef writer w
    arena_write(&x.facts.arena, &w)
    put(&w, b"0\r\n", 3)
    while next_trailer(&at, end, &t):
        if not trailer_may_travel(t.name, t.name_length) \
                or trailer_is_decided(&x.facts, of_answer, &t):
            continue
        put_name(&w, t.name, t.name_length)
        put(&w, b": ", 2)
        put_value(&w, t.content, t.content_length)
        put(&w, b"\r\n", 2)
    put(&w, b"\r\n", 2)
    return arena_written(&x.facts.arena, &w)


cdef bint trailers_frame(exchange *x, buffer **b, bint of_answer) noexcept nogil:
    """The last chunks of a body with its trailers, in place of body_frame. May exchange
    the buffer for a larger one. False: there is none, or no memory."""
    cdef value last = last_chunk(x, of_answer)
    if last.data == NULL:
        return False
    while buffer_room(b[0]) < last.length + 2:
        if not buffer_grow(b):
            return False
    body_frame(b[0], False)
    return buffer_put(b[0], last.data, last.length)


cdef bint body_frame_of(
        exchange *x, buffer **b, bint last, bint of_answer) noexcept nogil:
    """One chunk around what the buffer holds; behind the last one what ends the body.
    False: there is no room for trailers."""
    if likely(not last or x.facts.trailers == NULL):
        body_frame(b[0], last)
        return True
    if (answer_trailers_pass(x) if of_answer else request_trailers_pass(x)):
        return trailers_frame(x, b, of_answer)
    body_frame(b[0], last)
    return True


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


cdef bint connection_names(
        const head *h, const char *data, const char *name,
        size_t length) noexcept nogil:
    """Is it a field of this hop alone, as the sender says (RFC 9110 7.6.1)?"""
    cdef int i
    for i in range(h.field_count):
        if h.fields[i].id == FIELD_CONNECTION and value_has_token(
                data + h.fields[i].value, h.fields[i].value_length, name,
                <unsigned int>length):
            return True
    return False


cdef void put_trailer_names(
        exchange *x, writer *w, const head *h, const char *data) noexcept nogil:
    """Trailer, less the names that are not passed on."""
    cdef const char *at
    cdef const char *end
    cdef trailer t
    cdef bint first = True
    cdef int i
    if connection_names(h, data, b"trailer", 7) or not trailers_pass(x):
        return
    for i in range(h.field_count):
        if h.fields[i].id != FIELD_TRAILER:
            continue
        at = data + h.fields[i].value
        end = at + h.fields[i].value_length
        while next_list_member(&at, end, &t.name, &t.name_length):
            if not trailer_may_travel(t.name, t.name_length) \
                    or trailer_is_decided(&x.facts, h != &x.facts.req, &t):
                continue
            put(w, b"Trailer: " if first else b", ", 9 if first else 2)
            put_name(w, t.name, t.name_length)
            first = False
    if not first:
        put(w, b"\r\n", 2)


cdef bint trailers_are_wanted(exchange *x) noexcept nogil:
    """May the member be told that trailers are taken (TE: trailers, RFC 9110 10.1.4)?
    Only where the client said so, and they reach it."""
    cdef const char *data = request_bytes(&x.facts)
    cdef const head *h = &x.facts.req
    cdef int i
    if h.minor != 1 or not trailers_pass(x):
        return False
    for i in range(h.field_count):
        if h.fields[i].id == FIELD_TE and value_has_token(
                data + h.fields[i].value, h.fields[i].value_length, b"trailers", 8):
            return True
    return False
