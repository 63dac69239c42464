"""Filters under the fuzzer: bodies of strangers, in pieces and as a whole."""

cdef enum:
    FUZZ_MADE_MAX = 1 << 20     # bytes of what a chain has made; more is enough
    FUZZ_ROOM = 512             # at once
    FUZZ_MAPS = 5
    # of what data[0] says of a page
    FUZZ_IS_XML = 1
    FUZZ_EXTENDED = 2
    FUZZ_STRIPS = 4
    FUZZ_DOCTYPE = 8
    FUZZ_FIXUPS = 16
    FUZZ_WITHOUT_MAPS = 32

cdef substitution[2] fuzz_rules
cdef substitute_state fuzz_substitutions
cdef html_state fuzz_page
cdef html_map[FUZZ_MAPS] fuzz_maps
cdef html_link[FUZZ_MAPS] fuzz_links
cdef text[FUZZ_MAPS] fuzz_names
cdef html_events fuzz_events


cdef filter_settings fuzz_settings() noexcept nogil:
    cdef filter_settings said
    memset(&said, 0, sizeof(said))
    said.level = 6
    said.window = 15
    said.memory = 8
    said.piece = 8096
    said.ratio_limit = 1 << 30      # pieces are judged one by one
    said.ratio_burst = 3
    fuzz_rules[0] = substitution(True, False, text(b"ab", 2), -1, text(b"abc", 3))
    fuzz_rules[1] = substitution(True, True, text(b"C", 1), -1, text(b"", 0))
    memset(&fuzz_substitutions, 0, sizeof(fuzz_substitutions))
    fuzz_substitutions.most = 1000
    fuzz_substitutions.count = 2
    fuzz_substitutions.rules[0] = &fuzz_rules[0]
    fuzz_substitutions.rules[1] = &fuzz_rules[1]
    said.substitutions = &fuzz_substitutions
    said.html = &fuzz_page
    return said


cdef int fuzz_chain(
        const int *filters, int count, const uint8_t *data, size_t size, size_t step,
        char *out, size_t *made) noexcept nogil:
    """A chain over the bytes, so many at a time. returns 0; 1: it has made enough;
    FAILED"""
    cdef filter_settings said = fuzz_settings()
    cdef body_filters *f = chain_begin(&said)
    cdef buffer *b
    cdef size_t at = 0, taken
    cdef unsigned int n
    cdef int i, rc = 0
    for i in range(count):
        must(chain_add(f, filters[i]))
    made[0] = 0
    if size == 0:
        chain_finish(f)
    while not chain_is_done(f):
        if f.input == NULL and at < size:
            taken = min(step, size - at)
            b = buffer_take_exact(<unsigned int>taken)
            buffer_put(b, data + at, taken)
            at += taken
            chain_take(f, &b)
            if at == size:
                chain_finish(f)
            elif at & 1:
                chain_flush(f)
        rc = chain_run(f, out + made[0], FUZZ_ROOM, &n)
        made[0] += n
        if rc < 0:
            break
        must(n <= FUZZ_ROOM)
        # Whoever has all of it comes to an end.
        must(chain_is_done(f) or not (f.ended and f.idle))
        if made[0] > FUZZ_MADE_MAX:
            rc = 1
            break
    chain_end(f)
    must(coders_out() == 0 and line_memory_bytes == 0)
    return rc


cdef int fuzz_filters(const uint8_t *data, size_t size) noexcept nogil:
    """What was packed is unpacked to what it was; pieces become what the whole does,
    and so does what is left at every step, and gone on with."""
    cdef int[2] around = [FILTER_DEFLATE, FILTER_INFLATE]
    cdef int[1] alone
    cdef char *first
    cdef char *second
    global turn_work_per_look, turn_us_max
    cdef size_t step, made, again
    cdef int rc
    if size < 2:
        return 0
    step = <size_t>data[1] + 1
    first = <char *>malloc(FUZZ_MADE_MAX + 2 * FUZZ_ROOM)
    second = <char *>malloc(FUZZ_MADE_MAX + 2 * FUZZ_ROOM)
    if data[0] % 3 == 0:
        must(fuzz_chain(&around[0], 2, data + 2, size - 2, step, first, &made) == 0)
        must(made == size - 2 and memcmp(first, data + 2, made) == 0)
    else:
        alone[0] = FILTER_INFLATE if data[0] % 3 == 1 else FILTER_SUBSTITUTE
        turn_work_per_look = 1
        turn_us_max = -1
        rc = fuzz_chain(&alone[0], 1, data + 2, size - 2, step, first, &made)
        turn_work_per_look = FILTER_WORK_PER_LOOK
        turn_us_max = FILTER_TURN_US
        must(rc == fuzz_chain(
            &alone[0], 1, data + 2, size - 2, size, second, &again))
        if rc == 0:
            must(made == again and memcmp(first, second, made) == 0)
    free(first)
    free(second)
    return 0


cdef void fuzz_map_add(
        unsigned char flags, const char *wanted,
        const char *replacement) noexcept nogil:
    cdef html_map *m = &fuzz_maps[fuzz_page.count]
    cdef html_rule *rule = &fuzz_page.rules[fuzz_page.count]
    memset(m, 0, sizeof(html_map))
    m.flags = flags
    m.regex = -1
    rule.map = m
    rule.wanted = value(wanted, <unsigned int>strlen(wanted))
    rule.replacement = value(replacement, <unsigned int>strlen(replacement))
    fuzz_page.count += 1


cdef void fuzz_link_add(
        int at, const char *element, const char *attribute) noexcept nogil:
    fuzz_names[at] = text(attribute, <unsigned int>strlen(attribute))
    fuzz_links[at] = html_link(
        text(element, <unsigned int>strlen(element)), 1, &fuzz_names[at])


cdef void fuzz_page_begin(unsigned char switches) noexcept nogil:
    global fuzz_events
    cdef int everywhere = HTML_OF_LINKS | HTML_OF_EVENTS | HTML_OF_TEXTS
    memset(&fuzz_page, 0, sizeof(fuzz_page))
    fuzz_link_add(0, b"a", b"href")
    fuzz_link_add(1, b"img", b"srcset")
    fuzz_link_add(2, b"meta", b"content")
    fuzz_names[3] = text(b"onclick", 7)
    fuzz_events = html_events(1, &fuzz_names[3])
    fuzz_page.links = &fuzz_links[0]
    fuzz_page.link_count = 3
    fuzz_page.events = &fuzz_events
    fuzz_page.is_xml = switches & FUZZ_IS_XML != 0
    fuzz_page.extended = switches & FUZZ_EXTENDED != 0
    fuzz_page.strips = switches & FUZZ_STRIPS != 0
    fuzz_page.lower_case = fuzz_page.slashes = switches & FUZZ_FIXUPS != 0
    if switches & FUZZ_DOCTYPE:
        fuzz_page.wants_doctype = True
        fuzz_page.doctype = text(b"<!D>", 4)
    if not switches & FUZZ_WITHOUT_MAPS:
        fuzz_page.maps_texts = fuzz_page.extended
        fuzz_map_add(<unsigned char>everywhere, b"/", b"/<g\"' >/")
        fuzz_map_add(<unsigned char>everywhere, b"a&", b"")
        fuzz_map_add(<unsigned char>(everywhere | HTML_AT_START), b"ab", b"abab")
        fuzz_map_add(<unsigned char>(everywhere | HTML_AT_END), b"b", b"&amp;b")
        # Some pattern of the plan's.
        fuzz_map_add(<unsigned char>(everywhere | HTML_NOT_LAST), b"", b"<$0&$1\\$>")
        fuzz_maps[fuzz_page.count - 1].regex = 0


cdef int fuzz_html(const uint8_t *data, size_t size) noexcept nogil:
    """A page becomes the same in pieces as a whole, be it left at every step, and
    without a map what it was."""
    global turn_work_per_look, turn_us_max
    cdef int[1] alone = [FILTER_HTML]
    cdef unsigned char changes
    cdef char *first
    cdef char *second
    cdef size_t made, again
    cdef int rc
    if size < 2:
        return 0
    first = <char *>malloc(FUZZ_MADE_MAX + 2 * FUZZ_ROOM)
    second = <char *>malloc(FUZZ_MADE_MAX + 2 * FUZZ_ROOM)
    fuzz_page_begin(data[0])
    turn_work_per_look = 1
    turn_us_max = -1
    rc = fuzz_chain(
        &alone[0], 1, data + 2, size - 2, <size_t>data[1] + 1, first, &made)
    turn_work_per_look = FILTER_WORK_PER_LOOK
    turn_us_max = FILTER_TURN_US
    must(rc >= 0)
    must(rc == fuzz_chain(&alone[0], 1, data + 2, size - 2, size, second, &again))
    if rc == 0:
        must(made == again and memcmp(first, second, made) == 0)
        changes = FUZZ_STRIPS | FUZZ_DOCTYPE | FUZZ_FIXUPS
        if data[0] & FUZZ_WITHOUT_MAPS and not data[0] & changes:
            must(made == size - 2 and memcmp(first, data + 2, made) == 0)
    free(first)
    free(second)
    return 0
