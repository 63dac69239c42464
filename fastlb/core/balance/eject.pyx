"""Members that fail requests, and go out for it (eject.pxd)."""
# uses: balance/table, balance/ledger, balance/elect

cdef ejection ejected           # the last one, for the log


# Of an answer: 5xx, but for what says something of the request.
cdef bint eject_is_failure(int status) noexcept nogil:
    return status >= 500 and status != 501 and status != 505


cdef void eject_passed(member_slot *m) noexcept nogil:
    # looked at first: the line is shared, and nearly always there is nothing to do
    if unlikely(atomic_get_u32(&m.fails) != 0):
        atomic_set_u32(&m.fails, 0)


# Weighing begins anew, with what fails next.
cdef void eject_forget(
        member_slot *m, uint32_t elected, long long now_us) noexcept nogil:
    atomic_set_u32(&m.fails, 0)
    atomic_set_i64(&m.weighed_us, now_us)
    atomic_set_u32(&m.weighed_from, elected)
    atomic_set_u32(&m.weighed_fails, 0)


# Is it enough? Of both reasons the first one that is.
cdef bint eject_weigh(
        const balancer_plan *b, member_slot *m, long long now_us,
        ejection *out) noexcept nogil:
    cdef uint32_t elected = <uint32_t>atomic_get_u64(&m.elected)
    cdef long long age_us
    out.fails = atomic_add_u32(&m.fails, 1) + 1
    if b.eject_failures and out.fails >= b.eject_failures:
        return True
    if not b.eject_percent:
        return False
    age_us = now_us - atomic_get_i64(&m.weighed_us)
    if not 0 <= age_us <= b.eject_window_us:
        atomic_set_i64(&m.weighed_us, now_us)
        atomic_set_u32(&m.weighed_from, elected - 1)
        atomic_set_u32(&m.weighed_fails, 1)
        return False
    out.fails = atomic_add_u32(&m.weighed_fails, 1) + 1
    out.requests = elected - atomic_get_u32(&m.weighed_from)
    out.within_us = age_us
    return out.requests >= b.eject_requests and (
        <uint64_t>out.fails * 100 >= <uint64_t>out.requests * b.eject_percent)


# May one more be out? Who runs the server has taken others out; they do not count.
cdef bint eject_has_room(
        const table_view *t, const balancer_plan *b, const member_slot *m,
        ejection *out) noexcept nogil:
    cdef uint32_t flags
    cdef int i
    out.out_count = 1
    out.member_count = 0
    for i in range(b.member_count):
        flags = member_flags_now(t, b.members[i])
        if not flags & FLAG_INIT or flags & (
                FLAG_DISABLED | FLAG_STOPPED | FLAG_SHUTDOWN):
            continue
        out.member_count += 1
        if b.members[i] != m and flags & (FLAG_ERROR | FLAG_HEALTH):
            out.out_count += 1
    out.out_max = max(out.member_count * b.eject_max_percent // 100, 1)
    return out.out_count <= out.out_max and out.out_count < out.member_count


# How often it was, with what it has served since taken off.
cdef uint32_t eject_times(
        const balancer_plan *b, const member_slot *m,
        long long now_us) noexcept nogil:
    cdef uint32_t times = min(
        atomic_get_u32(&m.ejections), <uint32_t>EJECT_TIMES_MAX)
    cdef long long served_us = now_us - member_ejected_until_us(m, now_us)
    cdef long long forgiven
    if times == 0:
        return 0
    forgiven = served_us // (b.eject_us * times)
    return 0 if forgiven >= times else times - <uint32_t>forgiven


cdef int eject_failed(
        table_view *t, const balancer_plan *b, member_slot *m, long long now_us,
        ejection *out) noexcept nogil:
    memset(out, 0, sizeof(ejection))
    if member_ignores_errors(t, m) or member_ejected_until_us(m, now_us) > now_us:
        return EJECT_NOT        # what was under way fails, too
    if likely(not eject_weigh(b, m, now_us, out)):
        return EJECT_NOT
    eject_forget(m, <uint32_t>atomic_get_u64(&m.elected), now_us)
    if not eject_has_room(t, b, m, out):
        return EJECT_NO_ROOM
    out.times = min(eject_times(b, m, now_us) + 1, <uint32_t>EJECT_TIMES_MAX)
    out.out_us = b.eject_us * out.times
    atomic_set_u32(&m.ejections, out.times)
    # before E, so that whoever sees E knows how long
    atomic_set_i64(&m.ejected_until_us, now_us + out.out_us)
    member_failed(t, m, now_us, False)
    return EJECT_OUT
