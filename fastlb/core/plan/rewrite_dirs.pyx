"""Which rules of sections a request meets, and where its file would lie.

As httpd merges them: <Directory>, <Files>, then <Location> and <Proxy>. The first two
are for what no mapping takes: a proxied request has no file.
"""
# uses: ground/text, ground/path, ground/arena, plan/rewrite_rules, plan/facts,
#       plan/rewrite_run, plan/undecided, plan/handled, plan/rewrite_trace

# What some sections say together.
cdef struct section_group:
    signed char engine          # -1: not said
    int options                 # -1: not said
    value base
    const rewrite_dir *last     # NULL: it is empty
    rewrite_list rules


cdef void group_begin(section_group *g) noexcept nogil:
    memset(g, 0, sizeof(section_group))
    g.engine = -1
    g.options = -1


cdef bint sections_rewrite(request_facts *r, rewriting *w) noexcept nogil:
    """Merge what the sections say. Those for files are merged with each other before
    they are merged with directories, and so are those for paths.
    False: the engine is off, or there are no rules."""
    cdef section_group every, some
    cdef const rewrite_directory *d
    cdef int i
    memset(&every, 0, sizeof(every))
    every.engine = r.vhost.rewrite.engine
    every.options = r.vhost.rewrite.options
    group_begin(&some)
    if r.mapping == NULL:
        for i in range(r.vhost.rewrite.directory_count):
            d = &r.vhost.rewrite.directories[i]
            if not directory_holds(w, d):
                continue
            group_takes_dir(w, &some if d.asks_for_name else &every, &d.said)
        group_takes(w, &every, &some)
    group_begin(&some)
    for i in range(1, r.conf_count):
        if r.confs[i].rewrite != NULL:
            group_takes_dir(
                w, &every if i <= r.proxy_conf_count else &some, r.confs[i].rewrite)
    group_takes(w, &every, &some)
    w.base = every.base
    w.options = every.options
    w.merged = every.rules
    if every.last == NULL or not every.engine:
        return False
    w.directory = value(every.last.directory.data, every.last.directory.length)
    return True


cdef bint directory_holds(
        rewriting *w, const rewrite_directory *d) noexcept nogil:
    """Does the file that the request names lie there, and is that its name?"""
    cdef value name = w.filename
    cdef unsigned int at
    if d.asks_for_name and not file_is_named(w, d):
        return False
    if d.regex >= 0:
        return request_matches(
            w.r, d.regex, True, name.data, name.length, NULL) > 0
    if not d.is_glob:
        at = d.pattern.length
        return name.length >= at and memcmp(name.data, d.pattern.data, at) == 0 and (
            name.length == at or name.data[at] == c'/')
    for at in range(1, name.length + 1):
        if (at == name.length or name.data[at] == c'/') and glob_match(
                d.pattern.data, d.pattern.length, name.data, at, True, False):
            return True
    return False


cdef bint file_is_named(rewriting *w, const rewrite_directory *d) noexcept nogil:
    cdef value whole = w.filename
    cdef value name
    file_and_rest(w)
    name = w.filename
    w.filename = whole
    w.path_info = value(b"", 0)
    while name.length and memchr(name.data, c'/', name.length) != NULL:
        name = value_from(name, <unsigned int>(
            <const char *>memchr_or_end(name.data, c'/', name.length) - name.data) + 1)
    if d.name_regex >= 0:
        return request_matches(
            w.r, d.name_regex, True, name.data, name.length, NULL) > 0
    if d.name_is_glob:
        return glob_match(
            d.name.data, d.name.length, name.data, name.length, False, False)
    return same_text(name, traced(&d.name))


cdef void group_takes_dir(
        rewriting *w, section_group *g, const rewrite_dir *d) noexcept nogil:
    cdef section_group one
    one.engine = d.engine
    one.options = d.options
    one.base = value(d.base.data, d.base.length)
    one.last = d
    one.rules = d.list
    group_takes(w, g, &one)


cdef void group_takes(
        rewriting *w, section_group *g, const section_group *more) noexcept nogil:
    """One behind the other (mod_rewrite's config_perdir_merge)."""
    cdef int before = max(0, g.options)
    cdef int options
    cdef bint down
    if more.last == NULL:
        return
    if g.last == NULL and g.options < 0 and g.engine < 0:
        g[0] = more[0]
        return
    if more.options >= 0:
        g.options = more.options
    if more.engine >= 0:
        g.engine = more.engine
    g.last = more.last
    options = max(0, g.options)
    down = not options & OPTION_IGNORE_INHERIT
    if more.base.length or not options & OPTION_MERGE_BASE:
        g.base = more.base
    if options & OPTION_INHERIT or (before & OPTION_INHERIT_DOWN and down):
        rules_join(w, g, &more.rules, &g.rules)
    elif options & OPTION_INHERIT_BEFORE or (
            before & OPTION_INHERIT_DOWN_BEFORE and down):
        rules_join(w, g, &g.rules, &more.rules)
    else:
        g.rules = more.rules


cdef void rules_join(
        rewriting *w, section_group *g, const rewrite_list *first,
        const rewrite_list *last) noexcept nogil:
    """One list behind the other; where there is nothing to join none is made."""
    cdef rewrite_list joined
    cdef int count = first.count + last.count
    if first.count == 0 or last.count == 0:
        g.rules = last[0] if first.count == 0 else first[0]
        return
    joined.count = count
    joined.index = NULL
    joined.rules = <rewrite_rule **>arena_take_struct(
        &w.r.arena, <unsigned int>(sizeof(void *) * count))
    if joined.rules == NULL:
        w.r.arena.starved = True
        g.rules.count = 0
        return
    memcpy(joined.rules, first.rules, sizeof(void *) * first.count)
    memcpy(joined.rules + first.count, last.rules, sizeof(void *) * last.count)
    g.rules = joined


cdef void file_and_rest(rewriting *w) noexcept nogil:
    """What exists of the file's path, and one segment more, is the file; what follows
    is the rest (PATH_INFO)."""
    cdef value name = w.filename
    cdef unsigned int root = w.r.vhost.rewrite.document_root.length
    cdef unsigned int at
    if w.r.file != NULL and w.r.file.alias >= 0:
        root = 0                # it lies elsewhere
    if w.r.file != NULL and w.r.file.is_whole and same_text(name, w.r.file.name):
        at = w.r.file.end
    else:
        at = file_end(name, root)
    if 0 < at < name.length:
        w.filename.length = at
        w.path_info = value_from(name, at)
