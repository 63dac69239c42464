"""Connections to members, kept alive between requests: one pool a member and worker.

The newest idle connection is taken first, so that what a burst opened grows old and
is closed (smax, ttl). An idle connection stays in the epoll set: what a member closes
is taken out when its event comes, without any system call at the time of use. A request
that must not be sent twice takes none that its member may be closing (kept.pyx).

mod_proxy's min, smax, max, ttl, acquire and disablereuse.
"""
# uses: io/buffer, io/timer, io/watch, io/tls_stream, io/stream, balance/ledger,
#       plan/plan, flow/kept, flow/exchange, flow/engine, flow/states, flow/member,
#       flow/service_log, flow/queue, flow/upstream

cdef enum:
    # Without smax= as many idle connections are kept as were ever of use; this is the
    # bound against a member that was slow for a moment.
    POOL_IDLE_MAX = 4096
    # Where ttl= does not say how long an idle connection beyond min= is kept.
    POOL_IDLE_US = 60000000


cdef inline void pool_unlink(upstream *u) noexcept nogil:
    cdef plan_member *m = u.member
    cdef member_pool *p = pool_of(m)
    ASSERT(u.state == UP_IDLE)
    ASSERT(p.idle_count > 0)
    ASSERT(u.prev != NULL or p.idle == u)
    if u.prev != NULL:
        u.prev.next = u.next
    else:
        p.idle = u.next
    if u.next != NULL:
        u.next.prev = u.prev
    else:
        p.oldest = u.prev
    u.next = NULL
    u.prev = NULL
    p.idle_count -= 1
    engine.idle_count -= 1


cdef bint pool_fits(upstream *u, exchange *x) noexcept nogil:
    """TLS: was it made for the name that this request asks for, and is it silent?"""
    return u.c.tls.name_hash == member_name_hash(x) and (
        not u.c.readable or tls_is_quiet(&u.c))


cdef bint pool_is_quiet(upstream *u) noexcept nogil:
    """Asked of the socket. What comes after that may still be told."""
    if u.c.tls != NULL:
        stream_note_heard(&u.c)
    return stream_is_quiet(&u.c)


cdef bint pool_is_young(member_pool *p) noexcept nogil:
    """Will the newest idle connection be there for a moment, for sure? The oldest says
    how long they live."""
    if not (p.oldest.c.readable or p.oldest.c.broken):
        kept_saw_open(&p.kept, watch.now_us - p.oldest.idle_us)
    return watch.now_us - p.idle.idle_us < kept_for_us(&p.kept)


cdef upstream *pool_take(exchange *x, bint careful) noexcept nogil:
    """An idle connection that may still be used; NULL: none. careful: the request must
    not be sent twice, so its age counts, and the socket is asked too."""
    cdef plan_member *m = x.member
    cdef member_pool *p = pool_of(m)
    cdef upstream *u
    cdef unsigned int epoch = member_epoch(m.slot)
    while p.idle != NULL:
        if careful and not pool_is_young(p):
            say_kept_long(x)
            return NULL
        u = p.idle
        pool_unlink(u)
        if likely(u.epoch == epoch and not u.c.peer_closed and not u.c.broken
                  and (not u.c.readable if u.c.tls == NULL else pool_fits(u, x))
                  and (not careful or pool_is_quiet(u))):
            ASSERT(u.input == NULL)
            ASSERT(u.output == NULL)
            upstream_enter(u, UP_BUSY)
            timer_clear(&u.c.timer)
            ledger_upstream(&engine.slot.reused)
            u.idle_us = watch.now_us - u.idle_us
            return u
        pool_saw_end(u)
        upstream_close(u)
    return NULL


cdef void pool_saw_end(upstream *u) noexcept nogil:
    """An idle connection ends; if it is its member that ends it, that is learnt."""
    if u.c.peer_closed or u.c.broken:
        kept_saw_end(&pool_of(u.member).kept, watch.now_us - u.idle_us)


cdef void pool_put(upstream *u) noexcept nogil:
    """Keep a connection whose response was read to its last byte, or close it."""
    cdef plan_member *m = u.member
    cdef member_pool *p = pool_of(m)
    cdef int idle_max = m.smax if m.smax >= 0 else POOL_IDLE_MAX
    ASSERT(u.state == UP_BUSY)
    ASSERT(u.x == NULL)
    # smax= bounds what is kept beyond ttl=; without a ttl= it bounds what is kept.
    if u.c.readable and stream_is_quiet(&u.c):
        # The last read took just what it asked for, and left nothing: only the socket
        # could tell, because the edge that told of it is gone.
        u.c.readable = False
    if (u.epoch != member_epoch(m.slot) or u.c.peer_closed or u.c.broken
            or u.c.readable or (p.idle_count >= idle_max and m.said.ttl_us == 0)):
        upstream_close(u)
        return
    upstream_enter(u, UP_IDLE)
    u.x = NULL
    buffer_drop(&u.input)
    buffer_drop(&u.output)
    u.prev = NULL
    u.next = p.idle
    if p.idle != NULL:
        p.idle.prev = u
    else:
        p.oldest = u
    p.idle = u
    u.idle_us = watch.now_us
    p.idle_count += 1
    engine.idle_count += 1
    cdef long long idle_us = m.said.ttl_us if m.said.ttl_us else POOL_IDLE_US
    timer_set(&u.c.timer, watch.now_us + idle_us)
    if p.waiting.head != NULL:
        pool_wake(m)


cdef void pool_empty(plan_member *m) noexcept nogil:
    """Close all idle ones."""
    while pool_of(m).idle != NULL:
        pool_close(pool_of(m).idle)


cdef void pools_renew() noexcept nogil:
    """Called on every tick. A member went out, or its name has moved: what is idle ends
    now, so that whoever was there can go, and what was known of it no longer holds."""
    cdef plan_member *m
    cdef member_pool *p
    cdef upstream *u
    cdef upstream *next
    cdef unsigned int epoch
    cdef int i
    cdef unsigned int moves = atomic_get_acquire_u32(&engine.view.field.moves)
    if likely(engine.moves == moves):
        return
    engine.moves = moves
    for i in range(plan.member_count):
        m = &plan.members[i]
        p = pool_of(m)
        epoch = member_epoch(m.slot)
        if p.epoch == epoch:
            continue
        p.epoch = epoch
        memset(&p.kept, 0, sizeof(kept_time))
        u = p.idle
        while u != NULL:
            next = u.next
            if u.epoch != epoch:
                pool_close(u)
            u = next


cdef bint pool_make_room() noexcept nogil:
    """Descriptors are short: close an idle connection of the member that has the most.
    False: none has any."""
    cdef plan_member *most = NULL
    cdef plan_member *m
    cdef int i, count = 0
    for i in range(plan.member_count):
        m = &plan.members[i]
        if pool_of(m).idle_count > count:
            most = m
            count = pool_of(m).idle_count
    if most == NULL:
        return False
    pool_close(pool_of(most).idle)
    return True


cdef void pool_close(upstream *u) noexcept nogil:
    """Close an idle one."""
    pool_unlink(u)
    upstream_close(u)


cdef bint pool_has_room(plan_member *m) noexcept nogil:
    """May another connection be opened (max=)?"""
    cdef int most = member_most(m)
    return most == 0 or pool_of(m).open_count < most
