"""The second reading: what access rules say to what a member may make of a path.

A request goes to a member only if it would have been let through whichever way the
member reads it (path.pyx); so whatever the strictest of the readings says holds. All
else - settings, the mapping, the target - is of the first reading, which is httpd's.
"""
# uses: ground/text, ground/path, ground/arena, plan/plan, plan/match, plan/target,
#       plan/redirect, plan/access, plan/rules, flow/exchange

cdef struct first_reading:
    value decoded
    value target
    unsigned int rest_at
    bint reduced
    bint excluded
    plan_mapping *mapping
    int conf_count
    int proxy_conf_count
    plan_conf *confs[CONFS_MAX]
    value env[ENV_COUNT_MAX]


cdef bint readings_admit(exchange *x) noexcept nogil:
    """Is what match_access has allowed allowed under the other readings, too?

    x.host_wanted is set when that depends on a name not known yet.
    """
    cdef const char *raw = request_bytes(x) + x.path.offset
    cdef value sent
    if likely(x.path_is_plain):
        return True
    if x.mapping != NULL and x.ways and not other_ways_admit(x):
        return False
    if x.mapping != NULL and x.mapping.nocanon:
        # <Proxy> sections were compared with what was sent.
        if not reading_admits(x, x.decoded, value(NULL, 0), False):
            return False
    if x.vhost.asks_for_uri:
        # httpd's SetEnvIf sees the path as it was sent.
        sent = value(raw, <unsigned int>(<const char *>memchr_or_end(
            raw, c'?', x.path.length) - raw))
        while sent.length > 1 and sent.data[0] == c'/' and sent.data[1] == c'/':
            sent.data += 1
            sent.length -= 1
        return reading_admits(x, x.decoded, sent, False)
    return True


cdef bint other_ways_admit(exchange *x) noexcept nogil:
    """Each way that a member may take, and each together with others."""
    cdef unsigned int size = x.decoded.length + 1
    cdef char *room = <char *>arena_take_struct(&x.arena, 2 * size)
    cdef char *other
    cdef value last = x.decoded
    cdef value read
    cdef int ways, rc
    cdef bint climbs = False
    cdef int allowed = x.ways | (
        WAY_PARAMETERS_LATE if x.ways & WAY_PARAMETERS else 0)
    if room == NULL:
        x.arena.starved = True
        return False
    other = room + size
    for ways in range(1, WAYS):
        if ways & ~allowed or (
                ways & WAY_PARAMETERS_LATE and not ways & WAY_PARAMETERS):
            continue
        rc = path_read(&x.decoded, ways, room, &climbs)
        if rc < 0:
            x.misread = value(NULL, 0)
            return False
        read = value(room, <unsigned int>rc)
        if same_text(read, x.decoded) or same_text(read, last):
            continue
        x.misread = last = read
        if not reading_admits(x, read, value(NULL, 0), climbs):
            return False
        room, other = other, room       # the last one is compared with
    x.misread = value(NULL, 0)
    return True


cdef bint reading_admits(
        exchange *x, value path, value asked, bint climbs) noexcept nogil:
    """Decide anew for one path, and put everything back.

    asked: Request_URI for SetEnvIf outside sections; data NULL: the path
    climbs: dot segments were undone that the first reading has kept
    """
    cdef first_reading first
    cdef bint admitted
    cdef bint moved = False
    first.decoded = x.decoded
    first.target = x.target
    first.rest_at = x.rest_at
    first.reduced = x.reduced
    first.excluded = x.excluded
    first.mapping = x.mapping
    first.conf_count = x.conf_count
    first.proxy_conf_count = x.proxy_conf_count
    memcpy(&first.confs[0], &x.confs[0], sizeof(void *) * x.conf_count)
    memcpy(&first.env[0], &x.env[0], sizeof(value) * plan.env_count)
    memset(&x.env[0], 0, sizeof(value) * plan.env_count)
    x.decoded = path
    x.reduced = True            # what was sent says nothing about this path
    x.proxy_conf_count = 0
    admitted = reading_decide(x, &first, asked, climbs, &moved)
    x.decoded = first.decoded
    x.target = first.target
    x.rest_at = first.rest_at
    x.reduced = first.reduced
    x.excluded = first.excluded
    x.mapping = first.mapping
    x.conf_count = first.conf_count
    x.proxy_conf_count = first.proxy_conf_count
    memcpy(&x.confs[0], &first.confs[0], sizeof(void *) * x.conf_count)
    memcpy(&x.env[0], &first.env[0], sizeof(value) * plan.env_count)
    # A <Location> that answers with a Redirect protects as well.
    return admitted and (not moved or match_redirect(x, True) != 0)


cdef bint reading_decide(
        exchange *x, const first_reading *first, value asked, bint climbs,
        bint *moved) noexcept nogil:
    cdef bint mapped
    if not match_locations(x):
        return False
    x.request_uri = asked
    rules_env_if(x, 0, 1)
    x.request_uri.data = NULL
    rules_env_if(x, 1, x.conf_count)
    mapped = match_mapping(x)
    if first.mapping != NULL and x.mapping != first.mapping:
        if x.excluded or climbs:
            return False
        if mapped and (x.mapping.member != first.mapping.member
                       or x.mapping.balancer != first.mapping.balancer):
            return False
    if mapped:
        if x.mapping.any_dynamic and match_target(x) < 0:
            return False
        if not match_proxy_sections(x):
            return False
        if x.proxy_conf_count:
            rules_env_if(x, 1, 1 + x.proxy_conf_count)
    moved[0] = first.mapping != NULL and match_redirect(x, True) != 0
    return match_access(x)
