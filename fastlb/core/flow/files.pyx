"""From the name of a file to an answer: the file, a directory's, or none.

As httpd's default_handler and mod_dir. What is open becomes an answer in file_answer.
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/plan, plan/facts,
#       plan/file_names, plan/handled, plan/redirect, plan/because, plan/decide,
#       flow/exchange, flow/due, flow/log_rows, flow/service_log, flow/opening,
#       flow/file_send, flow/file_answer, flow/answer, flow/listing

cdef enum:
    FILES_ANSWERED = -1     # it is, or something is due


cdef int file_served(exchange *x) noexcept nogil:
    """The file is open. Always returns FILES_ANSWERED"""
    cdef file_facts *f = x.facts.file
    cdef int status
    if f.end < f.name.length and not conf_flag(&x.facts, CONF_PATH_INFO, False):
        exchange_answer_error(x, 404, NULL)
    else:
        status = file_answer(x)
        if unlikely(status):
            exchange_answer_error(x, status, NULL)
    return FILES_ANSWERED


cdef int file_failed(exchange *x, int status) noexcept nogil:
    exchange_answer_error(x, status, NULL)
    return FILES_ANSWERED


cdef int file_try(exchange *x) noexcept nogil:
    """Open x.facts.file. returns FILE_*"""
    if unlikely(file_is_overridden(x.facts.file, x.facts.vhost)):
        return FILE_OVERRIDDEN
    return file_open(x.facts.file)


cdef int file_try_to_see(exchange *x) noexcept nogil:
    """... or see what it is, for whoever has it in our place."""
    if unlikely(file_is_overridden(x.facts.file, x.facts.vhost)):
        return FILE_OVERRIDDEN
    return file_see(x.facts.file)


cdef int file_barred(exchange *x, int rc) noexcept nogil:
    """rc: FILE_OVERRIDDEN or FILE_IS_FORBIDDEN. Always returns FILES_ANSWERED"""
    if rc == FILE_OVERRIDDEN:
        say(x, &SAY_FILE_OVERRIDDEN)
        return file_failed(x, 500)
    say(x, &SAY_FILE_DENIED)
    return file_failed(x, 403)


# Somebody else is to have x.facts.file: a member, by SetHandler or by a rule of a
# section, or a page of ours. What keeps a file from clients keeps it from them, and a
# directory has its slash and its index first. what: DECIDED_*. returns as file_serve
cdef int file_handed(exchange *x, int what, decision *d) noexcept nogil:
    cdef int rc = file_try_to_see(x)
    if unlikely(rc == FILE_OVERRIDDEN or rc == FILE_IS_FORBIDDEN):
        return file_barred(x, rc)
    if rc == FILE_IS_DIRECTORY and x.facts.file.end == x.facts.file.name.length:
        return directory_serve(x, d)
    return what


cdef inline bint is_read(int method) noexcept nogil:
    """Does it ask for what is in a file?"""
    return method == METHOD_GET or method == METHOD_HEAD or method == METHOD_POST


# Serve x.facts.file. returns FILES_ANSWERED; or what was decided about another path
# that takes its place (DECIDED_*, never DECIDED_FILE)
cdef int file_serve(exchange *x, decision *d) noexcept nogil:
    cdef file_facts *f = x.facts.file
    cdef int rc = file_try(x)
    cdef bint reads = is_read(x.facts.req.method_id)
    if likely(rc == FILE_IS_OPEN and reads):
        return file_served(x)
    if rc == FILE_IS_DIRECTORY and (reads or byte_before(
            x.facts.decoded.data, x.facts.decoded.length) != c'/'):
        if f.end < f.name.length:
            return file_failed(x, 404)
        return directory_serve(x, d)
    if (rc == FILE_HAS_REST or rc == FILE_IS_MISSING) and not f.is_whole:
        # Which sections hold hangs on where the file ends.
        f.end = file_end(f.name, 0)
        f.is_whole = True
        if 0 < f.end < f.name.length:
            f.cuts = 1 if x.facts.cut == NULL else x.facts.cut.cuts + 1
            if f.cuts > FILES_CUT_MAX:
                return file_failed(x, 404)      # rules name another one each time
            x.facts.cut = f
            due_route(x)
            return FILES_ANSWERED
    if rc != FILE_OVERRIDDEN and not reads:
        file_close(x)
        exchange_answer_unmapped(x)
        return FILES_ANSWERED
    if rc == FILE_OVERRIDDEN or rc == FILE_IS_FORBIDDEN:
        return file_barred(x, rc)
    return file_fall_back(x, d)


cdef const text *fallback_of(const request_facts *r) noexcept nogil:
    """FallbackResource; NULL: none"""
    cdef const text *found = NULL
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].files != NULL and r.confs[i].files.says_fallback:
            found = &r.confs[i].files.fallback
    return NULL if found == NULL or found.length == 0 else found


cdef int file_fall_back(exchange *x, decision *d) noexcept nogil:
    """FallbackResource, and that of where it leads; or 404. returns as file_serve"""
    cdef const text *said
    cdef value path
    cdef int _, what
    for _ in range(REWRITE_REDIRECTS_MAX):
        said = fallback_of(&x.facts)
        if likely(said == NULL):
            break
        path = value(said.data, said.length)
        if same_text(path, x.facts.decoded):
            break
        what = request_decide_within(&x.facts, path, d)
        if what == DECIDED_NOTHING:
            return file_failed(x, 404)
        if what != DECIDED_FILE:
            return file_passed_on(x, what)
        if file_try(x) == FILE_IS_OPEN:
            return file_served(x)
    return file_failed(x, 404)


cdef int file_passed_on(exchange *x, int what) noexcept nogil:
    """... to whom another path is decided for. returns what, or FILES_ANSWERED"""
    cdef int rc
    if x.facts.file == NULL or not (
            what == DECIDED_MEMBER or what == DECIDED_HANDLER):
        return what
    rc = file_try_to_see(x)
    if rc == FILE_OVERRIDDEN or rc == FILE_IS_FORBIDDEN:
        return file_barred(x, rc)
    return what


# Directories ---------------------------------------------------------------------

cdef int directory_serve(exchange *x, decision *d) noexcept nogil:
    """A slash at its end, one of its DirectoryIndex, FallbackResource, or 403."""
    cdef request_facts *r = &x.facts
    cdef value path = r.decoded
    cdef const text *names
    cdef text usual = text(b"index.html", 10)
    cdef int count, i, what, found
    cdef int status = 0, because = BECAUSE_OF_NOTHING
    cdef facts_kept kept
    if byte_before(path.data, path.length) != c'/':
        if not conf_flag(r, CONF_DIRECTORY_SLASH, True):
            return directory_listing(x, d)
        redirect_to_slash(r, &d.moved)
        return DECIDED_REDIRECT
    names = indexes_of(r, &count)
    if names == NULL:
        names = &usual
        count = 1
    facts_keep(r, &kept)
    for i in range(min(count, INDEXES_TRIED_MAX)):
        facts_put_back(r, &kept)      # no name sees what rules made of another's
        what = request_decide_within(r, index_path(r, path, &names[i]), d)
        if what == DECIDED_ERROR and d.status != 404:
            status = d.status
            because = d.because
        if what == DECIDED_ERROR or what == DECIDED_NOTHING:
            continue
        if r.file == NULL:
            return what         # a mapping takes it, or a handler that needs no file
        # Its handler reads it, and is asked only if it is there.
        found = file_try(x) if what == DECIDED_FILE else file_try_to_see(x)
        if found == FILE_IS_OPEN:
            return file_served(x) if what == DECIDED_FILE else what
        if found == FILE_OVERRIDDEN:
            return file_barred(x, found)
        if found == FILE_IS_FORBIDDEN:
            say(x, &SAY_FILE_DENIED)
            status = 403
    if status:
        return decided_error(d, status, because)
    facts_put_back(r, &kept)
    what = request_decide_within(r, path, d)
    if what != DECIDED_FILE:
        return what
    return directory_listing(x, d)


cdef int directory_listing(exchange *x, decision *d) noexcept nogil:
    """There is no index in it."""
    cdef const plan_conf *c = handler_said(&x.facts)
    if not is_read(x.facts.req.method_id):
        exchange_answer_unmapped(x)
        return FILES_ANSWERED
    if fallback_of(&x.facts) != NULL:
        return file_fall_back(x, d)
    if unlikely(c != NULL and handler_is_default(handler_text(&x.facts, c))):
        return file_failed(x, 404)      # which sends files
    if x.facts.req.method_id == METHOD_POST:
        return file_failed(x, 404)      # nobody takes it (as httpd)
    if plan.lists_directories and file_options_of(&x.facts) & FILES_INDEXES:
        if file_is_overridden(x.facts.file, x.facts.vhost):
            return file_barred(x, FILE_OVERRIDDEN)
        listing_begin(x)
        return FILES_ANSWERED
    say(x, &SAY_NO_INDEX)
    return file_failed(x, 403)


cdef const text *indexes_of(request_facts *r, int *count) noexcept nogil:
    """DirectoryIndex by the last section that says it. NULL: none does"""
    cdef int i
    count[0] = 0
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].files != NULL and r.confs[i].files.index_count >= 0:
            count[0] = r.confs[i].files.index_count
            return r.confs[i].files.indexes
    return NULL


cdef value index_path(request_facts *r, value path, const text *name) noexcept nogil:
    cdef writer w
    arena_write(&r.arena, &w)
    if name.length == 0 or name.data[0] != c'/':
        put(&w, path.data, path.length)
    put(&w, name.data, name.length)
    return arena_written(&r.arena, &w)
