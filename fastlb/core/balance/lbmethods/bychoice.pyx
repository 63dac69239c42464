# bychoice: the less busy of two members that are drawn (power of two choices).
#
#   drawn     two candidates, each with the chance load_factor / sum; the second among
#             those that are left
#   elected   the one with the smaller busy / load_factor; of equal ones the first
#
# busy is the sum of all workers' shares. With nothing under way the first one drawn
# serves, so that each member gets its share of the requests, on average. Under load the
# busiest member for its factor serves only when it alone is left; and workers that
# elect at one moment do not all send their requests to the one that was least busy just
# then, as under bybusyness.
#
# An election writes nothing: the method does not pay, and busy belongs to the workers.
# The first 32 bits of `random` draw the first member, the others the second.
#
# Factors 1 and 3; of 400 parts the first 100 are A's:
#
#   drawn                 busy A, B     busy / factor
#   part 0: A, then B     0, 0          equal                  A is elected
#   part 0: A, then B     1, 2          1/1 > 2/3              B
#   part 100: B, then A   1, 3          3/3 = 1/1              B
#   part 100: B, then A   1, 4          4/3 > 1/1              A
#
# uses: balance/table, balance/ledger, balance/lbmethods/method

cdef long long bychoice_sum(const lb_choice *c, int without) noexcept nogil:
    cdef long long total = 0
    cdef int i
    for i in range(c.count):
        if i != without:
            total += lb_factor(c, c.candidates[i])
    return total


# A candidate but for `without` (-1: any). The master may change factors meanwhile, so
# the last one is taken when the parts do not reach.
cdef int bychoice_draw(const lb_choice *c, uint32_t random, int without) noexcept nogil:
    cdef uint64_t total = <uint64_t>bychoice_sum(c, without)
    cdef long long part = <long long>((total * random) >> 32)
    cdef int drawn = 0
    cdef int i
    for i in range(c.count):
        if i == without:
            continue
        drawn = i
        part -= lb_factor(c, c.candidates[i])
        if part < 0:
            break
    return drawn


cdef inline void bychoice_draw_two(
        const lb_choice *c, int *first, int *second) noexcept nogil:
    first[0] = bychoice_draw(c, <uint32_t>(c.random >> 32), -1)
    second[0] = bychoice_draw(c, <uint32_t>c.random, first[0])


cdef int bychoice_choose(lb_choice *c) noexcept nogil:
    cdef int first, second
    cdef member_slot *m
    cdef member_slot *other
    if c.count == 1:
        return 0
    bychoice_draw_two(c, &first, &second)
    m = c.candidates[first]
    other = c.candidates[second]
    if (ledger_busy_of(c.table, other) * lb_factor(c, m)
            < ledger_busy_of(c.table, m) * lb_factor(c, other)):
        return second
    return first


cdef void bychoice_reset(member_slot *m) noexcept nogil:
    pass


cdef int bychoice_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef int first, second
    cdef const member_slot *m = c.candidates[i]
    bychoice_draw_two(c, &first, &second)
    if i != first and i != second:
        return 0
    scores[0] = lb_score(b"busy", ledger_busy_of(c.table, m))
    scores[1] = lb_score(b"factor", lb_factor(c, m))
    return 2
