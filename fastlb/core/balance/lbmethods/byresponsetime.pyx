# byresponsetime: of two members that are drawn the one whose answer is due sooner.
#
#   time      the member's time to an answer (ledger.pxd: a mean that rises at once and
#             forgets half of a slow answer in RESPONSE_HALF_LIFE_US); while it has
#             nothing under way, what it was once asked fades in the same way
#   due       time * sqrt(1 + busy * greater load_factor of the two / its own)
#   elected   the first one drawn, unless the second one's answer is due in less than
#             two thirds of the time
#
# Both are drawn by their factors, as under bychoice (bychoice.pyx). So members that are
# about as quick share by their factors, and a difference that chance makes moves
# nobody. One that is slower is asked when the others have so much more under way, and
# else every few seconds, one request at a time: its time fades until it is worth
# another look.
#
# A member that has not answered yet is thought to take no time while it has nothing
# under way, and RESPONSE_UNKNOWN_US each from then on. So its first draw brings it a
# request, and the answer to that, or its absence, decides about the next.
#
# An election writes nothing: the method does not pay.
#
#   first drawn            second                  due
#   20 ms, busy 0          10 ms, busy 0           20, 10          the second is elected
#   14 ms, busy 0          10 ms, busy 0           14, 10          the first
#   10 ms, busy 8          20 ms, busy 0           30, 20          the first
#   10 ms, busy 9          20 ms, busy 0           32, 20          the second
#   10 ms, busy 0          unknown, busy 0         10, 0           the second
#   10 ms, busy 0          unknown, busy 1         10, 1414        the first
#   80 ms, 20 s ago        10 ms, busy 0            5, 10          the first
#
# The root, since times know already how long answers wait behind others: a member that
# serves many requests side by side is not slower for it. Compared are squares.
#
# uses: balance/table, balance/ledger, balance/lbmethods/method,
#       balance/lbmethods/bychoice

# Microseconds that an answer takes, as choose sees it now.
cdef double byresponsetime_of(
        lb_choice *c, const member_slot *m, long long busy) noexcept nogil:
    cdef long long known_ns = ledger_response_ns(m, c.now_us)
    if unlikely(known_ns <= 0):
        c.is_wild = c.is_wild or known_ns < 0
        return RESPONSE_UNKNOWN_US if busy > 0 else 0
    if busy > 0:
        return known_ns / 1000.0
    return known_ns / 1000.0 * ledger_fading(ledger_response_age_us(m, c.now_us))


# The square of it.
cdef double byresponsetime_due(
        lb_choice *c, const member_slot *m, int factor_max) noexcept nogil:
    cdef long long busy = ledger_busy_of(c.table, m)
    cdef double time_us = byresponsetime_of(c, m, busy)
    return time_us * time_us * (1 + <double>busy * factor_max / lb_factor(c, m))


cdef int byresponsetime_choose(lb_choice *c) noexcept nogil:
    cdef int first, second, factor_max
    cdef const member_slot *m
    cdef const member_slot *other
    if c.count == 1:
        return 0
    bychoice_draw_two(c, &first, &second)
    m = c.candidates[first]
    other = c.candidates[second]
    factor_max = max(lb_factor(c, m), lb_factor(c, other))
    if (byresponsetime_due(c, other, factor_max) * 9
            < byresponsetime_due(c, m, factor_max) * 4):
        return second
    return first


cdef void byresponsetime_reset(member_slot *m) noexcept nogil:
    atomic_set_i64(&m.response_ns, 0)
    atomic_set_i64(&m.answered_us, 0)


cdef int byresponsetime_tell(
        const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef lb_choice looking = c[0]       # whoever tells reports no wild number
    cdef const member_slot *m = c.candidates[i]
    cdef long long busy = ledger_busy_of(c.table, m)
    cdef int first, second
    bychoice_draw_two(c, &first, &second)
    if i != first and i != second:
        return 0
    scores[0] = lb_score(b"us", <long long>byresponsetime_of(&looking, m, busy))
    scores[1] = lb_score(b"busy", busy)
    scores[2] = lb_score(b"factor", lb_factor(c, m))
    return 3
