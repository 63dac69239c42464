"""What methods choose with (method.pxd)."""
# uses: balance/table

cdef int lb_factor(const lb_choice *c, const member_slot *m) noexcept nogil:
    return atomic_get_i32(&member_entry_of(c.table, m).load_factor)


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
