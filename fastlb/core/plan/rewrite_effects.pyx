"""What a rule that matched leaves behind: the query, our own name, variables, cookies.

Nothing is done to the request here but to its variables; the rest is in `rewriting`.
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, io/date, plan/build,
#       plan/rewrite_rules, plan/facts, plan/rewrite_run, plan/own_name,
#       plan/rewrite_url, plan/rewrite_trace, plan/rewrite_text, plan/rewrite_cond

cdef void rewrite_split_query(rewriting *w, const rewrite_rule *rule) noexcept nogil:
    """What stands behind a question mark of the result is the query."""
    cdef bint takes_query
    cdef unsigned int skip
    cdef value before = w.filename
    cdef const char *mark
    cdef value made
    cdef writer out
    if rule.query_none:
        if unlikely(w.trace >= 2):
            trace_one(w, 2, False,
                      b"discarding query string, no parse from substitution",
                      value(b"", 0))
        w.args = value(NULL, 0)
        return
    skip = uri_scheme(w.filename, &takes_query)
    if skip and not takes_query:
        w.args = value(NULL, 0)
        return
    if rule.query_discard:
        w.args = value(NULL, 0)
        if unlikely(w.trace >= 2):
            trace_one(w, 2, False, b"discarding query string", value(b"", 0))
    mark = query_mark(value_from(w.filename, skip), rule.query_last)
    if mark == NULL:
        return
    made = value_from(w.filename, <unsigned int>(mark + 1 - w.filename.data))
    w.filename.length = <unsigned int>(mark - w.filename.data)
    if not rule.query_append:
        w.args = made
    elif made.length:
        arena_write(&w.r.arena, &out)
        put(&out, made.data, made.length)
        put_byte(&out, c'&')
        put(&out, w.args.data, w.args.length)
        w.args = arena_written(&w.r.arena, &out)
    if w.args.data != NULL:
        if w.args.length == 0:
            w.args.data = NULL
        elif byte_before(w.args.data, w.args.length) == c'&':
            w.args.length -= 1
    if unlikely(w.trace >= 3):
        trace_more(
            w, 3, False, b"split uri=%s -> uri=%s, args=%s", before, w.filename,
            w.args if w.args.data != NULL else value(b"<none>", 6), value(b"", 0))


cdef const char *query_mark(value v, bint the_last) noexcept nogil:
    cdef unsigned int i
    if not the_last:
        return <const char *>memchr(v.data, c'?', v.length)
    for i in range(v.length):
        if byte_before(v.data, v.length - i) == c'?':
            return v.data + v.length - i - 1
    return NULL


cdef void rewrite_qualify(rewriting *w) noexcept nogil:
    """http://ourselves before a path."""
    cdef writer out
    cdef value name
    if w.r.req.method_id == METHOD_CONNECT or uri_is_absolute(w.filename):
        return
    name = self_reference(w.r)
    arena_write(&w.r.arena, &out)
    put_own_scheme(w.r, &out)
    put(&out, name.data, name.length)
    if w.filename.length == 0 or w.filename.data[0] != c'/':
        put_byte(&out, c'/')
    put(&out, w.filename.data, w.filename.length)
    w.filename = arena_written(&w.r.arena, &out)


cdef void rewrite_reduce(rewriting *w) noexcept nogil:
    """A URL that is one of ours becomes a path."""
    cdef bint tls = client_speaks_tls(w.r)
    cdef unsigned int scheme = 8 if tls else 7
    cdef value host
    cdef value reduced
    cdef int port
    if w.filename.length <= scheme or not value_begins(
            w.filename, b"https://" if tls else b"http://", scheme):
        return
    host = uri_host(w.filename, scheme, &port)
    if not host_is_ours(w.r, host, port):
        return
    reduced = value_from(w.filename, scheme)
    reduced.data = <const char *>memchr_or_end(reduced.data, c'/', reduced.length)
    reduced.length = <unsigned int>(w.filename.data + w.filename.length - reduced.data)
    if reduced.length == 0:
        reduced = value(b"/", 1)
    if unlikely(w.trace >= 3):
        trace_two(w, 3, False, b"reduce %s -> %s", w.filename, reduced)
    w.filename = reduced
    if not w.options & OPTION_LEGACY_PREFIX:
        w.reduced = True


cdef void rewrite_set_env(rewriting *w, const rewrite_rule *rule) noexcept nogil:
    """[E=name:value] and [E=!name]."""
    cdef int i, number
    cdef value said, name, content
    for i in range(rule.env_count):
        said = rewrite_expand(w, &rule.envs[i], NULL, NULL)
        if unlikely(request_waits(w.r)):
            return
        if said.length and said.data[0] == c'!':
            name = value_from(said, 1)
            number = plan_env_find(name)
            if number >= 0:
                w.r.env[number] = value(NULL, 0)
            if unlikely(w.trace >= 5):
                trace_one(w, 5, False, b"unsetting env variable '%s'", name)
            continue
        name = said
        name.length = <unsigned int>(
            <const char *>memchr_or_end(said.data, c':', said.length) - said.data)
        content = value(b"", 0)
        if name.length < said.length:
            content = value_from(said, name.length + 1)
        number = plan_env_find(name)
        if number >= 0:
            # What was expanded lies in the head, perhaps, and that moves.
            content = arena_copy(&w.r.arena, content.data, content.length)
            env_set(w.r, number, content.data, content.length)
        if unlikely(w.trace >= 5):
            trace_two(w, 5, False, b"setting env variable '%s' to '%s'", name, content)


cdef value next_cookie_word(value *rest, char sign) noexcept nogil:
    """The next word before a sign; runs of the sign count once. data NULL: none."""
    cdef value word = value(NULL, 0)
    while rest.length and rest.data[0] == sign:
        rest[0] = value_from(rest[0], 1)
    if rest.length == 0:
        return word
    word.data = rest.data
    word.length = <unsigned int>(
        <const char *>memchr_or_end(rest.data, sign, rest.length) - rest.data)
    rest[0] = value_from(rest[0], word.length)
    return word


cdef bint is_word(value v, const char *word, const char *other) noexcept nogil:
    """"true", "1", or a word of its own."""
    return (v.length == 1 and v.data[0] == c'1') or (
        v.length == 4 and value_begins(v, b"true", 4)) or (
        v.length == strlen(other) and value_begins(
            v, other, <unsigned int>strlen(other)))


cdef void rewrite_set_cookies(rewriting *w, const rewrite_rule *rule) noexcept nogil:
    """[CO=name:value:domain[:minutes[:path[:secure[:HttpOnly[:SameSite]]]]]]."""
    cdef int i
    for i in range(rule.cookie_count):
        rewrite_set_cookie(w, rewrite_expand(w, &rule.cookies[i], NULL, NULL))


cdef void rewrite_set_cookie(rewriting *w, value said) noexcept nogil:
    cdef char sign = c':'
    cdef value name, content, domain, minutes, path, secure, http_only, same_site
    cdef made_cookie **c = &w.r.cookies
    cdef made_cookie *made
    cdef writer out
    cdef long long time_s
    cdef char[COOKIE_TIME_BYTES] when
    if said.length and said.data[0] == c';':
        sign = c';'
        said = value_from(said, 1)
    name = next_cookie_word(&said, sign)
    content = next_cookie_word(&said, sign)
    domain = next_cookie_word(&said, sign)
    if domain.data == NULL:
        return
    while c[0] != NULL:
        if same_text(c[0].name, name):
            if unlikely(w.trace >= 5):
                trace_one(w, 5, False, b"skipping already set cookie '%s'", name)
            return
        c = &c[0].next
    minutes = next_cookie_word(&said, sign)
    path = next_cookie_word(&said, sign)
    secure = next_cookie_word(&said, sign)
    http_only = next_cookie_word(&said, sign)
    same_site = next_cookie_word(&said, sign)
    arena_write(&w.r.arena, &out)
    put(&out, name.data, name.length)
    put_byte(&out, c'=')
    put(&out, content.data, content.length)
    put(&out, b"; path=", 7)
    if path.data == NULL:
        path = value(b"/", 1)
    put(&out, path.data, path.length)
    put(&out, b"; domain=", 9)
    put(&out, domain.data, domain.length)
    if minutes.data != NULL and number_of(minutes):
        time_s = (w.r.started_us + wall_offset_us) // 1000000 + 60 * number_of(minutes)
        put(&out, b"; expires=", 10)
        put(&out, &when[0], cookie_time(time_s, &when[0]))
    if is_word(secure, b"true", b"secure"):
        put(&out, b"; secure", 8)
    if is_word(http_only, b"true", b"HttpOnly"):
        put(&out, b"; HttpOnly", 10)
    if same_site.data != NULL and not (
            same_site.length == 1 and same_site.data[0] == c'0') and not (
            same_site.length == 5 and value_begins(same_site, b"false", 5)):
        put(&out, b"; SameSite=", 11)
        put(&out, same_site.data, same_site.length)
    made = <made_cookie *>arena_take_struct(&w.r.arena, sizeof(made_cookie))
    if made == NULL:
        w.r.arena.starved = True
        return
    made.name = arena_copy(&w.r.arena, name.data, name.length)
    made.line = arena_written(&w.r.arena, &out)
    made.next = NULL
    c[0] = made
    if unlikely(w.trace >= 5):
        trace_one(w, 5, False, b"setting cookie '%s'", made.line)


cdef unsigned int cookie_time(long long time_s, char *out) noexcept nogil:
    """Tue, 15-Nov-1994 08:12:31 GMT; bytes written, 0 for a time beyond a calendar."""
    cdef time_t second = time_s
    cdef tm parts
    if gmtime_r(&second, &parts) == NULL:
        return 0
    return <unsigned int>strftime(
        out, COOKIE_TIME_BYTES, b"%a, %d-%b-%Y %H:%M:%S GMT", &parts)


cdef void rewrite_force(rewriting *w, const rewrite_rule *rule) noexcept nogil:
    """[H]: of what is served here; [T]: of an answer that says no type."""
    cdef value said
    cdef writer out
    if rule.has_type:
        said = rewrite_expand(w, &rule.mime_type, rule, NULL)
        if said.length:
            arena_write(&w.r.arena, &out)
            put_lower(&out, said.data, said.length)
            w.r.forced_type = arena_written(&w.r.arena, &out)
            if unlikely(w.trace >= 2):
                trace_two(w, 2, True, b"remember %s to have MIME-type '%s'",
                          w.filename, w.r.forced_type)
    if rule.has_handler:
        said = rewrite_expand(w, &rule.handler, rule, NULL)
        if said.length == 0:
            return
        arena_write(&w.r.arena, &out)
        put_lower(&out, said.data, said.length)
        w.r.forced_handler = arena_written(&w.r.arena, &out)
        if unlikely(w.trace >= 2):
            trace_two(w, 2, True, b"remember %s to have Content-handler '%s'",
                      w.filename, w.r.forced_handler)
