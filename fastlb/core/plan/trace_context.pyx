"""traceparent of a request: W3C Trace Context, level 1.

    00 - 4bf92f3577b34da6a3ce929d0e0e4736 - 00f067aa0ba902b7 - 01
    version  trace, 16 bytes                parent, 8 bytes    flags

A trace that is valid goes on: its id and whether it is sampled stay, and its parent is
now the span of this request. Else one begins, sampled by TraceContextSample. Of
tracestate nothing is read: it goes with its trace, and without one it is dropped.
"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena,
#       balance/chance, plan/build, plan/facts, plan/variables

cdef enum:
    TRACE_LETTERS = 32
    TRACE_PARENT_LETTERS = 16
    TRACEPARENT_LETTERS = 55
    # Places in the field, and of the dashes before them
    TRACE_ID_AT = 3
    TRACE_PARENT_DASH = 35
    TRACE_PARENT_AT = 36
    TRACE_FLAGS_DASH = 52
    TRACE_FLAGS_AT = 53

cdef struct trace_parent:       # views of what was read
    value trace_id
    value parent_id
    bint sampled

cdef text TRACEPARENT = text(b"traceparent", 11)
cdef uint64_t trace_chance = 0  # of this worker


cdef object trace_begin(bytes random):
    global trace_chance
    trace_chance = int.from_bytes(random, "little")


cdef inline bint is_lower_hex(char c) noexcept nogil:
    return c'0' <= c <= c'9' or c'a' <= c <= c'f'


cdef bint trace_id_is_valid(const char *data, int length) noexcept nogil:
    """Small hexadecimal digits, not all of them zero."""
    cdef bint any_set = False
    cdef int i
    for i in range(length):
        if not is_lower_hex(data[i]):
            return False
        any_set |= data[i] != c'0'
    return any_set


cdef bint trace_parent_read(value said, trace_parent *out) noexcept nogil:
    """What a field says; False: nothing that may be passed on (3.2)."""
    cdef const char *p = said.data
    cdef const char *flags
    if said.length < TRACEPARENT_LETTERS:
        return False
    flags = p + TRACE_FLAGS_AT
    if not is_lower_hex(p[0]) or not is_lower_hex(p[1]) \
            or (p[0] == c'f' and p[1] == c'f'):
        return False
    if said.length > TRACEPARENT_LETTERS and (
            (p[0] == c'0' and p[1] == c'0') or p[TRACEPARENT_LETTERS] != c'-'):
        return False            # only a later version may say more
    if p[2] != c'-' or p[TRACE_PARENT_DASH] != c'-' or p[TRACE_FLAGS_DASH] != c'-':
        return False
    if not trace_id_is_valid(p + TRACE_ID_AT, TRACE_LETTERS) or not trace_id_is_valid(
            p + TRACE_PARENT_AT, TRACE_PARENT_LETTERS):
        return False
    if not is_lower_hex(flags[0]) or not is_lower_hex(flags[1]):
        return False
    out.trace_id = value(p + TRACE_ID_AT, TRACE_LETTERS)
    out.parent_id = value(p + TRACE_PARENT_AT, TRACE_PARENT_LETTERS)
    out.sampled = hex_value[<unsigned char>flags[1]] & 1
    return True


cdef void put_trace_bytes(writer *w) noexcept nogil:
    """Sixteen letters that are not all zero."""
    cdef char[TRACE_PARENT_LETTERS] letters
    cdef uint64_t random = 0
    cdef int i
    while random == 0:
        random = chance_next(&trace_chance)
    for i in range(TRACE_PARENT_LETTERS):
        letters[i] = HEX_LOWER[random >> (60 - 4 * i) & 15]
    put(w, &letters[0], TRACE_PARENT_LETTERS)


cdef void trace_learn(request_facts *r) noexcept nogil:
    """TRACEPARENT, as members get it; TRACE_PARENT_ID, of whoever has sent one; and
    TRACE_SAMPLED."""
    cdef trace_parent caller
    cdef char[TRACEPARENT_LETTERS] made
    cdef value kept
    cdef writer w
    cdef bint known = trace_parent_read(request_field(r, &TRACEPARENT), &caller)
    writer_begin(&w, &made[0], TRACEPARENT_LETTERS)
    put(&w, b"00-", 3)
    if known:
        put(&w, caller.trace_id.data, TRACE_LETTERS)
        kept = arena_copy(&r.arena, caller.parent_id.data, TRACE_PARENT_LETTERS)
        request_id_set(r, ID_TRACE_PARENT_ID, kept)
    else:
        put_trace_bytes(&w)
        put_trace_bytes(&w)
        caller.sampled = chance_next(&trace_chance) % 1000000 \
            < <uint64_t>r.vhost.said.trace_sample_ppm
    put_byte(&w, c'-')
    put_trace_bytes(&w)
    put(&w, b"-01" if caller.sampled else b"-00", 3)
    kept = arena_copy(&r.arena, &made[0], TRACEPARENT_LETTERS)
    request_id_set(r, ID_TRACEPARENT, kept)
    if caller.sampled:
        request_id_set(r, ID_TRACE_SAMPLED, value(b"1", 1))
