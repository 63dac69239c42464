"""LA-U, LA-F, -U, -F: a rule asks what would become of another URL, or of a file."""
# uses: ground/text, plan/rewrite_rules, plan/facts, plan/rewrite_run, plan/look_up,
#       plan/rewrite_trace

cdef value own_folder(const rewriting *w) noexcept nogil:
    """Where the request's own file lies; in rules of a server that is its path."""
    cdef const request_facts *r = w.r
    if not w.is_dir:
        return folder_of(r.decoded)
    return value(NULL, 0) if r.file == NULL else folder_of(r.file.name)


cdef value section_path(rewriting *w, value base) noexcept nogil:
    """What rules of a section have made of a path, as a whole one."""
    if w.uri.length and w.uri.data[0] == c'/':
        return w.uri
    return path_after(w.r, base, w.uri)


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
    look = look_up(w.r, path, p.variable, of_file, own_folder(w))
    if look == NULL:
        return value(NULL, 0)
    if unlikely(w.trace >= 5):
        trace_more(w, 5, True, b"lookahead: path=%s var=%s -> val=%s", path,
                   traced(&p.name), look.found, value(b"", 0))
    return look.found


cdef bint rewrite_file_is_fine(rewriting *w, value path) noexcept nogil:
    cdef looked_up *look = look_up_file(w.r, path, own_folder(w))
    if look != NULL and unlikely(w.trace >= 5):
        trace_more(w, 5, True, b"RewriteCond file (-F check: path=%s -> file=%s"
                   b" status=%s", look.path, look.found,
                   traced_number(w, look.status), value(b"", 0))
    return file_is_fine(look)


cdef bint rewrite_url_is_fine(rewriting *w, value path) noexcept nogil:
    cdef looked_up *look = look_up_url(w.r, path) if path.length else NULL
    if look != NULL and unlikely(w.trace >= 5):
        trace_two(w, 5, True, b"RewriteCond URI (-U check: path=%s -> status=%s", path,
                  traced_number(w, look.status))
    return url_is_fine(look)
