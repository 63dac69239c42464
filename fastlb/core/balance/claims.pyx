# Who has which slot. Each step leaves the table sound, because the master may die
# between any two: `used` is set last and cleared first.

cdef inline uint64_t claim_lane_bit(int lane) noexcept nogil:
    return <uint64_t>1 << lane


cdef int claim_lane(table_view *t, long long generation) noexcept nogil:
    cdef uint64_t mark = <uint64_t>generation + 1
    cdef int i, free = -1
    for i in range(TABLE_GENERATIONS_MAX):
        if t.header.generations[i] == mark:
            return i
        if free < 0 and t.header.generations[i] == 0:
            free = i
    if free >= 0:
        t.header.generations[free] = mark
    return free


cdef void claim_release_lane(table_view *t, long long generation) noexcept nogil:
    cdef uint64_t mark = <uint64_t>generation + 1
    cdef uint32_t i
    cdef int lane
    for lane in range(TABLE_GENERATIONS_MAX):
        if t.header.generations[lane] == mark:
            break
    else:
        return
    # members before balancers: a member's balancer is there as long as the member
    for i in range(atomic_get_u32(&t.header.members_used)):
        t.colds[i].claims &= ~claim_lane_bit(lane)
        if t.colds[i].claims == 0:
            atomic_set_release_u32(&t.colds[i].used, 0)
    for i in range(atomic_get_u32(&t.header.balancers_used)):
        t.balancers[i].claims &= ~claim_lane_bit(lane)
        if t.balancers[i].claims == 0:
            atomic_set_release_u32(&t.balancers[i].used, 0)
    t.header.generations[lane] = 0


# --- balancers

cdef int claim_balancer_slot(
        table_view *t, const char *key, unsigned int length) noexcept nogil:
    cdef uint64_t hash = table_key_hash(key, length)
    cdef uint32_t used = atomic_get_u32(&t.header.balancers_used)
    cdef uint32_t i
    cdef int free = -1
    cdef balancer_slot *b
    for i in range(used):
        b = &t.balancers[i]
        if not atomic_get_u32(&b.used):
            if free < 0:
                free = <int>i
        elif (b.key_hash == hash and b.key_length == length
                and memcmp(b.key, key, length) == 0):
            return <int>i
    if free < 0:
        if used == t.header.balancers_max:
            return -1
        free = <int>used
    b = &t.balancers[free]
    if not b.mutex_made:
        if table_mutex_make(&b.mutex) != 0:
            return -1
        atomic_set_release_u32(&b.mutex_made, 1)
    b.claims = 0
    b.key_hash = hash
    b.key_length = length
    memcpy(b.key, key, length)
    atomic_set_u32(&b.lbmethod, 0)
    atomic_set_release_u32(&b.used, 1)
    if <uint32_t>free == used:
        atomic_set_release_u32(&t.header.balancers_used, used + 1)
    return free


cdef void claim_balancer_method(table_view *t, int slot, int method) noexcept nogil:
    cdef balancer_slot *b = &t.balancers[slot]
    cdef uint32_t i
    if atomic_get_u32(&b.lbmethod) == <uint32_t>method:
        return
    if balancer_lock(t, b) < 0:
        return
    atomic_set_u32(&b.lbmethod, <uint32_t>method)
    for i in range(atomic_get_u32(&t.header.members_used)):
        if t.colds[i].balancer == slot:
            lb_method_of(method).reset(&t.members[i])
    balancer_unlock(b)


# --- members

# What was configured is written where the configuration changed it: over a reload that
# says the same, what an operator has set since then stays.
cdef void claim_configure(
        member_slot *m, member_cold *cold, const member_claim *c) noexcept nogil:
    cdef uint32_t changed = cold.configured_flags ^ c.flags
    member_set_flags(m, changed & ~c.flags, False)
    member_set_flags(m, changed & c.flags, True)
    cold.configured_flags = c.flags
    if cold.configured_load_factor != c.load_factor:
        m.load_factor = cold.configured_load_factor = c.load_factor
    if cold.configured_lbset != c.lbset:
        m.lbset = cold.configured_lbset = c.lbset
    atomic_set_u32(&m.retry_ms, c.retry_ms)
    member_set_flags(m, FLAG_PROBED, c.probe)
    if not c.probe:
        member_set_flags(m, FLAG_PROBE_CLEARS, False)
    memcpy(cold.route, c.route, c.route_length)
    cold.route_length = <uint8_t>c.route_length
    m.route_hash = 0
    if c.route_length > 0:
        m.route_hash = table_route_hash(c.route, c.route_length)
    memcpy(cold.redirect, c.redirect, c.redirect_length)
    cold.redirect_length = <uint8_t>c.redirect_length
    member_set_flags(m, FLAG_REDIRECT, c.redirect_length > 0)


# As if it had never served. Busy stays: it is the sum of what workers are doing now.
cdef void claim_begin(
        member_slot *m, member_cold *cold, const member_claim *c) noexcept nogil:
    cdef uint32_t epoch = m.epoch
    # another life: no idle connection of the former one may be used
    atomic_set_u32(&m.epoch, epoch + 1)
    atomic_set_u32(&m.flags, c.flags)
    m.lbstatus = m.lbstatus_before = 0
    m.stamp = 0
    atomic_set_u64(&m.elected, 0)
    atomic_set_i64(&m.error_time_us, 0)
    atomic_set_u32(&m.retries, 0)
    atomic_set_u64(&m.transferred, 0)
    atomic_set_u64(&m.read, 0)
    cold.configured_flags = c.flags
    m.load_factor = cold.configured_load_factor = c.load_factor
    m.lbset = cold.configured_lbset = c.lbset


cdef int claim_new_member(
        table_view *t, int slot, const member_claim *c, uint64_t hash) noexcept nogil:
    cdef member_slot *m = &t.members[slot]
    cdef member_cold *cold = &t.colds[slot]
    cdef uint32_t i
    for i in range(atomic_get_u32(&t.header.workers_used)):
        atomic_set_i32(table_share(t, &t.workers[i], m), 0)
    cold.claims = 0
    cold.balancer = c.balancer
    cold.key_hash = hash
    cold.key_length = <uint16_t>c.key_length
    memcpy(cold.key, c.key, c.key_length)
    if cold.address_version != 0:
        member_addresses_write(cold, cold.addresses, 0)
    claim_begin(m, cold, c)
    claim_configure(m, cold, c)
    atomic_set_release_u32(&cold.used, 1)
    if <uint32_t>slot == atomic_get_u32(&t.header.members_used):
        atomic_set_release_u32(&t.header.members_used, <uint32_t>slot + 1)
    return slot


cdef int claim_member_slot(table_view *t, const member_claim *c) noexcept nogil:
    cdef uint64_t hash = table_key_hash(c.key, c.key_length)
    cdef uint32_t used = atomic_get_u32(&t.header.members_used)
    cdef uint32_t i
    cdef int free = -1
    cdef member_cold *cold
    cdef member_slot *m
    for i in range(used):
        cold = &t.colds[i]
        if not atomic_get_u32(&cold.used):
            if free < 0:
                free = <int>i
            continue
        if not (cold.key_hash == hash and cold.key_length == c.key_length
                and cold.balancer == c.balancer
                and memcmp(cold.key, c.key, c.key_length) == 0):
            continue
        m = &t.members[i]
        if c.balancer >= 0 and balancer_lock(t, &t.balancers[c.balancer]) < 0:
            return -1
        if c.fresh:
            claim_begin(m, cold, c)
        claim_configure(m, cold, c)
        if c.balancer >= 0:
            balancer_unlock(&t.balancers[c.balancer])
        return <int>i
    if free < 0:
        if used == t.header.members_max:
            return -1
        free = <int>used
    return claim_new_member(t, free, c, hash)


# --- workers

cdef int claim_worker_slot(
        table_view *t, int pid, uint32_t generation, int number) noexcept nogil:
    cdef uint32_t used = atomic_get_u32(&t.header.workers_used)
    cdef uint32_t i
    cdef worker_slot *w
    for i in range(used):
        if not atomic_get_u32(&t.workers[i].used):
            break
    else:
        i = used
    if i == t.header.workers_max:
        return -1
    w = &t.workers[i]
    w.generation = generation
    w.number = <uint32_t>number
    atomic_set_i32(&w.pid, pid)
    atomic_set_u32(&w.state, c'S')
    atomic_set_release_u32(&w.used, 1)
    if i == used:
        atomic_set_release_u32(&t.header.workers_used, used + 1)
    return <int>i


cdef int claim_settle_worker(table_view *t, worker_slot *w) noexcept nogil:
    cdef table_header *h = t.header
    cdef int32_t *share
    cdef uint32_t i
    cdef int busy = 0
    for i in range(atomic_get_u32(&h.members_used)):
        share = table_share(t, w, &t.members[i])
        if share[0] != 0:
            busy += share[0]
            atomic_set_i32(share, 0)
    atomic_set_i32(&w.connections, 0)
    atomic_set_i32(&w.exchanges, 0)
    atomic_set_i32(&w.granted, 0)
    atomic_set_i32(&w.waiting, 0)
    atomic_set_i32(&w.tunnels, 0)
    # each total is moved at once, so a master that dies here counts nothing twice
    h.ended_accesses += w.accesses
    atomic_set_u64(&w.accesses, 0)
    h.ended_bytes_out += w.bytes_out
    atomic_set_u64(&w.bytes_out, 0)
    h.ended_duration_us += w.duration_us
    atomic_set_u64(&w.duration_us, 0)
    h.ended_connections += w.accepted
    atomic_set_u64(&w.accepted, 0)
    atomic_set_release_u32(&w.used, 0)
    return busy
