"""Matches made for a request, and what becomes of it when one is undecided.

Who hits a limit must not pass by a section that would have asked for something: where
access hangs on a match (`decides`), the request is marked, and exchange_admit answers
it with 500, which is what httpd gives when an authorization cannot be worked out.
Elsewhere an undecided match is none, as everywhere in httpd.
"""
# uses: io/watch, plan/regex, flow/exchange, service_log

cdef int request_matches(
        exchange *x, int number, bint decides, const char *data, unsigned int length,
        int *groups) noexcept nogil:
    cdef long long began
    cdef int found
    if unlikely(x.regex_us >= REGEX_REQUEST_US_MAX):
        regex_give_up(x, number, decides, length, 0)
        if groups != NULL:
            memset(groups, 0xFF, 2 * REGEX_PAIRS_MAX * sizeof(int))
        return REGEX_NO_MATCH
    began = clock_coarse_us()
    found = regex_match(number, data, length, groups)
    # The clock stands still for milliseconds, and so do short matches on it; over many
    # of them the sum is right. What another process took meanwhile is not charged.
    x.regex_us += <unsigned int>min(clock_coarse_us() - began, REGEX_CHARGE_US_MAX)
    if unlikely(found < 0):
        regex_give_up(x, number, decides, length, regex_error)
        return REGEX_NO_MATCH
    return found


cdef void regex_give_up(
        exchange *x, int number, bint decides, unsigned int length,
        int why) noexcept nogil:
    """why: PCRE2's number, 0 when the request's time for matches is used up."""
    cdef plan_pattern *p = &regexes[number]
    if decides:
        x.undecided = True
    if p.told_us and watch.now_us - p.told_us < REGEX_TOLD_EVERY_US:
        p.untold += 1
        return
    p.told_us = watch.now_us
    service_log_undecided(x, number, decides, length, why)
    p.untold = 0


cdef long long clock_coarse_us() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
    return <long long>now.tv_sec * 1000000 + now.tv_nsec // 1000
