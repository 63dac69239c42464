"""How a match is bounded: by its steps, all of them.

PCRE2's own match limit is not enough. It begins anew at each byte where a match may
start, does not count recursions of machine code, and one count may look at the whole
subject: with a limit of 500 000 `\\w(?R)*\\bb*?^` took 278 ms on 8 KB without
reaching it, and `^.*?.*?[^c]*+[de]` 376 ms until it did. So patterns are compiled with
a callout before each item, which is a step: they are counted over the whole match, and
every REGEX_STEPS_PER_LOOK of them, or more often in a long text, the processor's time
is looked at, because a step may take as long as the subject is.
"""
# uses: plan/pcre2

cdef struct regex_budget:
    int steps                   # left
    int mask                    # of their number, where it is time to look
    long long until_us          # of the thread's time; 0: not looked yet

cdef regex_budget regex_left


cdef int regex_step(pcre2_callout_block *block, void *data) noexcept nogil:
    cdef timespec now
    cdef long long now_us
    regex_left.steps -= 1
    if regex_left.steps & regex_left.mask:
        return 0
    if regex_left.steps <= 0:
        return PCRE2_ERROR_CALLOUT
    if clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0:
        return 0
    now_us = <long long>now.tv_sec * 1000000 + now.tv_nsec // 1000
    if regex_left.until_us == 0:
        regex_left.until_us = now_us + REGEX_MATCH_US_MAX
    return PCRE2_ERROR_CALLOUT if now_us > regex_left.until_us else 0


cdef void regex_budget_begin(size_t length) noexcept nogil:
    """length: of what is searched; the longer a step may take, the fewer between two
    looks."""
    regex_left.steps = REGEX_STEPS_MAX
    regex_left.until_us = 0
    regex_left.mask = REGEX_STEPS_PER_LOOK - 1
    length //= REGEX_STEP_BYTES
    while length and regex_left.mask:
        length >>= 1
        regex_left.mask >>= 1


cdef pcre2_match_context *regex_context_new() noexcept:
    """A context with all limits; NULL: no memory. It is kept as long as the process."""
    cdef pcre2_match_context *made = pcre2_match_context_create(NULL)
    if made != NULL:
        pcre2_set_match_limit(made, REGEX_STEPS_MAX)
        pcre2_set_depth_limit(made, REGEX_DEPTH_MAX)
        pcre2_set_heap_limit(made, REGEX_HEAP_KIB_MAX)
        pcre2_set_callout(made, regex_step, NULL)
    return made


cdef str regex_reason(int why):
    """What PCRE2, or a step, gave as the reason of an undecided match."""
    cdef unsigned char[REGEX_REASON_BYTES] text
    if why == PCRE2_ERROR_CALLOUT or why == PCRE2_ERROR_MATCHLIMIT:
        return "too many steps"
    if pcre2_get_error_message(why, &text[0], sizeof(text)) < 0:
        return f"PCRE2 error {why}"
    return (<bytes><const char *>&text[0]).decode("latin-1")
