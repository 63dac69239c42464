"""Which settings apply to a request, and where it goes (match.pxd).

Spec: config-language.md 7-8, proxying.md 1.
"""
# uses: ground/chartable, ground/text, io/writer, ground/address, ground/path,
#       ground/arena, http/fields, plan/plan, plan/undecided, plan/target, plan/rules,
#       flow/exchange

# Virtual hosts -------------------------------------------------------------------

cdef void downstream_learn_local(downstream *d) noexcept nogil:
    """Ask once for the local address of a connection."""
    cdef sockaddr_storage storage
    cdef socklen_t size = sizeof(storage)
    if d.local_known:
        return
    d.local_known = True
    if getsockname(d.c.fd, <sockaddr *>&storage, &size) == 0:
        address_store(&storage, &d.local[0], &d.local_port)


cdef plan_set *match_set(plan_listener *listener, downstream *d) noexcept nogil:
    cdef int i
    cdef address_rule *rule
    if likely(not listener.wildcard):
        return listener.set
    downstream_learn_local(d)
    for i in range(plan.address_rule_count):
        rule = &plan.address_rules[i]
        if not rule.any_port and rule.port != listener.port:
            continue
        if rule.any_host or memcmp(&rule.address[0], &d.local[0], 16) == 0:
            return rule.set
    return plan.main_set


cdef plan_vhost *match_vhost(
        plan_set *s, const char *host, unsigned int length,
        bint *found) noexcept nogil:
    cdef int i
    cdef host_name *n
    found[0] = True
    if s.count == 1:
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


cdef plan_vhost *match_server_path(plan_set *s, exchange *x) noexcept nogil:
    """ServerPath: old clients without Host say by the path whom they mean."""
    cdef int i
    cdef plan_vhost *v
    cdef const char *path = request_bytes(x) + x.path.offset
    for i in range(s.count):
        v = &plan.vhosts[s.vhosts[i]]
        if v.server_path.length and prefix_match(
                &v.server_path, path, x.path.length) >= 0:
            return v
    return x.vhost


# Sections ------------------------------------------------------------------------

cdef bint section_matches(
        plan_section *s, exchange *x, const value *merged) noexcept nogil:
    """merged: the path with one slash for each run. A <Location> is always compared
    with that one, a regular expression with the path as MergeSlashes leaves it."""
    cdef const char *path = x.decoded.data
    cdef unsigned int length = x.decoded.length
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int i, g
    if s.regex >= 0:
        if not request_matches(x, s.regex, True, path, length, &groups[0]):
            return False
        for i in range(s.group_count):
            g = s.groups[i]
            if groups[2 * g] >= 0:
                env_set(x, s.group_envs[i], path + groups[2 * g],
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


cdef int merge_slashes(exchange *x, value *out) noexcept nogil:
    """The decoded path with one slash for each run. returns 0 or FAILED"""
    cdef unsigned int i
    cdef const char *path = x.decoded.data
    cdef writer w
    arena_write(&x.arena, &w)
    for i in range(x.decoded.length):
        if path[i] != c'/' or byte_before(path, i) != c'/':
            put_byte(&w, path[i])
    out[0] = arena_written(&x.arena, &w)
    return FAILED if x.arena.starved else 0


cdef bint match_locations(exchange *x) noexcept nogil:
    cdef int i
    cdef plan_vhost *v = x.vhost
    cdef value merged = x.decoded
    x.confs[0] = &v.conf
    x.conf_count = 1
    if not v.any_location:
        return True
    if unlikely(not v.said.merge_slashes) and merge_slashes(x, &merged) < 0:
        return False
    for i in range(v.section_count):
        if v.sections[i].kind > SECTION_LOCATION_MATCH or not section_matches(
                &v.sections[i], x, &merged):
            continue
        if x.conf_count == SECTIONS_MATCHED_MAX:
            return False
        x.confs[x.conf_count] = &v.sections[i].conf
        x.conf_count += 1
    return True


cdef bint match_proxy_sections(exchange *x) noexcept nogil:
    """Merge the <Proxy> sections of the target. False: too many, or no memory."""
    cdef int i, matches
    cdef int count = 0
    cdef plan_mapping *m = x.mapping
    cdef plan_conf *found[SECTIONS_MATCHED_MAX]
    if m.section_count == 0:
        return True
    for i in range(m.section_count):
        if m.section_dynamic[i]:
            matches = proxy_section_matches(m.sections[i], x)
            if matches < 0:
                return False
            if not matches:
                continue
        if x.conf_count + count == SECTIONS_MATCHED_MAX:
            return False
        found[count] = &m.sections[i].conf
        count += 1
    memmove(&x.confs[1 + count], &x.confs[1], sizeof(void *) * (x.conf_count - 1))
    for i in range(count):
        x.confs[1 + i] = found[i]
    x.conf_count += count
    x.proxy_conf_count = count
    return True


cdef int proxy_section_matches(plan_section *s, exchange *x) noexcept nogil:
    """Is the target's URL one that <Proxy> or <ProxyMatch> names (7.1)?

    returns 1, 0, or FAILED when memory for the URL is wanting.
    """
    cdef value url = target_url(x)
    if url.data == NULL:
        return FAILED
    return proxy_section_names(s, x, url.data, url.length)


cdef bint proxy_section_names(
        plan_section *s, exchange *x, const char *url,
        unsigned int length) noexcept nogil:
    if s.regex >= 0:
        return request_matches(x, s.regex, True, url, length, NULL) > 0
    if s.is_glob:
        return glob_match(s.pattern.data, s.pattern.length, url, length, False, False)
    return length >= s.pattern.length and memcmp(
        url, s.pattern.data, s.pattern.length) == 0


cdef bint conf_flag(exchange *x, int flag, bint usual) noexcept nogil:
    cdef int i
    for i in range(x.conf_count - 1, -1, -1):
        if x.confs[i].flags[flag] >= 0:
            return x.confs[i].flags[flag]
    return usual


cdef const text *match_handler(exchange *x) noexcept nogil:
    cdef int i
    cdef const text *t
    for i in range(x.conf_count - 1, -1, -1):
        t = &x.confs[i].handler
        if t.length:
            if t.length == 4 and memcmp(t.data, b"none", 4) == 0:
                return NULL
            return t
    return NULL


# Mappings ------------------------------------------------------------------------

cdef int mapping_matches(plan_mapping *m, exchange *x) noexcept nogil:
    """1: it takes the request (x.rest_at set); 0: not."""
    cdef int taken
    if m.regex >= 0:
        x.rest_at = 0
        return request_matches(
            x, m.regex, m.decides, x.decoded.data, x.decoded.length, NULL) > 0
    taken = prefix_match(&m.pattern, x.decoded.data, x.decoded.length)
    if taken < 0:
        return 0
    x.rest_at = <unsigned int>taken
    return 1


cdef inline bint mapping_serves(plan_mapping *m, exchange *x) noexcept nogil:
    """Without ProxyWebsocketFallbackToProxyHttp a ws: target passes over requests that
    ask for no Upgrade; the next mapping is tried."""
    return likely(not m.is_websocket) or x.req.seen >> FIELD_UPGRADE & 1 \
        or conf_flag(x, CONF_WEBSOCKET_FALLBACK, True)


cdef int match_mapping(exchange *x) noexcept nogil:
    cdef int i
    cdef plan_mapping *m
    x.mapping = NULL
    x.excluded = x.env[ENV_NO_PROXY].data != NULL
    if x.decoded.data[0] != c'/' or x.excluded:
        return 0
    for i in range(x.conf_count - 1, 0, -1):
        m = x.confs[i].mapping
        if x.confs[i].has_mapping and mapping_matches(m, x) \
                and mapping_serves(m, x):
            if m.exclude:
                x.excluded = True
                return 0
            x.mapping = m
            return 1
    for i in range(x.vhost.mapping_count):
        m = &x.vhost.mappings[i]
        if mapping_matches(m, x) and mapping_serves(m, x):
            if m.exclude:
                x.excluded = True
                return 0
            x.mapping = m
            return 1
    return 0
