# What rules make of a request: mod_rewrite's two hooks, and what comes of them.

cdef enum:
    REWROTE_NOTHING = 0         # or only the query, a variable, a path ([PT])
    REWROTE_STATUS = 1          # out.status, out.because
    REWROTE_REDIRECT = 2        # out.status, out.location
    REWROTE_PATH = 3            # sections only: out.location, for rewrite_begin

cdef struct rewrite_outcome:
    int status
    int because                 # REWRITE_*; 0: a rule says so
    value location
    const rewrite_rule *rule    # of which because speaks; NULL

# Are there rules, and are they turned on? Then run them. returns REWROTE_*, which is
# worth nothing when request_waits
cdef int rewrite_in_sections(request_facts *r, rewrite_outcome *out) noexcept nogil
