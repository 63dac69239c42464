"""Which settings apply to a request, and where it goes (match.pxd)."""
# uses: ground/chartable, ground/text, io/writer, ground/path, ground/arena,
#       http/fields, plan/plan, plan/client, plan/facts, plan/undecided, plan/target

# Virtual hosts -------------------------------------------------------------------

# The set of virtual hosts for a connection's local address, most specific first.
cdef plan_set *match_set(plan_listener *listener, client_facts *client) noexcept nogil:
    cdef int i
    cdef address_rule *rule
    if likely(not listener.wildcard):
        return listener.set
    client_learn_local(client)
    for i in range(plan.address_rule_count):
        rule = &plan.address_rules[i]
        if not rule.place.any_port and rule.place.port != listener.port:
            continue
        if rule.place.any_host or memcmp(
                &rule.place.address[0], &client.local[0], ADDRESS_BYTES) == 0:
            return rule.set
    return plan.main_set


cdef plan_vhost *match_vhost(
        plan_set *s, const char *host, unsigned int length,
        bint *found) noexcept nogil:
    cdef int i
    cdef host_name *n
    found[0] = True
    if s.count == 1 and not plan.vhosts[s.vhosts[0]].said.strict_host_check:
        return &plan.vhosts[s.vhosts[0]]
    if length > 1 and byte_before(host, length) == c'.':
        length -= 1
    if length:
        for i in range(s.name_count):
            n = &s.names[i]
            if n.wildcard:
                if glob_match(n.name.data, n.name.length, host, length, False, True):
                    return &plan.vhosts[n.vhost]
            elif n.name.length == length \
                    and bytes_equal_nocase(n.name.data, host, length):
                return &plan.vhosts[n.vhost]
    found[0] = False
    return &plan.vhosts[s.vhosts[0]]


cdef plan_vhost *match_server_path(plan_set *s, request_facts *r) noexcept nogil:
    """ServerPath: old clients without Host say by the path whom they mean."""
    cdef int i
    cdef plan_vhost *v
    cdef const char *path = request_bytes(r) + r.path.offset
    for i in range(s.count):
        v = &plan.vhosts[s.vhosts[i]]
        if v.server_path.length and prefix_match(
                &v.server_path, path, r.path.length) >= 0:
            return v
    return r.vhost


# Sections ------------------------------------------------------------------------

cdef bint section_matches(
        plan_section *s, request_facts *r, const value *merged) noexcept nogil:
    """merged: the path with one slash for each run. A <Location> is always compared
    with that one, a regular expression with the path as MergeSlashes leaves it."""
    cdef const char *path = r.decoded.data
    cdef unsigned int length = r.decoded.length
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int i, g
    if s.regex >= 0:
        if not request_matches(r, s.regex, True, path, length, &groups[0]):
            return False
        for i in range(s.group_count):
            g = s.groups[i]
            if groups[2 * g] >= 0:
                env_set(r, s.group_envs[i], path + groups[2 * g],
                        groups[2 * g + 1] - groups[2 * g])
        return True
    path = merged.data
    length = merged.length
    if s.is_glob:
        return glob_match(
            s.pattern.data, s.pattern.length, path, length, True, False)
    if length < s.pattern.length or memcmp(
            path, s.pattern.data, s.pattern.length) != 0:
        return False
    return (length == s.pattern.length or s.pattern.length == 0
            or byte_before(path, s.pattern.length) == c'/'
            or path[s.pattern.length] == c'/')


cdef int merge_slashes(request_facts *r, value *out) noexcept nogil:
    """The decoded path with one slash for each run. returns 0 or FAILED"""
    cdef unsigned int i
    cdef const char *path = r.decoded.data
    cdef writer w
    arena_write(&r.arena, &w)
    for i in range(r.decoded.length):
        if path[i] != c'/' or byte_before(path, i) != c'/':
            put_byte(&w, path[i])
    out[0] = arena_written(&r.arena, &w)
    return FAILED if r.arena.starved else 0


# Fill r.confs with the default settings and the <Location>s that match.
# returns False when more match than SECTIONS_MATCHED_MAX, or memory is wanting: none
# may be left out
cdef bint match_locations(request_facts *r) noexcept nogil:
    cdef int i
    cdef plan_vhost *v = r.vhost
    cdef value merged = r.decoded
    r.confs[0] = &v.conf
    r.conf_count = 1
    r.if_conf_count = 0
    if not v.any_location:
        return True
    if unlikely(not v.said.merge_slashes) and merge_slashes(r, &merged) < 0:
        return False
    for i in range(v.section_count):
        if v.sections[i].kind > SECTION_LOCATION_MATCH or not section_matches(
                &v.sections[i], r, &merged):
            continue
        if r.conf_count == SECTIONS_MATCHED_MAX:
            return False
        r.confs[r.conf_count] = &v.sections[i].conf
        r.conf_count += 1
    return True


cdef bint match_proxy_sections(request_facts *r) noexcept nogil:
    """Merge the <Proxy> sections of the target. False: too many, or no memory."""
    cdef int i, matches
    cdef int count = 0
    cdef plan_mapping *m = r.mapping
    cdef plan_conf *found[SECTIONS_MATCHED_MAX]
    if m.section_count == 0:
        return True
    for i in range(m.section_count):
        if m.section_dynamic[i]:
            matches = proxy_section_matches(m.sections[i], r)
            if matches < 0:
                return False
            if not matches:
                continue
        if r.conf_count + count == SECTIONS_MATCHED_MAX:
            return False
        found[count] = &m.sections[i].conf
        count += 1
    memmove(&r.confs[1 + count], &r.confs[1], sizeof(void *) * (r.conf_count - 1))
    for i in range(count):
        r.confs[1 + i] = found[i]
    r.conf_count += count
    r.proxy_conf_count = count
    return True


cdef int proxy_section_matches(plan_section *s, request_facts *r) noexcept nogil:
    """Is the target's URL one that <Proxy> or <ProxyMatch> names (7.1)?

    returns 1, 0, or FAILED when memory for the URL is wanting.
    """
    cdef value url = target_url(r, False)
    if url.data == NULL:
        return FAILED
    if proxy_section_names(s, r, url.data, url.length):
        return 1
    if s.regex < 0 or r.mapping.usual_port.length == 0:
        return 0
    # An expression may name the port that nobody need write.
    url = target_url(r, True)
    if url.data == NULL:
        return FAILED
    return proxy_section_names(s, r, url.data, url.length)


cdef bint proxy_section_names(
        plan_section *s, request_facts *r, const char *url,
        unsigned int length) noexcept nogil:
    if s.regex >= 0:
        return request_matches(r, s.regex, True, url, length, NULL) > 0
    if s.is_glob:
        return glob_match(s.pattern.data, s.pattern.length, url, length, False, False)
    return length >= s.pattern.length and memcmp(
        url, s.pattern.data, s.pattern.length) == 0


# The handler set for the request; NULL when there is none.
# Mappings ------------------------------------------------------------------------

cdef int mapping_matches(plan_mapping *m, request_facts *r) noexcept nogil:
    """1: it takes the request (r.rest_at set); 0: not."""
    cdef int taken
    if m.regex >= 0:
        r.rest_at = 0
        return request_matches(
            r, m.regex, m.decides, r.decoded.data, r.decoded.length, NULL) > 0
    taken = prefix_match(&m.pattern, r.decoded.data, r.decoded.length)
    if taken < 0:
        return 0
    r.rest_at = <unsigned int>taken
    return 1


cdef inline bint mapping_serves(plan_mapping *m, request_facts *r) noexcept nogil:
    """Without ProxyWebsocketFallbackToProxyHttp a ws: target passes over requests that
    ask for no Upgrade; the next mapping is tried."""
    return likely(not m.is_websocket) or r.req.seen >> FIELD_UPGRADE & 1 \
        or conf_flag(r, CONF_WEBSOCKET_FALLBACK, True)


# Find the mapping: 1 found (r.mapping, r.rest_at), 0 none (or excluded)
cdef int match_mapping(request_facts *r) noexcept nogil:
    cdef int i
    cdef plan_mapping *m
    r.mapping = NULL
    r.excluded = r.env[ENV_NO_PROXY].data != NULL
    if r.decoded.data[0] != c'/' or r.excluded:
        return 0
    for i in range(r.conf_count - 1, 0, -1):
        m = r.confs[i].mapping
        if r.confs[i].has_mapping and mapping_matches(m, r) \
                and mapping_serves(m, r):
            if m.exclude:
                r.excluded = True
                return 0
            r.mapping = m
            return 1
    for i in range(r.vhost.mapping_count):
        m = &r.vhost.mappings[i]
        if mapping_matches(m, r) and mapping_serves(m, r):
            if m.exclude:
                r.excluded = True
                return 0
            r.mapping = m
            return 1
    return 0


cdef bint find_mapping(request_facts *r) noexcept nogil:
    """... unless a rule has found one, or a file."""
    if likely(r.rewritten == REWRITTEN_NOT):
        return match_mapping(r)
    if r.rewritten == REWRITTEN_FILE:
        r.mapping = NULL
    return r.mapping != NULL
