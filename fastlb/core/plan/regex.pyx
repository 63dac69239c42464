"""Patterns by number, and the one function that matches (regex.pxd).

A match that is short at the worst runs as it is, in some 20 ns: PCRE2's limit, times
the bytes that one count may look at, times those where a match may start, stay below
REGEX_FAST_WORK_MAX. What needs more, or may, is matched by a twin of the pattern that
counts its steps (regex_steps.pyx): some 5 ns for each item of the pattern. Nothing is
allocated but by the interpreter, where the system forbids code written at run time.
"""
# uses: plan/pcre2, plan/regex_steps

cdef plan_pattern *regexes = NULL
cdef int regex_count = 0
cdef list regex_kept = []       # (_pcre2.Pattern, place) by number; keeps them alive
cdef pcre2_match_data *regex_found = NULL
cdef pcre2_match_context *regex_limits = NULL
cdef pcre2_match_context *regex_fast_limits = NULL
cdef pcre2_jit_stack *regex_stack = NULL
cdef int regex_error = 0        # PCRE2's number for what was undecided last


cdef object regex_begin():
    global regex_count, regex_found, regex_limits, regex_fast_limits, regex_stack
    regex_count = 0
    regex_kept.clear()
    if regex_found == NULL:
        regex_found = pcre2_match_data_create(REGEX_PAIRS_MAX, NULL)
    if regex_limits == NULL:
        regex_limits = regex_context_new()
    if regex_fast_limits == NULL:
        regex_fast_limits = pcre2_match_context_create(NULL)
    if regex_stack == NULL:
        regex_stack = pcre2_jit_stack_create(
            REGEX_STACK_START_BYTES, REGEX_STACK_BYTES_MAX, NULL)
    if regex_found == NULL or regex_limits == NULL or regex_fast_limits == NULL:
        raise MemoryError("no memory for regular expressions")
    # Without a stack of its own machine code uses 32 KiB of ours: less, but sound.
    pcre2_jit_stack_assign(regex_limits, NULL, regex_stack)
    pcre2_jit_stack_assign(regex_fast_limits, NULL, regex_stack)


cdef int regex_add(object pattern, str place) except -1:
    global regexes, regex_count
    cdef plan_pattern *grown = <plan_pattern *>realloc(
        regexes, sizeof(plan_pattern) * (regex_count + 1))
    cdef plan_pattern *p
    if grown == NULL:
        raise MemoryError("no memory for regular expressions")
    regexes = grown
    p = &regexes[regex_count]
    p.code = <const pcre2_code *><size_t>pattern.address
    p.fast = <const pcre2_code *><size_t>pattern.fast_address
    # Called directly it does not check that the subject is UTF, if the pattern asks so.
    p.jit = pattern.jit and not pattern.check_utf
    p.anchored = pattern.anchored
    p.told_us = 0
    p.untold = 0
    regex_kept.append((pattern, place))
    regex_count += 1
    return regex_count - 1


cdef int regex_match(
        int number, const char *data, unsigned int length,
        int *groups) noexcept nogil:
    global regex_error
    cdef plan_pattern *p
    cdef const size_t *offsets
    cdef int rc, i
    if groups != NULL:
        memset(groups, 0xFF, 2 * REGEX_PAIRS_MAX * sizeof(int))     # -1 everywhere
    if unlikely(number < 0):
        return REGEX_NO_MATCH
    ASSERT(number < regex_count)
    p = &regexes[number]
    if data == NULL:
        data = b""              # an empty subject; some versions refuse NULL
    rc = regex_try_fast(p, data, length)
    if unlikely(rc < 0 and rc != PCRE2_ERROR_NOMATCH):
        regex_budget_begin(length)
        if p.jit:
            rc = pcre2_jit_match(
                p.code, <const unsigned char *>data, length, 0, 0, regex_found,
                regex_limits)
        else:
            rc = pcre2_match(
                p.code, <const unsigned char *>data, length, 0, 0, regex_found,
                regex_limits)
    if likely(rc == PCRE2_ERROR_NOMATCH):
        return REGEX_NO_MATCH
    if unlikely(rc < 0):
        regex_error = rc
        return REGEX_UNDECIDED
    if rc == 0:
        rc = REGEX_PAIRS_MAX    # it has more groups than are asked for
    if groups != NULL:
        offsets = pcre2_get_ovector_pointer(regex_found)
        for i in range(rc):
            if offsets[2 * i] > length or offsets[2 * i + 1] > length:
                continue        # PCRE2_UNSET
            groups[2 * i + 1] = <int>offsets[2 * i + 1]
            # \K may put the start of a match behind its end.
            groups[2 * i] = <int>min(offsets[2 * i], offsets[2 * i + 1])
    return rc


cdef inline int regex_try_fast(
        plan_pattern *p, const char *data, unsigned int length) noexcept nogil:
    """The match without steps; PCRE2_ERROR_CALLOUT when it could take too long."""
    cdef unsigned int starts = 1 if p.anchored else length + 1
    cdef unsigned long long work = <unsigned long long>starts * (length + 1)
    if p.fast == NULL or work > REGEX_FAST_WORK_MAX // 16:
        return PCRE2_ERROR_CALLOUT
    pcre2_set_match_limit(regex_fast_limits, <uint32_t>(REGEX_FAST_WORK_MAX // work))
    return pcre2_jit_match(
        p.fast, <const unsigned char *>data, length, 0, 0, regex_found,
        regex_fast_limits)
