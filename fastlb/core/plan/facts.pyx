"""A request (facts.pxd)."""
# uses: ground/chartable, ground/text, io/buffer, ground/arena, http/fields,
#       http/head, http/trailers, plan/build, plan/verdicts, plan/plan,
#       plan/out_fields, plan/client, plan/digest, plan/entity, plan/listing

cdef const char *request_bytes(const request_facts *r) noexcept nogil:
    return &r.input[0].data[r.base]


cdef value request_part(const request_facts *r, span part) noexcept nogil:
    return value(request_bytes(r) + part.offset, part.length)


cdef value request_first_line(const request_facts *r) noexcept nogil:
    """The first line of a head that was refused, as it came; NULL: none has."""
    cdef buffer *b = r.input[0]
    cdef value line = value(NULL, 0)
    if b == NULL or b.end <= r.base:
        return line
    line.data = request_bytes(r)
    line.length = <unsigned int>(
        <const char *>memchr_or_end(line.data, c'\n', b.end - r.base) - line.data)
    if byte_before(line.data, line.length) == c'\r':
        line.length -= 1
    return line


cdef value host_field_of(request_facts *r) noexcept nogil:
    """What the client calls us: the target's authority, else Host; NULL: nothing."""
    cdef field *f
    if unlikely(r.authority.length):
        return request_part(r, r.authority)
    f = head_field(&r.req, FIELD_HOST)
    if f == NULL:
        return value(NULL, 0)
    return request_part(r, span(f.value, f.value_length))


# A switch (CONF_*) by the last section that says it; usual: nobody does.
cdef bint conf_flag(request_facts *r, int flag, bint usual) noexcept nogil:
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].flags[flag] >= 0:
            return r.confs[i].flags[flag]
    return usual


cdef const error_document *error_document_for(
        const request_facts *r, int status, int *section) noexcept nogil:
    """ErrorDocument, by the last section that has one; NULL: none. section: out, its
    place; NULL: nobody asks"""
    cdef int i, j
    cdef plan_conf *c
    for i in range(r.conf_count - 1, -1, -1):
        c = r.confs[i]
        for j in range(c.error_document_count - 1, -1, -1):
            if c.error_documents[j].status == status:
                if section != NULL:
                    section[0] = i
                return &c.error_documents[j]
    return NULL


cdef bint error_is_overridden(request_facts *r, int status) noexcept nogil:
    """ProxyErrorOverride: does a page of ours take the place of a member's answer?"""
    cdef int i, j
    cdef plan_conf *c
    if status < 400:
        return False
    for i in range(r.conf_count - 1, -1, -1):
        c = r.confs[i]
        if not c.has_error_override:
            continue
        for j in range(c.override_count):
            if c.overrides[j] == status:
                return True
        return False
    return False


cdef void request_learn_verdict(
        request_facts *r, int verdict, const char *found,
        unsigned int length) noexcept nogil:
    if r.verdicts == NULL:
        r.verdicts = <auth_verdict *>arena_take_struct(
            &r.arena, VERDICTS_PER_REQUEST_MAX * sizeof(auth_verdict))
    if r.verdicts == NULL:
        r.arena.starved = True
    elif r.verdict_count < VERDICTS_PER_REQUEST_MAX:
        r.verdicts[r.verdict_count].key = r.asks.key
        r.verdicts[r.verdict_count].verdict = verdict
        r.verdicts[r.verdict_count].found = value(NULL, 0)
        if length:
            r.verdicts[r.verdict_count].found = arena_copy(&r.arena, found, length)
        r.verdict_count += 1


cdef void env_set(
        request_facts *r, int variable, const char *data,
        unsigned int length) noexcept nogil:
    r.env[variable].data = data
    r.env[variable].length = length


cdef void request_learn_authority(request_facts *r) noexcept nogil:
    """The authority of an absolute-form target replaces Host (RFC 9112 3.2.2)."""
    cdef value target = request_part(r, r.req.target)
    cdef unsigned int scheme, at
    if likely(target.data[0] == c'/' or r.req.method_id == METHOD_CONNECT):
        return
    scheme = scheme_length(target.data, target.length)
    if scheme == 0:
        return
    at = scheme
    while at < target.length and target.data[at] != c'/' and target.data[at] != c'?':
        at += 1
    r.authority.offset = r.req.target.offset + scheme
    r.authority.length = at - scheme


cdef value env_of(const request_facts *r, int variable) noexcept nogil:
    """variable: its number; -1: nobody asks for it"""
    return r.env[variable] if variable >= 0 else value(NULL, 0)


cdef void request_id_set(request_facts *r, int id, value found) noexcept nogil:
    """id: ID_*"""
    if plan_ids[id] >= 0:
        r.env[plan_ids[id]] = found


# All variables but what was found when the request came (remote_ip_learn,
# request_ids_learn): it is to be decided anew.
cdef void request_forget_env(request_facts *r) noexcept nogil:
    cdef value proxies = env_of(r, plan.remote_ip_note)
    cdef value[ID_COUNT] ids
    cdef int i
    for i in range(ID_COUNT):
        ids[i] = env_of(r, plan_ids[i])
    memset(&r.env[0], 0, sizeof(value) * plan.env_count)
    if plan.remote_ip_note >= 0:
        r.env[plan.remote_ip_note] = proxies
    for i in range(ID_COUNT):
        request_id_set(r, i, ids[i])


# Is something that a rule has asked to be found out first? What it made counts nothing.
cdef bint request_waits(const request_facts *r) noexcept nogil:
    return r.wanted != NULL or r.asks.kind == ASKS_MAP


cdef inline const text *page_asked(const request_facts *r) noexcept nogil:
    """The page that the controller is asked for; NULL: somebody else is asked."""
    return r.page if r.mapping == r.vhost.pages_mapping else NULL
