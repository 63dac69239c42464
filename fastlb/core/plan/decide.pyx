"""What becomes of a request (decide.pxd)."""
# uses: ground/chartable, ground/text, ground/path, ground/arena, io/tls_state,
#       http/fields, plan/verdicts, plan/rewrite_rules, plan/plan, plan/facts,
#       plan/rewrite_run, plan/path, plan/tls_variables, plan/own_name, plan/target,
#       plan/expr_words, plan/handled, plan/rewritten, plan/match, plan/conditional,
#       plan/file_match, plan/rules, plan/redirect, plan/because, plan/admission,
#       plan/reading, plan/looking

cdef int decided_error(decision *d, int status, int because) noexcept nogil:
    d.status = status
    d.because = because
    return DECIDED_ERROR


cdef bint method_is_registered(const request_facts *r) noexcept nogil:
    """Is it one of the methods that httpd knows by itself, or by RegisterHttpMethod?"""
    cdef const char *known = (
        b" PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK VERSION-CONTROL "
        b"CHECKOUT UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE MKACTIVITY "
        b"BASELINE-CONTROL MERGE ")
    if r.req.method_id != METHOD_OTHER:
        return True
    return word_is_in(r, known, <unsigned int>strlen(known)) or word_is_in(
        r, r.vhost.registered.data, r.vhost.registered.length)


cdef bint word_is_in(
        const request_facts *r, const char *words, unsigned int size) noexcept nogil:
    """Does the request's method stand between two blanks of the list?"""
    cdef const char *method = request_bytes(r) + r.req.method.offset
    cdef unsigned int length = r.req.method.length
    cdef unsigned int i
    for i in range(size):
        if i + length + 1 >= size:
            return False
        if words[i] == c' ' and words[i + length + 1] == c' ' and memcmp(
                words + i + 1, method, length) == 0:
            return True
    return False


cdef bint goes_no_further(request_facts *r) noexcept nogil:
    """Max-Forwards: 0 on TRACE or OPTIONS is for us (RFC 9110 7.6.2)."""
    cdef field *f = head_field(&r.req, FIELD_MAX_FORWARDS)
    return (r.req.method_id == METHOD_TRACE or r.req.method_id == METHOD_OPTIONS) and (
        f.value_length == 1 and request_bytes(r)[f.value] == c'0')


# Access rules alone. returns DECIDED_MEMBER (admitted), DECIDED_WAIT or DECIDED_ERROR
cdef int request_admit(request_facts *r, decision *d) noexcept nogil:
    cdef int because
    cdef int refusal
    if unlikely(r.arena.starved):
        # A variable lacks what it should hold: nothing may be decided by it.
        return decided_error(d, 500, BECAUSE_OF_NOTHING)
    r.host_wanted = 0
    refusal = request_admission(r, &because)
    if likely(refusal == 0 and not r.host_wanted and r.asks.kind == ASKS_NOTHING) \
            and r.req.method_id != METHOD_CONNECT:
        refusal = readings_refuse(r, &because)
    if unlikely(r.undecided or r.arena.starved):
        return decided_error(d, 500, BECAUSE_OF_NOTHING)
    if unlikely(r.client.tls_vhost != NULL
                and r.vhost.tls_verify != r.client.tls_vhost.tls_verify
                and r.vhost.tls_verify != VERIFY_NONE):
        # SSLVHostSNIPolicy insecure: the handshake did not ask for what this host
        # demands, and nobody is asked twice.
        return decided_error(d, 403, BECAUSE_NOT_ASKED)
    if unlikely(r.host_wanted or r.asks.kind != ASKS_NOTHING or r.wanted != NULL):
        return DECIDED_WAIT
    if unlikely(refusal != 0):
        return decided_error(d, refusal, because)
    return DECIDED_MEMBER


cdef int decided_by_rule(
        const request_facts *r, const rewrite_outcome *made,
        decision *d) noexcept nogil:
    if unlikely(request_waits(r)):
        return DECIDED_WAIT
    if made.location.data != NULL:
        d.moved.status = made.status
        d.moved.location = made.location
        return DECIDED_REDIRECT
    d.rule = made.rule
    d.rewrite_because = made.because
    return decided_error(d, made.status, BECAUSE_OF_A_RULE)


cdef int decide_before(request_facts *r, decision *d) noexcept nogil:
    """... before a mapping is looked for. returns DECIDED_MEMBER: nothing so far"""
    cdef int rc = match_path(r)
    if unlikely(rc < 0):
        return decided_error(d, -rc, BECAUSE_OF_NOTHING)
    return decide_path(r, d)


cdef int decide_path(request_facts *r, decision *d) noexcept nogil:
    """... with the path as it was sent, or as rules of sections left it."""
    cdef rewrite_outcome made
    r.file = NULL
    if unlikely(not match_locations(r)):
        return decided_error(d, 500, BECAUSE_OF_SECTIONS)
    if unlikely(r.vhost.rewrite != NULL or r.vhost.any_if):
        # What stands outside of sections is asked before them; of a mapping nothing is
        # known, though this may be the second time that the request comes here.
        if r.vhost.any_if:
            r.mapping = NULL
            r.target.data = NULL
        rules_env_if(r, 0, 1)
        if r.vhost.rewrite != NULL:
            if rewrite_in_server(r, &made) != REWROTE_NOTHING:
                return decided_by_rule(r, &made, d)
            if unlikely(r.original.data != NULL) and not match_locations(r):
                return decided_error(d, 500, BECAUSE_OF_SECTIONS)
        if r.vhost.any_if and not match_ifs(r):
            return decided_error(d, 500, BECAUSE_OF_SECTIONS)
        if unlikely(r.wanted != NULL):
            return DECIDED_WAIT
        if likely(not r.vhost.any_late_if):
            rules_env_if(r, 1, r.conf_count)
    else:
        rules_env_if(r, 0, r.conf_count)
    if unlikely(r.req.method_id == METHOD_TRACE
                and r.vhost.said.trace_enable == TRACE_OFF):
        return decided_error(d, 405, BECAUSE_OF_NOTHING)
    if unlikely(r.req.method_id == METHOD_CONNECT):
        return DECIDED_TUNNEL
    if unlikely(r.authority.length and r.vhost.said.proxy_requests
                and not authority_is_ours(r)):
        # Another server is meant, and what is not tunnelled is not forwarded.
        return decided_error(d, 501, BECAUSE_OF_NOTHING)
    if unlikely(r.req.method_id == METHOD_OTHER
                and r.vhost.said.registered_methods_only
                and not method_is_registered(r)):
        return decided_error(d, 501, BECAUSE_OF_NOTHING)
    return DECIDED_MEMBER


cdef int decide_late_ifs(request_facts *r, decision *d) noexcept nogil:
    """Sections that ask for the mapping are chosen now, and none of them sees what
    SetEnvIf in a section says. returns as decide_sections"""
    if not match_ifs_again(r):
        return decided_error(d, 500, BECAUSE_OF_SECTIONS)
    rules_env_if(r, 1, r.conf_count)
    return DECIDED_MEMBER


cdef int decide_sections(request_facts *r, decision *d) noexcept nogil:
    """The <Proxy> sections of the mapping. returns DECIDED_MEMBER or DECIDED_ERROR"""
    cdef int rc
    if unlikely(r.mapping.any_dynamic):
        rc = match_target(r)
        if rc < 0:
            return decided_error(d, -rc, BECAUSE_OF_NOTHING)
    if unlikely(not match_proxy_sections(r)):
        return decided_error(d, 500, BECAUSE_OF_SECTIONS)
    if unlikely(r.vhost.any_late_if):
        return decide_late_ifs(r, d)
    if r.proxy_conf_count:
        rules_env_if(r, 1, 1 + r.proxy_conf_count)
    return DECIDED_MEMBER


cdef int decided_redirect(
        request_facts *r, int rc, decision *d) noexcept nogil:
    """What match_redirect has returned, and d.moved holds. DECIDED_NOTHING: none
    applies."""
    if likely(rc == 0):
        return DECIDED_NOTHING
    if rc < 0:
        return decided_error(d, -rc, BECAUSE_OF_NOTHING)
    return DECIDED_REDIRECT


cdef int decide_file(request_facts *r, decision *d) noexcept nogil:
    """The file of what no mapping takes, and the sections that hold for it. A Redirect
    that needs neither comes before them. returns as decide_sections, or
    DECIDED_REDIRECT"""
    cdef int rc, what
    if r.file == NULL:          # no rule has named it
        what = decided_redirect(r, match_redirect_early(r, &d.moved), d)
        if what != DECIDED_NOTHING:
            return what
    rc = match_file(r)
    if unlikely(rc == FAILED):
        return decided_error(d, 500, BECAUSE_OF_SECTIONS)
    if unlikely(rc < 0):
        return decided_error(
            d, -rc, BECAUSE_CLIMBS if rc == -403 and r.file == NULL
            else BECAUSE_OF_NOTHING)
    if unlikely(r.vhost.any_late_if):
        rules_env_if(r, 1, r.conf_count)    # see decide_late_ifs
    elif r.proxy_conf_count:
        rules_env_if(r, 1, 1 + r.proxy_conf_count)
    return DECIDED_MEMBER


cdef int decided_anew(
        request_facts *r, rewrite_outcome *made, decision *d) noexcept nogil:
    """A rule of sections has made another path, but the one that was asked for is still
    for their Redirect, and a directory has its slash first (as httpd)."""
    cdef int what = decided_redirect(r, match_redirect(r, True, &d.moved), d)
    cdef int status
    if what != DECIDED_NOTHING:
        return what
    if r.mapping == NULL and r.file != NULL \
            and byte_before(r.decoded.data, r.decoded.length) != c'/' \
            and conf_flag(r, CONF_DIRECTORY_SLASH, True) \
            and expr_file_is(r.file.name, c'd'):
        redirect_to_slash(r, &d.moved)
        return DECIDED_REDIRECT
    status = rewrite_begin(r, made)
    if likely(status == 0):
        return DECIDED_ANEW
    made.status = status
    return decided_by_rule(r, made, d)


cdef int request_decide(request_facts *r, decision *d) noexcept nogil:
    cdef int what
    if likely(not r.vhost.may_look):
        return decide_once(r, d)
    while True:
        rewrite_forget(r)
        what = decide_once(r, d)
        if likely(r.wanted == NULL):
            return what
        what = decide_looks(r, d)
        if what != DECIDED_MEMBER:
            return what
        request_forget_env(r)


cdef int decide_looks(request_facts *r, decision *d) noexcept nogil:
    """Find out what is asked about other URLs; then it is to be decided anew. returns
    DECIDED_MEMBER, DECIDED_WAIT or DECIDED_ERROR"""
    cdef int what
    while r.wanted != NULL:
        what = look_ahead(r)
        if what == LOOK_WAITS:
            return DECIDED_WAIT
        if what != LOOK_IS_DONE:
            d.rule = NULL
            d.rewrite_because = (
                REWRITE_TOO_MANY_LOOKS if what == LOOK_TOO_MANY else 0)
            return decided_error(d, 500, BECAUSE_OF_A_RULE)
    return DECIDED_MEMBER


cdef int decide_once(request_facts *r, decision *d) noexcept nogil:
    cdef int what = decide_before(r, d)
    while True:
        if unlikely(what != DECIDED_MEMBER):
            return what
        what = decide_here(r, d)
        if likely(what != DECIDED_ANEW):
            return what
        what = decide_path(r, d)


cdef int decide_here(request_facts *r, decision *d) noexcept nogil:
    """Whom the path is for, as it is now. returns DECIDED_*"""
    cdef rewrite_outcome made
    cdef int what
    cdef bint mapped = find_mapping(r)
    if mapped:
        what = decide_sections(r, d)
        if unlikely(what != DECIDED_MEMBER):
            return what
    else:
        r.proxy_conf_count = 0
        what = decide_file(r, d)
        if unlikely(what != DECIDED_MEMBER):
            return what
    if unlikely(r.vhost.may_look):
        headers_look(r)
        if r.wanted != NULL:
            return DECIDED_WAIT
    what = request_admit(r, d)
    if unlikely(what != DECIDED_MEMBER):
        return what
    if unlikely(r.vhost.rewrite != NULL and r.vhost.rewrite.has_dirs):
        what = rewrite_in_sections(r, &made)
        if what == REWROTE_PATH:
            return decided_anew(r, &made, d)
        if what != REWROTE_NOTHING:
            return decided_by_rule(r, &made, d)
        mapped = r.mapping != NULL
    if unlikely(r.client.tls_vhost != NULL):
        rules_tls_env(r)
    rules_env(r)
    what = decided_redirect(r, match_redirect(r, True, &d.moved), d)
    if unlikely(what != DECIDED_NOTHING):
        return what
    if unlikely(r.forced_handler.data != NULL) and (
            mapped or not handler_is_default(r.forced_handler)):
        d.forced.data = r.forced_handler.data
        d.forced.length = r.forced_handler.length
        d.handler = &d.forced
        return DECIDED_HANDLER
    if likely(mapped):
        # Who may not ask a member may not ask us in its place.
        if unlikely(r.req.seen >> FIELD_MAX_FORWARDS & 1) and goes_no_further(r):
            return DECIDED_HERE
        return DECIDED_MEMBER
    if r.rewritten == REWRITTEN_FILE and r.file == NULL:
        return DECIDED_NOTHING
    what = decided_handler(r, d)
    return DECIDED_FILE if what == DECIDED_NOTHING and r.file != NULL else what


cdef void facts_keep(request_facts *r, facts_kept *kept) noexcept nogil:
    kept.query = r.query
    kept.query_is_made = r.query_is_made
    kept.rewriting_ended = r.rewriting_ended
    kept.redirects = r.redirects
    memcpy(&kept.env[0], &r.env[0], sizeof(value) * plan.env_count)


cdef void facts_put_back(request_facts *r, const facts_kept *kept) noexcept nogil:
    r.query = kept.query
    r.query_is_made = kept.query_is_made
    r.rewriting_ended = kept.rewriting_ended
    r.redirects = kept.redirects
    memcpy(&r.env[0], &kept.env[0], sizeof(value) * plan.env_count)


# ... about a path within, in the place of the one that was sent: decoded, without a
# query of its own. Access is looked at as for any other.
cdef int request_decide_within(
        request_facts *r, value path, decision *d) noexcept nogil:
    cdef facts_kept kept
    cdef value script_url = r.script_url
    cdef made_cookie *cookies = r.cookies
    cdef int trace_at = r.trace_at
    cdef int what
    cdef value query = query_of(r)
    if not r.query_is_made:
        query = arena_copy(&r.arena, query.data, query.length)
    if likely(not r.vhost.may_look):
        return decide_within(r, path, query, d)
    facts_keep(r, &kept)
    while True:
        what = decide_within(r, path, query, d)
        if likely(r.wanted == NULL):
            return what
        what = decide_looks(r, d)
        if what != DECIDED_MEMBER:
            return what
        # All that rules have made since goes; what was there before stays.
        rewrite_forget(r)
        facts_put_back(r, &kept)
        r.script_url = script_url
        r.cookies = cookies
        r.trace_at = trace_at


cdef int decide_within(
        request_facts *r, value path, value query, decision *d) noexcept nogil:
    cdef int what
    r.rewritten = REWRITTEN_NOT
    r.original = value(NULL, 0)
    r.forced_type = value(NULL, 0)
    r.forced_handler = value(NULL, 0)
    r.mapping = NULL
    r.target = value(NULL, 0)
    r.proxy_conf_count = 0
    r.rest_at = 0
    r.ways = 0
    r.query = query
    r.query_is_made = True
    r.decoded = path
    r.path_is_plain = False
    r.reduced = True
    if unlikely(r.arena.starved):
        return decided_error(d, 500, BECAUSE_OF_NOTHING)
    what = decide_path(r, d)
    while what == DECIDED_MEMBER:
        what = decide_here(r, d)
        if likely(what != DECIDED_ANEW):
            return what
        what = decide_path(r, d)
    return what


cdef int decided_handler(request_facts *r, decision *d) noexcept nogil:
    """SetHandler: a name, or a member. returns DECIDED_*"""
    cdef const plan_conf *c = handler_said(r)
    cdef value name
    cdef int because, refusal
    if likely(c == NULL) or handler_is_default(r.forced_handler):
        return DECIDED_NOTHING
    name = handler_text(r, c)
    if unlikely(name.data == NULL):
        return decided_error(d, 500, BECAUSE_OF_NOTHING)
    if name.length == 0 or handler_is_default(name):
        return DECIDED_NOTHING
    if not handler_is_target(name):
        d.forced.data = name.data
        d.forced.length = name.length
        d.handler = &d.forced
        return DECIDED_HANDLER
    if not handler_target(r, c, name):
        return decided_error(d, 500, BECAUSE_OF_HANDLER)
    refusal = readings_refuse(r, &because)
    if refusal != 0 or r.host_wanted or r.asks.kind != ASKS_NOTHING or r.undecided:
        r.rewritten = REWRITTEN_NOT
        r.mapping = NULL
        if r.undecided:
            return decided_error(d, 500, BECAUSE_OF_NOTHING)
        if r.host_wanted or r.asks.kind != ASKS_NOTHING:
            return DECIDED_WAIT
        return decided_error(d, refusal, because)
    if unlikely(r.req.seen >> FIELD_MAX_FORWARDS & 1) and goes_no_further(r):
        return DECIDED_HERE
    return DECIDED_MEMBER


cdef int request_target(request_facts *r, decision *d) noexcept nogil:
    cdef int rc = match_target(r)
    if unlikely(rc < 0):
        return decided_error(d, -rc, BECAUSE_OF_NOTHING)
    if unlikely(r.mapping.target_has_groups or r.mapping.interpolate
                or r.rewritten == REWRITTEN_TARGET or r.original.data != NULL) \
            and path_climbs(r.target.data, r.target.length):
        # "/app(.*)" -> "/x/$1" and "/app../secret", by a mapping or a rule: what is
        # sent is not what was decided upon.
        return decided_error(d, 403, BECAUSE_CLIMBS)
    return DECIDED_MEMBER
