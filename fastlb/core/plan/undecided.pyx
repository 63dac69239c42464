"""Matches made for a request, and what becomes of it when one is undecided.

Who hits a limit must not pass by a section that would have asked for something: where
access hangs on a match (`decides`), the request is marked, and request_admit makes
a 500 of it, which is what httpd gives when an authorization cannot be worked out.
Elsewhere an undecided match is none, as everywhere in httpd.
"""
# uses: io/watch, seam, plan/regex_steps, plan/regex, plan/client, plan/facts

# regex_match for a request: what is undecided is logged, and counts as no match.
# decides: access hangs on it; then the request will be answered with 500 (r.undecided).
# returns the number of groups that took part, the match itself counted; or 0
cdef int request_matches(
        request_facts *r, int number, bint decides, const char *data,
        unsigned int length, int *groups) noexcept nogil:
    cdef long long began
    cdef int found
    if unlikely(r.regex_us >= REGEX_REQUEST_US_MAX):
        regex_give_up(r, number, decides, length, 0)
        if groups != NULL:
            memset(groups, 0xFF, 2 * REGEX_PAIRS_MAX * sizeof(int))
        return REGEX_NO_MATCH
    began = clock_coarse_us()
    found = regex_match(number, data, length, groups)
    # The clock stands still for milliseconds, and so do short matches on it; over many
    # of them the sum is right. What another process took meanwhile is not charged.
    r.regex_us += <unsigned int>min(clock_coarse_us() - began, REGEX_CHARGE_US_MAX)
    if unlikely(found < 0):
        regex_give_up(r, number, decides, length, regex_error)
        return REGEX_NO_MATCH
    return found


cdef void regex_give_up(
        request_facts *r, int number, bint decides, unsigned int length,
        int why) noexcept nogil:
    """why: PCRE2's number, 0 when the request's time for matches is used up."""
    cdef plan_pattern *p = &regexes[number]
    if decides:
        r.undecided = True
    if p.told_us and watch.now_us - p.told_us < REGEX_TOLD_EVERY_US:
        p.untold += 1
        return
    p.told_us = watch.now_us
    regex_tell(r, number, decides, length, why)
    p.untold = 0


cdef void regex_tell(
        request_facts *r, int number, bint decides, unsigned int length,
        int why) noexcept nogil:
    """At most once a minute for each pattern of a worker; regex_give_up counts."""
    with gil:
        pattern, place = regex_kept[number]
        said = pattern.pattern.decode("utf-8", "surrogateescape")
        told = "the time for matches of one request is used up"
        if why:
            told = regex_reason(why)
        end = "the request is answered with 500" if decides else "it counts as no match"
        missing = regexes[number].untold
        more = f" ({missing} more since it was last told)" if missing else ""
        seam_say(
            "error" if decides else "warn", "core", r.vhost.index,
            client_text(r.client), 0,
            f"{'FB0301' if decides else 'FB0302'}: {place or 'a regular expression'}: "
            f"the match of {said} with {length} bytes was given up: {told}; "
            f"{end}{more}")
