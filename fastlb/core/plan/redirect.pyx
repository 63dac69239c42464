"""Redirect and its kin: the first rule that fits answers (proxying.md 1)."""
# uses: ground/text, io/writer, ground/path, ground/arena, plan/plan, plan/undecided,
#       plan/path, plan/template, plan/match, plan/target, plan/own_name,
#       flow/exchange

cdef int redirect_apply(
        exchange *x, redirect_op *op, bint absolute_needed) noexcept nogil:
    cdef value query = query_of(x)
    cdef value url
    cdef value host
    cdef value rest = x.decoded
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int taken
    cdef writer w
    if op.regex >= 0:
        if not request_matches(
                x, op.regex, True, x.decoded.data, x.decoded.length, &groups[0]):
            # A redirect that nobody can decide on may have kept something back.
            return -500 if x.undecided else 0
        rest.length = 0
    elif op.pattern.length:
        taken = prefix_match(&op.pattern, x.decoded.data, x.decoded.length)
        if taken < 0:
            return 0
        rest.data += taken
        rest.length -= <unsigned int>taken
    else:
        rest.length = 0
    x.status = op.status
    x.local.location = value(NULL, 0)
    if not op.has_url:
        return 1
    arena_write(&x.arena, &w)
    put_template(
        x, &w, &op.url, &groups[0] if op.regex >= 0 else NULL, x.decoded, path_form(x))
    url = arena_written(&x.arena, &w)
    if memchr_or_end(url.data, c'?', url.length) != url.data + url.length:
        query.length = 0
    host = self_reference(x)
    arena_write(&x.arena, &w)
    if absolute_needed and url.length and url.data[0] == c'/':
        put_own_scheme(x, &w)
        put(&w, host.data, host.length)
    put(&w, url.data, url.length)
    put_path(&w, rest.data, rest.length, PATH_CANONICAL)
    put(&w, query.data, query.length)
    x.local.location = arena_written(&x.arena, &w)
    return -500 if x.arena.starved else 1


cdef int match_redirect(exchange *x, bint in_sections) noexcept nogil:
    cdef int i, j, rc
    cdef bint relative = conf_flag(x, CONF_REDIRECT_RELATIVE, False)
    for i in range(x.conf_count - 1, -1, -1):
        if (i > 0) != in_sections:
            continue
        for j in range(x.confs[i].redirect_count):
            rc = redirect_apply(x, &x.confs[i].redirects[j], not relative)
            if rc != 0:
                return rc
    return 0
