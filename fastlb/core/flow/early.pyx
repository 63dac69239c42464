"""RequestHeader ... early: rules that run before anything is decided.

What they make of a head takes its place in the client's buffer, and is read like one
that came: sections, SetEnvIf, rewriting and logs see nothing else. How long the body is
was read before, and stays.
"""
# uses: ground/text, io/buffer, io/writer, ground/arena, http/fields, http/head,
#       http/hops, http/host, plan/out_fields, plan/facts, plan/rules, flow/exchange

cdef int early_rewrite(exchange *x) noexcept nogil:
    """The virtual host is known. returns 0, or the status to answer, negated."""
    cdef downstream *d = x.down
    cdef request_facts *r = &x.facts
    cdef out_list *out = &out_scratch
    cdef head_limits limits = r.vhost.limits
    cdef unsigned int length = r.req.length
    cdef unsigned int behind = d.input.end - r.base - length
    cdef hop_facts hop
    cdef writer w
    cdef value made
    cdef char *data
    cdef int i
    for i in range(r.req.field_count):
        r.req.fields[i].dropped = 0     # for the second reading to say
    out_from_head(out, &r.req, request_bytes(r))
    r.confs[0] = &r.vhost.conf
    rules_headers(r, out, False, 3, True)
    arena_write(&r.arena, &w)
    put(&w, request_bytes(r), r.req.fields_at)
    out_write(out, &w, 0)
    put(&w, b"\r\n", 2)
    made = arena_written(&r.arena, &w)
    if out.overflow or r.arena.starved:
        return -500
    while made.length > length and buffer_room(d.input) < made.length - length:
        if not buffer_grow(&d.input):
            return -500
    data = &d.input.data[r.base]
    memmove(data + made.length, data + length, behind)
    memcpy(data, made.data, made.length)
    d.input.end = r.base + made.length + behind
    limits.field_count = FIELD_COUNT_MAX
    limits.field_bytes = HEAD_BYTES_MAX
    if head_parse_request(&r.req, data, made.length, &limits) < 0 \
            or head_drop_hop_by_hop(&r.req, data, &hop) < 0 \
            or head_check_host(
                &r.req, data, limits.strict, &r.host, &r.path) < 0:
        return -400
    request_learn_authority(r)
    return 0
