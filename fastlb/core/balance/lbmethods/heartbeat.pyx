# heartbeat: members say how many of their workers are ready, and get requests by that.
#
#   open      ready, of a member that was heard within HEARTBEAT_LAST_US; a quarter of
#             it (rounded up) while none of its workers is busy: it has just started
#   elected   each candidate with the chance open / sum of all
#
# What members say comes from the monitor, through the directory (table.pxd), and so
# from nobody who may not write there. load_factor and busy are not looked at.
#
# While nobody has a worker ready, those that were heard share the requests; while
# nobody is heard, all candidates do, as under bychoice: what lacks then is the news of
# members, not members. Under compat_apache nobody serves in both cases, and not the one
# whose quarter of `ready`, rounded down, is nothing.
#
# An election writes nothing: the method does not pay. The first 32 bits of `random`
# draw. Of 40 parts the first 10 are A's:
#
#                   A          B
#   ready, busy     10, 3      30, 1      open 10, 30      part 9: A, part 10: B
#   ready, busy     40, 0      30, 1      open 10, 30      the same
#
# uses: balance/table, balance/lbmethods/method, balance/lbmethods/bychoice

cdef enum:
    HEARTBEAT_HEARD = 0     # parts: one for each that was heard
    HEARTBEAT_OPEN = 1      # ... one for each worker that is ready


cdef int heartbeat_parts(
        const lb_choice *c, const member_slot *m, int kind) noexcept nogil:
    cdef const address_record *r = c.table.address_records + (m - c.table.members)
    cdef long long heard_us = atomic_get_i64(&r.heard_us)
    cdef uint32_t ready
    if heard_us <= 0 or heard_us <= c.now_us - HEARTBEAT_LAST_US:
        return 0
    if kind == HEARTBEAT_HEARD:
        return 1
    ready = atomic_get_u32(&r.ready)
    if ready > HEARTBEAT_READY_MAX:
        ready = HEARTBEAT_READY_MAX
    if atomic_get_u32(&r.busy) == 0:
        ready = ready // 4 if c.compat_apache else (ready + 3) // 4
    return lb_part(c, m, <int>ready)


# -1: there are no parts.
cdef int heartbeat_draw(const lb_choice *c, int kind) noexcept nogil:
    cdef uint64_t total = 0
    cdef long long part
    cdef int parts
    cdef int last = -1
    cdef int i
    for i in range(c.count):
        total += <uint64_t>heartbeat_parts(c, c.candidates[i], kind)
    part = <long long>((total * (c.random >> 32)) >> 32)
    for i in range(c.count):
        parts = heartbeat_parts(c, c.candidates[i], kind)
        if parts == 0:
            continue
        last = i
        part -= parts
        if part < 0:
            break
    return last     # the monitor may change them meanwhile


cdef int heartbeat_choose(lb_choice *c) noexcept nogil:
    cdef int drawn = heartbeat_draw(c, HEARTBEAT_OPEN)
    if drawn >= 0 or c.compat_apache:
        return drawn
    drawn = heartbeat_draw(c, HEARTBEAT_HEARD)
    return drawn if drawn >= 0 else bychoice_choose(c)


cdef void heartbeat_reset(member_slot *m) noexcept nogil:
    pass


cdef int heartbeat_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef const member_slot *m = c.candidates[i]
    scores[0] = lb_score(b"open", heartbeat_parts(c, m, HEARTBEAT_OPEN))
    scores[1] = lb_score(b"heard", heartbeat_parts(c, m, HEARTBEAT_HEARD))
    return 2
