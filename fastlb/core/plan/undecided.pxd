# regex_match for a request: what is undecided is logged, and counts as no match.
# decides: access hangs on it; then the request will be answered with 500 (r.undecided).
# returns the number of groups that took part, the match itself counted; or 0
cdef int request_matches(
    request_facts *r, int number, bint decides, const char *data, unsigned int length,
    int *groups) noexcept nogil
