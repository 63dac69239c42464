"""What the member is asked for: the mapping's target and the rest of the path.

Spec: proxying.md 1.4. The canonical form, or with nocanon what the client has sent.
"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena,
#       http/exit, plan/plan, plan/undecided, plan/path, plan/template, plan/match,
#       flow/exchange

cdef int match_target(exchange *x) noexcept nogil:
    cdef plan_mapping *m = x.mapping
    cdef const char *raw = request_bytes(x) + x.path.offset
    cdef value query = query_of(x)
    cdef value subject = x.decoded
    cdef value rest
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int how
    cdef writer w
    if m.noquery:
        query.length = 0
    # The usual case, pattern and target path alike: what came is what goes.
    if likely(x.path_is_plain and m.is_plain
              and query.length == x.path.length - x.decoded.length
              and m.target_path.length == x.rest_at
              and memcmp(m.target_path.data, raw, x.rest_at) == 0):
        x.target = value(x.decoded.data, x.path.length)
        return 0
    if m.nocanon and matches_as_sent(m, x, raw):
        # What the client sent, its query with it, is both what an expression is
        # matched against and what goes out; noquery means nothing then.
        how = PATH_AS_IS
        subject = value(raw, x.path.length)
        query.length = 0
    else:
        how = path_form(x)
    rest = rest_of(x, subject, how)
    if m.target_has_groups:
        if not request_matches(
                x, m.regex, False, subject.data, subject.length, &groups[0]):
            return -500         # it did before
        rest.length = 0
    arena_write(&x.arena, &w)
    put_byte(&w, c'/')
    put_template(x, &w, template_of(x), &groups[0] if m.target_has_groups else NULL,
                 subject, how)
    put_path(&w, rest.data, rest.length, how)
    put(&w, query.data, query.length)
    x.target = arena_written(&x.arena, &w)
    if x.arena.starved:
        return -500
    if how == PATH_AS_IS and target_needs_encoding(x.target.data, x.target.length):
        return -403             # as httpd: it would not be what was sent
    # The slash is for "balancer://b" with a pattern that took the path's own.
    if x.target.length > 1 and x.target.data[1] == c'/':
        x.target.data += 1
        x.target.length -= 1
    return 0


cdef int match_target_of(exchange *x, const text *path) noexcept nogil:
    """x.target for a path of the configuration, through x.mapping."""
    cdef plan_mapping *m = x.mapping
    cdef writer w
    if m.regex >= 0:
        return -500
    arena_write(&x.arena, &w)
    put_template(x, &w, template_of(x), NULL, x.decoded, path_form(x))
    put(&w, path.data + x.rest_at, path.length - x.rest_at)
    x.target = arena_written(&x.arena, &w)
    return -500 if x.arena.starved else 0


cdef const plan_format *template_of(exchange *x) noexcept nogil:
    if x.mapping.interpolate and conf_flag(x, CONF_INTERPOLATE_ENV, False):
        return &x.mapping.interpolated
    return &x.mapping.target


cdef int path_form(exchange *x) noexcept nogil:
    if x.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE:
        return PATH_KEEPS_SLASH
    return PATH_CANONICAL


cdef bint matches_as_sent(
        plan_mapping *m, exchange *x, const char *raw) noexcept nogil:
    """Does the mapping take the target as it was sent, not only what it decodes to?

    Where decoding made the match, there is no telling which of the bytes that were
    sent belong to the pattern: then the canonical path goes out, whatever nocanon says.
    And where dot segments were undone: a member that undoes them behind a part that was
    cut off would come to another path than the one that was decided upon.
    """
    if x.reduced:
        return False
    if m.regex >= 0:
        return request_matches(x, m.regex, False, raw, x.path.length, NULL) > 0
    return x.rest_at <= x.path.length and memcmp(
        raw, x.decoded.data, x.rest_at) == 0


cdef value rest_of(exchange *x, value subject, int how) noexcept nogil:
    """What follows the part that the pattern took; an expression takes nothing."""
    cdef unsigned int at = x.rest_at
    if how == PATH_AS_IS and byte_before(subject.data, at) == c'/':
        while at < subject.length and subject.data[at] == c'/':
            at += 1         # the run of slashes at the joint belongs to the pattern
    return value(subject.data + at, subject.length - at)


cdef value target_url(exchange *x) noexcept nogil:
    """The URL that <Proxy> and <ProxyMatch> are compared with (7.1); data NULL: no
    memory.

    Apache compares before it encodes, and the query is not part of it yet.
    """
    cdef text *base = &x.mapping.base
    cdef value path = x.target
    cdef bint as_is = x.mapping.nocanon and not x.reduced
    cdef writer w
    if not as_is:
        path.length = <unsigned int>(
            <const char *>memchr_or_end(path.data, c'?', path.length) - path.data)
    arena_write(&x.arena, &w)
    put(&w, base.data, base.length)
    if as_is:
        put(&w, path.data, path.length)
    else:
        put_decoded(
            &w, path.data, path.length,
            x.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE)
    return arena_written(&x.arena, &w)


cdef void put_decoded(
        writer *w, const char *path, unsigned int length,
        bint keep_encoded_slash) noexcept nogil:
    """Undo put_path."""
    cdef unsigned int i = 0
    cdef int byte
    cdef char c
    while i < length:
        c = path[i]
        if c == c'%' and i + 2 < length:
            byte = hex_pair(path + i + 1)
            if byte >= 0 and not (keep_encoded_slash and byte == c'/'):
                c = <char>byte
                i += 2
        put_byte(w, c)
        i += 1
