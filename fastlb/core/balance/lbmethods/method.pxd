# What a balancing method is. To add one: its file in this folder (byrequests.pyx is the
# example), its include in the spine, its row in methods.pyx, its name in the
# configuration; docs/adding.md has it step by step.
#
# elect.pyx walks the members as Apache does (lbset, states, spares, standbys) and
# gathers those that may serve, the candidates; the method names one of them. Nothing in
# it may wait: straight code, no system call. Time and randomness are handed to it, so
# that a test, a simulator and the data path see the same choices.

# One election, as its method sees it.
cdef struct lb_choice:
    const table_view *table
    member_slot **candidates    # in declaration order, spares behind the others
    int count               # of candidates, at least 1
    bint is_full            # whoever may serve is left out while it has no place
    bint is_wild            # a number was met that no process of ours can have written
    long long now_us
    bint compat_apache
    uint64_t random         # every bit drawn anew for this election
    # for methods that hash (LB_HASHES):
    uint64_t key            # of what the request is hashed by; 0: it has none of that
    int load_percent        # that a member may have of the mean; 0: any
    const fastlb_lbmethod *outside      # of another package; NULL: it is ours
    # for methods that pay:
    long long total         # of what lb_add gave
    uint32_t number         # of this election

# Which candidate serves, 0 to count - 1; any of them may be named. -1: none of them may
# (heartbeat alone, under compat_apache).
ctypedef int (*lb_choose)(lb_choice *c) noexcept nogil
# Begin anew: what the method keeps in that member goes back to its start.
ctypedef void (*lb_reset)(member_slot *m) noexcept nogil

# A number by which a method compares, for people (fastlb explain).
cdef struct lb_score:
    const char *name
    long long number
# What choose would compare of candidate i, most important first. It looks only, and is
# never called for a request. returns how many of LB_SCORES_MAX; 0: choose does not look
# at this candidate at all
ctypedef int (*lb_tell)(const lb_choice *c, int i, lb_score *scores) noexcept nogil

# What a method needs beside the candidates.
#
# LB_PAYS: it keeps lbstatus, through lb_add and lb_sub alone. Then it chooses under the
# balancer's lock, all workers' elections are one sequence, and one whose process died
# half way is undone. A method that does not pay writes nothing and reads single words:
# it chooses before the lock is taken, which then covers the count of `elected` only.
#
# LB_TIMES: the times to an answer (ledger.pxd) are taken of its balancer's members.
#
# LB_HASHES: requests of its balancer have a key (flow/hash_key.pyx).
cdef enum:
    LB_PAYS = 1
    LB_TIMES = 2
    LB_HASHES = 4

cdef struct lb_method:
    const char *name        # as in lbmethod=
    int needs               # LB_*
    lb_choose choose
    lb_reset reset
    lb_tell tell
    const char *rule        # who is elected, in words: "the greatest lbstatus"
    const fastlb_lbmethod *outside      # of another package; NULL: it is ours

# The share of work that a candidate is to have (x 100, at least 1): what is configured,
# or with slowstart= a part of that, which grows from a tenth to the whole in that time,
# from when it may serve, for the first time or again; and of that what its agent says.
cdef int lb_factor(const lb_choice *c, const member_slot *m) noexcept nogil
# Give a member its part; take from the elected one what all were given.
cdef void lb_add(lb_choice *c, member_slot *m, long long part) noexcept nogil
