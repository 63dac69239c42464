"""One RewriteCond: is it true of this request?"""
# uses: ground/chartable, ground/text, io/writer, plan/rewrite_rules,
#       plan/rewrite_run, plan/undecided, plan/expr, plan/rewrite_trace,
#       plan/rewrite_look, plan/rewrite_text

cdef bint rewrite_cond_holds(rewriting *w, const rewrite_cond *c) noexcept nogil:
    cdef value subject = rewrite_expand(w, &c.subject, NULL, NULL)
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef bint holds
    if c.test == TEST_REGEX:
        holds = request_matches(
            w.r, c.regex, True, subject.data, subject.length, &groups[0]) > 0
        if holds and not c.negated:
            w.cond_subject = subject
            if subject.data == NULL:
                w.cond_subject = value(b"", 0)
            memcpy(&w.cond_groups[0], &groups[0], sizeof(groups))
    elif c.test == TEST_EXPRESSION:
        holds = cond_expression(w, c)
    elif c.test >= TEST_NUMBER_LESS:
        holds = cond_numbers(c, number_of(subject))
    elif c.test >= TEST_STRING_LESS:
        holds = cond_strings(c, subject)
    elif c.test == TEST_URL:
        holds = rewrite_url_is_fine(w, subject)
    elif c.test == TEST_LOOKED_UP_FILE:
        holds = rewrite_file_is_fine(w, subject)
    else:
        holds = cond_file(c, subject)
    if c.negated:
        holds = not holds
    if unlikely(w.trace >= 4):
        trace_more(
            w, 4, True, b"RewriteCond: input='%s' pattern='%s'%s => %s", subject,
            traced(&c.shown),
            value(b" [NC]", 5) if c.ignore_case else value(b"", 0),
            value(b"matched", 7) if holds else value(b"not-matched", 11))
    return holds


cdef bint cond_expression(rewriting *w, const rewrite_cond *c) noexcept nogil:
    """One that cannot be worked out does not hold; the log has been told why."""
    cdef expr_groups groups
    groups.subject = value(NULL, 0)
    if expr_holds(w.r, c.expr, &groups) != 1:
        return False
    if not c.negated:
        w.cond_subject = groups.subject
        memcpy(&w.cond_groups[0], &groups.pairs[0], sizeof(w.cond_groups))
    return True


cdef long long number_of(value v) noexcept nogil:
    """As C's atoi, of what fits; what does not is as large as it may be."""
    cdef unsigned int i = 0
    cdef bint negative = False
    cdef long long number = 0
    while i < v.length and (v.data[i] == c' ' or c'\t' <= v.data[i] <= c'\r'):
        i += 1
    if i < v.length and (v.data[i] == c'-' or v.data[i] == c'+'):
        negative = v.data[i] == c'-'
        i += 1
    while i < v.length and char_class[<unsigned char>v.data[i]] & CHAR_DIGIT:
        if number < LONG_MAX // 100:
            number = number * 10 + v.data[i] - c'0'
        i += 1
    return -number if negative else number


cdef bint cond_numbers(const rewrite_cond *c, long long number) noexcept nogil:
    if c.test == TEST_NUMBER_LESS:
        return number < c.number
    if c.test == TEST_NUMBER_LESS_EQUAL:
        return number <= c.number
    if c.test == TEST_NUMBER_EQUAL:
        return number == c.number
    if c.test == TEST_NUMBER_GREATER:
        return number > c.number
    return number >= c.number


cdef bint cond_strings(const rewrite_cond *c, value subject) noexcept nogil:
    cdef int order
    if c.test == TEST_STRING_EQUAL:
        if subject.length != c.pattern.length:
            return False
        if c.ignore_case:
            return bytes_equal_nocase(subject.data, c.pattern.data, subject.length)
        return memcmp(subject.data, c.pattern.data, subject.length) == 0
    order = order_of(subject, value(c.pattern.data, c.pattern.length), c.ignore_case)
    if c.test == TEST_STRING_LESS:
        return order < 0
    if c.test == TEST_STRING_LESS_EQUAL:
        return order <= 0
    if c.test == TEST_STRING_GREATER:
        return order > 0
    return order >= 0


cdef int order_of(value a, value b, bint ignore_case) noexcept nogil:
    """mod_rewrite's order: the longer one is the greater, unless letters count in no
    case; then it is that of a dictionary."""
    cdef unsigned int i
    cdef int first, second
    if not ignore_case and a.length != b.length:
        return 1 if a.length > b.length else -1
    for i in range(min(a.length, b.length)):
        first = <unsigned char>a.data[i]
        second = <unsigned char>b.data[i]
        if ignore_case:
            first = char_lower(<unsigned char>first)
            second = char_lower(<unsigned char>second)
        if first != second:
            return 1 if first > second else -1
    if a.length == b.length:
        return 0
    return 1 if a.length > b.length else -1


cdef bint cond_file(const rewrite_cond *c, value name) noexcept nogil:
    """A look at the file system: what is longer than a name may be is no file."""
    cdef char[REWRITE_NAME_BYTES] path
    cdef struct_stat about
    if name.length == 0 or not copy_terminated(
            &path[0], sizeof(path), name.data, name.length):
        return False
    if c.test == TEST_LINK:
        return lstat(&path[0], &about) == 0 and S_ISLNK(about.st_mode)
    if stat(&path[0], &about) != 0:
        return False
    if c.test == TEST_DIRECTORY:
        return S_ISDIR(about.st_mode)
    if c.test == TEST_EXECUTABLE:
        return about.st_mode & 0o111 != 0
    if c.test == TEST_SIZE:
        return S_ISREG(about.st_mode) and about.st_size > 0
    return S_ISREG(about.st_mode)
