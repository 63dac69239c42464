"""Rules of a server before a mapping is looked for, of sections before a redirect.

As mod_rewrite's hook_uri2file and hook_fixup. What leaves goes through http/exit like
everything that is composed; a path that was rewritten is mapped, and admitted, as if
it had been asked for.
"""
# uses: ground/chartable, ground/text, io/writer, ground/path, ground/arena,
#       http/exit, plan/build, plan/template, plan/verdicts, plan/rewrite_rules,
#       plan/plan, plan/facts, plan/rewrite_run, plan/path, plan/own_name,
#       plan/target, plan/file_names, plan/rewrite_url, plan/rewrite_trace,
#       plan/rewriting, plan/rewrite_dirs

# Forget what rules have made of the request, before it is decided upon anew.
cdef void rewrite_forget(request_facts *r) noexcept nogil:
    r.rewritten = REWRITTEN_NOT
    r.query_is_made = False
    r.rewriting_ended = False
    r.redirects = 0
    r.original = value(NULL, 0)
    r.forced_handler = value(NULL, 0)
    r.forced_type = value(NULL, 0)
    r.script_url = value(NULL, 0)
    r.cookies = NULL
    r.wanted = NULL
    r.asks.kind = ASKS_NOTHING
    r.trace_at = 0


cdef bint rewrite_is_on(const request_facts *r, int *options) noexcept nogil:
    """The engine's state, and the options, by the last section that says them."""
    cdef int i
    cdef bint engine = r.vhost.rewrite.engine
    cdef const rewrite_dir *d
    options[0] = r.vhost.rewrite.options
    for i in range(1, r.conf_count):
        d = r.confs[i].rewrite
        if d != NULL:
            if d.engine >= 0:
                engine = d.engine
            if d.options >= 0:
                options[0] = d.options
    return engine


cdef void rewriting_begin(rewriting *w, request_facts *r, int options) noexcept nogil:
    cdef value query = query_of(r)
    w.r = r
    w.trace = 0 if r.is_reading else r.vhost.rewrite.trace
    w.is_dir = False
    w.directory = value(NULL, 0)
    w.base = value(NULL, 0)
    w.options = options
    w.filename = r.decoded
    w.path_info = value(b"", 0)
    w.args = value(NULL, 0)
    if query.length:
        w.args = value(query.data + 1, query.length - 1)
    w.rule_subject = value(NULL, 0)
    w.cond_subject = value(NULL, 0)
    w.status = 0
    w.because = 0
    w.map_is_silent = False
    w.failed = NULL
    w.last = NULL
    w.passes_through = False
    w.reduced = False
    w.made_bytes = 0


cdef int rewrite_in_server(request_facts *r, rewrite_outcome *out) noexcept nogil:
    cdef rewriting w
    cdef int options, became
    cdef value before
    if r.rewriting_ended or not rewrite_is_on(r, &options):
        return REWROTE_NOTHING
    if r.decoded.data[0] != c'/' and not options & OPTION_ANY_URI:
        return REWROTE_NOTHING
    if unlikely(plan_script_url >= 0 or plan_script_uri >= 0):
        rewrite_name_script(r)
    rewriting_begin(&w, r, options)
    before = w.args
    if unlikely(w.trace >= 2):
        trace_one(&w, 2, False, b"init rewrite engine with requested uri %s",
                  w.filename)
    became = rewrite_list_run(&w, &r.vhost.rewrite.list)
    if likely(became == REWRITE_NOTHING):
        if unlikely(w.trace >= 1):
            trace_one(&w, 1, False, b"pass through %s", w.filename)
        return REWROTE_NOTHING
    if rewrite_answers(&w, became, out):
        return REWROTE_STATUS
    if filename_is_proxied(&w):
        return rewrite_to_target(&w, became, out)
    if not w.passes_through and uri_is_absolute(w.filename):
        return rewrite_redirect(&w, became, before, out)
    if not rewrite_keep_query(&w):
        return rewrite_failed(&w, 500, 0, out)
    if not w.passes_through:
        if unlikely(w.trace >= 2):
            trace_one(&w, 2, False, b"local path result: %s", w.filename)
        if w.filename.length == 0 or w.filename.data[0] != c'/':
            return rewrite_failed(&w, 400, 0, out)
        r.rewritten = REWRITTEN_FILE
        if not rewrite_to_file(&w):
            return rewrite_failed(&w, 500, 0, out)
        return REWROTE_NOTHING
    if w.filename.length == 0 or w.filename.data[0] != c'/':
        return rewrite_failed(&w, 400, 0, out)
    return rewrite_keep_path(&w, out)


cdef bint rewrite_to_file(rewriting *w) noexcept nogil:
    """r.file: a path of the file system where its first part is there, unless the
    substitution begins with what was asked for (UnsafePrefixStat); else below
    DocumentRoot. What climbs is nobody's file. False: no memory"""
    cdef request_facts *r = w.r
    cdef char[REWRITE_NAME_BYTES] first
    cdef struct_stat about
    cdef unsigned int end = 1
    cdef value name = w.filename
    cdef bint is_whole = w.last != NULL and (
        w.last.unsafe_prefix_stat or w.last.output.length == 0
        or (w.last.output.data[0] != c'$' and w.last.output.data[0] != c'%'))
    while end < name.length and name.data[end] != c'/':
        end += 1
    if is_whole and not (copy_terminated(&first[0], sizeof(first), name.data, end)
                         and end > 1 and stat(&first[0], &about) == 0):
        is_whole = False
    if path_climbs(name.data, name.length):
        return True
    if is_whole:
        name = arena_copy(&r.arena, name.data, name.length)
    else:
        name = rewrite_joined(w, r.vhost.document_root.data,
                              r.vhost.document_root.length, name)
        if unlikely(w.trace >= 2):
            trace_one(w, 2, False, b"prefixed with document_root to %s", name)
    if unlikely(w.trace >= 1):
        trace_one(w, 1, False, b"go-ahead with %s [OK]", name)
    r.file = file_take(r, name, -1)
    return r.file != NULL


cdef void rewrite_name_script(request_facts *r) noexcept nogil:
    """SCRIPT_URL and SCRIPT_URI: the path before any rule, behind internal redirects,
    too."""
    cdef value url = r.script_url
    cdef value name
    cdef writer out
    if url.data == NULL or (r.is_reading and r.redirects == 0):
        url = r.decoded
        if not r.is_reading:
            r.script_url = url
    if plan_script_url >= 0:
        env_set(r, plan_script_url, url.data, url.length)
    if plan_script_uri >= 0:
        name = self_reference(r)
        arena_write(&r.arena, &out)
        put_own_scheme(r, &out)
        put(&out, name.data, name.length)
        put(&out, url.data, url.length)
        url = arena_written(&r.arena, &out)
        env_set(r, plan_script_uri, url.data, url.length)


cdef int rewrite_failed(
        rewriting *w, int status, int because, rewrite_outcome *out) noexcept nogil:
    out.status = status
    out.because = because
    out.rule = w.failed
    out.location = value(NULL, 0)
    return REWROTE_STATUS


cdef bint rewrite_answers(
        rewriting *w, int became, rewrite_outcome *out) noexcept nogil:
    """A status ends it, or a query that cannot be sent; or it is not known yet."""
    cdef bint escapes = not filename_is_proxied(w) and became != REWRITE_NOESCAPE \
        and not w.passes_through and uri_is_absolute(w.filename)
    if became >= REWRITE_STATUS:
        rewrite_failed(w, w.status, w.because, out)
        return True
    if not escapes and target_needs_encoding(w.args.data, w.args.length):
        rewrite_failed(
            w, 403, REWRITE_RAW_QUERY_IN_DIR if w.is_dir else REWRITE_RAW_QUERY, out)
        return True
    return False


cdef bint rewrite_keep_query(rewriting *w) noexcept nogil:
    """The query that the rules leave becomes the request's. False: no memory."""
    cdef writer out
    cdef value kept = value(b"", 0)
    if w.args.data != NULL:
        arena_write(&w.r.arena, &out)
        put_byte(&out, c'?')
        put(&out, w.args.data, w.args.length)
        kept = arena_written(&w.r.arena, &out)
    w.r.query = kept
    w.r.query_is_made = True
    if w.is_dir:
        w.r.path_is_plain = False   # what was sent behind the path is not its query
    return not w.r.arena.starved


cdef int rewrite_keep_path(rewriting *w, rewrite_outcome *out) noexcept nogil:
    """[PT]: as if the path had been asked for."""
    cdef request_facts *r = w.r
    cdef unsigned int i
    cdef unsigned char c
    cdef unsigned char previous = 0
    cdef bint has_runs = False
    if r.original.data == NULL:
        r.original = r.decoded
        r.original_ways = r.ways
    r.decoded = arena_copy(&r.arena, w.filename.data, w.filename.length)
    if r.decoded.data == NULL:
        return rewrite_failed(w, 500, 0, out)
    r.path_is_plain = False
    r.reduced = True            # what was sent says nothing about this path
    r.ways = 0
    for i in range(r.decoded.length):
        c = <unsigned char>r.decoded.data[i]
        r.ways |= path_way(c)
        # Nobody has put the pieces in order: "/app/" and "/secret", or "./secret".
        has_runs = has_runs or (previous == c'/' and (c == c'/' or c == c'.'))
        previous = c
    if r.ways or has_runs:
        r.ways |= WAY_RUNS
    return REWROTE_NOTHING


cdef int rewrite_redirect(
        rewriting *w, int became, value before, rewrite_outcome *out) noexcept nogil:
    cdef bint _takes_query
    cdef bint as_it_is
    cdef writer made
    if unlikely(w.trace >= 1) and became != REWRITE_NOESCAPE:
        trace_one(w, 1, True, b"escaping %s for redirect", w.filename)
    arena_write(&w.r.arena, &made)
    if became == REWRITE_NOESCAPE:
        put(&made, w.filename.data, w.filename.length)
    else:
        put_absolute_uri(&made, w.filename, uri_scheme(w.filename, &_takes_query))
    if w.args.data != NULL:
        as_it_is = became == REWRITE_NOESCAPE or (
            before.data != NULL and same_text(before, w.args))
        put_byte(&made, c'?')
        if as_it_is:
            put(&made, w.args.data, w.args.length)
        else:
            put_uri(&made, w.args)
        if unlikely(w.trace >= 1):
            trace_two(
                w, 1, True, b"copying %s to query string for redirect %s" if as_it_is
                else b"escaping %s to query string for redirect %s", w.args,
                value(b"", 0))
    out.location = arena_written(&w.r.arena, &made)
    if out.location.data == NULL:
        return rewrite_failed(w, 500, 0, out)
    out.status = w.status if 300 <= w.status < 400 else 302
    if unlikely(w.trace >= 1):
        trace_two(w, 1, True, b"redirect to %s [REDIRECT/%s]", out.location,
                  traced_number(w, out.status))
    return REWROTE_REDIRECT


# [P] -----------------------------------------------------------------------------

cdef plan_mapping *rewrite_target_of(
        request_facts *r, const rewrite_rule *rule, value url,
        unsigned int *path_at) noexcept nogil:
    """Which target of the rule has the URL, or whether the one that it had. path_at:
    out, where the path begins. NULL: none; those of another rule are for whomever the
    conditions of that let by"""
    cdef value socket = value(b"", 0)
    cdef value rest = url
    cdef value scheme, authority, host
    cdef unsigned int at
    cdef int port, i
    if value_begins(url, b"unix:", 5):
        at = <unsigned int>(
            <const char *>memchr_or_end(url.data, c'|', url.length) - url.data)
        if at >= url.length:
            return NULL
        socket = value(url.data + 5, at - 5)
        rest = value_from(url, at + 1)
    at = <unsigned int>(
        <const char *>memchr_or_end(rest.data, c':', rest.length) - rest.data)
    if at + 3 > rest.length or rest.data[at + 1] != c'/' or rest.data[at + 2] != c'/':
        return NULL
    scheme = value(rest.data, at)
    authority = value_from(rest, at + 3)
    authority.length = <unsigned int>(<const char *>memchr_or_end(
        authority.data, c'/', authority.length) - authority.data)
    path_at[0] = <unsigned int>(authority.data + authority.length - url.data)
    for i in range(<int>authority.length):
        if authority.data[i] == c'@':
            authority = value_from(authority, i + 1)
            break
    host = authority_host(authority, &port)
    for i in range(rule.lead_count):
        if target_is(&r.vhost.rewrite.targets[rule.leads[i]], scheme, host, port,
                     socket):
            return &r.vhost.rewrite_mappings[rule.leads[i]]
    for i in range(r.vhost.rewrite.target_count):
        if &r.vhost.rewrite_mappings[i] == r.mapping and target_is(
                &r.vhost.rewrite.targets[i], scheme, host, port, socket):
            return r.mapping
    return NULL


cdef bint target_is(
        const rewrite_target *t, value scheme, value host, int port,
        value socket) noexcept nogil:
    return (
        t.scheme.length == scheme.length and bytes_equal_nocase(
            t.scheme.data, scheme.data, scheme.length)
        and t.host.length == host.length and bytes_equal_nocase(
            t.host.data, host.data, host.length)
        and t.socket.length == socket.length and memcmp(
            t.socket.data, socket.data, socket.length) == 0
        and (port == t.port or (port == 0 and t.port == t.usual_port)))


cdef value authority_host(value authority, int *port) noexcept nogil:
    """The host without brackets, and the port; 0: none is said."""
    cdef value host = authority
    cdef unsigned int i, end
    port[0] = 0
    if host.length and host.data[0] == c'[':
        end = <unsigned int>(<const char *>memchr_or_end(
            host.data, c']', host.length) - host.data)
        host = value(authority.data + 1, end - 1)
        end += 1
    else:
        end = <unsigned int>(<const char *>memchr_or_end(
            host.data, c':', host.length) - host.data)
        host.length = end
    if end + 1 < authority.length and authority.data[end] == c':':
        for i in range(end + 1, authority.length):
            if not char_class[<unsigned char>authority.data[i]] & CHAR_DIGIT \
                    or port[0] > 65535:
                port[0] = -1
                break
            port[0] = port[0] * 10 + authority.data[i] - c'0'
    return host


cdef int rewrite_to_target(
        rewriting *w, int became, rewrite_outcome *out) noexcept nogil:
    """The member that [P] names, and what it is asked for."""
    cdef request_facts *r = w.r
    cdef value url = value_from(w.filename, 6)
    cdef unsigned int at = 0
    cdef plan_mapping *led_to = rewrite_target_of(r, w.last, url, &at)
    cdef value path
    cdef writer made
    cdef int how = PATH_AS_IS if became == REWRITE_NOESCAPE else path_form(r)
    if unlikely(led_to == NULL):
        w.failed = w.last
        return rewrite_failed(w, 500, REWRITE_UNKNOWN_TARGET, out)
    path = value_from(url, at)
    if path.length:
        path = value_from(path, 1)
    if how == PATH_AS_IS and target_needs_encoding(path.data, path.length):
        return rewrite_failed(w, 403, REWRITE_RAW_TARGET, out)
    arena_write(&r.arena, &made)
    put_byte(&made, c'/')
    put_path(&made, path.data, path.length, how)
    if w.args.data != NULL:
        put_byte(&made, c'?')
        put(&made, w.args.data, w.args.length)
    r.target = arena_written(&r.arena, &made)
    if r.target.data == NULL or not rewrite_keep_query(w):
        return rewrite_failed(w, 500, 0, out)
    r.mapping = led_to
    r.rewritten = REWRITTEN_TARGET
    r.target_is_raw = how == PATH_AS_IS
    if unlikely(w.trace >= 1):
        trace_one(w, 1, True, b"go-ahead with proxy request %s [OK]", w.filename)
    return REWROTE_NOTHING


# Sections ------------------------------------------------------------------------

cdef value section_filename(request_facts *r) noexcept nogil:
    """What mod_rewrite calls the file: a member's URL, or where the file would lie."""
    cdef writer out
    if r.file != NULL:
        return r.file.name
    arena_write(&r.arena, &out)
    if r.mapping == NULL:
        put(&out, r.vhost.rewrite.document_root.data,
            r.vhost.rewrite.document_root.length)
        put(&out, r.decoded.data, r.decoded.length)
        return arena_written(&r.arena, &out)
    put(&out, b"proxy:", 6)
    put(&out, r.mapping.base.data, r.mapping.base.length)
    if r.rewritten == REWRITTEN_TARGET or r.mapping.target_has_groups:
        if match_target(r) < 0:
            return value(NULL, 0)
        put(&out, r.target.data, <const char *>memchr_or_end(
            r.target.data, c'?', r.target.length) - r.target.data)
    else:
        put(&out, r.mapping.target_path.data, r.mapping.target_path.length)
        put(&out, r.decoded.data + r.rest_at, r.decoded.length - r.rest_at)
    return arena_written(&r.arena, &out)


cdef int rewrite_in_sections(request_facts *r, rewrite_outcome *out) noexcept nogil:
    cdef rewriting w
    cdef int became
    cdef value before, first
    if r.rewriting_ended:
        return REWROTE_NOTHING
    rewriting_begin(&w, r, 0)
    first = section_filename(r)
    if first.data == NULL or r.arena.starved:
        return rewrite_failed(&w, 500, 0, out)
    w.filename = first
    if not sections_rewrite(r, &w):
        return REWROTE_NOTHING
    if r.arena.starved:
        return rewrite_failed(&w, 500, 0, out)
    w.is_dir = True
    if r.file != NULL and not file_options_of(r) & (FILES_FOLLOW | FILES_FOLLOW_OWN):
        # As httpd: what a rule makes might be a link's way out.
        return rewrite_failed(&w, 403, REWRITE_NO_LINKS, out)
    if r.mapping == NULL:
        file_and_rest(&w)
    if r.mapping == NULL and not w.options & OPTION_NO_SLASH \
            and first.length + 1 == w.directory.length and memcmp(
                first.data, w.directory.data, first.length) == 0:
        return REWROTE_NOTHING      # of a directory without its slash
    before = w.args
    became = rewrite_list_run(&w, &w.merged)
    if likely(became == REWRITE_NOTHING):
        if unlikely(w.trace >= 1):
            trace_one(&w, 1, True, b"pass through %s", w.filename)
        return REWROTE_NOTHING
    if rewrite_answers(&w, became, out):
        return REWROTE_STATUS
    if filename_is_proxied(&w):
        if same_text(w.filename, first):
            return REWROTE_NOTHING if rewrite_keep_query(&w) else rewrite_failed(
                &w, 500, 0, out)
        return rewrite_to_target(&w, became, out)
    if uri_is_absolute(w.filename):
        rewrite_base_of_url(&w)
        return rewrite_redirect(&w, became, before, out)
    if w.filename.length == 0 or w.filename.data[0] != c'/':
        return rewrite_failed(&w, 400, 0, out)
    if r.mapping == NULL and first.length > w.path_info.length:
        first.length -= w.path_info.length
    if same_text(w.filename, first):
        if unlikely(w.trace >= 1):
            trace_one(&w, 1, True,
                      b"initial URL equal rewritten URL: %s [IGNORING REWRITE]",
                      w.filename)
        return REWROTE_NOTHING if rewrite_keep_query(&w) else rewrite_failed(
            &w, 500, 0, out)
    return rewrite_begin_anew(&w, out)


cdef value path_with_prefix(
        rewriting *w, value path, value match, value other) noexcept nogil:
    """The path with another prefix in the place of `match`, at a slash."""
    cdef writer out
    cdef unsigned int length = match.length
    if byte_before(match.data, length) == c'/':
        length -= 1
    if path.length <= length or memcmp(path.data, match.data, length) != 0 \
            or path.data[length] != c'/':
        return path
    length += 1
    if unlikely(w.trace >= 5):
        trace_two(w, 5, False, b"strip matching prefix: %s -> %s", path,
                  value_from(path, length))
    arena_write(&w.r.arena, &out)
    put(&out, other.data, other.length)
    if other.length and byte_before(other.data, other.length) != c'/':
        put_byte(&out, c'/')
    put(&out, path.data + length, path.length - length)
    return arena_written(&w.r.arena, &out)


cdef value path_behind_alias(rewriting *w, value path) noexcept nogil:
    """The URL of what lies where an Alias leads."""
    cdef const file_alias *a = &w.r.vhost.aliases[w.r.file.alias]
    if a.regex >= 0:
        return path
    if unlikely(w.trace >= 2):
        trace_two(w, 2, True,
                  b"trying to replace context docroot %s with context prefix %s",
                  traced(&a.target), traced(&a.path))
    return path_with_prefix(w, path, traced(&a.target), traced(&a.path))


cdef void rewrite_base_of_url(rewriting *w) noexcept nogil:
    """RewriteBase in the place of the section's directory, behind a host."""
    cdef bint _takes_query
    cdef unsigned int at
    cdef value path, made
    if w.base.length == 0:
        return
    at = uri_scheme(w.filename, &_takes_query)
    while at < w.filename.length and w.filename.data[at] != c'/':
        at += 1
    at += 1
    if at >= w.filename.length:
        return
    path = value_from(w.filename, at)
    made = path_with_prefix(
        w, path, value_from(w.directory, 1) if w.directory.data[0] == c'/'
        else w.directory, value_from(w.base, 1))
    if made.data != path.data:
        w.filename = rewrite_joined(w, w.filename.data, at, made)


cdef int rewrite_begin_anew(rewriting *w, rewrite_outcome *out) noexcept nogil:
    """An internal redirect: what is asked for instead, for rewrite_begin."""
    cdef request_facts *r = w.r
    cdef value root = traced(&r.vhost.rewrite.document_root)
    cdef value path = w.filename
    if w.base.length:
        if unlikely(w.trace >= 2):
            trace_two(w, 2, True, b"trying to replace prefix %s with %s", w.directory,
                      w.base)
        path = path_with_prefix(w, path, w.directory, w.base)
    elif r.file != NULL and r.file.alias >= 0:
        path = path_behind_alias(w, path)
    elif root.length > 1 and path.length > root.length and memcmp(
            path.data, root.data, root.length) == 0 \
            and path.data[root.length] == c'/':
        if unlikely(w.trace >= 2):
            trace_two(w, 2, True, b"strip document_root prefix: %s -> %s", path,
                      value_from(path, root.length))
        path = value_from(path, root.length)
    if unlikely(w.trace >= 1):
        trace_one(w, 1, True, b"internal redirect with %s [INTERNAL REDIRECT]", path)
    if w.args.data != NULL:
        path = rewrite_joined(w, path.data, path.length, value(b"?", 1))
        path = rewrite_joined(w, path.data, path.length, w.args)
    out.location = path
    out.rule = w.failed
    if path.data == NULL or not rewrite_keep_query(w):
        return rewrite_failed(w, 500, 0, out)
    return REWROTE_PATH


# The path of REWROTE_PATH takes the place of the request's: it is decoded once more, as
# one that was sent. returns 0, or the status with out.because
cdef int rewrite_begin(request_facts *r, rewrite_outcome *out) noexcept nogil:
    cdef value path = out.location
    cdef value query
    cdef unsigned int i = 0
    cdef int rc
    out.location = value(NULL, 0)
    out.because = 0
    r.redirects += 1
    if r.redirects > REWRITE_REDIRECTS_MAX:
        out.because = REWRITE_TOO_MANY_REDIRECTS
        return 500
    # A URL is parsed once more: its query begins at the first mark, a fragment ends it.
    while i < path.length and path.data[i] != c'?' and path.data[i] != c'#':
        i += 1
    query = value_from(path, i)
    query.length = <unsigned int>(<const char *>memchr_or_end(
        query.data, c'#', query.length) - query.data)
    rc = path_decode(r, path.data, i)
    if rc < 0:
        return -rc
    r.query = arena_copy(&r.arena, query.data, query.length)
    if r.arena.starved:
        return 500
    r.rewritten = REWRITTEN_NOT
    r.original = value(NULL, 0)
    r.forced_handler = value(NULL, 0)
    r.forced_type = value(NULL, 0)
    r.reduced = True
    env_of_redirect(r)
    return 0


cdef void env_of_redirect(request_facts *r) noexcept nogil:
    """Variables have another name behind an internal redirect: REDIRECT_NAME."""
    cdef value[ENV_COUNT_MAX] before
    cdef int i
    memcpy(&before[0], &r.env[0], sizeof(value) * plan.env_count)
    memset(&r.env[0], 0, sizeof(value) * plan.env_count)
    for i in range(plan.env_count):
        if plan_env_redirected[i] >= 0:
            r.env[plan_env_redirected[i]] = before[i]
