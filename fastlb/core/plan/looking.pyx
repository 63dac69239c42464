"""What would become of another URL, asked for by a rule: a request within the request.

As httpd's ap_sub_req_lookup_uri: rules of the server, mapping, access, rules of
sections. Who asks is authenticated anew only where other sections apply than to the
request itself; what the request's variables are, they are here, too.
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/variable_names,
#       plan/verdicts, plan/facts, plan/path, plan/target, plan/variables,
#       plan/file_names, plan/handled, plan/rewritten, plan/match, plan/conditional,
#       plan/file_match, plan/admission

cdef enum:
    LOOK_IS_DONE = 0
    LOOK_WAITS = 1              # for what r.host_wanted or r.asks says
    LOOK_FAILED = 2             # no memory, or a match is undecided
    LOOK_TOO_MANY = 3


cdef int look_ahead(request_facts *r) noexcept nogil:
    """Find out what r.wanted asks. The request is to be decided anew behind it.

    Where that asks about another URL, r.wanted is what it asks: that is looked at next.
    returns LOOK_*
    """
    cdef looked_up *look = r.wanted
    cdef int told = r.trace_told
    cdef file_facts *cut = r.cut
    cdef int status
    cdef value found = value(NULL, 0)
    r.look_count += 1
    if r.look_count > LOOKS_PER_REQUEST_MAX:
        return LOOK_TOO_MANY
    rewrite_forget(r)
    r.is_subrequest = True
    r.looks_from = look.here
    r.trace_told = look.traced
    r.mapping = NULL
    r.file = NULL
    r.target = value(NULL, 0)
    r.user = value(NULL, 0)
    r.challenge = value(NULL, 0)
    r.proxy_conf_count = 0
    r.host_wanted = 0
    status = look_at_file(r, look) if look.of_file else look_at(r, look)
    if status >= 0 and look.variable >= 0:
        found = look_value(r, look, status)
    elif status >= 0 and look.of_file and r.file != NULL:
        found = value(r.file.name.data, r.file.end)
    r.cut = cut                 # which is the request's own
    look.traced = r.trace_told
    r.trace_told = told
    r.is_subrequest = False
    if unlikely(r.undecided or r.arena.starved):
        return LOOK_FAILED
    if status < 0:
        return LOOK_IS_DONE if r.wanted != NULL else LOOK_WAITS
    look.status = status
    look.found = arena_copy(&r.arena, found.data, found.length)
    look.known = True
    return LOOK_FAILED if r.arena.starved else LOOK_IS_DONE


cdef int look_at(request_facts *r, const looked_up *look) noexcept nogil:
    """returns the status that it would be answered with, as far as that is known before
    a member is asked: 200; -1: something is to be waited for"""
    cdef rewrite_outcome made
    cdef int rc
    rc = look_path(r, look)
    if rc != 0:
        return rc
    if not match_locations(r):
        return 500
    if r.vhost.rewrite != NULL and rewrite_in_server(r, &made) != REWROTE_NOTHING:
        return -1 if request_waits(r) else made.status
    if r.original.data != NULL and not match_locations(r):
        return 500
    if r.vhost.any_if and not match_ifs(r):
        return 500
    if r.wanted != NULL:
        return -1
    if find_mapping(r):
        if r.mapping.any_dynamic:
            rc = match_target(r)
            if rc < 0:
                return -rc
        if not match_proxy_sections(r):
            return 500
        if r.vhost.any_late_if and not match_ifs_again(r):
            return 500
    else:
        rc = match_file(r)
        if rc < 0:
            return 500 if rc == FAILED else -rc
    return look_admitted(r, look)


cdef int look_at_file(request_facts *r, const looked_up *look) noexcept nogil:
    """As httpd's ap_sub_req_lookup_file: sections of its path, and those of a URL only
    where it lies beside the request's own file. returns as look_at"""
    cdef file_facts *f
    r.query = value(b"", 0)
    r.query_is_made = True
    r.path_is_plain = False
    r.reduced = True
    r.decoded = look.beside if look.beside.length else value(b"", 0)
    if not match_locations(r):
        return 500
    if r.vhost.any_if and not match_ifs(r):
        return 500
    f = file_take(r, arena_copy(&r.arena, look.path.data, look.path.length), -1)
    if f == NULL:
        return 500
    r.file = f
    f.end = file_end(f.name, 0)
    f.is_whole = True
    if f.end == 0:
        return 403              # a name that is too long
    if not match_sections_of_file(r):
        return 500
    return look_admitted(r, look)


cdef int look_admitted(request_facts *r, const looked_up *look) noexcept nogil:
    """May it be asked for, by access and rules of its sections? returns as look_at"""
    cdef rewrite_outcome made
    cdef int rc, because
    if r.wanted != NULL:
        return -1               # for what an <If> asks
    if r.conf_count == look.conf_count and memcmp(
            &r.confs[0], look.confs, sizeof(void *) * r.conf_count) == 0:
        r.user = look.user
    else:
        rc = request_admission(r, &because)
        if r.host_wanted or r.asks.kind != ASKS_NOTHING or r.wanted != NULL:
            return -1
        if rc != 0:
            return rc
    if r.vhost.rewrite != NULL and r.vhost.rewrite.has_dirs:
        rc = rewrite_in_sections(r, &made)
        if request_waits(r):
            return -1
        if rc == REWROTE_STATUS or rc == REWROTE_REDIRECT:
            return made.status
    return 200


cdef int look_path(request_facts *r, const looked_up *look) noexcept nogil:
    """Decode it: what begins with no slash lies beside the request's own path."""
    cdef value path = look.path
    cdef value query = value(b"", 0)
    cdef unsigned int i
    cdef writer out
    if path.length == 0 or path.data[0] != c'/':
        i = look.here.length
        while i and byte_before(look.here.data, i) != c'/':
            i -= 1
        arena_write(&r.arena, &out)
        put(&out, look.here.data, i)
        put(&out, path.data, path.length)
        path = arena_written(&r.arena, &out)
        if path.length == 0 or path.data[0] != c'/':
            return 400
    i = 0
    while i < path.length and path.data[i] != c'?' and path.data[i] != c'#':
        i += 1
    query = value_from(path, i)
    query.length = <unsigned int>(<const char *>memchr_or_end(
        query.data, c'#', query.length) - query.data)
    r.query = arena_copy(&r.arena, query.data, query.length)
    r.query_is_made = True
    r.path_is_plain = False
    r.reduced = True
    r.decoded = value(path.data, i)
    return max(0, -path_decode(r, path.data, i))


cdef value look_value(
        request_facts *r, const looked_up *look, int status) noexcept nogil:
    cdef const plan_variable *v = &plan_variables[look.variable]
    cdef unsigned int end
    if v.kind == VAR_AUTH_TYPE and r.challenge.data != NULL:
        return value(b"Basic", 5)
    if v.kind == VAR_REQUEST_FILENAME or v.kind == VAR_SCRIPT_FILENAME:
        if r.mapping != NULL:
            return file_name(r)
        if r.file != NULL:
            end = r.file.end if r.file.is_whole else file_end(r.file.name, 0)
            return value(r.file.name.data, end)
        return section_filename(r) if status != 400 else value(NULL, 0)
    return variable_value(r, look.variable)
