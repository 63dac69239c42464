# What a balancing method is. To add one: its file in this folder (byrequests.pyx is the
# example), its LBMETHOD_* number in elect.pxd, its row in methods.pyx, its include in
# the spine.
#
# elect.pyx walks the members as Apache does (lbset, states, spares, standbys) and asks
# the method about each one that may serve. All of it runs under the balancer's lock:
# straight code, no system call. A method that changes lbstatus does so through lb_add
# and lb_sub, so that an election whose process died can be undone.

# One walk over the members.
cdef struct lb_scan:
    table_view *table
    balancer_slot *balancer
    long long now_us
    long long total         # of what lb_add gave to the candidates
    long long best_rank     # a method's own: what it read of the best so far
    uint32_t number         # of this election
    bint is_wild            # a number was met that no process of ours can have written

# Is m better than the best so far (NULL: m is the first)? Asked once of every
# candidate, in order; ties go to the earlier member, so only "better" counts. e: what
# the book says of m; its load_factor is at least 1.
ctypedef bint (*lb_better)(
    lb_scan *s, member_slot *m, const member_entry *e,
    member_slot *best) noexcept nogil
# The best one has been elected.
ctypedef void (*lb_settle)(lb_scan *s, member_slot *best) noexcept nogil
# Begin anew: what the method keeps in that member goes back to its start.
ctypedef void (*lb_reset)(member_slot *m) noexcept nogil

cdef struct lb_method:
    const char *name        # as in lbmethod=
    lb_better better
    lb_settle settle
    lb_reset reset

# The row of that number (it must be one), and the number of that name (or -1).
cdef const lb_method *lb_method_of(int number) noexcept nogil
cdef int lb_method_find(const char *name) noexcept nogil

# Begin one: from here on balancer_undo takes back what its process does not end.
cdef void elect_begin(
    lb_scan *s, table_view *t, balancer_slot *slot, long long now_us) noexcept nogil

# Give a candidate its part; take from the elected one what all were given.
cdef void lb_add(lb_scan *s, member_slot *m, long long part) noexcept nogil
cdef void lb_sub(member_slot *m, long long part) noexcept nogil

cdef extern from "<string.h>" nogil:
    int lb_strcmp "strcmp"(const char *a, const char *b)
