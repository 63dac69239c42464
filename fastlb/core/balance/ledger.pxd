# The only writer of counters. Every function is a few plain or atomic adds.
#
# `table_view` is this process's mapping; `worker_slot` is the row of this worker, which
# it alone writes (field mark "own"), so that the master can take off a dead worker's
# share exactly. member_slot, balancer_slot: table.pxd.
#
# What is read here may have been written by a worker that was taken over: it is added
# and compared, and nothing else.

# One more, or one less, of what a worker has open: in its own row its connections,
# exchanges (BusyWorkers), and those of them that have become tunnels (they are under
# way, but no request is in work); or its share of a member's busy (table_share).
cdef void ledger_up(int32_t *gauge) noexcept nogil
cdef void ledger_down(int32_t *gauge) noexcept nogil
# All workers' together. gauge: that of the first row
cdef long long ledger_sum(const table_view *t, const int32_t *gauge) noexcept nogil
# The gauge "busy" of a member is the sum of the workers' shares.
cdef long long ledger_busy_of(
    const table_view *t, const member_slot *m) noexcept nogil   # sum of shares

# What no more than `most` of may be had by all workers together: places at a member of
# maxscope=global, and of a balancer's requests those that wait. Each worker has a cell
# that it alone writes (table_place, table_queued) and knows what stands there (held),
# so that what a worker had is free when it is gone.
#
# One more; False: there are as many as may be, now.
cdef bint ledger_place_take(
    const table_view *t, const worker_slot *w, const member_slot *m,
    long held) noexcept nogil
cdef bint ledger_queue_join(
    const table_view *t, const worker_slot *w, balancer_slot *b, long held,
    int most) noexcept nogil
# ... and so many, now. waited_us: how long it was that leaves
cdef void ledger_place_set(
    const table_view *t, const worker_slot *w, const member_slot *m,
    long held) noexcept nogil
cdef void ledger_queue_leave(
    const table_view *t, const worker_slot *w, balancer_slot *b, long held,
    long long waited_us) noexcept nogil
# Are all places had of one that has a bound?
cdef bint member_is_full(const table_view *t, const member_slot *m) noexcept nogil

# Bytes sent to and received from a member, as Apache counts them, because bytraffic
# elects by them: sent are heads and bodies as they went out; received are status lines
# (without their ends) and bodies, but neither fields nor the chunked coding.
cdef void ledger_bytes(
    member_slot *m, long long sent, long long received) noexcept nogil

# How long a member takes to answer, for methods that ask (LB_TIMES): a mean that rises
# at once and forgets by time, so that a burst weighs no more than the time it takes (a
# peak EWMA).
#
#   sample    from when a member is asked until the head of its answer is here; of a
#             request with a body, from when the last of that went out
#   weight    of what was known, 2 ^ -(age / RESPONSE_HALF_LIFE_US)
#   known     the greater of the sample and (known * weight + sample * (1 - weight))
#
# known and its age are two words of the member's slot, written plainly. Of workers that
# write at one moment the last one is right: a sample of the others is lost, or an age
# is that of another sample, and the next one mends it. What no process of ours can have
# written is taken for nothing known.

# It has answered.
cdef void ledger_answered(
    member_slot *m, long long now_us, long long taken_us) noexcept nogil
# It was not waited for any longer: it takes so long at least. is_lost: it took of the
# request and gave no answer, which counts as twice what is known, too.
cdef void ledger_unanswered(
    member_slot *m, long long now_us, long long waited_us, bint is_lost) noexcept nogil

# A connection of a client more: counted as open, and for ever.
cdef void ledger_connection_opened(worker_slot *w) noexcept nogil

# How a request ended for which the member was asked last, and how long it took from the
# client's first byte to the last one of the answer; a tunnel, to its end. status 0: the
# client has seen none.
#
#   class     status // 100; 0 for what is none of 1 to 5
#   time      the first of OUTCOME_BOUNDS_US that is no less; the last has no bound
cdef void ledger_outcome(
    const table_view *t, const member_slot *m, int status,
    long long duration_us) noexcept nogil

# The same for its virtual host, whoever answered.
cdef void ledger_of_vhost(
    vhost_slot *v, int status, long long bytes_out,
    long long duration_us) noexcept nogil

# One request answered. state: scoreboard gauges are kept in the worker's own row.
cdef void ledger_request_done(
    worker_slot *w, long long bytes_out, long long duration_us) noexcept nogil

# A member failed. probe_may_clear: it was a refused or timed-out connect, so a TCP
# probe proves that it is back; otherwise only retry= or a health check does.
# returns 0 when it was in E already or has flag I; when this call put it there
# WENT_OUT, or FAILED_AGAIN: it was tried again, and nobody has found it back meanwhile.
cdef enum:
    FAILED_AGAIN = 1
    WENT_OUT = 2
cdef int member_failed(
    const table_view *t, member_slot *m, long long now_us,
    bint probe_may_clear) noexcept nogil
# A connect succeeded: error_time and retries back to 0, unless the member is in E
# (a failure seen since then counts for more; as in Apache).
# returns when it had failed, if this call has found it back (FLAG_OUT); else 0
cdef long long member_connected(member_slot *m) noexcept nogil
# Why it went out or came back; the order is that of Cause in facts/member_changes.py.
cdef enum:
    CAUSE_NONE = 0
    CAUSE_CONNECT = 1           # number: errno
    CAUSE_NO_ADDRESS = 2
    CAUSE_TLS = 3
    CAUSE_LOST = 4              # without an answer, or with none that is one
    CAUSE_STATUS = 5            # number: the status (failonstatus=)
    CAUSE_TIMEOUT = 6           # failontimeout=
    CAUSE_CHECKS = 7            # number: how many in a row
    CAUSE_TRIED = 8             # a request has tried it after retry=
    CAUSE_FORCED = 9            # ... before, as all were out
    CAUSE_PROBE = 10
    CAUSE_NAME = 11             # its name is known again, or has moved
    CAUSE_EJECTED = 12          # ejecton=; number: for how many seconds
    CAUSE_OPERATOR = 13         # whoever has looked at it says so
cdef bint member_is_usable(const table_view *t, const member_slot *m) noexcept nogil
cdef bint member_ignores_errors(
    const table_view *t, const member_slot *m) noexcept nogil
# Rises each time the member goes into E, C, D or S, or its name has moved: idle
# connections made under another value must be closed, not used.
cdef unsigned int member_epoch(const member_slot *m) noexcept nogil
# Milliseconds until the lazy retry; 0 now; -1: never by itself (a probe will bring it
# back, or it is stopped).
cdef long long member_retry_in_ms(
    const table_view *t, const member_slot *m, long long now_us) noexcept nogil
