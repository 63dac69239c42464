"""Who has which slot: the master's pen in the book (claims.pxd)."""
# uses: io/watch, balance/table, balance/lock, balance/ledger,
#       balance/lbmethods/methods, balance/budget

cdef inline table_book *claim_book(const table_view *t) noexcept nogil:
    return <table_book *>table_pen(t, t.book)


cdef inline balancer_entry *claim_balancer(
        const table_view *t, int slot) noexcept nogil:
    return <balancer_entry *>table_pen(t, &t.balancer_entries[slot])


cdef inline member_entry *claim_member(const table_view *t, int slot) noexcept nogil:
    return <member_entry *>table_pen(t, &t.member_entries[slot])


# --- balancers

# Nobody waits, and nobody ever has.
cdef void claim_begin_queue(table_view *t, balancer_slot *b) noexcept nogil:
    cdef uint32_t i
    for i in range(t.book.workers_used):
        claim_zero(table_queued(t, &t.workers[i], b))
    b.waits = b.waited_us = b.longest_us = b.turned_away = 0
    b.queue_most = 0


# The slot of that key, made when there is none; -1: none is free.
cdef int claim_balancer_slot(
        table_view *t, const char *key, unsigned int length) noexcept nogil:
    cdef uint64_t hash = table_key_hash(key, length)
    cdef uint32_t used = t.book.balancers_used
    cdef uint32_t i
    cdef int free = -1
    cdef balancer_entry *e
    for i in range(used):
        e = claim_balancer(t, <int>i)
        if not e.used:
            if free < 0:
                free = <int>i
        elif (e.key_hash == hash and e.key_length == length
                and memcmp(e.key, key, length) == 0):
            return <int>i
    if free < 0:
        if used == t.balancers_max:
            return -1
        free = <int>used
    e = claim_balancer(t, free)
    e.key_hash = hash
    e.key_length = length
    memcpy(e.key, key, length)
    atomic_set_u32(&e.lbmethod, 0)
    claim_begin_queue(t, &t.balancers[free])
    budget_begin(&t.balancers[free])
    atomic_set_release_u32(&e.used, 1)
    if <uint32_t>free == used:
        atomic_set_release_u32(&claim_book(t).balancers_used, used + 1)
    return free


# Another method begins anew with all members. returns LOCK_*.
cdef int claim_balancer_method(table_view *t, int slot, int method) noexcept nogil:
    cdef balancer_slot *b = &t.balancers[slot]
    cdef uint32_t i
    cdef int got
    if t.balancer_entries[slot].lbmethod == <uint32_t>method:
        return LOCK_FREE
    got = balancer_lock(t, b)
    atomic_set_u32(&claim_balancer(t, slot).lbmethod, <uint32_t>method)
    for i in range(t.book.members_used):
        if t.member_entries[i].balancer == slot:
            lb_method_of(method).reset(&t.members[i])
    balancer_unlock(t, b)
    return got


# Nobody holds it any more.
cdef void claim_free_balancer(table_view *t, int slot) noexcept nogil:
    atomic_set_release_u32(&claim_balancer(t, slot).used, 0)


# --- virtual hosts

# The slot of that key; -1: there is none. free: out, the lowest that is.
cdef int claim_find_vhost(
        const table_view *t, const char *key, unsigned int length,
        int *free) noexcept nogil:
    cdef uint64_t hash = table_key_hash(key, length)
    cdef uint32_t used = atomic_get_u32(&t.book.vhosts_used)
    cdef const vhost_entry *e
    cdef uint32_t i
    free[0] = <int>used if used < t.vhosts_max else -1
    for i in range(used):
        e = &t.vhost_entries[i]
        if not atomic_get_acquire_u32(&e.used):
            free[0] = min(free[0], <int>i) if free[0] >= 0 else <int>i
        elif (e.key_hash == hash and e.key_length == length
                and memcmp(e.key, key, min(length, VHOST_KEY_BYTES_MAX)) == 0):
            return <int>i
    return -1


# ... made when there is none; -1: none is free.
cdef int claim_vhost_slot(
        table_view *t, const char *key, unsigned int length) noexcept nogil:
    cdef int free
    cdef int slot = claim_find_vhost(t, key, length, &free)
    cdef vhost_entry *e
    if slot >= 0 or free < 0:
        return slot
    e = <vhost_entry *>table_pen(t, &t.vhost_entries[free])
    e.key_hash = table_key_hash(key, length)
    e.key_length = length
    memcpy(e.key, key, min(length, VHOST_KEY_BYTES_MAX))
    memset(&t.vhosts[free], 0, sizeof(vhost_slot))
    atomic_set_release_u32(&e.used, 1)
    if <uint32_t>free == t.book.vhosts_used:
        atomic_set_release_u32(&claim_book(t).vhosts_used, <uint32_t>free + 1)
    return free


cdef void claim_free_vhost(table_view *t, int slot) noexcept nogil:
    cdef vhost_entry *e = <vhost_entry *>table_pen(t, &t.vhost_entries[slot])
    atomic_set_release_u32(&e.used, 0)


# --- members

# What was configured is written where the configuration changed it: over a reload that
# says the same, what an operator has set since then stays.
cdef void claim_configure(
        table_view *t, member_slot *m, const member_claim *c) noexcept nogil:
    cdef int slot = <int>(m - t.members)
    cdef member_entry *e = claim_member(t, slot)
    cdef member_names *names = <member_names *>table_pen(t, &t.member_names[slot])
    cdef uint32_t changed = e.configured_flags ^ c.flags
    # C lies in the field where checks say it, else in the book.
    member_set_flags(t, m, FLAG_CHECKED, c.checked)
    if c.checked:
        atomic_set_u32(&e.flags, e.flags & ~<uint32_t>FLAG_HEALTH)
    elif c.flags & FLAG_HEALTH:
        atomic_set_u32(&e.flags, e.flags | FLAG_HEALTH)
    if not c.agent:
        claim_forget_agent(t, m)
    member_set_flags(t, m, FLAG_AGENT, c.agent)
    member_set_flags(t, m, changed & ~c.flags, False)
    member_set_flags(t, m, changed & c.flags, True)
    e.configured_flags = c.flags
    if e.configured_load_factor != c.load_factor:
        e.configured_load_factor = c.load_factor
        atomic_set_i32(&e.load_factor, c.load_factor)
    if e.configured_lbset != c.lbset:
        e.configured_lbset = c.lbset
        atomic_set_i32(&e.lbset, c.lbset)
    atomic_set_u32(&e.retry_ms, c.retry_ms)
    atomic_set_u32(&e.slow_start_ms, c.slow_start_ms)
    atomic_set_i32(&e.places_max, c.places_max)
    member_set_flags(t, m, FLAG_PROBED, c.probe)
    if not c.probe:
        member_set_flags(t, m, FLAG_PROBE_CLEARS, False)
    if not c.checked and not c.flags & FLAG_HEALTH:
        # nobody would bring it back
        member_set_flags(t, m, FLAG_HEALTH, False)
    memcpy(e.route, c.route, c.route_length)
    e.route_length = <uint8_t>c.route_length
    atomic_set_u32(
        &e.route_hash,
        table_route_hash(c.route, c.route_length) if c.route_length > 0 else 0)
    memcpy(names.redirect, c.redirect, c.redirect_length)
    e.redirect_length = <uint8_t>c.redirect_length
    member_set_flags(t, m, FLAG_REDIRECT, c.redirect_length > 0)


# What an agent has said is nobody's any more.
cdef void claim_forget_agent(table_view *t, const member_slot *m) noexcept nogil:
    cdef address_record *r = <address_record *>table_directory_pen(
        t, &t.address_records[m - t.members])
    if r.agent_flags or r.agent_percent or r.agent_most:
        atomic_set_u32(&r.agent_flags, 0)
        atomic_set_u32(&r.agent_percent, 0)
        atomic_set_u32(&r.agent_most, 0)


# As if it had never served. Busy stays: it is the sum of what workers are doing now.
cdef void claim_begin(
        table_view *t, member_slot *m, const member_claim *c) noexcept nogil:
    cdef member_entry *e = claim_member(t, <int>(m - t.members))
    # another life: no idle connection of the former one may be used
    member_renew(t, m)
    atomic_set_u32(&m.flags, (c.flags & FLAGS_LIVE) | c.begins)
    m.lbstatus = m.lbstatus_before = 0
    m.stamp = 0
    atomic_set_u64(&m.elected, 0)
    atomic_set_i64(&m.error_time_us, 0)
    atomic_set_u32(&m.retries, 0)
    atomic_set_i64(&m.up_us, clock_us())
    atomic_set_u64(&m.transferred, 0)
    atomic_set_u64(&m.read, 0)
    atomic_set_i64(&m.response_ns, 0)
    atomic_set_i64(&m.answered_us, 0)
    memset(t.outcomes + (m - t.members), 0, sizeof(member_outcomes))
    atomic_set_u32(&m.changes, 0)
    atomic_set_i64(&m.ejected_until_us, 0)
    atomic_set_i64(&m.weighed_us, 0)
    atomic_set_u32(&m.ejections, 0)
    atomic_set_u32(&m.fails, 0)
    atomic_set_u32(&m.weighed_fails, 0)
    atomic_set_u32(&e.flags, c.flags & ~<uint32_t>FLAGS_LIVE)
    e.configured_flags = c.flags
    e.configured_load_factor = c.load_factor
    atomic_set_i32(&e.load_factor, c.load_factor)
    e.configured_lbset = c.lbset
    atomic_set_i32(&e.lbset, c.lbset)
    claim_forget_health(t, m)
    claim_forget_agent(t, m)


# Under no lock: a monitor that writes meanwhile is one of a generation that goes.
cdef void claim_forget_health(table_view *t, member_slot *m) noexcept nogil:
    cdef health_record nothing
    cdef health_record *r = <health_record *>table_directory_pen(
        t, &t.health_records[m - t.members])
    if r.checks == 0 and r.version == 0:
        return      # the memory of a slot that nobody claimed costs nothing
    memset(&nothing, 0, sizeof(nothing))
    health_record_write(r, &nothing)


cdef int claim_new_member(
        table_view *t, int slot, const member_claim *c, uint64_t hash) noexcept nogil:
    cdef member_slot *m = &t.members[slot]
    cdef member_entry *e = claim_member(t, slot)
    cdef member_names *names = <member_names *>table_pen(t, &t.member_names[slot])
    cdef address_record *r = <address_record *>table_directory_pen(
        t, &t.address_records[slot])
    cdef uint32_t i
    for i in range(t.book.workers_used):
        atomic_set_i32(table_share(t, &t.workers[i], m), 0)
        claim_zero(table_place(t, &t.workers[i], m))
    atomic_set_u32(&e.life, max(e.life + 1, <uint32_t>1))
    e.balancer = c.balancer
    e.key_hash = hash
    e.key_length = <uint16_t>c.key_length
    memcpy(names.key, c.key, c.key_length)
    if r.version != 0:
        address_record_write(r, r.addresses, 0)
    atomic_set_i64(&r.renewal_us, 0)
    atomic_set_i64(&r.heard_us, 0)
    claim_begin(t, m, c)
    claim_configure(t, m, c)
    atomic_set_release_u32(&e.used, 1)
    if <uint32_t>slot == t.book.members_used:
        atomic_set_release_u32(&claim_book(t).members_used, <uint32_t>slot + 1)
    return slot


# The same for a member. lock: LOCK_*, when the balancer's lock had to be taken.
cdef int claim_member_slot(
        table_view *t, const member_claim *c, int *lock) noexcept nogil:
    cdef uint64_t hash = table_key_hash(c.key, c.key_length)
    cdef uint32_t used = t.book.members_used
    cdef uint32_t i
    cdef int free = -1
    cdef const member_entry *e
    lock[0] = LOCK_FREE
    for i in range(used):
        e = &t.member_entries[i]
        if not e.used:
            if free < 0:
                free = <int>i
            continue
        if not (e.key_hash == hash and e.key_length == c.key_length
                and e.balancer == c.balancer
                and memcmp(t.member_names[i].key, c.key, c.key_length) == 0):
            continue
        if c.fresh:
            # a member without balancer is in no election
            if c.balancer >= 0:
                lock[0] = balancer_lock(t, &t.balancers[c.balancer])
            claim_begin(t, &t.members[i], c)
            if c.balancer >= 0:
                balancer_unlock(t, &t.balancers[c.balancer])
        claim_configure(t, &t.members[i], c)
        return <int>i
    if free < 0:
        if used == t.members_max:
            return -1
        free = <int>used
    return claim_new_member(t, free, c, hash)


cdef void claim_free_member(table_view *t, int slot) noexcept nogil:
    atomic_set_release_u32(&claim_member(t, slot).used, 0)


# --- workers

cdef inline worker_entry *claim_worker(const table_view *t, int slot) noexcept nogil:
    return <worker_entry *>table_pen(t, &t.worker_entries[slot])


# Only shares of the living are summed: the others may be anything.
cdef void claim_living(const table_view *t, int slot, bint living) noexcept nogil:
    cdef uint16_t *word = <uint16_t *>table_pen(
        t, &t.living[slot // SHARES_OF_A_LINE])
    cdef int bit = 1 << (slot % SHARES_OF_A_LINE)
    atomic_set_u16(word, <uint16_t>(word[0] | bit if living else word[0] & ~bit))


cdef long long claim_gauge(int32_t *p) noexcept nogil:
    cdef int32_t now = atomic_get_i32(p)
    atomic_set_i32(p, 0)
    return now if 0 < now <= GAUGE_MAX else 0


# Written only where there is anything: whoever reads its line keeps it.
cdef void claim_zero(int32_t *p) noexcept nogil:
    if atomic_get_i32(p) != 0:
        atomic_set_i32(p, 0)


cdef uint64_t claim_count(uint64_t *p) noexcept nogil:
    cdef uint64_t now = atomic_get_u64(p)
    atomic_set_u64(p, 0)
    return now if now < LEDGER_COUNT_MAX else 0


# Nothing in the row, whatever stood there. returns the sum of its shares of busy
cdef long long claim_empty_row(table_view *t, worker_slot *w) noexcept nogil:
    cdef uint32_t i
    cdef long long busy = 0
    cdef worker_requests nothing
    memset(&nothing, 0, sizeof(nothing))
    worker_requests_write(t, w, &nothing)
    for i in range(t.book.members_used):
        busy += claim_gauge(table_share(t, w, &t.members[i]))
        claim_zero(table_place(t, w, &t.members[i]))
    for i in range(t.book.balancers_used):
        claim_zero(table_queued(t, w, &t.balancers[i]))
    atomic_set_i32(&w.connections, 0)
    atomic_set_i32(&w.exchanges, 0)
    atomic_set_i32(&w.granted, 0)
    atomic_set_i32(&w.waiting, 0)
    atomic_set_i32(&w.tunnels, 0)
    atomic_set_i32(&w.upstreams, 0)
    atomic_set_i32(&w.idle, 0)
    return busy


# The lowest free one, so that loops over workers stay short; -1: none is free.
cdef int claim_worker_slot(
        table_view *t, int pid, uint32_t serial, uint32_t generation,
        int number) noexcept nogil:
    cdef uint32_t used = t.book.workers_used
    cdef uint32_t i
    cdef worker_entry *e
    cdef worker_slot *w
    for i in range(used):
        if not t.worker_entries[i].used:
            break
    else:
        i = used
    if i == t.workers_max:
        return -1
    w = &t.workers[i]
    claim_empty_row(t, w)
    w.accesses = w.bytes_out = w.duration_us = w.accepted = 0
    w.opened = w.reused = w.failed = 0
    atomic_set_u32(&w.state, c'S')
    e = claim_worker(t, <int>i)
    e.serial = serial
    e.generation = generation
    e.number = <uint32_t>number
    atomic_set_i32(&e.pid, pid)
    atomic_set_release_u32(&e.used, 1)
    claim_living(t, <int>i, True)
    if i == used:
        atomic_set_release_u32(&claim_book(t).workers_used, used + 1)
    return <int>i


# Free the locks of a dead worker, take its shares off the gauges, add its totals to
# those of the ended, and free its slot. Believes nothing: every number is bounded.
cdef void claim_settle_worker(
        table_view *t, worker_slot *w, claim_leavings *out) noexcept nogil:
    cdef table_book *book = claim_book(t)
    cdef worker_entry *e = claim_worker(t, <int>(w - t.workers))
    cdef uint32_t used = book.workers_used
    out.locks = table_free_locks(
        t, lock_owner(e.serial, <uint32_t>(w - t.workers) + 1))
    out.connections = claim_gauge(&w.connections)
    out.busy = claim_empty_row(t, w)
    # readers of the totals look at the version before and after
    atomic_set_u32(&book.settlements, book.settlements + 1)
    atomic_fence_release()
    book.ended_accesses += claim_count(&w.accesses)
    book.ended_bytes_out += claim_count(&w.bytes_out)
    book.ended_duration_us += claim_count(&w.duration_us)
    book.ended_connections += claim_count(&w.accepted)
    book.ended_opened += claim_count(&w.opened)
    book.ended_reused += claim_count(&w.reused)
    book.ended_failed += claim_count(&w.failed)
    atomic_set_release_u32(&e.used, 0)
    claim_living(t, <int>(w - t.workers), False)
    while used > 0 and not t.worker_entries[used - 1].used:
        used -= 1
    atomic_set_u32(&book.workers_used, used)
    atomic_set_release_u32(&book.settlements, book.settlements + 1)
