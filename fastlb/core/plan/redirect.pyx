"""Redirect and its kin: the first rule that fits answers (proxying.md 1)."""

cdef int redirect_apply(
        exchange *x, redirect_op *op, bint absolute_needed) noexcept nogil:
    cdef value query = query_of(x)
    cdef value url
    cdef value host
    cdef int taken
    cdef unsigned int n = 0, rest_length = 0
    cdef const char *rest = x.decoded.data
    cdef char *p
    if op.regex >= 0:
        if not request_matches(
                x, op.regex, True, x.decoded.data, x.decoded.length, NULL):
            # A redirect that nobody can decide on may have kept something back.
            return -500 if x.undecided else 0
        if op.has_url and expand_groups(
                x, &op.url, op.regex, x.decoded, False, &url) < 0:
            return -500
    else:
        if op.pattern.length:
            taken = prefix_match(&op.pattern, x.decoded.data, x.decoded.length)
            if taken < 0:
                return 0
            rest += taken
            rest_length = x.decoded.length - <unsigned int>taken
        url.data = op.url.data
        url.length = op.url.length
    x.status = op.status
    x.location.data = NULL
    x.location.length = 0
    if not op.has_url:
        return 1
    if memchr(url.data, c'?', url.length) != NULL:
        query.length = 0
    host = self_reference(x)
    p = arena_take(x, url.length + 3 * rest_length + query.length + host.length + 16)
    if p == NULL:
        return -500
    if absolute_needed and url.length and url.data[0] == c'/':
        n = 8 if x.down.tls_vhost != NULL else 7
        memcpy(p, b"https://" if n == 8 else b"http://", n)
        memcpy(p + n, host.data, host.length)
        n += host.length
    memcpy(p + n, url.data, url.length)
    n += url.length
    n += encode_path(p + n, rest, rest_length, False)
    memcpy(p + n, query.data, query.length)
    x.location.data = p
    x.location.length = n + query.length
    return 1


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
