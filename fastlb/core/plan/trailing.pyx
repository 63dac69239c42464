"""Trailers of a request or of its answer, as logs and rules ask for them."""
# uses: ground/chartable, ground/text, io/writer, ground/arena, http/trailers,
#       plan/plan, plan/facts

# The fields of that name, joined by ", " as httpd joins them. data NULL: none
cdef value trailer_value(
        request_facts *r, const trailer_section *section,
        const text *name) noexcept nogil:
    cdef const char *at = section.lines
    cdef const char *end = at + section.length
    cdef value out = value(NULL, 0)
    cdef bint joined = False
    cdef trailer t
    cdef writer w
    while next_trailer(&at, end, &t):
        if t.name_length != name.length or not bytes_equal_nocase(
                t.name, name.data, name.length):
            continue
        if out.data == NULL:
            out = value(t.content, t.content_length)
            continue
        if not joined:
            joined = True
            arena_write(&r.arena, &w)
            put(&w, out.data, out.length)
        put(&w, b", ", 2)
        put(&w, t.content, t.content_length)
    if joined:
        return arena_written(&r.arena, &w)
    return out


# Does the configuration decide what a field of that name says? Then none of it stands
# behind the body: whoever takes it for one of the head would be told by the peer.
cdef bint trailer_is_decided(
        request_facts *r, bint of_answer, const trailer *t) noexcept nogil:
    cdef int i, j, count
    cdef header_op *ops
    cdef plan_conf *c
    if not of_answer and (
            trailer_is_called(t, &r.vhost.remote_ip.header)
            or trailer_is_called(t, &r.vhost.remote_ip.proxies_header)):
        return True
    for i in range(r.conf_count):
        c = r.confs[i]
        count = c.header_count if of_answer else c.request_header_count
        ops = c.headers if of_answer else c.request_headers
        for j in range(count):
            if ops[j].action != HEADER_ECHO and ops[j].action != HEADER_NOTE \
                    and trailer_is_called(t, &ops[j].name):
                return True
        if of_answer:
            continue
        for j in range(c.granted_count):
            if trailer_is_called(t, &c.granted[j]):
                return True
    return False


# MergeTrailers: is what came behind the body one of the head's fields now, for logs and
# late rules? Not what is not passed on, for the same reasons: a log, or a rule, would
# be told by a client who it is. Compat apache: all of them, as in httpd.
cdef bint trailer_is_merged(
        request_facts *r, const char *name, unsigned int length) noexcept nogil:
    cdef trailer t
    if likely(r.trailers == NULL or not r.vhost.said.merge_trailers):
        return False
    t.name = name
    t.name_length = length
    return plan.compat_apache or (
        trailer_may_travel(name, length) and not trailer_is_decided(r, False, &t))


cdef bint trailer_is_called(const trailer *t, const text *name) noexcept nogil:
    return t.name_length == name.length and names_are_alike(
        t.name, name.data, name.length)
