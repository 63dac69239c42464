"""SUBSTITUTE: text of a body by other text, line by line (substitute.pxd).

Each rule sees what those before it have made of the line, with its end. A line lies in
one piece, as long as SubstituteMaxLineLength allows; a longer one breaks the answer.
The lines of all answers of a worker take so much memory at most, and a line that takes
long is left between two matches, or two slices of a search, and gone on with.
"""
# uses: ground/chartable, ground/text, filters/stage, filters/turn, filters/lines,
#       plan/regex

cdef enum:
    PLAIN_CALL_WORK = 32        # to begin a search, in bytes that are looked at


cdef void lines_spare(substitute_state *s) noexcept nogil:
    """A line is through: memory of a long one is not kept for the next."""
    if s.made.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.made)
    if s.other.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.other)
    if s.line.length == 0 and s.line.room > SUBSTITUTE_BYTES_KEPT:
        line_free(&s.line)


cdef bint substitute_begin(
        body_stage *stage, const substitute_state *chosen) noexcept nogil:
    """chosen: rules, as they were chosen; nothing else of it. False: no memory."""
    global line_owners
    cdef substitute_state *s
    if not lines_are_free():
        return False
    s = <substitute_state *>calloc(1, sizeof(substitute_state))
    if s == NULL:
        return False
    s.most = chosen.most
    s.count = chosen.count
    s.rules = chosen.rules
    line_owners += 1
    stage.state = s
    return True


cdef void substitute_end(body_stage *stage) noexcept nogil:
    global line_owners
    cdef substitute_state *s = <substitute_state *>stage.state
    line_free(&s.line)
    line_free(&s.made)
    line_free(&s.other)
    free(s)
    line_owners -= 1
    ASSERT(line_owners > 0 or line_memory_bytes == 0)


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
        substitute_state *s, const substitution *rule, value line) noexcept nogil:
    """What the line becomes, in s.other. returns 1; 0: nothing is found; AGAIN: the
    turn is over; FAILED"""
    cdef unsigned int size = rule.wanted.length
    cdef unsigned int most = SUBSTITUTE_SLICE_BYTES
    cdef unsigned int slice, begin
    cdef const char *found
    if rule.ignore_case and size > 1:
        most = SUBSTITUTE_SLICE_BYTES // size + 1
    while size and line.length - s.searched >= size:
        begin = s.searched
        slice = min(line.length - begin, most + size - 1)
        found = plain_find(rule, line.data + begin, slice)
        if found == NULL:
            s.searched = begin + slice - (size - 1)
        else:
            s.searched = <unsigned int>(found - line.data)
            if not (line_put(&s.other, line.data + s.copied,
                             s.searched - s.copied, s.most)
                    and line_put(&s.other, rule.replacement.data,
                                 rule.replacement.length, s.most)):
                return FAILED
            s.searched += size
            s.copied = s.searched
        slice = s.searched - begin
        if turn_spend(slice * size if rule.ignore_case else slice):
            return AGAIN
    if s.copied == 0:
        return 0
    return 1 if line_put(
        &s.other, line.data + s.copied, line.length - s.copied, s.most) else FAILED


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
        substitute_state *s, const substitution *rule, value line) noexcept nogil:
    """As plain_apply. What is left behind a match is searched as a text of its own, as
    in httpd: ^ means its beginning. An empty match is stepped over."""
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef value rest
    cdef unsigned int step
    cdef bint is_over
    cdef int rc
    while True:
        rest = value(line.data + s.copied, line.length - s.copied)
        rc = regex_match(rule.regex, rest.data, rest.length, &groups[0])
        is_over = turn_spend(
            REGEX_CALL_WORK if rest.length <= REGEX_CALL_SHORT
            else FILTER_WORK_PER_LOOK)
        if rc == REGEX_NO_MATCH:
            break
        if rc < 0:
            return turn_fails(WHY_FILTER_TIME)
        if not (line_put(&s.other, rest.data, groups[0], s.most)
                and replacement_put(
                    s, &rule.replacement, rest, &groups[0], &s.other)):
            return FAILED
        step = groups[1]
        if groups[1] == groups[0] and step < rest.length:
            if not line_put(&s.other, rest.data + step, 1, s.most):
                return FAILED
            step += 1
        s.copied += step
        if s.copied == line.length:
            break
        if is_over:
            return AGAIN
    if s.copied == 0:
        return 0
    return 1 if line_put(
        &s.other, line.data + s.copied, line.length - s.copied, s.most) else FAILED


cdef int substitute_line(
        substitute_state *s, value line, value *result) noexcept nogil:
    """All rules, one behind the other, from where they were left. returns 1; AGAIN: the
    turn is over; FAILED"""
    cdef const substitution *rule
    cdef int rc
    while True:
        if s.is_made:
            line = value(s.made.data, s.made.length)
        if s.rule == s.count:
            break
        if turn.is_over:
            return AGAIN
        rule = s.rules[s.rule]
        if rule.regex < 0:
            turn_spend(PLAIN_CALL_WORK)
            rc = plain_apply(s, rule, line)
        else:
            rc = regex_apply(s, rule, line)
        if rc < 0:
            return rc
        if rc == 1:
            lines_exchange(&s.other, &s.made)
            s.is_made = True
        s.rule += 1
        s.other.length = 0
        s.copied = 0
        s.searched = 0
    result[0] = line
    return 1


cdef bint substitute_give(
        substitute_state *s, stage_io *io, value line) noexcept nogil:
    """As much of a line as there is room for; the rest is kept in `made`."""
    cdef unsigned int size = min(line.length, io.room)
    stage_put(io, line.data, size)
    if size == line.length:
        s.made.length = s.given = 0
        return True
    if line.data == s.line.data:
        lines_exchange(&s.made, &s.line)
    if line.data == s.made.data:
        s.given = size
        return True
    s.made.length = 0
    s.given = 0
    return line_put(&s.made, line.data + size, line.length - size, s.most)


cdef int substitute_step(body_stage *stage, stage_io *io) noexcept nogil:
    """As deflate_step; 0: its turn is over, too."""
    cdef substitute_state *s = <substitute_state *>stage.state
    cdef const char *end
    cdef value line
    cdef int rc
    while True:
        if not s.at_work:
            if not line_give(io, &s.made, &s.given):
                return 0
            s.made.length = s.given = 0
            lines_spare(s)
            if io.length == 0 and not (io.asked == STAGE_END and s.line.length):
                return 1
        if io.room == 0 or turn.is_over:
            return 0
        if s.at_work:
            line = value(s.line.data, s.line.length)
        else:
            line = value(io.data, io.length)
            if io.length:
                end = <const char *>memchr(io.data, c'\n', io.length)
                if end != NULL:
                    line.length = <unsigned int>(end + 1 - io.data)
                stage_take(io, line.length)
                if s.line.length or end == NULL:
                    if not line_put(&s.line, line.data, line.length, s.most):
                        return FAILED
                    line = value(s.line.data, s.line.length)
                    if end == NULL:
                        continue
            else:
                line = value(s.line.data, s.line.length)
            if line.length > s.most:
                return turn_fails(WHY_FILTER_LINE)
            s.at_work = True
            s.is_made = False
            s.rule = 0
        rc = substitute_line(s, line, &line)
        if rc == FAILED:
            return FAILED
        if rc == AGAIN:
            # It is gone on with where it lies: not in what came, which is taken.
            if s.line.length == 0 and not s.is_made and not line_put(
                    &s.line, line.data, line.length, s.most):
                return FAILED
            return 0
        if not substitute_give(s, io, line):
            return FAILED
        s.at_work = False
        s.line.length = 0
