# bybusyness: the member with the fewest exchanges under way.
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
#
# uses: balance/table, balance/lbmethods/method

cdef int bybusyness_choose(lb_choice *c) noexcept nogil:
    cdef member_slot *m
    cdef long long busy
    cdef long long least = 0
    cdef long long urgent = 0
    cdef int best = -1
    cdef int i
    for i in range(c.count):
        m = c.candidates[i]
        busy = lb_busy(c, m)
        lb_add(c, m, lb_factor(c, m))
        if best >= 0 and busy >= least and (busy > least or m.lbstatus <= urgent):
            continue
        best = i
        least = busy
        urgent = m.lbstatus
    lb_sub(c.candidates[best], c.total)
    return best


cdef int bybusyness_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef const member_slot *m = c.candidates[i]
    scores[0] = lb_score(b"busy", lb_busy(c, m))
    scores[1] = lb_score(b"lbstatus", m.lbstatus + lb_factor(c, m))
    return 2
