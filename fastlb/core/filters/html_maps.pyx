"""What ProxyHTMLURLMap makes of one link, one event or one script (page.pxd).

A map looks at a value as whoever reads the page sees it, with its references read:
`/a?b&#38;c` begins with `/a?b&`. What it does not replace stays as it is written.
"""
# uses: ground/chartable, ground/text, io/watch, filters/turn, filters/lines,
#       plan/regex, filters/page

# A value as it is read, and as it is written.
cdef struct html_subject:
    value raw
    value read
    # of each byte of `read` in `raw`, and of the end; NULL: it is written as it is read
    const unsigned int *places

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


cdef bint html_read(
        html_state *s, value raw, bint with_references, html_subject *u) noexcept nogil:
    """False: there is no memory."""
    cdef const char *p = raw.data
    cdef const char *end = p + raw.length
    cdef html_reference found
    u.raw = raw
    u.read = raw
    u.places = NULL
    if not with_references or raw.length == 0 or memchr(p, c'&', raw.length) == NULL:
        return True
    if not html_places_grow(s, raw.length + 1):
        return False
    s.subject.length = 0
    while p < end:
        found = html_reference(1, p[0])
        if p[0] == c'&':
            found = html_reference_at(p, end)
        s.places[s.subject.length] = <unsigned int>(p - raw.data)
        if not line_put(&s.subject, &found.meant, 1, HTML_TEXT_BYTES_MAX):
            return False
        p += found.length
    s.places[s.subject.length] = raw.length
    u.read = value(s.subject.data, s.subject.length)
    u.places = s.places
    return True


cdef bint html_put_raw(
        line_buffer *to, const html_subject *u, unsigned int begin,
        unsigned int end) noexcept nogil:
    """What is read from begin to end, as it is written."""
    if u.places != NULL:
        begin = u.places[begin]
        end = u.places[end]
    return line_put(to, u.raw.data + begin, end - begin, HTML_MADE_BYTES_MAX)


cdef const char *html_escape(char c, unsigned char quote) noexcept nogil:
    """How a byte is written in a value with these quotes (0: none); NULL: as it is."""
    if c == c'&':
        return b"&amp;"
    if c == c'<':
        return b"&lt;"
    if c == c'>':
        return b"&gt;"
    if c == c'"':
        return b"&quot;"
    if c == c"'" and quote != c'"':
        return b"&#39;"
    if quote:
        return NULL
    if c == c' ':
        return b"&#32;"
    if c == c'\t':
        return b"&#9;"
    if c == c'\n':
        return b"&#10;"
    if c == c'\f':
        return b"&#12;"
    if c == c'\r':
        return b"&#13;"
    if c == c'`':
        return b"&#96;"
    return NULL


cdef bint html_put(
        const html_state *s, line_buffer *to, const char *data,
        unsigned int length) noexcept nogil:
    """Text of a map, as it is written in what is changed now."""
    cdef unsigned int i, begin = 0
    cdef const char *escaped
    if s.kind == HTML_OF_TEXTS:
        return line_put(to, data, length, HTML_MADE_BYTES_MAX)
    for i in range(length):
        escaped = html_escape(data[i], s.quote)
        if escaped == NULL:
            continue
        if not (line_put(to, data + begin, i - begin, HTML_MADE_BYTES_MAX) and line_put(
                to, escaped, <unsigned int>strlen(escaped), HTML_MADE_BYTES_MAX)):
            return False
        begin = i + 1
    return line_put(to, data + begin, length - begin, HTML_MADE_BYTES_MAX)


# One map ----------------------------------------------------------------------------

cdef int html_match(
        html_state *s, html_rule *rule, const char *data, unsigned int length,
        int *groups) noexcept nogil:
    """returns 1, 0. A pattern that takes too long is not tried any more in this page:
    httpd takes such a match for none, too."""
    cdef long long began
    cdef int rc
    if rule.given_up or s.patterns_us >= HTML_PATTERNS_US_MAX:
        return 0
    began = clock_coarse_us()
    rc = regex_match(rule.map.regex, data, length, groups)
    turn_spend(min(length, REGEX_CALL_WORK))
    s.patterns_us += min(clock_coarse_us() - began, REGEX_CHARGE_US_MAX)
    if rc < 0:
        rule.given_up = True
    if rc < 0 or s.patterns_us >= HTML_PATTERNS_US_MAX:
        s.left += 1
    return rc > 0


cdef bint html_put_groups(
        const html_state *s, line_buffer *to, value replacement, const html_subject *u,
        unsigned int from_, const int *groups) noexcept nogil:
    """$0 to $9 are groups, counted from `from_`; a backslash makes what is behind it
    ordinary."""
    cdef unsigned int i = 0
    cdef int g
    while i < replacement.length:
        if replacement.data[i] == c'$' and i + 1 < replacement.length \
                and c'0' <= replacement.data[i + 1] <= c'9':
            g = 2 * (replacement.data[i + 1] - c'0')
            i += 2
            if groups[g] >= 0 and not html_put_raw(
                    to, u, from_ + groups[g], from_ + groups[g + 1]):
                return False
            continue
        if replacement.data[i] == c'\\' and i + 1 < replacement.length:
            i += 1
        if not html_put(s, to, replacement.data + i, 1):
            return False
        i += 1
    return True


cdef int html_beginning(
        html_state *s, html_rule *rule, const html_subject *u) noexcept nogil:
    """The beginning of a link. returns 1: s.other is what it becomes; 0; FAILED"""
    cdef value wanted = rule.wanted
    if u.read.length < wanted.length or not bytes_equal_nocase(
            u.read.data, wanted.data, wanted.length):
        return 0
    return 1 if (html_put(s, &s.other, rule.replacement.data, rule.replacement.length)
                 and html_put_raw(&s.other, u, wanted.length, u.read.length)) \
        else FAILED


cdef int html_plain(
        html_state *s, html_rule *rule, const html_subject *u) noexcept nogil:
    """Each place where the text is found. As html_beginning."""
    cdef value wanted = rule.wanted
    cdef const char *data = u.read.data
    cdef const char *found
    cdef unsigned int at = 0, behind, length = u.read.length
    if wanted.length == 0 or wanted.length > length:
        return 0
    if rule.map.flags & HTML_AT_END:
        behind = length - wanted.length
        found = data + behind if memcmp(
            data + behind, wanted.data, wanted.length) == 0 else NULL
    else:
        found = <const char *>memmem(data, length, wanted.data, wanted.length)
    if found == NULL or (rule.map.flags & HTML_AT_START and found != data):
        return 0
    while found != NULL:
        behind = <unsigned int>(found - data)
        if not (html_put_raw(&s.other, u, at, behind) and html_put(
                s, &s.other, rule.replacement.data, rule.replacement.length)):
            return FAILED
        at = behind + wanted.length
        if rule.map.flags & (HTML_AT_START | HTML_AT_END):
            break
        found = <const char *>memmem(data + at, length - at, wanted.data, wanted.length)
    return 1 if html_put_raw(&s.other, u, at, length) else FAILED


cdef int html_pattern(
        html_state *s, html_rule *rule, const html_subject *u,
        bint once) noexcept nogil:
    """The first match, or each. What is left behind a match is searched as a text of
    its own, as in httpd; an empty match is stepped over. As html_beginning."""
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef unsigned int at = 0, behind, length = u.read.length
    cdef bint changed = False
    while html_match(s, rule, u.read.data + at, length - at, &groups[0]):
        changed = True
        if not (html_put_raw(&s.other, u, at, at + groups[0]) and html_put_groups(
                s, &s.other, rule.replacement, u, at, &groups[0])):
            return FAILED
        behind = at + groups[1]
        if groups[1] == groups[0] and behind < length and not once:
            if not html_put_raw(&s.other, u, behind, behind + 1):
                return FAILED
            behind += 1
        at = behind
        if once or at >= length:
            break
    if not changed:
        return 0
    return 1 if html_put_raw(&s.other, u, at, length) else FAILED


cdef int html_apply(
        html_state *s, html_rule *rule, bint is_changed, value raw) noexcept nogil:
    """One map. is_changed: maps before have made s.made of the value. returns 1: s.made
    is what it has become; 0; FAILED"""
    cdef html_subject u
    cdef int rc
    if is_changed:
        raw = value(s.made.data, s.made.length)
    turn_spend(raw.length)
    if not html_read(s, raw, s.kind != HTML_OF_TEXTS, &u):
        return FAILED
    s.other.length = 0
    if rule.map.regex >= 0:
        rc = html_pattern(s, rule, &u, s.kind == HTML_OF_LINKS)
    elif s.kind == HTML_OF_LINKS:
        rc = html_beginning(s, rule, &u)
    else:
        rc = html_plain(s, rule, &u)
    if rc == 1:
        lines_exchange(&s.other, &s.made)
    return rc


# One value --------------------------------------------------------------------------

cdef bint html_fixed(html_state *s, value raw) noexcept nogil:
    """ProxyHTMLFixups: s.made is what they make of it. References stay as they are
    written. False: there is no memory."""
    cdef unsigned int i = 0, behind
    cdef char c
    s.other.length = 0
    while i < raw.length:
        c = raw.data[i]
        behind = i + 1
        while c == c'&' and behind < raw.length and (
                char_class[<unsigned char>raw.data[behind]] & (CHAR_ALPHA | CHAR_DIGIT)
                or raw.data[behind] == c'#'):
            behind += 1
        if c == c'&' and behind < raw.length and raw.data[behind] == c';':
            if not line_put(
                    &s.other, raw.data + i, behind - i, HTML_MADE_BYTES_MAX):
                return False
            i = behind
            continue
        if s.slashes and c == c'\\':
            c = c'/'
        elif s.lower_case:
            c = <char>char_lower(c)
        if not line_put(&s.other, &c, 1, HTML_MADE_BYTES_MAX):
            return False
        i += 1
    lines_exchange(&s.other, &s.made)
    return True


cdef bint html_change_one(html_state *s, value raw) noexcept nogil:
    """True: s.made is what becomes of it; else it stays as it is."""
    cdef html_rule *rule
    cdef bint changed = False
    cdef int i, rc
    s.made.length = 0
    for i in range(s.count):
        rule = &s.rules[i]
        if not rule.map.flags & s.kind:
            continue
        rc = html_apply(s, rule, changed, raw)
        if rc < 0:
            s.left += 1
            s.made.length = 0
            return False
        if rc == 1:
            changed = True
            if s.kind == HTML_OF_EVENTS and rule.map.flags & HTML_LAST:
                break
        if s.kind != HTML_OF_LINKS:
            continue
        # Of plain ones the first is the last, whatever its flags.
        if changed and (rc == 1 and rule.map.regex < 0
                        or not rule.map.flags & HTML_NOT_LAST):
            break
    if s.kind == HTML_OF_LINKS and (s.lower_case or s.slashes):
        return html_fixed(s, value(s.made.data, s.made.length) if changed else raw)
    return changed


cdef inline bint html_blank(char c) noexcept nogil:
    return c == c' ' or c == c'\t' or c == c'\n' or c == c'\f' or c == c'\r'


cdef int html_join(
        html_state *s, value all_, unsigned int *at, unsigned int begin,
        unsigned int end) noexcept nogil:
    """One link within a value: what is before it and what it becomes go to s.joined.
    at: in and out, up to where that is done. returns 1: it is another; 0; FAILED"""
    cdef bint changed = html_change_one(s, value(all_.data + begin, end - begin))
    if not changed:
        return 0
    if not (line_put(&s.joined, all_.data + at[0], begin - at[0], HTML_MADE_BYTES_MAX)
            and line_put(&s.joined, s.made.data, s.made.length, HTML_MADE_BYTES_MAX)):
        return FAILED
    at[0] = end
    return 1


cdef bint html_joined(html_state *s, value raw, unsigned int at) noexcept nogil:
    """The rest of a value goes behind what was joined, and all of it to s.made."""
    if not line_put(&s.joined, raw.data + at, raw.length - at, HTML_MADE_BYTES_MAX):
        s.left += 1
        return False
    lines_exchange(&s.joined, &s.made)
    return True


cdef bint html_change_list(html_state *s, value raw) noexcept nogil:
    """srcset: `link 1x, link 640w`; a comma ends a candidate, but not within a link."""
    cdef unsigned int i = 0, at = 0, begin, end
    cdef bint changed = False
    cdef int rc
    s.joined.length = 0
    while i < raw.length:
        if html_blank(raw.data[i]) or raw.data[i] == c',':
            i += 1
            continue
        begin = end = i
        while i < raw.length and not html_blank(raw.data[i]):
            i += 1
            if byte_before(raw.data, i) != c',':
                end = i     # commas behind it are not the link's
        rc = html_join(s, raw, &at, begin, end)
        if rc < 0:
            s.left += 1
            return False
        changed |= rc == 1
        while end == i and i < raw.length and raw.data[i] != c',':
            i += 1
    return changed and html_joined(s, raw, at)


cdef bint html_change_refresh(html_state *s, value raw) noexcept nogil:
    """`5; url=link` of <meta http-equiv=refresh content>, where nothing else of it is
    a link."""
    cdef unsigned int i = 0, at = 0, begin, end = raw.length
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
    s.joined.length = 0
    return html_join(s, raw, &at, begin, end) == 1 and html_joined(s, raw, at)


cdef inline bint html_is(
        const char *name, unsigned int length, const char *word,
        unsigned int size) noexcept nogil:
    return length == size and memcmp(name, word, size) == 0


cdef bint html_change(html_state *s, value raw) noexcept nogil:
    """What becomes of the value, event or text (s.kind) that ends here. As
    html_change_one."""
    cdef bint changed
    if s.kind == HTML_OF_LINKS and (
            html_is(s.attribute, s.attribute_length, b"srcset", 6)
            or html_is(s.attribute, s.attribute_length, b"imagesrcset", 11)):
        changed = html_change_list(s, raw)
    else:
        changed = html_change_one(s, raw)
        if not changed and s.kind == HTML_OF_LINKS \
                and html_is(s.name, s.name_length, b"meta", 4) \
                and html_is(s.attribute, s.attribute_length, b"content", 7):
            changed = html_change_refresh(s, raw)
    if not changed:
        s.made.length = 0
    return changed
