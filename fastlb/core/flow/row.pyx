"""What a worker says of itself in its row of the table, said again with every tick.

Another worker may have written over it: one that was taken over. The truth is in this
process's own memory, so a lie lasts as long as a tick. (Totals are what was said: a lie
there changes figures on a page.)
"""
# uses: balance/table, plan/plan, flow/engine, flow/member

cdef enum:
    ROW_MEMBERS_PER_TICK = 256


# Looked at first: nearly always it stands there, and the line is not made dirty.
cdef void row_set(int32_t *p, long now) noexcept nogil:
    if unlikely(atomic_get_i32(p) != now):
        atomic_set_i32(p, <int32_t>now)


cdef void row_say_again() noexcept nogil:
    cdef worker_slot *w = engine.slot
    cdef plan_member *m
    cdef int _turns
    row_set(&w.connections, engine.downstream_count)
    row_set(&w.exchanges, engine.exchange_count)
    row_set(&w.tunnels, engine.tunnel_count)
    row_set(&w.waiting, engine.wait_count)
    row_set(&w.upstreams, engine.upstream_count)
    row_set(&w.idle, engine.idle_count)
    if plan.max_request_workers > 0:
        row_set(&w.granted, engine.granted)
    if engine.draining:
        row_set(<int32_t *>&w.state, c'G')
    elif engine.accepting:
        row_set(<int32_t *>&w.state, c'_')
    for _turns in range(min(plan.member_count, ROW_MEMBERS_PER_TICK)):
        engine.row_next = engine.row_next + 1 if engine.row_next + 1 < \
            plan.member_count else 0
        m = &plan.members[engine.row_next]
        row_set(table_share(engine.view, w, m.slot), pool_of(m).busy)
