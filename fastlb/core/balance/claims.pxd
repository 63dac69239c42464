# Identity -> slot: the same identity has the same slot over any reload.
#
# Only the master claims, so nothing here waits but for a balancer's lock. Which
# generations hold a slot is kept in the master's own memory (Table.held), for any
# number of them; a slot that none holds is free.

# What the configuration says of a member.
cdef struct member_claim:
    const char *key
    unsigned int key_length
    int balancer            # slot, -1: none
    int load_factor
    int lbset
    uint32_t flags          # FLAG_*
    const char *route
    unsigned int route_length
    const char *redirect
    unsigned int redirect_length
    uint32_t retry_ms
    bint probe
    bint fresh

# The slot of that key, made when there is none; -1: none is free.
cdef int claim_balancer_slot(
    table_view *t, const char *key, unsigned int length) noexcept nogil
# lock: LOCK_*, when the balancer's lock had to be taken.
cdef int claim_member_slot(
    table_view *t, const member_claim *c, int *lock) noexcept nogil
# Another method begins anew with all members. returns LOCK_*
cdef int claim_balancer_method(table_view *t, int slot, int method) noexcept nogil
# Nobody holds it any more.
cdef void claim_free_balancer(table_view *t, int slot) noexcept nogil
cdef void claim_free_member(table_view *t, int slot) noexcept nogil

# The lowest free one, so that loops over workers stay short; -1: none is free.
cdef int claim_worker_slot(
    table_view *t, int pid, uint32_t serial, uint32_t generation,
    int number) noexcept nogil
# What a settled worker left behind.
cdef struct claim_leavings:
    long long busy          # its shares, all members together
    long long connections
    int locks
# Free the locks of a dead worker, take its shares off the gauges, add its totals to
# those of the ended, and free its slot. Believes nothing: every number is bounded.
cdef void claim_settle_worker(
    table_view *t, worker_slot *w, claim_leavings *out) noexcept nogil
