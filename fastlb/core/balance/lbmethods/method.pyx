"""What methods choose with (method.pxd)."""
# uses: balance/table, balance/ledger

cdef enum:
    LB_SLOW_PART = 10       # of its share a member with slowstart= begins with
    LB_SLOW_AHEAD_US = 60_000_000  # from a turn's now to another process's


cdef int lb_factor(const lb_choice *c, const member_slot *m) noexcept nogil:
    cdef const member_entry *e = member_entry_of(c.table, m)
    cdef int whole = atomic_get_i32(&e.load_factor)
    cdef long long slow_us = atomic_get_u32(&e.slow_start_ms)
    if unlikely(atomic_get_u32(&e.flags) & FLAG_AGENT):
        whole = member_agent_factor(c.table, m, whole)
    if likely(slow_us == 0):
        return whole
    return lb_slow_factor(
        whole, slow_us * 1000, c.now_us - atomic_get_i64(&m.up_us))


# What of its share a member has that has been up for so long. It may have come up after
# the moment that this turn has for now; what is further ahead none of ours has written.
cdef int lb_slow_factor(
        int whole, long long slow_us, long long up_for_us) noexcept nogil:
    cdef int first = max(whole // LB_SLOW_PART, 1)
    if not -LB_SLOW_AHEAD_US <= up_for_us < slow_us:
        return whole
    return first + <int>((whole - first) * max(up_for_us, 0) // slow_us)


# Nothing takes a part of its share away, neither time nor an agent.
cdef inline bint lb_is_whole(const member_entry *e) noexcept nogil:
    return (atomic_get_u32(&e.slow_start_ms) == 0
            and not atomic_get_u32(&e.flags) & FLAG_AGENT)


# What is left of a share that is counted otherwise, while it grows; none is lost.
cdef int lb_part(const lb_choice *c, const member_slot *m, int whole) noexcept nogil:
    cdef const member_entry *e = member_entry_of(c.table, m)
    cdef long long parts = whole
    if likely(whole == 0 or lb_is_whole(e)):
        return whole
    parts = parts * lb_factor(c, m) // atomic_get_i32(&e.load_factor)
    return <int>parts if parts > 1 else 1


# The requests that a candidate has under way; while its share grows, as many as they
# would be of the whole: one counts for ten when it is a tenth.
cdef long long lb_busy(const lb_choice *c, const member_slot *m) noexcept nogil:
    cdef const member_entry *e = member_entry_of(c.table, m)
    cdef long long busy = ledger_busy_of(c.table, m)
    if likely(lb_is_whole(e)):
        return busy
    return busy * atomic_get_i32(&e.load_factor) // lb_factor(c, m)


cdef void lb_add(lb_choice *c, member_slot *m, long long part) noexcept nogil:
    ASSERT(part > 0)
    if unlikely(
            <uint64_t>m.lbstatus + ELECT_LBSTATUS_MAX
            > <uint64_t>2 * ELECT_LBSTATUS_MAX):
        c.is_wild = True
        return
    # what was there is kept before it changes: see balancer_undo in table.pyx
    if m.stamp != c.number:
        m.lbstatus_before = m.lbstatus
        atomic_keep_order()
        m.stamp = c.number
    atomic_keep_order()
    m.lbstatus += part
    c.total += part


cdef void lb_sub(member_slot *m, long long part) noexcept nogil:
    # unsigned, because a wild number may overflow
    m.lbstatus = <int64_t>(<uint64_t>m.lbstatus - <uint64_t>part)
