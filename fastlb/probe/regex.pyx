"""Wrappers of core/plan/regex.pyx: the matcher of the data path, on any pattern."""


def regex_spans(pattern, bytes subject not None):
    """Match a compiled pattern (_pcre2.Pattern) as a request is matched.

    Returns 0 for no match, the message of PCRE2 (str) for what is undecided, else the
    spans of the match and of its groups, (-1, -1) for one that took no part.
    """
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int i, rc
    regex_begin()
    rc = regex_match(
        regex_add(pattern, "a test"), subject, <unsigned int>len(subject), &groups[0])
    if rc == REGEX_UNDECIDED:
        return regex_reason(regex_error)
    if rc == REGEX_NO_MATCH:
        return 0
    return [
        (groups[2 * i], groups[2 * i + 1])
        for i in range(min(pattern.group_count + 1, REGEX_PAIRS_MAX))]


def time_regex(pattern, bytes subject not None, int rounds, bint groups_wanted):
    """Nanoseconds of one match, the mean of `rounds`."""
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef const char *data = subject
    cdef unsigned int length = <unsigned int>len(subject)
    cdef int number, _round
    cdef long long begun
    regex_begin()
    number = regex_add(pattern, "a measurement")
    begun = clock_us()
    for _round in range(rounds):
        regex_match(number, data, length, &groups[0] if groups_wanted else NULL)
    return (clock_us() - begun) * 1000 / <double>rounds
