# Methods of other packages: what they are told, and what becomes of what they say.
#
# uses: balance/table, balance/ledger, balance/lbmethods/method,
#       balance/lbmethods/bychoice

# Copies of those that may serve: good for one election.
cdef fastlb_candidate[MEMBERS_PER_BALANCER_MAX] outside_candidates


cdef void outside_look(const lb_choice *c, fastlb_election *e) noexcept nogil:
    cdef const member_slot *m
    cdef fastlb_candidate *one
    cdef int i
    for i in range(c.count):
        m = c.candidates[i]
        one = &outside_candidates[i]
        one.name = member_entry_of(c.table, m).key_hash
        one.load_factor = lb_factor(c, m)
        one.busy = ledger_busy_of(c.table, m)
        one.elected = atomic_get_u64(&m.elected)
        one.sent = atomic_get_u64(&m.transferred)
        one.received = atomic_get_u64(&m.read)
        one.response_ns = ledger_response_ns(m, c.now_us)
        one.answered_us = atomic_get_i64(&m.answered_us)
        if one.response_ns < 0:     # a lie
            one.response_ns = one.answered_us = 0
    e.size = sizeof(fastlb_election)
    e.count = <uint32_t>c.count
    e.candidates = &outside_candidates[0]
    e.now_us = c.now_us
    e.random = c.random
    e.key = c.key


cdef int outside_choose(lb_choice *c) noexcept nogil:
    cdef fastlb_election e
    cdef int32_t i
    outside_look(c, &e)
    i = c.outside.choose(&e)
    return i if 0 <= i < c.count else bychoice_choose(c)


cdef void outside_reset(member_slot *m) noexcept nogil:
    pass


cdef int outside_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef fastlb_election e
    outside_look(c, &e)
    if c.outside.score != NULL:
        scores[0] = lb_score(b"score", c.outside.score(&e, <uint32_t>i))
        return 1
    scores[0] = lb_score(b"factor", outside_candidates[i].load_factor)
    scores[1] = lb_score(b"busy", outside_candidates[i].busy)
    return 2
