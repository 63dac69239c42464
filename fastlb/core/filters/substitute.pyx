"""SUBSTITUTE: text of a body by other text, line by line (substitute.pxd).

Each rule sees what those before it have made of the line, with its end. A line lies in
one piece, as long as SubstituteMaxLineLength allows; a longer one breaks the answer.
The lines of all answers of a worker take so much memory at most, and a line that takes
long is left between two matches, or two slices of a search, and gone on with.
"""
# uses: ground/text, filters/stage, filters/turn, filters/lines, filters/replace


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


cdef int substitute_apply(
        substitute_state *s, const substitution *rule, value line) noexcept nogil:
    """What the line becomes, in s.other; as plain_apply."""
    cdef searched_text t
    cdef value wanted = value(rule.wanted.data, rule.wanted.length)
    cdef value replacement = value(rule.replacement.data, rule.replacement.length)
    t.read = t.raw = line
    t.places = NULL
    t.escapes = TEXT_AS_IS
    t.to = &s.other
    t.most = s.most
    if rule.regex >= 0:
        return pattern_apply(&s.search, &t, rule.regex, replacement, False)
    turn_spend(PLAIN_CALL_WORK)
    return plain_apply(&s.search, &t, wanted, rule.ignore_case, replacement)


cdef int substitute_line(
        substitute_state *s, value line, value *result) noexcept nogil:
    """All rules, one behind the other, from where they were left. returns 1; AGAIN: the
    turn is over; FAILED"""
    cdef int rc
    while True:
        if s.is_made:
            line = value(s.made.data, s.made.length)
        if s.rule == s.count:
            break
        if turn.is_over:
            return AGAIN
        rc = substitute_apply(s, s.rules[s.rule], line)
        if rc < 0:
            return rc
        if rc == 1:
            lines_exchange(&s.other, &s.made)
            s.is_made = True
        s.rule += 1
        s.other.length = 0
        memset(&s.search, 0, sizeof(text_search))
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
