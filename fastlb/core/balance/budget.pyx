"""What may be sent again (budget.pxd)."""
# uses: io/watch, balance/table, balance/elect

# A balancer that is new, or another than had the slot before.
cdef void budget_begin(balancer_slot *s) noexcept nogil:
    cdef int i
    atomic_set_u64(&s.budget_us, <uint64_t>clock_us())
    atomic_set_u64(&s.budget_from, 0)
    atomic_set_u32(&s.budget_before, 0)
    atomic_set_u32(&s.budget_spent, 0)
    atomic_set_u32(&s.budget_told, 0)
    for i in range(AGAIN_COUNTS):
        atomic_set_u32(&s.again[i], 0)


# Requests ever, as elections have counted them.
cdef uint64_t budget_requests(const balancer_plan *b) noexcept nogil:
    cdef uint64_t total = 0
    cdef int i
    for i in range(b.member_count):
        total += atomic_get_u64(&b.members[i].elected)
    return total


# Its time may be over: one of those who see it begins it anew. Numbers that no process
# of ours can have written (a time to come, more elections than there were) do so, too.
cdef void budget_renew(
        balancer_slot *s, uint64_t requests, long long now_us) noexcept nogil:
    cdef uint64_t since_us = atomic_get_u64(&s.budget_us)
    cdef uint64_t before = atomic_get_u64(&s.budget_from)
    cdef long long age_us = now_us - <long long>since_us
    cdef double mean = 0
    if 0 <= age_us < BUDGET_US and before <= requests:
        return
    if not atomic_swap_if_u64(&s.budget_us, &since_us, <uint64_t>now_us):
        return
    if age_us >= BUDGET_US and before <= requests:
        mean = <double>(requests - before) * BUDGET_US / <double>age_us
    atomic_set_u64(&s.budget_from, requests)
    atomic_set_u32(
        &s.budget_before, <uint32_t>mean if mean < GAUGE_MAX else GAUGE_MAX)
    atomic_set_u32(&s.budget_spent, 0)
    atomic_set_u32(&s.budget_told, 0)


cdef int budget_take(
        const balancer_plan *b, long long now_us, long long *bound) noexcept nogil:
    cdef balancer_slot *s = b.slot
    cdef uint64_t requests, so_far
    cdef uint32_t untold = 0
    bound[0] = 0
    if b.retry_budget < 0:
        return BUDGET_LEFT
    if b.retry_budget == 0:
        return BUDGET_SPENT
    requests = budget_requests(b)
    budget_renew(s, requests, now_us)
    so_far = requests - atomic_get_u64(&s.budget_from)
    if so_far > GAUGE_MAX:
        so_far = 0
    bound[0] = max(<long long>so_far, <long long>atomic_get_u32(&s.budget_before))
    bound[0] = max(bound[0] * b.retry_budget // 100, <long long>BUDGET_LEAST)
    if atomic_get_u32(&s.budget_spent) < bound[0]:
        atomic_add_u32(&s.budget_spent, 1)
        return BUDGET_LEFT
    if atomic_swap_if_u32(&s.budget_told, &untold, 1):
        return BUDGET_SPENT_NOW
    return BUDGET_SPENT


cdef void budget_give_back(const balancer_plan *b) noexcept nogil:
    cdef uint32_t spent = atomic_get_u32(&b.slot.budget_spent)
    # Its time may have begun anew meanwhile.
    while spent and b.retry_budget > 0:
        if atomic_swap_if_u32(&b.slot.budget_spent, &spent, spent - 1):
            return


cdef void again_count(const balancer_plan *b, int rule) noexcept nogil:
    atomic_add_u32(&b.slot.again[rule], 1)
