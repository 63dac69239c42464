# What the access log tells of a request that is over, beside its facts.
#
# uses: ground/text, plan/plan

# What only the access log and the counters ask for.
cdef struct exchange_record:
    long long body_bytes_out    # for %b
    long long bytes_out         # with heads, for %O
    long long first_byte_us
    flag aborted                # the client went away
    int member_status           # of the member's final response; 0: none came
    unsigned short source_port  # of the member's connection; asked for if logged

# What a line tells beside the facts of its request.
cdef struct logged:
    const exchange_record *record
    const plan_member *member   # that was asked last; NULL: none
    const text *handler         # who made the answer here; NULL: nobody
    int status
    bint keepalive
    int retries                 # members that were tried before the last one
    long long bytes_in          # of the body
