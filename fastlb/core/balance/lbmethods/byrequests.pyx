# byrequests: each member gets its share of the requests (Apache's default).
#
#   load_factor   how much work the member is to get, x 100
#   lbstatus      how urgently it is due
#
# Every candidate of an election becomes more urgent by its factor; the most urgent is
# elected, and pays what all of them were given:
#
#   for each candidate: lbstatus += load_factor; total += load_factor
#   elected: the first with the greatest lbstatus; lbstatus -= total
#
# So the sum over the candidates never changes, and over any `total / gcd` elections
# each gets exactly its share. Factors 1 and 3, from a fresh start:
#
#                     A     B
#   request 1 adds   100   300    B is elected    100  -100
#   request 2        200   200    A, the first   -200   200
#   request 3       -100   500    B              -100   100
#   request 4          0   400    B                 0     0    and so on: B A B B
#
# A member that is out keeps its lbstatus and takes part with it when it is back.
#
# uses: balance/table, balance/lbmethods/method

cdef int byrequests_choose(lb_choice *c) noexcept nogil:
    cdef member_slot *m
    cdef long long urgent = 0
    cdef int best = -1
    cdef int i
    for i in range(c.count):
        m = c.candidates[i]
        lb_add(c, m, lb_factor(c, m))
        if best < 0 or m.lbstatus > urgent:
            best = i
            urgent = m.lbstatus
    lb_sub(c.candidates[best], c.total)
    return best


cdef void byrequests_reset(member_slot *m) noexcept nogil:
    m.lbstatus = 0
    m.lbstatus_before = 0


# lbstatus as choose compares it, its part given.
cdef int byrequests_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef const member_slot *m = c.candidates[i]
    scores[0] = lb_score(b"lbstatus", m.lbstatus + lb_factor(c, m))
    return 1
