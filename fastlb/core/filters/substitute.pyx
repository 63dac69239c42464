"""SUBSTITUTE: text of a body by other text, line by line (substitute.pxd).

Each rule sees what those before it have made of the line, with its end. A line lies in
one piece, as long as SubstituteMaxLineLength allows; a longer one breaks the answer.
"""
# uses: ground/chartable, ground/text, io/writer, filters/stage, filters/gzip,
#       plan/regex

cdef enum:
    LINE_BYTES_FIRST = 4096     # of a buffer for lines; it is doubled as is needed


cdef bint line_put(
        line_buffer *b, const char *data, unsigned int length,
        unsigned int most) noexcept nogil:
    """False: it would be too long, or there is no memory."""
    cdef unsigned int room = b.room if b.room else LINE_BYTES_FIRST
    cdef char *larger
    cdef writer w
    if length > most or b.length > most - length:
        return False
    while room < b.length + length:
        room *= 2
    if room != b.room:
        larger = <char *>realloc(b.data, room)
        if larger == NULL:
            return False
        b.data = larger
        b.room = room
    writer_begin(&w, b.data + b.length, b.room - b.length)
    put(&w, data, length)
    b.length += length
    return True


cdef bint substitute_begin(
        body_stage *stage, const substitute_state *chosen) noexcept nogil:
    """chosen: rules, as they were chosen; nothing else of it. False: no memory."""
    cdef substitute_state *s
    if coders_left() <= 0:
        return False
    s = <substitute_state *>malloc(sizeof(substitute_state))
    if s == NULL:
        return False
    s[0] = chosen[0]
    coder_came()
    stage.state = s
    return True


cdef void substitute_end(body_stage *stage) noexcept nogil:
    cdef substitute_state *s = <substitute_state *>stage.state
    free(s.line.data)
    free(s.made.data)
    free(s.other.data)
    free(s)
    coder_went()


cdef const char *plain_find(
        const substitution *rule, const char *data, unsigned int length) noexcept nogil:
    """Where the text that is looked for begins; NULL: it is not there."""
    cdef unsigned int size = rule.wanted.length
    cdef unsigned int i
    if not rule.ignore_case:
        return <const char *>memmem(data, length, rule.wanted.data, size)
    for i in range(length - size + 1 if length >= size else 0):
        if bytes_equal_nocase(data + i, rule.wanted.data, size):
            return data + i
    return NULL


cdef int plain_apply(
        substitute_state *s, const substitution *rule, value line,
        line_buffer *to) noexcept nogil:
    """What the line becomes in `to`. returns 1; 0: nothing is found; FAILED"""
    cdef const char *at = line.data
    cdef const char *end = at + line.length
    cdef const char *found
    to.length = 0
    while True:
        found = plain_find(rule, at, <unsigned int>(end - at))
        if found == NULL:
            break
        if not (line_put(to, at, <unsigned int>(found - at), s.most)
                and line_put(to, rule.replacement.data, rule.replacement.length,
                             s.most)):
            return FAILED
        at = found + rule.wanted.length
    if at == line.data:
        return 0
    return 1 if line_put(to, at, <unsigned int>(end - at), s.most) else FAILED


cdef bint replacement_put(
        substitute_state *s, const text *replacement, value subject, const int *groups,
        line_buffer *to) noexcept nogil:
    """$0 to $9 are groups; a backslash makes what is behind it ordinary."""
    cdef unsigned int i = 0
    cdef int group
    while i < replacement.length:
        if replacement.data[i] == c'$' and i + 1 < replacement.length \
                and c'0' <= replacement.data[i + 1] <= c'9':
            group = 2 * (replacement.data[i + 1] - c'0')
            i += 2
            if groups[group] < 0:
                continue
            if not line_put(to, subject.data + groups[group],
                            <unsigned int>(groups[group + 1] - groups[group]), s.most):
                return False
            continue
        if replacement.data[i] == c'\\' and i + 1 < replacement.length:
            i += 1
        if not line_put(to, replacement.data + i, 1, s.most):
            return False
        i += 1
    return True


cdef int regex_apply(
        substitute_state *s, const substitution *rule, value line,
        line_buffer *to) noexcept nogil:
    """As plain_apply. What is left behind a match is searched as a text of its own, as
    in httpd: ^ means its beginning. An empty match is stepped over."""
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef value rest = line
    cdef unsigned int step
    cdef int rc
    to.length = 0
    while True:
        rc = regex_match(rule.regex, rest.data, rest.length, &groups[0])
        if rc == REGEX_NO_MATCH:
            break
        if rc < 0 or not (
                line_put(to, rest.data, groups[0], s.most)
                and replacement_put(s, &rule.replacement, rest, &groups[0], to)):
            return FAILED
        step = groups[1]
        if groups[1] == groups[0] and step < rest.length:
            if not line_put(to, rest.data + step, 1, s.most):
                return FAILED
            step += 1
        rest = value(rest.data + step, rest.length - step)
        if rest.length == 0:
            break
    if rest.data == line.data:
        return 0
    return 1 if line_put(to, rest.data, rest.length, s.most) else FAILED


cdef bint substitute_line(
        substitute_state *s, value line, value *result) noexcept nogil:
    """All rules, one behind the other. False: it became too long."""
    cdef const substitution *rule
    cdef line_buffer changed
    cdef int i, rc
    for i in range(s.count):
        rule = s.rules[i]
        if rule.regex < 0:
            rc = plain_apply(s, rule, line, &s.other)
        else:
            rc = regex_apply(s, rule, line, &s.other)
        if rc < 0:
            return False
        if rc == 0:
            continue
        changed = s.other
        s.other = s.made
        s.made = changed
        line = value(s.made.data, s.made.length)
    result[0] = line
    return True


cdef bint substitute_give(
        substitute_state *s, stage_io *io, value line) noexcept nogil:
    """As much of a line as there is room for; the rest is kept in `made`."""
    cdef unsigned int size = line.length if line.length < io.room else io.room
    cdef writer w
    writer_begin(&w, io.out, io.room)
    put(&w, line.data, size)
    io.out = w.p
    io.room -= size
    if size == line.length:
        s.made.length = s.given = 0
        return True
    if line.data == s.made.data:
        s.given = size
        return True
    s.made.length = 0
    s.given = 0
    return line_put(&s.made, line.data + size, line.length - size, s.most)


cdef int substitute_step(body_stage *stage, stage_io *io) noexcept nogil:
    """As deflate_step."""
    cdef substitute_state *s = <substitute_state *>stage.state
    cdef const char *end
    cdef unsigned int size
    cdef value line
    while True:
        if s.given < s.made.length:
            line = value(s.made.data + s.given, s.made.length - s.given)
            size = line.length if line.length < io.room else io.room
            if not line_give(io, line, size):
                return FAILED
            s.given += size
            if s.given < s.made.length:
                return 0
        s.made.length = s.given = 0
        if io.length == 0 and not (io.asked == STAGE_END and s.line.length):
            return 1
        if io.room == 0:
            return 0
        line = value(io.data, io.length)
        if io.length:
            end = <const char *>memchr(io.data, c'\n', io.length)
            if end != NULL:
                line.length = <unsigned int>(end + 1 - io.data)
            io.data += line.length
            io.length -= line.length
            if s.line.length or end == NULL:
                if not line_put(&s.line, line.data, line.length, s.most):
                    return FAILED
                line = value(s.line.data, s.line.length)
                if end == NULL:
                    continue
        else:
            line = value(s.line.data, s.line.length)
        if line.length > s.most or not substitute_line(s, line, &line) \
                or not substitute_give(s, io, line):
            return FAILED
        s.line.length = 0


cdef bint line_give(stage_io *io, value line, unsigned int size) noexcept nogil:
    cdef writer w
    writer_begin(&w, io.out, io.room)
    put(&w, line.data, size)
    io.out = w.p
    io.room -= size
    return not w.full
