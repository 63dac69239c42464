"""What would become of another URL, or of a file? Noted for a request within this one.

What is not known yet is noted, and whoever asks goes on as if it were nothing: whoever
decides about a request finds it out (plan/looking.pyx), and then begins anew. So a run
of rules, or an expression, never runs inside another.
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/plan, plan/facts

cdef bint may_look(const request_facts *r) noexcept nogil:
    """Who is looked at may look further, but not at itself."""
    return not r.is_subrequest or not same_text(r.looks_from, r.decoded)


cdef looked_up *look_up(
        request_facts *r, value path, int variable, bint of_file,
        value folder) noexcept nogil:
    """variable: whose value is asked for; -1: only its status
    folder: where the file lies that asks, for a file; data NULL: nowhere
    returns NULL: it is not known yet, or there is no memory
    """
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
        look.beside = look_beside(r, path, folder)
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


cdef value path_after(request_facts *r, value folder, value name) noexcept nogil:
    cdef writer out
    arena_write(&r.arena, &out)
    put(&out, folder.data, folder.length)
    put(&out, name.data, name.length)
    return arena_written(&r.arena, &out)


cdef value look_beside(request_facts *r, value path, value folder) noexcept nogil:
    """The URL of a file that lies in the folder of the request's own."""
    if folder.length == 0 or not same_text(folder_of(path), folder):
        return value(NULL, 0)
    return path_after(r, folder_of(r.decoded), value_from(path, folder.length))


cdef looked_up *look_up_url(request_facts *r, value path) noexcept nogil:
    """-U. returns as look_up"""
    if not may_look(r):
        return NULL
    return look_up(r, path, -1, False, value(NULL, 0))


cdef looked_up *look_up_file(
        request_facts *r, value path, value folder) noexcept nogil:
    """-F; a name without a slash lies in the folder. returns as look_up"""
    if path.length == 0 or not may_look(r):
        return NULL
    if path.data[0] != c'/':
        if memchr(path.data, c'/', path.length) != NULL:
            return NULL         # as observed
        path = path_after(r, folder, path)
        if path.length == 0 or path.data[0] != c'/':
            return NULL
    return look_up(r, path, -1, True, folder)


cdef bint url_is_fine(const looked_up *look) noexcept nogil:
    """It would not be answered with an error."""
    return look != NULL and look.status < 400


cdef bint file_is_fine(const looked_up *look) noexcept nogil:
    """It is there, and would not be answered with an error. A directory's own answer
    would be a redirect, or its list."""
    cdef char[REWRITE_NAME_BYTES] name
    cdef struct_stat about
    return look != NULL and look.status < 300 and copy_terminated(
        &name[0], sizeof(name), look.found.data, look.found.length) and stat(
            &name[0], &about) == 0 and not S_ISDIR(about.st_mode)
