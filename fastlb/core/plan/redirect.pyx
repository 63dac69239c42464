"""Redirect and its kin: the first rule that fits answers."""
# uses: ground/text, io/writer, ground/path, ground/arena, plan/template, plan/plan,
#       plan/facts, plan/undecided, plan/path, plan/own_name, plan/target, plan/expr

cdef value redirect_composed(request_facts *r, int number) noexcept nogil:
    """The URL that an expression makes, encoded up to its query or fragment; NULL: it
    could not be worked out."""
    cdef value url = expr_text(r, number, NULL)
    cdef unsigned int i
    cdef writer w
    if url.data == NULL:
        return url
    i = 0
    while i < url.length and url.data[i] != c'?' and url.data[i] != c'#':
        i += 1
    arena_write(&r.arena, &w)
    put_path(&w, url.data, i, PATH_CANONICAL)
    put(&w, url.data + i, url.length - i)
    return arena_written(&r.arena, &w)


cdef void redirect_to_expression(
        request_facts *r, int number, redirected *out) noexcept nogil:
    """To what an expression makes: 302, or 500 without a location."""
    cdef value url = redirect_composed(r, number)
    cdef value host
    cdef writer w
    out.status = 302
    out.location = value(NULL, 0)
    if url.data != NULL and url.length and url.data[0] == c'/':
        host = self_reference(r)
        arena_write(&r.arena, &w)
        put_own_scheme(r, &w)
        put(&w, host.data, host.length)
        put(&w, url.data, url.length)
        url = arena_written(&r.arena, &w)
    if url.data == NULL or r.arena.starved:
        out.status = 500
    else:
        out.location = url


cdef int redirect_apply(
        request_facts *r, redirect_op *op, bint absolute_needed,
        redirected *out) noexcept nogil:
    cdef value query = query_of(r)
    cdef value url
    cdef value host
    cdef value rest = r.decoded
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int taken
    cdef writer w
    if op.regex >= 0:
        if not request_matches(
                r, op.regex, True, r.decoded.data, r.decoded.length, &groups[0]):
            # A redirect that nobody can decide on may have kept something back.
            return -500 if r.undecided else 0
        rest.length = 0
    elif op.pattern.length:
        taken = prefix_match(&op.pattern, r.decoded.data, r.decoded.length)
        if taken < 0:
            return 0
        rest.data += taken
        rest.length -= <unsigned int>taken
    else:
        rest.length = 0
    out.status = op.status
    out.location = value(NULL, 0)
    if not op.has_url:
        return 1
    if unlikely(op.composed >= 0):
        url = redirect_composed(r, op.composed)
        if url.data == NULL:
            return -500
    else:
        arena_write(&r.arena, &w)
        put_template(
            &r.env[0], &w, &op.url, &groups[0] if op.regex >= 0 else NULL, r.decoded,
            path_form(r))
        url = arena_written(&r.arena, &w)
    if memchr_or_end(url.data, c'?', url.length) != url.data + url.length:
        query.length = 0
    host = self_reference(r)
    arena_write(&r.arena, &w)
    if absolute_needed and url.length and url.data[0] == c'/':
        put_own_scheme(r, &w)
        put(&w, host.data, host.length)
    put(&w, url.data, url.length)
    put_path(&w, rest.data, rest.length, PATH_CANONICAL)
    put(&w, query.data, query.length)
    out.location = arena_written(&r.arena, &w)
    return -500 if r.arena.starved else 1


cdef int match_redirect(
        request_facts *r, bint in_sections, redirected *out) noexcept nogil:
    cdef int i, j, rc
    cdef bint relative = conf_flag(r, CONF_REDIRECT_RELATIVE, False)
    for i in range(r.conf_count - 1, -1, -1):
        if (i > 0) != in_sections:
            continue
        for j in range(r.confs[i].redirect_count):
            rc = redirect_apply(r, &r.confs[i].redirects[j], not relative, out)
            if rc != 0:
                return rc
    return 0


# Of what no mapping takes, before access is looked at and a file is looked for, as
# mod_alias does it: a <Location>'s that asks for no path, then those outside of
# sections. returns as match_redirect
cdef int match_redirect_early(request_facts *r, redirected *out) noexcept nogil:
    cdef bint relative = conf_flag(r, CONF_REDIRECT_RELATIVE, False)
    cdef redirect_op *op
    cdef int i, j, rc
    for i in range(r.conf_count - r.if_conf_count - 1, 0, -1):
        for j in range(r.confs[i].redirect_count):
            op = &r.confs[i].redirects[j]
            if op.regex >= 0 or op.pattern.length:
                continue
            rc = redirect_apply(r, op, not relative, out)
            if rc != 0:
                return rc
    return match_redirect(r, False, out)


# Of a directory that is asked for without its slash.
cdef void redirect_to_slash(request_facts *r, redirected *out) noexcept nogil:
    cdef value host = self_reference(r)
    cdef value query = query_of(r)
    cdef writer w
    arena_write(&r.arena, &w)
    put_own_scheme(r, &w)
    put(&w, host.data, host.length)
    put_path(&w, r.decoded.data, r.decoded.length, PATH_CANONICAL)
    put_byte(&w, c'/')
    put(&w, query.data, query.length)
    out.status = 301
    out.location = arena_written(&r.arena, &w)
