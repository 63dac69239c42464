# Identity -> slot (style: same identity, same slot over any reload).
#
# A slot is held by the generations that claimed it, one bit each; a generation's bit is
# the place of its number in table_header.generations. A slot without a bit is free.
# Every function here runs under the table's mutex.

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

# The bit of a generation, taken if need be; -1: all are taken.
cdef int claim_lane(table_view *t, long long generation) noexcept nogil
# Give back a generation's bit, and free the slots that nobody else holds.
cdef void claim_release_lane(table_view *t, long long generation) noexcept nogil

# The slot of that key, made when there is none; -1: none is free. The caller adds the
# generation's bit.
cdef int claim_balancer_slot(
    table_view *t, const char *key, unsigned int length) noexcept nogil
cdef int claim_member_slot(table_view *t, const member_claim *c) noexcept nogil
# Another method begins anew with all members (spec balancing.md 5.8).
cdef void claim_balancer_method(table_view *t, int slot, int method) noexcept nogil

cdef int claim_worker_slot(
    table_view *t, int pid, uint32_t generation, int number) noexcept nogil
# Take a worker's shares off the gauges, add its totals to those of the ended, and free
# its slot. returns the sum of its shares of busy
cdef int claim_settle_worker(table_view *t, worker_slot *w) noexcept nogil
