"""What ProxyHTMLURLMap makes of one link, one event or one script (page.pxd).

A map looks at a value as whoever reads the page sees it, with its references read:
`/a?b&#38;c` begins with `/a?b&`. What it does not replace stays as it is written.

A value is left between two maps, or within one (replace.pyx), when the turn is over. It
is changed by all of its maps or stays as it is: short of memory, too long, or tried at
a pattern that takes too long.
"""
# uses: ground/chartable, ground/text, filters/stage, filters/turn, filters/lines,
#       filters/replace, filters/page

# A reference of one ASCII character.
cdef struct html_reference:
    unsigned int length
    char meant


# Values as they are read ------------------------------------------------------------

cdef bint html_begins(
        const char *p, const char *end, const char *word,
        unsigned int length) noexcept nogil:
    return <size_t>(end - p) >= length and memcmp(p, word, length) == 0


cdef html_reference html_reference_at(
        const char *p, const char *end) noexcept nogil:
    """What begins with the & at p, which may stand for itself."""
    cdef html_reference found = html_reference(1, c'&')
    cdef const char *at = p + 1
    cdef const char *first
    cdef unsigned int number = 0, digit, base = 10
    if at == end:
        return found
    if at[0] != c'#':
        if html_begins(at, end, b"amp;", 4):
            return html_reference(5, c'&')
        if html_begins(at, end, b"lt;", 3):
            return html_reference(4, c'<')
        if html_begins(at, end, b"gt;", 3):
            return html_reference(4, c'>')
        if html_begins(at, end, b"quot;", 5):
            return html_reference(6, c'"')
        if html_begins(at, end, b"apos;", 5):
            return html_reference(6, c"'")
        return found
    at += 1
    if at < end and (at[0] | 32) == c'x':
        base = 16
        at += 1
    first = at
    while at < end:
        digit = hex_value[<unsigned char>at[0]]
        if digit >= base:
            break
        if number < BYTE_VALUES:
            number = number * base + digit
        at += 1
    if at == first or not 0 < number < 128:
        return found
    if at < end and at[0] == c';':
        at += 1
    return html_reference(<unsigned int>(at - p), <char>number)


cdef void html_places_free(html_state *s) noexcept nogil:
    global line_memory_bytes
    line_memory_bytes -= <long long>s.places_room * sizeof(unsigned int)
    free(s.places)
    s.places = NULL
    s.places_room = 0


cdef bint html_places_grow(html_state *s, unsigned int room) noexcept nogil:
    global line_memory_bytes
    cdef unsigned int *larger
    if room <= s.places_room:
        return True
    if line_memory_bytes + <long long>room * sizeof(unsigned int) \
            > SUBSTITUTE_BYTES_MAX:
        return False
    larger = <unsigned int *>realloc(s.places, room * sizeof(unsigned int))
    if larger == NULL:
        return False
    line_memory_bytes += <long long>(room - s.places_room) * sizeof(unsigned int)
    s.places = larger
    s.places_room = room
    return True


cdef bint html_read_some(html_state *s, value raw) noexcept nogil:
    """Some more of a value into s.subject. False: there is no memory."""
    cdef html_mapping *one = &s.work.one
    cdef const char *p = raw.data + one.read_to
    cdef const char *end = raw.data + raw.length
    cdef const char *until = p + min(end - p, SUBSTITUTE_SLICE_BYTES)
    cdef const char *found
    cdef html_reference reference
    cdef unsigned int i, size
    while p < until:
        if p[0] == c'&':
            reference = html_reference_at(p, end)
            s.places[s.subject.length] = <unsigned int>(p - raw.data)
            if not line_put(&s.subject, &reference.meant, 1, HTML_TEXT_BYTES_MAX):
                return False
            p += reference.length
            continue
        found = <const char *>memchr(p, c'&', until - p)
        size = <unsigned int>((until if found == NULL else found) - p)
        for i in range(size):
            s.places[s.subject.length + i] = <unsigned int>(p - raw.data) + i
        if not line_put(&s.subject, p, size, HTML_TEXT_BYTES_MAX):
            return False
        p += size
    turn_spend(<unsigned int>(p - raw.data) - one.read_to)
    one.read_to = <unsigned int>(p - raw.data)
    s.places[s.subject.length] = one.read_to
    return True


cdef int html_read(html_state *s, value raw, searched_text *t) noexcept nogil:
    """How a map sees it. returns 1; AGAIN: the turn is over; FAILED"""
    cdef html_mapping *one = &s.work.one
    t.raw = t.read = raw
    t.places = NULL
    if s.kind == HTML_OF_TEXTS:
        return 1
    if one.reading == HTML_UNREAD:
        one.reading = HTML_READ_AS_IS
        if raw.length and memchr(raw.data, c'&', raw.length) != NULL:
            one.reading = HTML_READ
            one.read_to = 0
            s.subject.length = 0
            if raw.length > HTML_TEXT_BYTES_MAX \
                    or not html_places_grow(s, raw.length + 1):
                return FAILED
    if one.reading == HTML_READ_AS_IS:
        return 1
    while one.read_to < raw.length:
        if not html_read_some(s, raw):
            return FAILED
        if turn.is_over and one.read_to < raw.length:
            return AGAIN
    t.read = value(s.subject.data, s.subject.length)
    t.places = s.places
    return 1


# One map ----------------------------------------------------------------------------

cdef int html_beginning(
        const html_rule *rule, const searched_text *t) noexcept nogil:
    """The beginning of a link. As plain_apply."""
    cdef value wanted = rule.wanted
    if t.read.length < wanted.length or not bytes_equal_nocase(
            t.read.data, wanted.data, wanted.length):
        return 0
    turn_spend(t.read.length)
    return 1 if (text_put(t, rule.replacement.data, rule.replacement.length)
                 and text_put_read(t, wanted.length, t.read.length)) else FAILED


cdef int html_anchored(
        const html_rule *rule, const searched_text *t) noexcept nogil:
    """The beginning of an event or a text (^), its end ($), or all of it. As
    plain_apply."""
    cdef value wanted = rule.wanted
    cdef unsigned int at = 0
    if t.read.length < wanted.length:
        return 0
    if rule.map.flags & HTML_AT_END:
        at = t.read.length - wanted.length
    if (at and rule.map.flags & HTML_AT_START) or memcmp(
            t.read.data + at, wanted.data, wanted.length) != 0:
        return 0
    turn_spend(t.read.length)
    return 1 if (text_put_read(t, 0, at)
                 and text_put(t, rule.replacement.data, rule.replacement.length)
                 and text_put_read(t, at + wanted.length, t.read.length)) else FAILED


cdef int html_pattern(
        html_state *s, html_rule *rule, const searched_text *t) noexcept nogil:
    """As pattern_apply. A pattern that takes too long is not tried any more in this
    page: httpd takes such a match for none, too."""
    cdef long long began_us
    cdef int rc
    if rule.given_up or s.work.skips_patterns:
        return 0
    began_us = turn_clock_us()
    rc = pattern_apply(&s.work.one.search, t, rule.map.regex, rule.replacement,
                       s.kind == HTML_OF_LINKS)
    if rc == FAILED and turn.why == WHY_FILTER_TIME:
        rule.given_up = True
    s.patterns_us += turn_clock_us() - began_us
    return FAILED if rc == AGAIN and s.patterns_us >= HTML_PATTERNS_US_MAX else rc


cdef int html_apply(html_state *s, html_rule *rule, value raw) noexcept nogil:
    """One map. returns 1: s.other is what the link becomes; 0; AGAIN; FAILED"""
    cdef searched_text t
    cdef int rc
    if s.work.one.is_made:
        raw = value(s.made.data, s.made.length)
    turn_spend(PLAIN_CALL_WORK)
    rc = html_read(s, raw, &t)
    if rc != 1:
        return rc
    t.escapes = TEXT_AS_IS
    if s.kind != HTML_OF_TEXTS:
        t.escapes = s.quote if s.quote else TEXT_UNQUOTED
    t.to = &s.other
    t.most = HTML_MADE_BYTES_MAX
    if rule.map.regex >= 0:
        return html_pattern(s, rule, &t)
    if s.kind == HTML_OF_LINKS:
        return html_beginning(rule, &t)
    if rule.map.flags & (HTML_AT_START | HTML_AT_END):
        return html_anchored(rule, &t)
    return plain_apply(&s.work.one.search, &t, rule.wanted, False, rule.replacement)


# One link ---------------------------------------------------------------------------

cdef bint html_is_last(
        const html_state *s, const html_rule *rule, bint found) noexcept nogil:
    """Is no map asked behind this one?"""
    if s.kind == HTML_OF_EVENTS:
        return found and rule.map.flags & HTML_LAST != 0
    # Of plain ones the first is the last, whatever its flags.
    return s.kind == HTML_OF_LINKS and s.work.one.is_made and (
        found and rule.map.regex < 0 or not rule.map.flags & HTML_NOT_LAST)


cdef int html_map_all(html_state *s, value raw) noexcept nogil:
    """All maps, from where they were left. returns 1: s.made is what the link becomes;
    0: it stays; AGAIN; FAILED"""
    cdef html_mapping *one = &s.work.one
    cdef html_rule *rule
    cdef int rc
    while one.rule < s.count:
        rule = &s.rules[one.rule]
        if rule.map.flags & s.kind:
            rc = html_apply(s, rule, raw)
            if rc < 0:
                return rc
            if rc == 1:
                lines_exchange(&s.other, &s.made)
                one.is_made = True
                one.reading = HTML_UNREAD
            s.other.length = 0
            memset(&one.search, 0, sizeof(text_search))
            if html_is_last(s, rule, rc == 1):
                break
        one.rule += 1
        if turn.is_over and one.rule < s.count:
            return AGAIN
    return one.is_made


cdef inline bint html_blank(char c) noexcept nogil:
    return c == c' ' or c == c'\t' or c == c'\n' or c == c'\f' or c == c'\r'


cdef bint html_list_next(html_work *w, value raw) noexcept nogil:
    """srcset: `link 1x, link 640w`; a comma ends a candidate, but not within a link."""
    cdef unsigned int i = w.behind
    while i < raw.length and (html_blank(raw.data[i]) or raw.data[i] == c','):
        i += 1
    if i == raw.length:
        return False
    w.begin = i
    while i < raw.length and not html_blank(raw.data[i]):
        i += 1
        if byte_before(raw.data, i) != c',':
            w.end = i       # commas behind it are not the link's
    if w.end == i:
        while i < raw.length and raw.data[i] != c',':
            i += 1
    w.behind = i
    return True


cdef bint html_refresh_link(html_work *w, value raw) noexcept nogil:
    """`5; url=link` of <meta http-equiv=refresh content>, where nothing else of it is
    a link."""
    cdef unsigned int i = 0, begin, end = raw.length
    cdef bint seconds = False
    while i < raw.length and (html_blank(raw.data[i]) or raw.data[i] == c'.'
                              or c'0' <= raw.data[i] <= c'9'):
        seconds = seconds or not html_blank(raw.data[i])
        i += 1
    begin = i
    while i < raw.length and (html_blank(raw.data[i]) or raw.data[i] == c';'
                              or raw.data[i] == c','):
        i += 1
    if not seconds or i == begin or raw.length - i < 4 or not bytes_equal_nocase(
            raw.data + i, b"url", 3):
        return False
    i += 3
    while i < raw.length and html_blank(raw.data[i]):
        i += 1
    if i == raw.length or raw.data[i] != c'=':
        return False
    i += 1
    while i < raw.length and html_blank(raw.data[i]):
        i += 1
    begin = i
    if i < raw.length and (raw.data[i] == c'"' or raw.data[i] == c"'"):
        begin += 1
        end = begin
        while end < raw.length and raw.data[end] != raw.data[i]:
            end += 1
    w.begin = begin
    w.end = end
    return True


# One value --------------------------------------------------------------------------

cdef inline bint html_is(
        const char *name, unsigned int length, const char *word,
        unsigned int size) noexcept nogil:
    return length == size and memcmp(name, word, size) == 0


cdef unsigned char html_form(const html_state *s) noexcept nogil:
    if s.kind != HTML_OF_LINKS:
        return HTML_ALL
    if html_is(s.attribute, s.attribute_length, b"srcset", 6) \
            or html_is(s.attribute, s.attribute_length, b"imagesrcset", 11):
        return HTML_LIST
    if html_is(s.name, s.name_length, b"meta", 4) \
            and html_is(s.attribute, s.attribute_length, b"content", 7):
        return HTML_REFRESH
    return HTML_ALL


cdef bint html_link_next(html_state *s, value raw) noexcept nogil:
    """The next link of a value. False: there is none."""
    cdef html_work *w = &s.work
    memset(&w.one, 0, sizeof(html_mapping))
    s.other.length = 0
    if w.form == HTML_LIST:
        return html_list_next(w, raw)
    if w.looked > (w.form == HTML_REFRESH):
        return False
    w.looked += 1
    w.begin = 0
    w.end = raw.length
    return w.looked == 1 or html_refresh_link(w, raw)


cdef bint html_join(html_state *s, value raw) noexcept nogil:
    """One of several links has become s.made: what is before it and that go to
    s.joined. False: there is no memory."""
    cdef html_work *w = &s.work
    if not (line_put(&s.joined, raw.data + w.joined_to, w.begin - w.joined_to,
                     HTML_MADE_BYTES_MAX)
            and line_put(&s.joined, s.made.data, s.made.length, HTML_MADE_BYTES_MAX)):
        return False
    s.made.length = 0
    w.joined_to = w.end
    w.is_joined = True
    return True


cdef int html_map_links(html_state *s, value raw) noexcept nogil:
    """All links of a value. As html_map_all."""
    cdef html_work *w = &s.work
    cdef int rc
    while w.in_link or html_link_next(s, raw):
        w.in_link = True
        rc = html_map_all(s, value(raw.data + w.begin, w.end - w.begin))
        if rc < 0:
            return rc
        w.in_link = False
        if rc == 1 and w.begin == 0 and w.end == raw.length:
            return 1
        if rc == 1 and not html_join(s, raw):
            return FAILED
        if turn_spend(<unsigned int>s.count):
            return AGAIN
    if not w.is_joined:
        return 0
    if not line_put(&s.joined, raw.data + w.joined_to, raw.length - w.joined_to,
                    HTML_MADE_BYTES_MAX):
        return FAILED
    lines_exchange(&s.joined, &s.made)
    return 1


cdef unsigned int html_reference_end(
        const line_buffer *b, unsigned int at) noexcept nogil:
    """Behind the reference that begins at the & there; `at`: none does."""
    cdef unsigned int behind = at + 1
    while behind < b.length and (
            char_class[<unsigned char>b.data[behind]] & (CHAR_ALPHA | CHAR_DIGIT)
            or b.data[behind] == c'#'):
        behind += 1
    return behind + 1 if behind < b.length and b.data[behind] == c';' else at


cdef int html_fix(html_state *s, value raw) noexcept nogil:
    """ProxyHTMLFixups, behind all maps. References stay as they are written. returns 1:
    s.made is what they make of the value; AGAIN; FAILED"""
    cdef html_work *w = &s.work
    cdef line_buffer *b = &s.made
    cdef unsigned int i, until
    if not w.is_changed:
        if not line_put(b, raw.data, raw.length, HTML_MADE_BYTES_MAX):
            return FAILED
        w.is_changed = True
    while w.fixed_to < b.length:
        i = w.fixed_to
        until = min(b.length, i + SUBSTITUTE_SLICE_BYTES)
        while i < until:
            if b.data[i] == c'&':
                w.fixed_to = html_reference_end(b, i)
                if w.fixed_to > i:
                    i = w.fixed_to
                    continue
            if s.slashes and b.data[i] == c'\\':
                b.data[i] = c'/'
            elif s.lower_case:
                b.data[i] = <char>char_lower(b.data[i])
            i += 1
        w.fixed_to = i
        if turn_spend(SUBSTITUTE_SLICE_BYTES) and i < b.length:
            return AGAIN
    return 1


cdef int html_go_on(html_state *s, value raw) noexcept nogil:
    """Maps, then fixups, from where they were left. As html_map_all."""
    cdef html_work *w = &s.work
    cdef int rc
    if not w.is_mapped:
        rc = html_map_links(s, raw)
        if rc < 0:
            return rc
        w.is_mapped = True
        w.is_changed = rc == 1
    if s.kind == HTML_OF_LINKS and (s.lower_case or s.slashes):
        return html_fix(s, raw)
    return w.is_changed


cdef void html_change_end(html_state *s, bint is_changed) noexcept nogil:
    """Whatever was made of the value is given, or it stays as it is."""
    s.work.is_begun = False
    if not is_changed:
        s.made.length = 0


cdef int html_change(html_state *s, value raw) noexcept nogil:
    """What becomes of the value, event or text (s.kind) that ends here. returns 1:
    s.made is that; 0: it stays as it is; AGAIN: the turn is over"""
    cdef html_work *w = &s.work
    cdef int rc
    if not w.is_begun:
        memset(w, 0, sizeof(html_work))
        w.is_begun = True
        w.form = html_form(s)
        w.skips_patterns = s.patterns_us >= HTML_PATTERNS_US_MAX
        s.left += w.skips_patterns
        s.made.length = s.joined.length = 0
    rc = html_go_on(s, raw)
    if rc == AGAIN:
        return AGAIN
    html_change_end(s, rc == 1)
    s.left += rc < 0
    return rc == 1
