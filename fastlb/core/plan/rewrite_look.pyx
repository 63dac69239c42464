"""LA-U, LA-F, -U, -F: a rule asks what would become of another URL, or of a file.

What is not known yet is noted, and the run ends: whoever decides about a request looks
(plan/looking.pyx), and then begins anew. So a run of rules never runs inside another.
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/rewrite_rules,
#       plan/plan, plan/facts, plan/rewrite_run, plan/rewrite_url, plan/rewrite_trace

cdef bint may_look(const request_facts *r) noexcept nogil:
    """Who is looked at may look further, but not at itself."""
    return not r.is_subrequest or not same_text(r.looks_from, r.decoded)


cdef looked_up *rewrite_look(
        rewriting *w, value path, int variable, bint of_file) noexcept nogil:
    """NULL: it is not known yet, or there is no memory; the run ends."""
    cdef request_facts *r = w.r
    cdef looked_up *look = r.looks
    if request_waits(r):
        return NULL
    while look != NULL:
        if look.variable == variable and look.of_file == of_file and same_text(
                look.path, path) and same_text(look.here, r.decoded):
            if look.known:
                return look
            r.wanted = look
            return NULL
        look = look.next
    look = <looked_up *>arena_take_struct(&r.arena, sizeof(looked_up))
    if look == NULL:
        r.arena.starved = True
        return NULL
    memset(look, 0, sizeof(looked_up))
    look.path = arena_copy(&r.arena, path.data, path.length)
    look.here = arena_copy(&r.arena, r.decoded.data, r.decoded.length)
    look.variable = variable
    look.of_file = of_file
    if of_file:
        look.beside = look_beside(w, path)
    look.user = r.user
    look.conf_count = r.conf_count
    look.confs = <plan_conf **>arena_take_struct(
        &r.arena, <unsigned int>(sizeof(void *) * r.conf_count))
    if look.confs == NULL or r.arena.starved:
        r.arena.starved = True
        return NULL
    memcpy(look.confs, &r.confs[0], sizeof(void *) * r.conf_count)
    look.next = r.looks
    r.looks = look
    r.wanted = look
    return NULL


cdef value folder_of(value path) noexcept nogil:
    """Up to its last slash."""
    while path.length and byte_before(path.data, path.length) != c'/':
        path.length -= 1
    return path


cdef value own_folder(const rewriting *w) noexcept nogil:
    """Where the request's own file lies; in rules of a server that is its path."""
    cdef const request_facts *r = w.r
    if not w.is_dir:
        return folder_of(r.decoded)
    return value(NULL, 0) if r.file == NULL else folder_of(r.file.name)


cdef value path_after(rewriting *w, value folder, value name) noexcept nogil:
    cdef writer out
    arena_write(&w.r.arena, &out)
    put(&out, folder.data, folder.length)
    put(&out, name.data, name.length)
    return arena_written(&w.r.arena, &out)


cdef value look_beside(rewriting *w, value path) noexcept nogil:
    """The URL of a file that lies in the folder of the request's own."""
    cdef value folder = own_folder(w)
    if folder.length == 0 or not same_text(folder_of(path), folder):
        return value(NULL, 0)
    return path_after(w, folder_of(w.r.decoded), value_from(path, folder.length))


cdef value section_path(rewriting *w, value base) noexcept nogil:
    """What rules of a section have made of a path, as a whole one."""
    if w.uri.length and w.uri.data[0] == c'/':
        return w.uri
    return path_after(w, base, w.uri)


cdef value rewrite_look_ahead(rewriting *w, const rewrite_part *p) noexcept nogil:
    """%{LA-U:NAME}, %{LA-F:NAME}."""
    cdef looked_up *look
    cdef value path = w.uri
    cdef bint of_file = p.looks_ahead == LOOKS_AT_FILE
    if not may_look(w.r):
        return value(NULL, 0)
    if w.is_dir:
        of_file = of_file and (w.uri.length == 0 or w.uri.data[0] != c'/')
        path = section_path(
            w, w.directory if of_file or w.base.length == 0 else w.base)
    look = rewrite_look(w, path, p.variable, of_file)
    if look == NULL:
        return value(NULL, 0)
    if unlikely(w.trace >= 5):
        trace_more(w, 5, True, b"lookahead: path=%s var=%s -> val=%s", path,
                   traced(&p.name), look.found, value(b"", 0))
    return look.found


cdef bint rewrite_file_is_fine(rewriting *w, value path) noexcept nogil:
    """-F: it is there, and would not be answered with an error."""
    cdef char[REWRITE_NAME_BYTES] name
    cdef struct_stat about
    cdef looked_up *look
    if path.length == 0 or not may_look(w.r):
        return False
    if path.data[0] != c'/':
        if memchr(path.data, c'/', path.length) != NULL:
            return False        # as observed
        path = path_after(w, own_folder(w), path)
        if path.length == 0 or path.data[0] != c'/':
            return False
    look = rewrite_look(w, path, -1, True)
    if look == NULL:
        return False
    if unlikely(w.trace >= 5):
        trace_more(w, 5, True, b"RewriteCond file (-F check: path=%s -> file=%s"
                   b" status=%s", path, look.found, traced_number(w, look.status),
                   value(b"", 0))
    # A directory's own answer would be a redirect, or its list.
    return look.status < 300 and copy_terminated(
        &name[0], sizeof(name), look.found.data, look.found.length) and stat(
            &name[0], &about) == 0 and not S_ISDIR(about.st_mode)


cdef bint rewrite_url_is_fine(rewriting *w, value path) noexcept nogil:
    """-U: it would not be answered with an error."""
    cdef looked_up *look
    if path.length == 0 or not may_look(w.r):
        return False
    look = rewrite_look(w, path, -1, False)
    if look == NULL:
        return False
    if unlikely(w.trace >= 5):
        trace_two(w, 5, True, b"RewriteCond URI (-U check: path=%s -> status=%s", path,
                  traced_number(w, look.status))
    return look.status < 400
