"""What was looked at on the way of a request: the numbers by which the model knows it,
and what the same functions say of one rule at a time.

The request is decided upon; what is asked here leaves it as it was.
"""
# uses: ground/text, http/fields, http/head, plan/verdicts, plan/plan,
#       plan/out_fields, plan/facts, plan/match, plan/rules, plan/redirect,
#       plan/access, plan/numbered, plan/asking, flow/exchange, flow/answer

cdef head explained_head        # as it came


cdef object told_value(value v):
    return told_bytes(v.data, v.length)


cdef object explained_mapping(const request_facts *r, const plan_mapping *m):
    """(section, number), as mapping_number has them."""
    cdef int section, number
    mapping_number(r, m, &section, &number)
    return section, number


cdef object explained_considered(request_facts *r):
    """Every mapping in the order in which they are tried, and whether it matches:
    (section, number, does it match, does it serve such a request)."""
    cdef unsigned int rest_at = r.rest_at
    cdef bint undecided = r.undecided
    cdef int i
    found = []
    if r.rewritten != REWRITTEN_NOT:
        return found
    for i in range(r.conf_count - 1, 0, -1):
        if r.confs[i].has_mapping:
            found.append(explained_tried(r, r.confs[i].mapping))
    for i in range(r.vhost.mapping_count):
        found.append(explained_tried(r, &r.vhost.mappings[i]))
    r.rest_at = rest_at
    r.undecided = undecided
    return found


cdef object explained_tried(request_facts *r, plan_mapping *m):
    section, number = explained_mapping(r, m)
    matches = r.decoded.length > 0 and mapping_matches(m, r) != 0
    return section, number, bool(matches), bool(mapping_serves(m, r))


cdef int explained_verdict(int result) noexcept:
    """Of a rule: 1 it grants, 0 it denies, -1 it has no say."""
    if result == ACCESS_IS_NEUTRAL:
        return -1
    return result == ACCESS_IS_GRANTED


cdef object explained_access(request_facts *r):
    """(section, verdicts of its rules in prefix order: 1, 0, -1 no say)."""
    cdef auth_question asks = r.asks
    cdef int wanted = r.host_wanted
    cdef int i, k
    found = []
    for i in range(r.conf_count):
        if r.confs[i].access_count == 0:
            continue
        verdicts = [
            explained_verdict(access_evaluate(r, &r.confs[i].access[k], True))
            for k in range(r.confs[i].access_count)]
        found.append((section_number(r, r.confs[i]), verdicts))
    r.host_wanted = wanted
    r.asks = asks
    return found


cdef object explained_redirect(request_facts *r, const redirected *moved):
    """(section, number) of the Redirect that applies; None: it is a rule's."""
    cdef redirected out
    cdef bint absolute = not conf_flag(r, CONF_REDIRECT_RELATIVE, False)
    cdef int i, j
    for i in range(r.conf_count - 1, -1, -1):
        for j in range(r.confs[i].redirect_count):
            if redirect_apply(
                    r, &r.confs[i].redirects[j], absolute, &out) == 1 \
                    and out.status == moved.status \
                    and told_value(out.location) == told_value(moved.location):
                return section_number(r, r.confs[i]), j
    return None


cdef object explained_document(request_facts *r, int status):
    """(section, number, '"text', path or URL) of the ErrorDocument; None: none."""
    cdef bint composed
    cdef int conf, number
    cdef const error_document *d = error_document_for(r, status, &conf)
    cdef value made
    if d == NULL:
        return None
    number = <int>(d - r.confs[conf].error_documents)
    made = document_for(r, status, &composed)
    return section_number(r, r.confs[conf]), number, told_value(made)


cdef object explained_env_rules(request_facts *r):
    """(section, "if" or "set", number) of the rules that changed a variable."""
    cdef value[ENV_COUNT_MAX] kept
    cdef plan_section *s
    cdef int i, j, number
    if r.conf_count < 1 or r.decoded.data == NULL:
        return []
    memcpy(&kept[0], &r.env[0], sizeof(value) * plan.env_count)
    memset(&r.env[0], 0, sizeof(value) * plan.env_count)
    for i in range(1, r.conf_count):
        number = section_number(r, r.confs[i])
        if 0 <= number < r.vhost.section_count:
            s = &r.vhost.sections[number]
            for j in range(s.group_count):
                r.env[s.group_envs[j]] = kept[s.group_envs[j]]
    found = []
    order = [0, *range(1 + r.proxy_conf_count, r.conf_count),
             *range(1, 1 + r.proxy_conf_count)]
    for i in order:
        for j in range(r.confs[i].env_if_count):
            if explained_env_changes(r, &r.confs[i].env_ifs[j]):
                found.append((section_number(r, r.confs[i]), "if", j))
    for i in range(r.conf_count):
        for j in range(r.confs[i].env_count):
            if explained_env_changes(r, &r.confs[i].envs[j]):
                found.append((section_number(r, r.confs[i]), "set", j))
    memcpy(&r.env[0], &kept[0], sizeof(value) * plan.env_count)
    return found


cdef bint explained_env_changes(request_facts *r, env_op *op) noexcept:
    cdef value before = r.env[op.variable]
    env_apply(r, op)
    return before.data != r.env[op.variable].data \
        or before.length != r.env[op.variable].length


cdef object explained_header_rules(exchange *x, bytes asked):
    """(section, number) of the RequestHeader rules that change something. asked: the
    head as it came, before early rules made another one of it."""
    cdef request_facts *r = &x.facts
    cdef out_list *out = &out_scratch
    cdef bytearray copied = bytearray(asked)    # a parser mends what it reads
    cdef char *came = copied
    found = []
    if r.vhost.has_early:
        head_clear(&explained_head)
        if head_parse_request(
                &explained_head, came, <unsigned int>len(asked), &r.vhost.limits) > 0:
            out_from_head(out, &explained_head, came)
            found += explained_header_changes(r, out, True)
    out_from_head(out, &r.req, request_bytes(r))
    if x.attempt.upgrade.length:
        out_add(out, b"Upgrade", 7, x.attempt.upgrade.data,
                x.attempt.upgrade.length, FIELD_UPGRADE, False)
    return found + explained_header_changes(r, out, False)


cdef list explained_header_changes(request_facts *r, out_list *out, bint early):
    cdef int i, j
    cdef list found = []
    for i in range(r.conf_count):
        for j in range(r.confs[i].request_header_count):
            if r.confs[i].request_headers[j].early != early:
                continue
            before = explained_fields(out)
            header_apply(r, out, &r.confs[i].request_headers[j], False)
            if explained_fields(out) != before:
                found.append((section_number(r, r.confs[i]), j))
    return found


cdef object explained_fields(out_list *out):
    cdef int i
    return [
        (told_bytes(out.fields[i].name, out.fields[i].name_length),
         told_bytes(out.fields[i].value, out.fields[i].value_length))
        for i in range(out.count)]
