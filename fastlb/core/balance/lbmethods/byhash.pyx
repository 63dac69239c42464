# byhash: requests of one key go to one member (rendezvous hashing, bounded loads).
#
#   place     of a member for a key: -ln(u) / load_factor, where u of (0, 1] is what
#             the hash of both makes; so each is first for its share of the keys
#   room      a member has it while its busy is below
#             load_percent / 100 * (busy of all + 1) * load_factor / sum of the factors
#   elected   of those that have room the one with the smallest place
#
# A member's place for a key hangs on nothing but the two and its factor. So when one
# leaves, its keys are divided among the others and no other key moves; when it is back,
# so are its keys; and what a changed factor moves goes to that member, or comes from
# it. The key is made of the member's name in the table, which is that of its balancer
# and its URL: instances of fastlb with one configuration send a key to the same member.
#
# While the first of a key has no room the next of its order serves, the same one each
# time, so a key that everybody asks for spreads no further than it must. Somebody
# always has room, as all together cannot have more than they have; only a number that
# changes meanwhile can make it otherwise, and then the first one serves.
#
# A request without a key (no such header, no such cookie) is elected as by bychoice.
#
# An election writes nothing: the method does not pay. Places of three members and one
# key, 0.2 0.5 0.9, factors alike, load_percent 125:
#
#   busy          bound for each
#   0, 0, 0       1.25 * 1 / 3 = 0.4       the first is elected
#   1, 0, 0       1.25 * 2 / 3 = 0.8       the second
#   1, 1, 0       1.25 * 3 / 3 = 1.25      the first
#   2, 2, 1       1.25 * 6 / 3 = 2.5       the first
#   3, 2, 1       1.25 * 7 / 3 = 2.9       the second
#
# uses: balance/table, balance/ledger, balance/chance, balance/lbmethods/method,
#       balance/lbmethods/bychoice

cdef extern from "<math.h>" nogil:
    double byhash_ln "log"(double x)

cdef double BYHASH_STEP = 1.0 / 9007199254740992.0     # 2 ** -53


cdef double byhash_place(const lb_choice *c, const member_slot *m) noexcept nogil:
    cdef uint64_t state = c.key ^ member_entry_of(c.table, m).key_hash
    cdef uint64_t hash = chance_next(&state) >> 11
    return -byhash_ln(<double>(hash + 1) * BYHASH_STEP) / lb_factor(c, m)


# What busy / load_factor of a member has to stay below, for it to have room.
cdef double byhash_bound(const lb_choice *c) noexcept nogil:
    cdef long long busy = 1
    cdef long long factors = 0
    cdef int i
    for i in range(c.count):
        busy += ledger_busy_of(c.table, c.candidates[i])
        factors += lb_factor(c, c.candidates[i])
    return c.load_percent / 100.0 * <double>busy / <double>factors


cdef inline bint byhash_has_room(
        const lb_choice *c, const member_slot *m, double bound) noexcept nogil:
    return (c.load_percent == 0
            or <double>ledger_busy_of(c.table, m) < bound * lb_factor(c, m))


# The candidate with the smallest place, of all or of those that have room; -1: none
# has.
cdef int byhash_first(
        const lb_choice *c, bint with_room, double bound) noexcept nogil:
    cdef double place
    cdef double least = 0
    cdef int best = -1
    cdef int i
    for i in range(c.count):
        if with_room and not byhash_has_room(c, c.candidates[i], bound):
            continue
        place = byhash_place(c, c.candidates[i])
        if best < 0 or place < least:
            best = i
            least = place
    return best


cdef int byhash_choose(lb_choice *c) noexcept nogil:
    cdef double bound
    cdef int first, other
    if c.key == 0:
        return bychoice_choose(c)
    first = byhash_first(c, False, 0)
    if c.load_percent == 0:
        return first
    bound = byhash_bound(c)
    if byhash_has_room(c, c.candidates[first], bound):
        return first
    other = byhash_first(c, True, bound)
    return other if other >= 0 else first


cdef void byhash_reset(member_slot *m) noexcept nogil:
    pass


cdef int byhash_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef const member_slot *m = c.candidates[i]
    cdef double place
    cdef int before = 0
    cdef int k
    if c.key == 0:
        return bychoice_tell(c, i, scores)
    place = byhash_place(c, m)
    for k in range(c.count):
        before += byhash_place(c, c.candidates[k]) < place
    scores[0] = lb_score(b"place", before + 1)
    scores[1] = lb_score(b"busy", ledger_busy_of(c.table, m))
    scores[2] = lb_score(b"room", byhash_has_room(c, m, byhash_bound(c)))
    return 3
