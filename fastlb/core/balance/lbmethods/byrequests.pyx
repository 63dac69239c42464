# byrequests: each member gets its share of the requests (Apache's default; spec
# balancing.md 5.1).
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

cdef bint byrequests_better(
        lb_scan *s, member_slot *m, const member_entry *e,
        member_slot *best) noexcept nogil:
    lb_add(s, m, atomic_get_i32(&e.load_factor))
    return best == NULL or m.lbstatus > best.lbstatus


cdef void byrequests_settle(lb_scan *s, member_slot *best) noexcept nogil:
    lb_sub(best, s.total)


cdef void byrequests_reset(member_slot *m) noexcept nogil:
    m.lbstatus = 0
    m.lbstatus_before = 0
