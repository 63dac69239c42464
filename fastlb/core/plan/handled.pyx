"""SetHandler: who answers, by the last section that says it.

As core.c: the text is filled in for each request, "none" is nobody, and "proxy:URL"
is a member, who is asked for the file that the request would name: DocumentRoot, the
path up to what does not exist, and one segment of that. What follows is not sent.
A name may be a page of the controller's, who is asked as any member is.
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/template,
#       plan/plan, plan/facts, plan/path, plan/target, plan/expr

cdef const plan_conf *handler_said(const request_facts *r) noexcept nogil:
    """NULL: no section says it."""
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].says_handler:
            return r.confs[i]
    return NULL


cdef value handler_text(request_facts *r, const plan_conf *c) noexcept nogil:
    """Its name; length 0: none. data NULL: it could not be worked out"""
    cdef value name = value(c.handler.data, c.handler.length)
    if unlikely(c.handler_expr >= 0):
        name = expr_text(r, c.handler_expr, NULL)
    if name.length == 4 and memcmp(name.data, b"none", 4) == 0:
        name.length = 0
    return name


cdef unsigned int file_end(value name, unsigned int root) noexcept nogil:
    """Where the file ends that a path names: behind the first part that is no
    directory, or not there. root: length of what need not be looked at.

    returns 0 where nobody can say: no path is as long as what would have to be one
    """
    cdef char[FILE_NAME_BYTES_MAX] path
    cdef struct_stat about
    cdef unsigned int at = root + 1
    cdef unsigned int room = min(name.length, <unsigned int>(sizeof(path) - 1))
    if at >= name.length:
        return name.length
    copy_terminated(&path[0], sizeof(path), name.data, room)
    while True:
        while at < room and name.data[at] != c'/':
            at += 1
        if at >= room:
            return name.length if room == name.length else 0
        path[at] = 0
        if stat(&path[0], &about) != 0 or not S_ISDIR(about.st_mode):
            return at
        path[at] = c'/'
        at += 1


cdef bint handler_is_default(value name) noexcept nogil:
    """Whoever sends files; no other one is to have it."""
    return name.length == 15 and memcmp(name.data, b"default-handler", 15) == 0


cdef bint handler_is_target(value name) noexcept nogil:
    return name.length > 6 and bytes_equal_nocase(name.data, b"proxy:", 6)


cdef value handler_file(request_facts *r) noexcept nogil:
    """The path of the file that the request names, with all that follows it."""
    cdef writer w
    if r.file != NULL:
        return r.file.name
    arena_write(&r.arena, &w)
    put(&w, r.vhost.document_root.data, r.vhost.document_root.length)
    put(&w, r.decoded.data, r.decoded.length)
    return arena_written(&r.arena, &w)


cdef bint handler_target(
        request_facts *r, const plan_conf *c, value name) noexcept nogil:
    """Ask the member for the file. False: no line names such a member, or no memory,
    or nobody can say where the file ends"""
    cdef unsigned int head = c.handler_head.length
    if c.handler_mapping == NULL or name.length < head or not bytes_equal_nocase(
            name.data, c.handler_head.data, head):
        return False
    return file_target(
        r, c.handler_mapping, value(name.data + head, name.length - head))


cdef const text *page_named(const request_facts *r, const text *name) noexcept nogil:
    """The controller's page of that name; NULL: no line of the host names it.

    A page that changes something is to be written in SetHandler: a request may choose
    what rules and expressions say, and who may then is said of another path.
    """
    cdef plan_vhost *v = r.vhost
    cdef const plan_conf *c = handler_said(r)
    cdef int count = v.telling_count
    cdef int i
    if r.forced_handler.data == NULL and c != NULL and c.handler_expr < 0:
        count = v.page_count
    for i in range(count):
        if v.pages[i].length == name.length and memcmp(
                v.pages[i].data, name.data, name.length) == 0:
            return &v.pages[i]
    return NULL


cdef bint page_target(request_facts *r, const text *page) noexcept nogil:
    """Ask the controller for it. False as of handler_target"""
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, r.vhost.page_head.data, r.vhost.page_head.length)
    put(&w, page.data, page.length)
    r.page = page
    return file_target(r, r.vhost.pages_mapping, arena_written(&r.arena, &w))


cdef bint file_target(
        request_facts *r, plan_mapping *mapping, value head) noexcept nogil:
    """head: what stands before the file's path"""
    cdef value query = query_of(r)
    cdef value path = handler_file(r)
    cdef unsigned int info
    cdef writer w
    info = path.length
    if r.file != NULL and r.file.is_whole:
        path.length = r.file.end    # of which sections were asked
    else:
        path.length = file_end(
            path, 0 if r.file != NULL else r.vhost.document_root.length)
    if path.length == 0:
        return False
    info -= path.length
    arena_write(&r.arena, &w)
    put(&w, head.data, head.length)
    put(&w, path.data, path.length)
    path = arena_written(&r.arena, &w)
    if path.length and path.data[0] == c'/':
        path = value(path.data + 1, path.length - 1)
    arena_write(&r.arena, &w)
    put_byte(&w, c'/')
    put_path(&w, path.data, path.length, path_form(r))
    put(&w, query.data, query.length)
    r.target = arena_written(&r.arena, &w)
    r.mapping = mapping
    r.rewritten = REWRITTEN_TARGET
    # What follows the file ends the path, too.
    r.rest_at = r.decoded.length - info if info <= r.decoded.length else 0
    return not r.arena.starved
