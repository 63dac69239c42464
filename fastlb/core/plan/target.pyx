"""What the member is asked for: the mapping's target and the rest of the path.

The canonical form, or with nocanon what the client has sent.
"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena,
#       http/exit, plan/template, plan/plan, plan/facts, plan/undecided, plan/path

cdef int match_target(request_facts *r) noexcept nogil:
    cdef plan_mapping *m = r.mapping
    cdef const char *raw = request_bytes(r) + r.path.offset
    cdef value query = query_of(r)
    cdef value subject = r.decoded
    cdef value rest
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int how
    cdef writer w
    if unlikely(r.rewritten == REWRITTEN_TARGET):
        return 0                # a rule has made it
    if m.noquery:
        query.length = 0
    # The usual case, pattern and target path alike: what came is what goes.
    if likely(r.path_is_plain and m.is_plain
              and query.length == r.path.length - r.decoded.length
              and m.target_path.length == r.rest_at
              and memcmp(m.target_path.data, raw, r.rest_at) == 0):
        r.target = value(r.decoded.data, r.path.length)
        return 0
    if m.nocanon and matches_as_sent(m, r, raw):
        # What the client sent, its query with it, is both what an expression is
        # matched against and what goes out; noquery means nothing then.
        how = PATH_AS_IS
        subject = value(raw, r.path.length)
        query.length = 0
    else:
        how = path_form(r)
    rest = rest_of(r, subject, how)
    if m.target_has_groups:
        if not request_matches(
                r, m.regex, False, subject.data, subject.length, &groups[0]):
            return -500         # it did before
        rest.length = 0
    arena_write(&r.arena, &w)
    put_byte(&w, c'/')
    put_template(&r.env[0], &w, template_of(r),
                 &groups[0] if m.target_has_groups else NULL, subject, how)
    put_path(&w, rest.data, rest.length, how)
    put(&w, query.data, query.length)
    r.target = arena_written(&r.arena, &w)
    if r.arena.starved:
        return -500
    if how == PATH_AS_IS and target_needs_encoding(r.target.data, r.target.length):
        return -403             # as httpd: it would not be what was sent
    # The slash is for "balancer://b" with a pattern that took the path's own.
    if r.target.length > 1 and r.target.data[1] == c'/':
        r.target.data += 1
        r.target.length -= 1
    return 0


cdef const plan_format *template_of(request_facts *r) noexcept nogil:
    if r.mapping.interpolate and conf_flag(r, CONF_INTERPOLATE_ENV, False):
        return &r.mapping.interpolated
    return &r.mapping.target


cdef int path_form(request_facts *r) noexcept nogil:
    if r.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE:
        return PATH_KEEPS_SLASH
    return PATH_CANONICAL


cdef bint matches_as_sent(
        plan_mapping *m, request_facts *r, const char *raw) noexcept nogil:
    """Does the mapping take the target as it was sent, not only what it decodes to?

    Where decoding made the match, there is no telling which of the bytes that were
    sent belong to the pattern: then the canonical path goes out, whatever nocanon says.
    And where dot segments were undone: a member that undoes them behind a part that was
    cut off would come to another path than the one that was decided upon.
    """
    if r.reduced:
        return False
    if m.regex >= 0:
        return request_matches(r, m.regex, False, raw, r.path.length, NULL) > 0
    return r.rest_at <= r.path.length and memcmp(
        raw, r.decoded.data, r.rest_at) == 0


cdef value rest_of(request_facts *r, value subject, int how) noexcept nogil:
    """What follows the part that the pattern took; an expression takes nothing."""
    cdef unsigned int at = r.rest_at
    if how == PATH_AS_IS and byte_before(subject.data, at) == c'/':
        while at < subject.length and subject.data[at] == c'/':
            at += 1         # the run of slashes at the joint belongs to the pattern
    return value(subject.data + at, subject.length - at)


cdef value target_url(request_facts *r, bint with_usual_port) noexcept nogil:
    """The URL that <Proxy> and <ProxyMatch> are compared with (7.1); data NULL: no
    memory.

    Apache compares before it encodes, and the query is not part of it yet.
    """
    cdef text *base = &r.mapping.base
    cdef value path = r.target
    cdef bint as_is = r.mapping.nocanon and not r.reduced
    cdef writer w
    if not as_is:
        path.length = <unsigned int>(
            <const char *>memchr_or_end(path.data, c'?', path.length) - path.data)
    arena_write(&r.arena, &w)
    put(&w, base.data, base.length)
    if with_usual_port:
        put(&w, r.mapping.usual_port.data, r.mapping.usual_port.length)
    if as_is:
        put(&w, path.data, path.length)
    else:
        put_decoded(
            &w, path.data, path.length,
            r.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE)
    return arena_written(&r.arena, &w)


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
