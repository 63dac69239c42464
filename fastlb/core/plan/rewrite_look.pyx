"""LA-U and -U: a rule asks what would become of another URL.

What is not known yet is noted, and the run ends: whoever decides about a request looks
(plan/looking.pyx), and then begins anew. So a run of rules never runs inside another.
"""
# uses: ground/text, ground/arena, plan/rewrite_rules, plan/plan, plan/facts,
#       plan/rewrite_run, plan/rewrite_trace

cdef bint may_look(const request_facts *r) noexcept nogil:
    """Who is looked at may look further, but not at itself."""
    return not r.is_subrequest or not same_text(r.looks_from, r.decoded)


cdef looked_up *rewrite_look(rewriting *w, value path, int variable) noexcept nogil:
    """NULL: it is not known yet, or there is no memory; the run ends."""
    cdef request_facts *r = w.r
    cdef looked_up *look = r.looks
    if request_waits(r):
        return NULL
    while look != NULL:
        if look.variable == variable and same_text(look.path, path) and same_text(
                look.here, r.decoded):
            if look.known:
                return look
            r.wanted = look
            return NULL
        look = look.next
    look = <looked_up *>arena_take_struct(&r.arena, sizeof(looked_up))
    if look == NULL:
        r.arena.starved = True
        return NULL
    memset(look, 0, sizeof(looked_up))
    look.path = arena_copy(&r.arena, path.data, path.length)
    look.here = arena_copy(&r.arena, r.decoded.data, r.decoded.length)
    look.variable = variable
    look.user = r.user
    look.conf_count = r.conf_count
    look.confs = <plan_conf **>arena_take_struct(
        &r.arena, <unsigned int>(sizeof(void *) * r.conf_count))
    if look.confs == NULL or r.arena.starved:
        r.arena.starved = True
        return NULL
    memcpy(look.confs, &r.confs[0], sizeof(void *) * r.conf_count)
    look.next = r.looks
    r.looks = look
    r.wanted = look
    return NULL


cdef value rewrite_look_ahead(rewriting *w, const rewrite_part *p) noexcept nogil:
    """%{LA-U:NAME} in the rules of a server."""
    cdef looked_up *look
    if not may_look(w.r):
        return value(NULL, 0)
    look = rewrite_look(w, w.uri, p.variable)
    if look == NULL:
        return value(NULL, 0)
    if unlikely(w.trace >= 5):
        trace_more(w, 5, True, b"lookahead: path=%s var=%s -> val=%s", w.uri,
                   traced(&p.name), look.found, value(b"", 0))
    return look.found


cdef bint rewrite_url_is_fine(rewriting *w, value path) noexcept nogil:
    """-U: it would not be answered with an error."""
    cdef looked_up *look
    if path.length == 0 or not may_look(w.r):
        return False
    look = rewrite_look(w, path, -1)
    if look == NULL:
        return False
    if unlikely(w.trace >= 5):
        trace_two(w, 5, True, b"RewriteCond URI (-U check: path=%s -> status=%s", path,
                  traced_number(w, look.status))
    return look.status < 400
