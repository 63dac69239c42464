"""What is said of the page that one answer is (filters/page.pxd, html_plan.pxd).

Sections are joined as httpd joins them, those of one kind first and then with what is
outside: a switch that is on stays on; the last that names links or events says all of
them; and where two lists of maps meet, they become one that is turned round.

    server /1 /2, <Location> /3 /4            ->  /4 /3 /2 /1
    server /1 /2, <Location> /3 /4 and /5 /6  ->  /3 /4 /5 /6 /2 /1
"""
# uses: ground/chartable, ground/text, io/writer, ground/arena, filters/page,
#       plan/html_plan, plan/filter_plan, plan/facts, plan/expr

# What is said of the page whose chain is begun.
cdef html_state html_scratch


cdef const plan_html *html_next(const request_facts *r, int *at) noexcept nogil:
    """The next section that says something of pages, from `at` on; NULL: none does."""
    cdef const plan_filters *f
    while at[0] < r.conf_count:
        f = r.confs[at[0]].filters
        at[0] += 1
        if f != NULL and f.html != NULL:
            return f.html
    return NULL


cdef inline bint html_parts_group(
        const plan_html *before, const plan_html *h) noexcept nogil:
    """Does another group begin with h?"""
    return before != NULL and (h.group == HTML_ALONE or h.group != before.group)


cdef unsigned char html_switches(const request_facts *r) noexcept nogil:
    """HTML_ENABLED and its kin, of all sections."""
    cdef unsigned char all_ = 0, group = 0
    cdef bint resets = False
    cdef int at = 0
    cdef const plan_html *before = NULL
    cdef const plan_html *h = html_next(r, &at)
    while h != NULL:
        if before == NULL or html_parts_group(before, h):
            all_ = group if resets else all_ | group
            group = h.switches
            resets = h.resets
        elif h.resets:
            group = h.switches
            resets = False      # one of a group undoes the group, and no more
        else:
            group |= h.switches
        before = h
        h = html_next(r, &at)
    return group if resets else all_ | group


cdef bint html_may_work(const request_facts *r) noexcept nogil:
    """Might a page become another, by what is written?"""
    cdef bint has_links = False, has_work = html_switches(r) & (
        HTML_STRIPS | HTML_LOWER_CASE | HTML_SLASHES) != 0
    cdef int at = 0
    cdef const plan_html *h = html_next(r, &at)
    while h != NULL:
        if h.says_links:
            has_links = h.link_count > 0
        has_work = has_work or h.map_count > 0 or h.doctype.length > 0
        h = html_next(r, &at)
    return has_links and has_work


cdef void html_maps_turn(const html_map **maps, int count) noexcept nogil:
    cdef const html_map *one
    cdef int i
    for i in range(count // 2):
        one = maps[i]
        maps[i] = maps[count - 1 - i]
        maps[count - 1 - i] = one


cdef int html_maps_join(
        const request_facts *r, const html_map **maps) noexcept nogil:
    """All maps in the order in which they are asked; how many, or FAILED: too many.
    begin: where those of a group begin, which are joined to those before at its end."""
    cdef const plan_html *before = NULL
    cdef const plan_html *h
    cdef int i, held, at = 0, begin = 0, count = 0
    h = html_next(r, &at)
    while h != NULL:
        if html_parts_group(before, h):
            if begin and count > begin:
                html_maps_turn(maps, count)
            begin = count
        held = count
        if h.map_count > HTML_MAPS_MAX - count:
            return FAILED
        for i in range(h.map_count):
            maps[count] = &h.maps[i]
            count += 1
        if begin < held < count:
            html_maps_turn(maps + begin, count - begin)
        before = h
        h = html_next(r, &at)
    if begin and count > begin:
        html_maps_turn(maps, count)
    return count


cdef value html_filled(
        request_facts *r, const text *written, const html_parts *parts,
        bint interpolates) noexcept nogil:
    """A text with its variables. data NULL: there is no memory."""
    cdef const html_part *part
    cdef value found
    cdef int i
    cdef writer w
    if not interpolates or parts.count == 0:
        return value(written.data, written.length)
    arena_write(&r.arena, &w)
    for i in range(parts.count):
        part = &parts.items[i]
        found = value(NULL, 0)
        if part.env >= 0:
            found = r.env[part.env]
        if found.data == NULL:
            found = value(part.literal.data, part.literal.length)
        put(&w, found.data, found.length)
    return arena_written(&r.arena, &w)


cdef void html_rule_add(
        request_facts *r, html_state *s, const html_map *map,
        bint interpolates) noexcept nogil:
    cdef html_rule *rule = &s.rules[s.count]
    if interpolates and map.expr >= 0 and expr_holds(r, map.expr, NULL) <= 0:
        return
    rule.map = map
    rule.wanted = html_filled(r, &map.wanted, &map.wanted_parts, interpolates)
    rule.replacement = html_filled(
        r, &map.replacement, &map.replacement_parts, interpolates)
    if rule.wanted.data == NULL or rule.replacement.data == NULL or (
            map.regex < 0 and rule.wanted.length == 0):
        return
    s.count += 1
    if s.extended and map.flags & HTML_OF_TEXTS:
        s.maps_texts = True


cdef bint html_choose(request_facts *r, html_state *s, bint is_xml) noexcept nogil:
    """All that holds for this answer. False: it has too many maps."""
    cdef unsigned char switches = html_switches(r)
    cdef bint interpolates = switches & HTML_INTERPOLATES != 0
    cdef const html_map *maps[HTML_MAPS_MAX]
    cdef const plan_html *h
    cdef int i, count, at = 0
    memset(s, 0, sizeof(html_state))
    s.is_xml = is_xml
    s.extended = switches & HTML_EXTENDED != 0
    s.strips = switches & HTML_STRIPS != 0
    s.lower_case = switches & HTML_LOWER_CASE != 0
    s.slashes = switches & HTML_SLASHES != 0
    h = html_next(r, &at)
    while h != NULL:
        if h.says_links:
            s.links = h.links
            s.link_count = h.link_count
        if h.events != NULL:
            s.events = h.events
        if h.doctype.data != NULL:
            s.doctype = h.doctype
        h = html_next(r, &at)
    s.wants_doctype = s.doctype.length > 0
    count = html_maps_join(r, &maps[0])
    for i in range(count):
        html_rule_add(r, s, maps[i], interpolates)
    return count >= 0


cdef bint html_has_work(const html_state *s) noexcept nogil:
    """Would a page become another?"""
    return s.links != NULL and (
        s.count > 0 or s.strips or s.wants_doctype or s.lower_case or s.slashes)


cdef bint html_type(
        value type, const char *name, unsigned int length) noexcept nogil:
    """Does it begin so? httpd asks no more of it."""
    return type.length >= length and bytes_equal_nocase(type.data, name, length)


cdef bint html_charset_is_read(value type) noexcept nogil:
    """Is < the byte 3C, and no other character has it? It is so in all charsets but
    UTF-16 and its kin, UTF-7, ISO-2022 and HZ."""
    cdef unsigned int i
    cdef const char *at
    cdef unsigned int length
    for i in range(8, type.length):
        if not bytes_equal_nocase(type.data + i - 8, b"charset=", 8):
            continue
        at = type.data + i
        length = type.length - i
        if at[0] == c'"':
            at += 1
            length -= 1
        return not (
            length >= 6 and (
                bytes_equal_nocase(at, b"utf-16", 6)
                or bytes_equal_nocase(at, b"utf-32", 6)
                or bytes_equal_nocase(at, b"ucs-2", 5)
                or bytes_equal_nocase(at, b"utf-7", 5)
                or bytes_equal_nocase(at, b"hz-gb-", 6))
            or length >= 9 and bytes_equal_nocase(at, b"iso-2022-", 9))
    return True
