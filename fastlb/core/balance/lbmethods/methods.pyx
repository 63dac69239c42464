# The methods by number, and what they share.

cdef lb_method[LBMETHODS_COUNT] LB_METHODS


cdef void lb_method_row(
        int number, const char *name, lb_better better, lb_settle settle,
        lb_reset reset) noexcept nogil:
    LB_METHODS[number].name = name
    LB_METHODS[number].better = better
    LB_METHODS[number].settle = settle
    LB_METHODS[number].reset = reset


lb_method_row(
    LBMETHOD_BYREQUESTS, b"byrequests",
    byrequests_better, byrequests_settle, byrequests_reset)
lb_method_row(
    LBMETHOD_BYTRAFFIC, b"bytraffic",
    bytraffic_better, bytraffic_settle, bytraffic_reset)
# what it keeps is what byrequests keeps
lb_method_row(
    LBMETHOD_BYBUSYNESS, b"bybusyness",
    bybusyness_better, byrequests_settle, byrequests_reset)


cdef const lb_method *lb_method_of(int number) noexcept nogil:
    ASSERT(number >= 0)
    ASSERT(number < LBMETHODS_COUNT)
    return &LB_METHODS[number]


cdef int lb_method_find(const char *name) noexcept nogil:
    cdef int number
    for number in range(LBMETHODS_COUNT):
        if lb_strcmp(LB_METHODS[number].name, name) == 0:
            return number
    return -1


cdef void lb_add(lb_scan *s, member_slot *m, long long part) noexcept nogil:
    ASSERT(part > 0)
    if unlikely(
            <uint64_t>m.lbstatus + ELECT_LBSTATUS_MAX
            > <uint64_t>2 * ELECT_LBSTATUS_MAX):
        s.is_wild = True
        return
    # what was there is kept before it changes: see balancer_undo in table.pyx
    if m.stamp != s.number:
        m.lbstatus_before = m.lbstatus
        atomic_keep_order()
        m.stamp = s.number
    atomic_keep_order()
    m.lbstatus += part
    s.total += part


cdef void lb_sub(member_slot *m, long long part) noexcept nogil:
    # unsigned, because a wild number may overflow
    m.lbstatus = <int64_t>(<uint64_t>m.lbstatus - <uint64_t>part)
