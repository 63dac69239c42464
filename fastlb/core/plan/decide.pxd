# What becomes of a request, up to whom it is for: settings, access, redirects, mapping
# and target. Nothing is done about it here: flow/route.pyx acts upon it, a test or
# whoever explains a configuration looks at it.

cdef enum:
    DECIDED_MEMBER = 0      # r.mapping says which; request_target what it is asked for
    DECIDED_TUNNEL = 1      # a CONNECT
    DECIDED_ERROR = 2       # status, because
    DECIDED_HERE = 3        # TRACE or OPTIONS that goes no further (Max-Forwards)
    DECIDED_WAIT = 4        # for a name (r.host_wanted), a verdict (r.asks); then anew
    DECIDED_REDIRECT = 5    # moved
    DECIDED_HANDLER = 6     # handler
    DECIDED_NOTHING = 7     # nothing is mapped there
    DECIDED_ANEW = 8        # never handed out: a rule has made another path
    DECIDED_FILE = 9        # r.file, as far as can be said without looking at it

cdef struct decision:
    int status
    int because                 # BECAUSE_*
    redirected moved
    const text *handler
    text forced                 # the handler that a rule names
    int rewrite_because         # REWRITE_*; 0: nothing is to be said
    const rewrite_rule *rule    # ... of this one

# What rules and SetEnvIf may change of a request for what is decided within it, and
# nobody else is to see.
cdef struct facts_kept:
    value query
    bint query_is_made
    bint rewriting_ended
    unsigned char redirects
    value[ENV_COUNT_MAX] env

# Decide. returns DECIDED_*; r has its host, path and head
cdef int request_decide(request_facts *r, decision *d) noexcept nogil
# r.target, for a member. returns DECIDED_MEMBER or DECIDED_ERROR
cdef int request_target(request_facts *r, decision *d) noexcept nogil
