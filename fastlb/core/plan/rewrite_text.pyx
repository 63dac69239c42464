"""Expansions: what a substitution, a test string or a flag says of this request.

A text is expanded in one pass: what came out of the request is never looked at again
for a $, % or backslash. A question mark that came out of it is told from one that the
configuration writes, because behind it everything would be the query: the rule is
refused unless it says UnsafeAllow3F (CVE-2024-38474).
"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena,
#       plan/variable_names, plan/rewrite_rules, plan/rewrite_run, plan/variables,
#       plan/rewrite_trace, plan/rewrite_map, plan/rewrite_look

cdef value rewrite_expand(
        rewriting *w, const rewrite_text *t, const rewrite_rule *rule,
        int *unsafe_mark) noexcept nogil:
    cdef writer out
    cdef int i
    cdef const rewrite_part *p
    cdef value part
    cdef bint tracks = unsafe_mark != NULL
    cdef bint to_last = rule != NULL and rule.query_last
    if t.count == 1 and t.parts[0].kind == PART_LITERAL:
        if tracks and memchr(t.parts[0].literal.data, c'?', t.parts[0].literal.length):
            unsafe_mark[0] = 0
        return value(t.parts[0].literal.data, t.parts[0].literal.length)
    arena_write(&w.r.arena, &out)
    for i in range(t.count):
        p = &t.parts[i]
        part = rewrite_part_value(w, p, rule)
        if unlikely(part.length > REWRITE_BYTES_MAX
                    or writer_held(&out) > REWRITE_BYTES_MAX):
            out.full = True
            break
        put(&out, part.data, part.length)
        if tracks and p.kind != PART_ESCAPED and part.length and memchr(
                part.data, c'?', part.length):
            unsafe_mark[0] = p.kind != PART_LITERAL
            tracks = to_last
    part = arena_written(&w.r.arena, &out)
    if part.data == NULL:
        part.length = 0
    w.made_bytes += part.length
    return part


cdef value rewrite_part_value(
        rewriting *w, const rewrite_part *p, const rewrite_rule *rule) noexcept nogil:
    cdef value found
    if p.kind <= PART_ESCAPED:
        return value(p.literal.data, p.literal.length)
    if p.kind == PART_RULE_GROUP:
        return rewrite_group(w, w.rule_subject, &w.rule_groups[0], p.number, rule)
    if p.kind == PART_COND_GROUP:
        return rewrite_group(w, w.cond_subject, &w.cond_groups[0], p.number, rule)
    if p.kind == PART_VARIABLE:
        return rewrite_variable(w, p)
    found = rewrite_map_find(w, p.map, rewrite_expand(w, &p.key, rule, NULL))
    if found.data == NULL and p.fallback.count:
        return rewrite_expand(w, &p.fallback, rule, NULL)
    return found


cdef value rewrite_group(
        rewriting *w, value subject, const int *groups, int number,
        const rewrite_rule *rule) noexcept nogil:
    cdef value taken = value(NULL, 0)
    cdef value escaped
    if subject.data == NULL or groups[2 * number + 1] <= groups[2 * number]:
        return taken
    taken.data = subject.data + groups[2 * number]
    taken.length = groups[2 * number + 1] - groups[2 * number]
    if likely(rule == NULL or not rule.escape_groups):
        return taken
    escaped = escape_group(w, taken, rule)
    if unlikely(w.trace >= 5):
        trace_two(w, 5, w.is_dir, b"escaping backreference '%s' to '%s'",
                  taken, escaped)
    return escaped


cdef bint text_has(const text *t, unsigned char c) noexcept nogil:
    return t.length != 0 and memchr(t.data, c, t.length) != NULL


cdef value escape_group(
        rewriting *w, value taken, const rewrite_rule *rule) noexcept nogil:
    """[B]: as a form field is; only some bytes of it with B= or BCTLS, and none that
    BNE= names."""
    cdef writer out
    cdef unsigned int i
    cdef unsigned char c
    cdef bint wanted
    arena_write(&w.r.arena, &out)
    for i in range(taken.length):
        c = taken.data[i]
        if rule.escape_controls:
            wanted = c <= 0x20 or c == 0x7f
        else:
            wanted = not rule.has_escapes
        wanted = wanted or (rule.has_escapes and text_has(&rule.escapes, c))
        if not wanted or text_has(&rule.no_escapes, c) \
                or char_class[c] & (CHAR_ALPHA | CHAR_DIGIT) or c == c'_':
            put_byte(&out, c)
        elif c == c' ' and not rule.escape_no_plus:
            put_byte(&out, c'+')
        else:
            put_byte(&out, c'%')
            put_byte(&out, HEX_LOWER[c >> 4])
            put_byte(&out, HEX_LOWER[c & 15])
    return arena_written(&w.r.arena, &out)


cdef value rewrite_variable(rewriting *w, const rewrite_part *p) noexcept nogil:
    cdef const plan_variable *v
    cdef value found
    if p.variable < 0:
        return value(NULL, 0)
    if unlikely(p.looks_ahead):
        return rewrite_look_ahead(w, p)
    v = &plan_variables[p.variable]
    if v.kind == VAR_REQUEST_FILENAME or v.kind == VAR_SCRIPT_FILENAME:
        return w.filename
    if v.kind == VAR_QUERY_STRING:
        return w.args
    if v.kind == VAR_PATH_INFO:
        return w.path_info
    if v.kind == VAR_DOCUMENT_ROOT or v.kind == VAR_CONTEXT_DOCUMENT_ROOT:
        return traced(&w.r.vhost.rewrite.document_root)
    found = variable_value(w.r, p.variable)
    if v.kind == VAR_ENV and found.data == NULL:
        return value(p.literal.data, p.literal.length)
    return found
