"""One text by another: as it is, or where a pattern matches (replace.pxd).

Left between two matches, or two slices of a search, when the turn is over, and gone on
with from text_search. What a rule does not replace is put as it is written.
"""
# uses: ground/chartable, ground/text, filters/stage, filters/turn, filters/lines,
#       plan/regex

cdef enum:
    PLAIN_CALL_WORK = 32        # to begin a search, in bytes that are looked at


cdef bint text_put_read(
        const searched_text *t, unsigned int begin, unsigned int end) noexcept nogil:
    """What is read from begin to end, as it is written."""
    if t.places != NULL:
        begin = t.places[begin]
        end = t.places[end]
    return line_put(t.to, t.raw.data + begin, end - begin, t.most)


cdef const char *text_escape(char c, unsigned char escapes) noexcept nogil:
    """How a byte is written; NULL: as it is."""
    if c == c'&':
        return b"&amp;"
    if c == c'<':
        return b"&lt;"
    if c == c'>':
        return b"&gt;"
    if c == c'"':
        return b"&quot;"
    if c == c"'" and escapes != c'"':
        return b"&#39;"
    if escapes != TEXT_UNQUOTED:
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


cdef bint text_put(
        const searched_text *t, const char *data, unsigned int length) noexcept nogil:
    """Text of a rule."""
    cdef unsigned int i, begin = 0
    cdef const char *escaped
    if t.escapes == TEXT_AS_IS:
        return line_put(t.to, data, length, t.most)
    for i in range(length):
        escaped = text_escape(data[i], t.escapes)
        if escaped == NULL:
            continue
        if not (line_put(t.to, data + begin, i - begin, t.most) and line_put(
                t.to, escaped, <unsigned int>strlen(escaped), t.most)):
            return False
        begin = i + 1
    return line_put(t.to, data + begin, length - begin, t.most)


cdef const char *plain_find(
        value wanted, bint ignore_case, const char *data,
        unsigned int length) noexcept nogil:
    """Where the text that is looked for begins; NULL: it is not there."""
    cdef unsigned int i
    if not ignore_case:
        return <const char *>memmem(data, length, wanted.data, wanted.length)
    for i in range(length - wanted.length + 1 if length >= wanted.length else 0):
        if bytes_equal_nocase(data + i, wanted.data, wanted.length):
            return data + i
    return NULL


cdef int plain_apply(
        text_search *at, const searched_text *t, value wanted, bint ignore_case,
        value replacement) noexcept nogil:
    """Each place where a text is found. returns 1; 0: nothing is found; AGAIN: the turn
    is over; FAILED: there is no memory, or it becomes too long"""
    cdef unsigned int size = wanted.length
    cdef unsigned int most = SUBSTITUTE_SLICE_BYTES
    cdef unsigned int slice, begin
    cdef const char *found
    if ignore_case and size > 1:
        most = SUBSTITUTE_SLICE_BYTES // size + 1
    while size and t.read.length - at.searched >= size:
        begin = at.searched
        slice = min(t.read.length - begin, most + size - 1)
        found = plain_find(wanted, ignore_case, t.read.data + begin, slice)
        if found == NULL:
            at.searched = begin + slice - (size - 1)
        else:
            at.searched = <unsigned int>(found - t.read.data)
            if not (text_put_read(t, at.copied, at.searched)
                    and text_put(t, replacement.data, replacement.length)):
                return FAILED
            at.searched += size
            at.copied = at.searched
            at.is_found = True
            turn_spend(PLAIN_CALL_WORK + replacement.length)
        slice = at.searched - begin
        if turn_spend(slice * size if ignore_case else slice):
            return AGAIN
    if not at.is_found:
        return 0
    return 1 if text_put_read(t, at.copied, t.read.length) else FAILED


cdef bint groups_put(
        const searched_text *t, value replacement, unsigned int begin,
        const int *groups) noexcept nogil:
    """$0 to $9 are groups, counted from `begin`; a backslash makes what is behind it
    ordinary."""
    cdef unsigned int i = 0
    cdef int g
    while i < replacement.length:
        if replacement.data[i] == c'$' and i + 1 < replacement.length \
                and c'0' <= replacement.data[i + 1] <= c'9':
            g = 2 * (replacement.data[i + 1] - c'0')
            i += 2
            if groups[g] >= 0 and not text_put_read(
                    t, begin + groups[g], begin + groups[g + 1]):
                return False
            continue
        if replacement.data[i] == c'\\' and i + 1 < replacement.length:
            i += 1
        if not text_put(t, replacement.data + i, 1):
            return False
        i += 1
    return True


cdef int pattern_apply(
        text_search *at, const searched_text *t, int regex, value replacement,
        bint once) noexcept nogil:
    """The first match, or each. What is left behind a match is searched as a text of
    its own, as in httpd: ^ means its beginning. An empty match is stepped over. As
    plain_apply; FAILED with WHY_FILTER_TIME, too: a match takes too long."""
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef unsigned int begin, behind, length = t.read.length
    cdef int rc
    while not (at.is_found and (once or at.copied == length)):
        begin = at.copied
        rc = regex_match(regex, t.read.data + begin, length - begin, &groups[0])
        turn_spend(
            REGEX_CALL_WORK + replacement.length
            if length - begin <= REGEX_CALL_SHORT else FILTER_WORK_PER_LOOK)
        if rc == REGEX_NO_MATCH:
            break
        if rc < 0:
            return turn_fails(WHY_FILTER_TIME)
        behind = begin + groups[1]
        if not (text_put_read(t, begin, begin + groups[0])
                and groups_put(t, replacement, begin, &groups[0])):
            return FAILED
        if groups[1] == groups[0] and behind < length and not once:
            if not text_put_read(t, behind, behind + 1):
                return FAILED
            behind += 1
        at.copied = behind
        at.is_found = True
        if turn.is_over:
            return AGAIN
    if not at.is_found:
        return 0
    return 1 if text_put_read(t, at.copied, length) else FAILED
