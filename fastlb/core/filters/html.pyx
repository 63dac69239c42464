"""PROXY_HTML: where in a page the links are, and what of it is kept back (page.pxd).

    text --<--> tag: name, attribute = value ... --> text, or what a script has
             |
             +> comment, DOCTYPE, CDATA of XHTML: passed, mapped or taken out as a whole

States whose end is looked for (HTML_IN_*) have all bytes but the last in common: they
pass, are kept, or are dropped. In all others bytes pass, but for the marks of what may
have to be taken out. Every byte is looked at a fixed number of times.

`<!--<script>` within a script, which hides the next `</script>` from a browser, is not
known here; what follows is then read as a page, and passes as it is but for its links.
"""
# uses: ground/chartable, ground/text, filters/stage, filters/turn, filters/lines,
#       filters/page, filters/html_maps

cdef enum:
    HTML_AT_TEXT = 0
    HTML_AT_OPEN = 1            # behind <
    HTML_AT_BANG = 2            # behind <!
    HTML_AT_DASH = 3            # behind <!-
    HTML_AT_CLOSE = 4           # behind </
    HTML_AT_NAME = 5
    HTML_AT_TAG = 6             # behind a name, an attribute or a value
    HTML_AT_ATTRIBUTE = 7
    HTML_AT_EQUALS = 8          # behind the name of an attribute
    HTML_AT_VALUE = 9           # behind =
    HTML_AT_QUOTE = 10          # that ends a value
    HTML_IN_VALUE = 11          # from here on an end is looked for
    HTML_IN_RAW = 12            # a script and the like, up to </name
    HTML_IN_COMMENT = 13
    HTML_IN_BOGUS = 14          # up to >
    HTML_IN_SECTION = 15        # up to ]]>
    HTML_IN_REST = 16           # <plaintext>: there is no end

cdef enum:
    HTML_BANGED = 3             # steps of a comment: --!


cdef bint html_begin(body_stage *stage, const html_state *chosen) noexcept nogil:
    """chosen: what was said of this answer; all else of it is 0. False: no memory."""
    global line_owners
    cdef html_state *s
    if not lines_are_free():
        return False
    s = <html_state *>malloc(sizeof(html_state))
    if s == NULL:
        return False
    s[0] = chosen[0]
    line_owners += 1
    stage.state = s
    return True


cdef void html_end(body_stage *stage) noexcept nogil:
    global line_owners
    cdef html_state *s = <html_state *>stage.state
    stage.left = s.left
    line_free(&s.held)
    line_free(&s.made)
    line_free(&s.other)
    line_free(&s.subject)
    line_free(&s.joined)
    html_places_free(s)
    free(s)
    line_owners -= 1
    ASSERT(line_owners > 0 or line_memory_bytes == 0)


cdef void html_spare(html_state *s) noexcept nogil:
    """A value is through: memory of a long one is not kept for the next."""
    if s.held.length == 0 and s.held.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.held)
    if s.made.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.made)
    if s.other.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.other)
    if s.subject.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.subject)
        html_places_free(s)
    if s.joined.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.joined)


# Bytes ------------------------------------------------------------------------------

cdef void html_pass(
        stage_io *io, unsigned int size, unsigned int taken) noexcept nogil:
    """Give so many bytes, for which there is room, and take so many."""
    stage_put(io, io.data, size)
    stage_take(io, taken)


cdef bint html_give(html_state *s, stage_io *io) noexcept nogil:
    """What is said and made, as much as there is room for. True: nothing is left."""
    cdef unsigned int size = min(s.said.length, io.room)
    stage_put(io, s.said.data, size)
    s.said.data += size
    s.said.length -= size
    if s.said.length or not line_give(io, &s.made, &s.given):
        return False
    s.given = s.made.length = 0
    return True


# Tokens whose end is looked for -----------------------------------------------------

cdef const char *html_value_end(
        const html_state *s, const char *p, const char *end) noexcept nogil:
    """What ends the value; NULL: it is not here."""
    if p >= end:
        return NULL
    if s.quote:
        return <const char *>memchr(p, s.quote, end - p)
    while p < end:
        if html_blank(p[0]) or p[0] == c'>':
            return p
        p += 1
    return NULL


cdef const char *html_raw_end(
        html_state *s, const char *p, const char *end) noexcept nogil:
    """What stands behind </name; NULL: it is not here. steps: bytes of it that were
    seen."""
    cdef char c
    while p < end:
        if s.steps == 0:
            p = <const char *>memchr(p, c'<', end - p)
            if p == NULL:
                return NULL
            p += 1
            s.steps = 1
            continue
        c = p[0]
        if s.steps == 1 and c == c'/':
            s.steps = 2
        elif s.steps >= 2 and s.steps - 2 < s.name_length \
                and <char>char_lower(c) == s.name[s.steps - 2]:
            s.steps += 1
        elif s.steps - 2 == s.name_length and (
                html_blank(c) or c == c'/' or c == c'>'):
            return p
        else:
            s.steps = 1 if c == c'<' else 0
        p += 1
    return NULL


cdef const char *html_comment_end(
        html_state *s, const char *p, const char *end) noexcept nogil:
    """Behind -->, --!>, and <!--> or <!---> at its beginning. steps: dashes in a row
    (2: or more), HTML_BANGED."""
    cdef char c
    while p < end:
        if s.steps == 0 and not s.fresh:
            p = <const char *>memchr(p, c'-', end - p)
            if p == NULL:
                return NULL
        c = p[0]
        p += 1
        if c == c'>' and (s.steps >= 2 or s.fresh):
            return p
        if c == c'-':
            s.steps = 1 if s.steps == HTML_BANGED else min(s.steps + 1, 2)
            continue
        s.steps = HTML_BANGED if c == c'!' and s.steps == 2 else 0
        s.fresh = False
    return NULL


cdef const char *html_section_end(
        html_state *s, const char *p, const char *end) noexcept nogil:
    while p < end:
        if p[0] == c']':
            s.steps = min(s.steps + 1, 2)
        elif p[0] == c'>' and s.steps == 2:
            return p + 1
        else:
            s.steps = 0
        p += 1
    return NULL


cdef const char *html_find(
        html_state *s, const char *p, const char *end) noexcept nogil:
    """Where the token ends that began before; NULL: not here."""
    if s.at == HTML_IN_VALUE:
        return html_value_end(s, p, end)
    if s.at == HTML_IN_RAW:
        return html_raw_end(s, p, end)
    if s.at == HTML_IN_COMMENT:
        return html_comment_end(s, p, end)
    if s.at == HTML_IN_SECTION:
        return html_section_end(s, p, end)
    if s.at == HTML_IN_REST:
        return NULL
    p = <const char *>memchr(p, c'>', end - p)
    return p + 1 if p != NULL else NULL


cdef void html_token_begin(
        html_state *s, unsigned char at, unsigned char how) noexcept nogil:
    s.at = at
    s.how = how
    s.steps = 0
    s.fresh = at == HTML_IN_COMMENT
    if at != HTML_IN_VALUE:
        s.kind = HTML_OF_TEXTS


cdef void html_keep(html_state *s) noexcept nogil:
    """What was held is to be given as it is. Nothing else is made."""
    lines_exchange(&s.held, &s.made)
    s.held.length = 0


cdef void html_say_empty(html_state *s) noexcept nogil:
    """A value without quotes that has become nothing would be none."""
    if s.at == HTML_IN_VALUE and s.quote == 0 and s.made.length == 0:
        s.said = text(b'""', 2)


cdef int html_held_end(html_state *s) noexcept nogil:
    """The end of what is held has come: change it. returns 1; AGAIN: the turn is
    over"""
    cdef const char *data = s.held.data
    cdef unsigned int length = s.held.length, tail = 0
    cdef int rc
    if s.at == HTML_IN_RAW:
        tail = 2 + s.name_length
    elif s.at == HTML_IN_COMMENT:
        tail = 4 if length >= 4 and memcmp(data + length - 4, b"--!>", 4) == 0 else 3
    if tail > length:
        tail = length
    rc = html_change(s, value(data, length - tail))
    if rc == AGAIN:
        return AGAIN
    if rc == 1:
        html_say_empty(s)
        # What it became may be as large as it may be; its end is not counted.
        if tail == 0 or line_put(
                &s.made, data + length - tail, tail, 2 * HTML_MADE_BYTES_MAX):
            s.held.length = 0
            return 1
        s.left += 1
    html_keep(s)
    return 1


cdef void html_token_end(html_state *s) noexcept nogil:
    """... or its turn is over, and it is gone on with."""
    if s.how == HTML_HOLD and html_held_end(s) == AGAIN:
        return
    if s.how == HTML_DROP and s.at == HTML_IN_BOGUS:
        s.wants_doctype = False
        s.said = s.doctype
    s.how = HTML_PASS
    if s.at == HTML_IN_VALUE:
        s.at = HTML_AT_QUOTE if s.quote else HTML_AT_TAG
    elif s.at == HTML_IN_RAW:
        s.at = HTML_AT_TAG
        s.is_end = True
        s.slash = False
    else:
        s.at = HTML_AT_TEXT


cdef void html_within(html_state *s, stage_io *io) noexcept nogil:
    """Bytes of a token whose end is looked for."""
    cdef unsigned int size = io.length
    cdef unsigned int most = HTML_VALUE_BYTES_MAX if s.at == HTML_IN_VALUE \
        else HTML_TEXT_BYTES_MAX
    cdef unsigned char steps = s.steps
    cdef flag fresh = s.fresh
    cdef const char *found
    if s.how == HTML_PASS and size > io.room:
        size = io.room
    found = html_find(s, io.data, io.data + size)
    if found != NULL:
        size = <unsigned int>(found - io.data)
    if s.how == HTML_PASS:
        html_pass(io, size, size)
    elif s.how == HTML_DROP or line_put(&s.held, io.data, size, most):
        html_pass(io, 0, size)
    else:
        # It is too long, or there is no memory for it: all of it goes as it is.
        html_keep(s)
        s.left += 1
        s.how = HTML_PASS
        s.steps = steps
        s.fresh = fresh
        return
    if found != NULL:
        html_token_end(s)


# Tags -------------------------------------------------------------------------------

cdef void html_name_put(
        char *name, unsigned char *length, char c) noexcept nogil:
    if length[0] < HTML_NAME_BYTES_MAX:
        name[length[0]] = <char>char_lower(c)
    if length[0] <= HTML_NAME_BYTES_MAX:
        length[0] += 1


cdef bint html_is_text(
        const char *name, unsigned int length, const text *wanted) noexcept nogil:
    return length == wanted.length and memcmp(name, wanted.data, length) == 0


cdef void html_named(html_state *s) noexcept nogil:
    """The name of an element has ended."""
    cdef int i
    s.link = NULL
    if s.is_end or s.name_length > HTML_NAME_BYTES_MAX:
        return
    turn_spend(<unsigned int>s.link_count)
    for i in range(s.link_count):
        if html_is_text(s.name, s.name_length, &s.links[i].element):
            s.link = &s.links[i]
            return


cdef unsigned char html_kind(const html_state *s) noexcept nogil:
    """HTML_OF_* of the value that begins; 0: nothing is to be changed."""
    cdef int i
    if s.is_end or s.attribute_length > HTML_NAME_BYTES_MAX:
        return 0
    if s.link != NULL:
        for i in range(s.link.count):
            if html_is_text(s.attribute, s.attribute_length, &s.link.attributes[i]):
                return HTML_OF_LINKS
    if s.extended and s.events != NULL:
        turn_spend(<unsigned int>s.events.count)
        for i in range(s.events.count):
            if html_is_text(s.attribute, s.attribute_length, &s.events.names[i]):
                return HTML_OF_EVENTS
    return 0


cdef void html_drawing(html_state *s) noexcept nogil:
    """<svg> or <math> begins or ends. Within it a slash ends an element, and a title
    has elements."""
    if s.is_end:
        s.drawings -= s.drawings > 0
    elif not s.slash and s.drawings < HTML_DRAWINGS_MAX:
        s.drawings += 1


cdef void html_tag_end(html_state *s) noexcept nogil:
    """Behind its >: a page goes on, or what only the end tag of its name ends."""
    cdef const char *name = s.name
    cdef unsigned int length = s.name_length
    cdef bint is_script
    s.at = HTML_AT_TEXT
    if html_is(name, length, b"svg", 3) or html_is(name, length, b"math", 4):
        html_drawing(s)
        return
    if s.is_end or (s.slash and (s.is_xml or s.drawings)):
        return
    is_script = html_is(name, length, b"script", 6) \
        or html_is(name, length, b"style", 5)
    if is_script or s.drawings == 0 and (
            html_is(name, length, b"textarea", 8)
            or html_is(name, length, b"title", 5) or html_is(name, length, b"xmp", 3)):
        html_token_begin(
            s, HTML_IN_RAW, HTML_HOLD if is_script and s.maps_texts else HTML_PASS)
    elif html_is(name, length, b"plaintext", 9) and not (s.is_xml or s.drawings):
        html_token_begin(s, HTML_IN_REST, HTML_PASS)


cdef inline bint html_marks_matter(const html_state *s) noexcept nogil:
    return s.strips or s.wants_doctype


cdef void html_doctype_put(html_state *s) noexcept nogil:
    """Before the first element, whose < was not given."""
    s.wants_doctype = False
    s.said = s.doctype
    s.marks = 1


cdef void html_marks_give(html_state *s) noexcept nogil:
    s.said = text(b"<!-", s.marks)
    s.marks = 0


cdef void html_marked(html_state *s, stage_io *io) noexcept nogil:
    """`<`, `<!` or `<!-` came before, and was not given: it is now, or goes with what
    it begins."""
    cdef char c = io.data[0]
    cdef bint taken = False
    if s.at == HTML_AT_OPEN and c == c'!':
        s.at = HTML_AT_BANG
        taken = True
    elif s.at == HTML_AT_BANG and c == c'-':
        s.at = HTML_AT_DASH
        taken = True
    if taken:
        s.marks += 1
        html_pass(io, 0, 1)
    elif s.at == HTML_AT_DASH and c == c'-' and s.strips:
        s.marks = 0
        html_pass(io, 0, 1)
        html_token_begin(s, HTML_IN_COMMENT, HTML_DROP)
    elif s.at == HTML_AT_BANG and (c | 32) == c'd' and s.wants_doctype:
        s.marks = 0
        html_token_begin(s, HTML_IN_BOGUS, HTML_DROP)
    elif s.at == HTML_AT_OPEN and s.wants_doctype \
            and char_class[<unsigned char>c] & CHAR_ALPHA:
        html_doctype_put(s)
    else:
        html_marks_give(s)


cdef const char *html_bang(html_state *s, const char *p) noexcept nogil:
    """Behind <! or <!-. returns where what begins here goes on"""
    cdef char c = p[0]
    if s.at == HTML_AT_DASH and c == c'-':
        html_token_begin(
            s, HTML_IN_COMMENT, HTML_DROP if s.strips else
            HTML_HOLD if s.maps_texts else HTML_PASS)
        return p + 1
    if s.at == HTML_AT_DASH:
        html_token_begin(s, HTML_IN_BOGUS, HTML_PASS)
        return p
    if c == c'-':
        s.at = HTML_AT_DASH
        return p + 1
    if c == c'[' and s.is_xml:
        html_token_begin(s, HTML_IN_SECTION, HTML_PASS)
        return p
    html_token_begin(s, HTML_IN_BOGUS, HTML_DROP if s.wants_doctype and (
        c | 32) == c'd' else HTML_PASS)
    return p


cdef void html_opened(html_state *s, char c, bint is_end) noexcept nogil:
    """Behind < or </."""
    if char_class[<unsigned char>c] & CHAR_ALPHA:
        s.at = HTML_AT_NAME
        s.name_length = 0
        s.is_end = is_end
        s.slash = False
    elif is_end:
        html_token_begin(s, HTML_IN_BOGUS, HTML_PASS)
    elif c == c'/':
        s.at = HTML_AT_CLOSE
    elif c == c'!':
        s.at = HTML_AT_BANG
    elif c == c'?':
        html_token_begin(s, HTML_IN_BOGUS, HTML_PASS)
    else:
        s.at = HTML_AT_TEXT


cdef const char *html_tag(
        html_state *s, const char *p, const char *end) noexcept nogil:
    """One step within a tag, up to a value. returns where to go on"""
    cdef char c = p[0]
    if s.at == HTML_AT_NAME:
        while p < end and not (html_blank(p[0]) or p[0] == c'/' or p[0] == c'>'):
            html_name_put(&s.name[0], &s.name_length, p[0])
            p += 1
        if p < end:
            html_named(s)
            s.at = HTML_AT_TAG
        return p
    if s.at == HTML_AT_ATTRIBUTE:
        while p < end and not (html_blank(p[0]) or p[0] == c'/' or p[0] == c'>'
                               or p[0] == c'='):
            html_name_put(&s.attribute[0], &s.attribute_length, p[0])
            p += 1
        if p < end:
            s.at = HTML_AT_EQUALS
        return p
    if html_blank(c):
        s.slash = False
        return p + 1
    if s.at == HTML_AT_EQUALS:
        if c == c'=':
            s.at = HTML_AT_VALUE
            return p + 1
        s.at = HTML_AT_TAG
    if c == c'>':
        html_tag_end(s)
        return p + 1
    s.slash = c == c'/'
    if s.slash:
        return p + 1
    s.at = HTML_AT_ATTRIBUTE
    s.attribute_length = 0
    if c == c'=':
        html_name_put(&s.attribute[0], &s.attribute_length, c)
        p += 1
    return p


cdef const char *html_value(
        html_state *s, stage_io *io, const char *p, const char *end) noexcept nogil:
    """A value begins at p; where its end is here, it is changed at once. returns where
    to go on; NULL: it is another, or will be, and all up to its end is taken"""
    cdef const char *found = html_value_end(s, p, end)
    cdef int rc = 0
    if found == NULL or found - p > HTML_VALUE_BYTES_MAX:
        return p
    if s.kind:
        rc = html_change(s, value(p, <unsigned int>(found - p)))
    if rc == AGAIN and not line_put(
            &s.held, p, <unsigned int>(found - p), HTML_VALUE_BYTES_MAX):
        # There is no memory to go on with it when what came is gone.
        html_change_end(s, False)
        s.left += 1
        rc = 0
    if rc == 1:
        html_say_empty(s)
    if rc:
        html_pass(io, <unsigned int>(p - io.data), <unsigned int>(found - io.data))
        found = NULL
    if rc != AGAIN:
        s.how = HTML_PASS
        html_token_end(s)
    return found


cdef void html_tags(html_state *s, stage_io *io) noexcept nogil:
    """Bytes up to a value, or to a token, that do not merely pass."""
    cdef const char *begin = io.data
    cdef const char *p = begin
    cdef const char *end = begin + min(io.length, io.room)
    cdef const char *found
    cdef unsigned int back
    while p < end and not turn.is_over:
        if s.at == HTML_AT_TEXT:
            found = <const char *>memchr(p, c'<', end - p)
            if found == NULL:
                p = end
                break
            p = found + 1
            s.at = HTML_AT_OPEN
        elif s.at == HTML_AT_OPEN:
            html_opened(s, p[0], False)
            if s.at == HTML_AT_NAME and s.wants_doctype:
                # Its < is in this piece, or html_marked had seen it.
                html_pass(io, <unsigned int>(p - begin) - 1,
                          <unsigned int>(p - begin))
                html_doctype_put(s)
                return
            p += s.at == HTML_AT_CLOSE or s.at == HTML_AT_BANG
        elif s.at == HTML_AT_CLOSE:
            html_opened(s, p[0], True)
        elif s.at == HTML_AT_BANG or s.at == HTML_AT_DASH:
            p = html_bang(s, p)
        elif s.at == HTML_AT_QUOTE:
            s.at = HTML_AT_TAG
            p += 1
        elif s.at != HTML_AT_VALUE:
            p = html_tag(s, p, end)
        elif html_blank(p[0]):
            p += 1
        elif p[0] == c'>':
            s.at = HTML_AT_TAG
        else:
            s.quote = p[0] if p[0] == c'"' or p[0] == c"'" else 0
            p += s.quote != 0
            s.kind = html_kind(s)
            html_token_begin(s, HTML_IN_VALUE, HTML_HOLD if s.kind else HTML_PASS)
            p = html_value(s, io, p, end)
            if p == NULL:
                return
        if s.at >= HTML_IN_VALUE:
            break
    back = 0
    if html_marks_matter(s):
        if HTML_AT_OPEN <= s.at <= HTML_AT_DASH:
            back = s.marks = s.at - HTML_AT_OPEN + 1
        elif s.how == HTML_DROP and s.at >= HTML_IN_VALUE:
            back = 4 if s.at == HTML_IN_COMMENT else 2
    html_pass(io, <unsigned int>(p - begin) - back, <unsigned int>(p - begin))


cdef void html_finish(html_state *s) noexcept nogil:
    """Nothing more comes: what is kept goes as it is."""
    s.ended = True
    if s.at >= HTML_IN_VALUE and s.how == HTML_HOLD:
        html_keep(s)
    else:
        html_marks_give(s)


cdef int html_step(body_stage *stage, stage_io *io) noexcept nogil:
    """As deflate_step, but that it never fails; 0: its turn is over, too."""
    cdef html_state *s = <html_state *>stage.state
    while True:
        if not s.work.is_begun:
            if not html_give(s, io):
                return 0
            html_spare(s)
            if io.length == 0 and (io.asked != STAGE_END or s.ended):
                return 1
        if io.room == 0 or turn.is_over:
            return 0
        if s.work.is_begun:
            html_token_end(s)
        elif io.length == 0:
            html_finish(s)
        elif s.marks:
            html_marked(s, io)
        elif s.at >= HTML_IN_VALUE:
            html_within(s, io)
        else:
            html_tags(s, io)
