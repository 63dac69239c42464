# bybusyness: the member with the fewest exchanges under way (spec balancing.md 5.3).
#
#   elected: the one with the smallest busy; of equally busy ones, as in byrequests
#
# busy is the sum of all workers' shares. lbstatus goes on as under byrequests, so that
# equally busy members take turns by their factors: without concurrency the sequence is
# byrequests' own.
#
# Factors 1 and 3, every request still under way:
#
#                     A            B
#   request 1         0: 100       0: 300        B is elected     100  -100
#   request 2         0: 200       1: 200        A, less busy    -200   200
#   request 3         1: -100      1: 500        B               -100   100
#
# The factor decides only between equally busy members: under steady load each has the
# same number of exchanges under way.
#
# Differs from Apache: a reset leaves busy as it is. Apache sets it to 0 under requests
# that are still under way, whose ends it then does not count. Here busy belongs to the
# workers, who take off what they put on.

cdef bint bybusyness_better(
        lb_scan *s, member_slot *m, const member_entry *e,
        member_slot *best) noexcept nogil:
    cdef long long busy = ledger_busy_of(s.table, m)
    lb_add(s, m, atomic_get_i32(&e.load_factor))
    if best != NULL and busy >= s.best_rank and (
            busy > s.best_rank or m.lbstatus <= best.lbstatus):
        return False
    s.best_rank = busy
    return True
