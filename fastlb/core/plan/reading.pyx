"""The second reading: what access rules say to what a member may make of a path.

A request goes to a member only if it would have been let through whichever way the
member reads it (path.pyx); so whatever the strictest of the readings says holds. All
else - settings, the mapping, the target - is of the first reading, which is httpd's.
"""
# uses: ground/text, ground/number, io/writer, ground/path, ground/arena,
#       plan/verdicts, plan/plan, plan/facts, plan/target, plan/handled,
#       plan/rewritten, plan/match, plan/conditional, plan/file_match, plan/rules,
#       plan/redirect, plan/because, plan/admission

cdef struct first_reading:
    value decoded
    value target
    unsigned int rest_at
    bint reduced
    bint excluded
    plan_mapping *mapping
    file_facts *file
    const plan_conf *handler    # whose SetHandler leads to the member; NULL: none's
    value user
    int conf_count
    int proxy_conf_count
    int if_conf_count
    plan_conf *confs[CONFS_MAX]
    value env[ENV_COUNT_MAX]
    # ... by rules
    unsigned char rewritten
    bint target_is_raw
    bint rewriting_ended
    bint query_is_made
    value query
    value original
    value forced_handler
    value forced_type
    made_cookie *cookies


cdef int readings_refuse(request_facts *r, int *because) noexcept nogil:
    """Is what was allowed allowed under the other readings, too?

    r.host_wanted or r.asks is set when that depends on what is not known yet. Who is
    asked for a password under one of them may give it.
    """
    if likely(r.path_is_plain or readings_admit(r)):
        return 0
    if r.refused >= 500 or r.refused == 401:
        because[0] = r.refused_because
        return r.refused
    because[0] = BECAUSE_MISREAD
    return 403


cdef bint readings_admit(request_facts *r) noexcept nogil:
    cdef const char *raw = request_bytes(r) + r.path.offset
    cdef value sent
    if r.mapping != NULL and r.ways and not other_ways_admit(r, r.decoded, r.ways):
        return False
    if unlikely(r.mapping != NULL and r.original.data != NULL and r.original_ways) \
            and not other_ways_admit(r, r.original, r.original_ways):
        return False            # the rules would have looked at another path
    if r.mapping != NULL and r.mapping.nocanon:
        # <Proxy> sections were compared with what was sent.
        if not reading_admits(
                r, r.decoded, value(NULL, 0), False, r.original.data == NULL):
            return False
    if unlikely(r.rewritten == REWRITTEN_TARGET and r.target_is_raw) \
            and memchr(r.decoded.data, c'%', r.decoded.length) != NULL:
        # "%2561" goes out as "%61": a member undoes what was decided upon.
        sent = escapes_undone(r, r.decoded)
        r.misread = sent
        if not reading_admits(
                r, sent, value(NULL, 0), False, r.original.data == NULL) \
                or not other_ways_admit(r, sent, WAYS - 1 - WAY_PARAMETERS_LATE):
            return False
    if r.vhost.asks_for_uri:
        # httpd's SetEnvIf sees the path as it was sent.
        sent = value(raw, <unsigned int>(<const char *>memchr_or_end(
            raw, c'?', r.path.length) - raw))
        while sent.length > 1 and sent.data[0] == c'/' and sent.data[1] == c'/':
            sent.data += 1
            sent.length -= 1
        return reading_admits(r, r.decoded, sent, False, r.original.data == NULL)
    return True


cdef value escapes_undone(request_facts *r, value path) noexcept nogil:
    cdef unsigned int i = 0
    cdef int byte
    cdef writer w
    arena_write(&r.arena, &w)
    while i < path.length:
        byte = -1
        if path.data[i] == c'%' and i + 2 < path.length:
            byte = hex_pair(path.data + i + 1)
        if byte < 0:
            put_byte(&w, path.data[i])
            i += 1
        else:
            put_byte(&w, <char>byte)
            i += 3
    return arena_written(&r.arena, &w)


cdef bint other_ways_admit(
        request_facts *r, value path, unsigned char path_ways) noexcept nogil:
    """Each way that a member may take, and each together with others."""
    cdef unsigned int size = path.length + 1
    cdef char *room = <char *>arena_take_struct(&r.arena, 2 * size)
    cdef char *other
    cdef value last = path
    cdef value read
    cdef int ways, rc
    cdef flag climbs = False
    cdef int allowed = path_ways | (
        WAY_PARAMETERS_LATE if path_ways & WAY_PARAMETERS else 0)
    if room == NULL:
        r.arena.starved = True
        return False
    other = room + size
    for ways in range(1, WAYS):
        if ways & ~allowed or (
                ways & WAY_PARAMETERS_LATE and not ways & WAY_PARAMETERS):
            continue
        rc = path_read(&path, ways, room, &climbs)
        if rc < 0:
            r.misread = value(NULL, 0)
            return False
        read = value(room, <unsigned int>rc)
        if same_text(read, path) or same_text(read, last):
            continue
        r.misread = last = read
        if not reading_admits(
                r, read, value(NULL, 0), climbs,
                r.original.data == NULL or path.data == r.original.data):
            return False
        room, other = other, room       # the last one is compared with
    r.misread = value(NULL, 0)
    return True


cdef bint reading_admits(
        request_facts *r, value path, value asked, bint climbs,
        bint by_rules) noexcept nogil:
    """Decide anew for one path, and put everything back.

    by_rules: those of the server see the path; False: it is what they have made
    asked: Request_URI for SetEnvIf outside sections; data NULL: the path
    climbs: dot segments were undone that the first reading has kept
    """
    cdef first_reading first
    cdef bint admitted
    cdef bint moved = False
    cdef redirected elsewhere
    first.decoded = r.decoded
    first.target = r.target
    first.rest_at = r.rest_at
    first.reduced = r.reduced
    first.excluded = r.excluded
    first.mapping = r.mapping
    first.file = r.file
    first.handler = handler_said(r)
    if first.handler != NULL and (
            r.mapping == NULL or first.handler.handler_mapping != r.mapping):
        first.handler = NULL
    first.user = r.user
    first.conf_count = r.conf_count
    first.proxy_conf_count = r.proxy_conf_count
    first.if_conf_count = r.if_conf_count
    memcpy(&first.confs[0], &r.confs[0], sizeof(void *) * r.conf_count)
    memcpy(&first.env[0], &r.env[0], sizeof(value) * plan.env_count)
    memset(&r.env[0], 0, sizeof(value) * plan.env_count)
    first.rewritten = r.rewritten
    first.target_is_raw = r.target_is_raw
    first.rewriting_ended = r.rewriting_ended
    first.query_is_made = r.query_is_made
    first.query = r.query
    first.original = r.original
    first.forced_handler = r.forced_handler
    first.forced_type = r.forced_type
    first.cookies = r.cookies
    r.is_reading = True
    if by_rules and r.redirects == 0:
        r.rewritten = REWRITTEN_NOT
        r.query_is_made = False
        r.rewriting_ended = False
        r.original = value(NULL, 0)
    else:
        r.rewriting_ended = True
    r.decoded = path
    r.reduced = True            # what was sent says nothing about this path
    r.proxy_conf_count = 0
    admitted = reading_decide(r, &first, asked, climbs, &moved)
    r.is_reading = False
    r.rewritten = first.rewritten
    r.target_is_raw = first.target_is_raw
    r.rewriting_ended = first.rewriting_ended
    r.query_is_made = first.query_is_made
    r.query = first.query
    r.original = first.original
    r.forced_handler = first.forced_handler
    r.forced_type = first.forced_type
    r.cookies = first.cookies
    r.decoded = first.decoded
    r.target = first.target
    r.rest_at = first.rest_at
    r.reduced = first.reduced
    r.excluded = first.excluded
    r.mapping = first.mapping
    r.file = first.file
    r.user = first.user
    r.conf_count = first.conf_count
    r.proxy_conf_count = first.proxy_conf_count
    r.if_conf_count = first.if_conf_count
    memcpy(&r.confs[0], &first.confs[0], sizeof(void *) * r.conf_count)
    memcpy(&r.env[0], &first.env[0], sizeof(value) * plan.env_count)
    # A <Location> that answers with a Redirect protects as well.
    return admitted and (not moved or match_redirect(r, True, &elsewhere) != 0)


cdef bint reading_decide(
        request_facts *r, const first_reading *first, value asked, bint climbs,
        bint *moved) noexcept nogil:
    cdef bint mapped
    cdef redirected elsewhere
    cdef rewrite_outcome made
    r.refused = 0
    if r.rewritten != REWRITTEN_FILE:
        r.file = NULL
    if not match_locations(r):
        return False
    r.request_uri = asked
    rules_env_if(r, 0, 1)
    r.request_uri.data = NULL
    r.target.data = NULL
    if unlikely(r.vhost.rewrite != NULL):
        # What a rule keeps from this path it keeps from whoever comes by another.
        if rewrite_in_server(r, &made) != REWROTE_NOTHING:
            return False
        if r.original.data != NULL and not match_locations(r):
            return False
    if unlikely(r.vhost.any_if) and not match_ifs(r):
        return False
    if likely(not r.vhost.any_late_if):
        rules_env_if(r, 1, r.conf_count)
    mapped = find_mapping(r)
    if unlikely(r.rewritten == REWRITTEN_FILE and first.mapping != NULL):
        return False
    if first.mapping != NULL and r.mapping != first.mapping:
        if r.excluded or climbs:
            return False
        if mapped and (r.mapping.member != first.mapping.member
                       or r.mapping.balancer != first.mapping.balancer):
            return False
    if mapped:
        if r.mapping.any_dynamic and match_target(r) < 0:
            return False
        if not match_proxy_sections(r):
            return False
    elif first.file != NULL and match_file(r) < 0:
        return False
    if r.proxy_conf_count and not r.vhost.any_late_if:
        rules_env_if(r, 1, 1 + r.proxy_conf_count)
    if unlikely(r.vhost.any_late_if):
        if not match_ifs_again(r):
            return False
        rules_env_if(r, 1, r.conf_count)
    if unlikely(r.vhost.rewrite != NULL and r.vhost.rewrite.has_dirs
                and sections_differ(r, first)) \
            and rewrite_in_sections(r, &made) != REWROTE_NOTHING:
        return False
    if unlikely(first.handler != NULL) and handler_said(r) != first.handler:
        return False
    moved[0] = first.mapping != NULL and match_redirect(r, True, &elsewhere) != 0
    r.refused = request_admission(r, &r.refused_because)
    # What it asks must be answered before another reading asks.
    return r.refused == 0 and r.asks.kind == ASKS_NOTHING


cdef bint sections_differ(
        request_facts *r, const first_reading *first) noexcept nogil:
    return r.conf_count != first.conf_count or memcmp(
        &r.confs[0], &first.confs[0], sizeof(void *) * r.conf_count) != 0
