# The way of an election, as Apache's proxy_balancer_pre_request goes it:
#
#   elect_force_recovery    all in E: give them all another chance
#   elect_by_route          the member that the client's route asks for, or its redirect
#   elect_scan              else the method's: lbset by lbset, spares, standbys
#
# With a method that pays (method.pxd) everything from the first look to elected + 1
# happens under the balancer's lock, so the sequence is one sequence, whatever worker
# asks. With another only the last step does.
#
# uses: balance/table, balance/lock, balance/ledger, balance/lbmethods/method,
#       balance/lbmethods/methods, balance/own_cookie

# Those that may serve, and their positions in the balancer: good for one election.
cdef (member_slot *)[MEMBERS_PER_BALANCER_MAX] elect_candidates
cdef int[MEMBERS_PER_BALANCER_MAX] elect_positions

# Whom the request has tried, by position; looked at only where it is sent again.
cdef bint elect_is_of_others = False
cdef unsigned char[MEMBERS_PER_BALANCER_MAX] elect_tried


# --- beginning and end of what balancer_undo may have to take back

cdef void elect_begin(lb_choice *c, balancer_slot *slot) noexcept nogil:
    c.number = slot.begun + 1
    slot.begun = c.number
    atomic_keep_order()


cdef inline void elect_end(const lb_choice *c, balancer_slot *slot) noexcept nogil:
    atomic_keep_order()
    slot.done = c.number


# A number stands there that no election can have made: begin anew with all members.
cdef void elect_tame(const balancer_plan *b) noexcept nogil:
    cdef int i
    for i in range(b.member_count):
        b.members[i].lbstatus = 0
        b.members[i].lbstatus_before = 0
        lb_method_of(b.lbmethod).reset(b.members[i])


# --- those that were tried

cdef inline bint elect_passes_over(int position) noexcept nogil:
    return elect_is_of_others and elect_tried[position]


cdef void elect_leave_out(lb_choice *c) noexcept nogil:
    cdef int i
    cdef int count = 0
    for i in range(c.count):
        if not elect_tried[elect_positions[i]]:
            elect_candidates[count] = elect_candidates[i]
            elect_positions[count] = elect_positions[i]
            count += 1
    c.count = count


cdef void elect_others_begin(const balancer_plan *b) noexcept nogil:
    global elect_is_of_others
    elect_is_of_others = True
    memset(&elect_tried[0], 0, <size_t>b.member_count)


cdef void elect_pass_over(const balancer_plan *b, int member_index) noexcept nogil:
    cdef int i
    for i in range(b.member_count):
        if b.member_index[i] == member_index:
            elect_tried[i] = True


cdef bint elect_leaves_another(
        const table_view *t, const balancer_plan *b) noexcept nogil:
    cdef int i
    for i in range(b.member_count):
        if not elect_tried[i] and member_is_usable(t, b.members[i]) \
                and not member_flags_now(t, b.members[i]) & FLAG_DRAIN \
                and not member_is_full(t, b.members[i]):
            return True
    return False


cdef void elect_others_end() noexcept nogil:
    global elect_is_of_others
    elect_is_of_others = False


# --- step 1: all in error

# Walk until one without E; each one in E is offered its retry on the way. Only E is
# asked for: a member that is stopped or disabled suppresses the recovery, as in Apache.
# returns true when E was cleared by force
cdef bint elect_force_recovery(
        const table_view *t, const balancer_plan *b, long long now_us) noexcept nogil:
    cdef int i
    for i in range(b.member_count):
        member_retry(t, b.members[i], now_us)
        if not atomic_get_u32(&b.members[i].flags) & FLAG_ERROR:
            return False
    if not b.force_recovery:
        return False
    for i in range(b.member_count):
        member_clear_error(b.members[i], now_us)
        atomic_add_u32(&b.members[i].retries, 1)
    return True


# --- step 2: by route

cdef bint elect_has_route(
        const table_view *t, const member_slot *m, uint32_t hash, const char *route,
        unsigned int length) noexcept nogil:
    cdef const member_entry *e = member_entry_of(t, m)
    if atomic_get_u32(&e.route_hash) != hash:
        return False
    return e.route_length == length and memcmp(e.route, route, length) == 0


# Pass 1 over members that are no standby, pass 2 over standbys. A member that cannot
# serve may name another route to look for, which may lead on again; `lookups_left`
# bounds them all together: the members' count, as many as a chain through all of them
# needs. (Apache bounds only the depth, which lets members that redirect to each other
# take exponential time.)
cdef int elect_by_route(
        const table_view *t, const balancer_plan *b, long long now_us,
        const char *route, unsigned int length, int *lookups_left) noexcept nogil:
    cdef uint32_t hash = table_route_hash(route, length)
    cdef uint32_t flags
    cdef int standbys, i, found
    cdef member_slot *m
    lookups_left[0] -= 1
    for standbys in range(2):
        for i in range(b.member_count):
            m = b.members[i]
            flags = member_flags_now(t, m)
            if ((flags & FLAG_STANDBY) != 0) != (standbys == 1):
                continue
            if not elect_has_route(t, m, hash, route, length):
                continue
            member_retry(t, m, now_us)
            if likely(not elect_passes_over(i)):
                if member_is_usable(t, m):
                    return i
                # Its session is worth more than what no check has found out yet.
                if member_admit(m) and member_is_usable(t, m):
                    return i
            if not flags & FLAG_REDIRECT or lookups_left[0] <= 0:
                continue
            found = elect_by_route(
                t, b, now_us, t.member_names[m - t.members].redirect,
                member_entry_of(t, m).redirect_length, lookups_left)
            if found >= 0:
                return found
    return -1


cdef bint elect_any_has_route(
        const table_view *t, const balancer_plan *b, const char *route,
        unsigned int length) noexcept nogil:
    cdef uint32_t hash = table_route_hash(route, length)
    cdef int i
    for i in range(b.member_count):
        if elect_has_route(t, b.members[i], hash, route, length):
            return True
    return False


# A route look-up elected a member: lbstatus goes on as if the method had (5.6). Apache
# lets every usable member take part; then those that no scan would ask (standbys,
# spares, draining ones, other lbsets) gather lbstatus without bound, and once drafted
# win every election until it is used up. So without `compat_apache` only those take
# part that this request's scan would have asked.
cdef void elect_settle_route(
        lb_choice *c, const balancer_plan *b, member_slot *elected) noexcept nogil:
    cdef int lbset = atomic_get_i32(&member_entry_of(c.table, elected).lbset)
    cdef const member_entry *e
    cdef int i
    cdef member_slot *m
    for i in range(b.member_count):
        m = b.members[i]
        e = member_entry_of(c.table, m)
        if m != elected:
            if not member_is_usable(c.table, m):
                continue
            if not b.compat_apache and (
                    atomic_get_i32(&e.lbset) != lbset
                    or member_flags_now(c.table, m)
                    & (FLAG_DRAIN | FLAG_STANDBY | FLAG_SPARE)):
                continue
        lb_add(c, m, lb_factor(c, m))
    lb_sub(elected, c.total)


# --- step 3: by method

# The first `limit` usable members of the set that are of that kind become candidates
# (FLAG_SPARE, FLAG_STANDBY; one that is both is a spare).
cdef void elect_draft(
        lb_choice *c, const balancer_plan *b, int lbset, uint32_t kind,
        int limit) noexcept nogil:
    cdef const member_entry *e
    cdef uint32_t flags
    cdef int i
    for i in range(b.member_count):
        if limit == 0:
            break
        e = member_entry_of(c.table, b.members[i])
        flags = member_flags_now(c.table, b.members[i])
        if (atomic_get_i32(&e.lbset) != lbset or flags & FLAG_DRAIN or not flags & kind
                or (kind == FLAG_STANDBY and flags & FLAG_SPARE)
                or (flags & (FLAG_INIT | FLAGS_UNUSABLE)) != FLAG_INIT):
            continue
        limit -= 1
        if unlikely(member_is_full(c.table, b.members[i])):
            c.is_full |= not elect_passes_over(i)
            continue
        elect_candidates[c.count] = b.members[i]
        elect_positions[c.count] = i
        c.count += 1


# Candidates in declaration order, of the first lbset that has any. Spares stand in for
# unusable members of their set, one for one; standbys only when there is nobody. Who
# could serve and has no place is no candidate, and nobody stands in for it: a request
# waits, and standbys and later sets are for what fails.
cdef inline void elect_gather(lb_choice *c, const balancer_plan *b) noexcept nogil:
    cdef int spares, standbys, unusable, set_of_it, count, i
    cdef int lbset = 0
    cdef int lbset_max = 0
    cdef uint32_t flags
    cdef const table_view *t = c.table
    cdef const member_entry *e
    cdef member_slot *m
    while c.count == 0 and not c.is_full and lbset <= lbset_max:
        unusable = spares = standbys = count = 0
        for i in range(b.member_count):
            m = b.members[i]
            e = member_entry_of(t, m)
            set_of_it = atomic_get_i32(&e.lbset)
            if set_of_it > lbset_max:
                lbset_max = set_of_it
            if set_of_it != lbset:
                continue
            flags = atomic_get_u32(&e.flags)
            flags |= member_flags_beside(t, m, flags)
            if flags & FLAG_DRAIN:
                if not flags & (FLAG_SPARE | FLAG_STANDBY):
                    unusable += 1
                continue
            if flags & FLAG_ERROR:
                member_retry(t, m, c.now_us)
                flags = member_flags_now(t, m)
            if flags & (FLAG_SPARE | FLAG_STANDBY):
                # usable or not, nobody is drafted for it
                spares += (flags & FLAG_SPARE) != 0
                standbys += (flags & FLAG_SPARE) == 0
            elif (flags & (FLAG_INIT | FLAGS_UNUSABLE)) != FLAG_INIT:
                unusable += 1
            elif unlikely(atomic_get_i32(&e.places_max)) and member_is_full(t, m):
                c.is_full |= not elect_passes_over(i)
            else:
                elect_candidates[count] = m
                elect_positions[count] = i
                count += 1
        c.count = count
        if unlikely(elect_is_of_others):
            elect_leave_out(c)
        if spares > 0 and unusable > 0:
            elect_draft(c, b, lbset, FLAG_SPARE, unusable)
        if standbys > 0 and c.count == 0 and not c.is_full:
            elect_draft(c, b, lbset, FLAG_STANDBY, standbys)
        if unlikely(elect_is_of_others):
            elect_leave_out(c)
        lbset += 1


# Whoever has not been checked yet: before a request is refused, they may serve.
cdef bint elect_admit(const balancer_plan *b) noexcept nogil:
    cdef int i
    cdef bint admitted = False
    for i in range(b.member_count):
        admitted |= member_admit(b.members[i])
    return admitted


cdef void elect_look(const lb_choice *c, const balancer_plan *b) noexcept nogil:
    cdef int i
    elect_seen.count = min(c.count, FOLLOW_MEMBERS_MAX)
    for i in range(elect_seen.count):
        elect_seen.positions[i] = elect_positions[i]
        elect_seen.score_counts[i] = lb_method_of(b.lbmethod).tell(
            c, i, &elect_seen.scores[i][0])


cdef int elect_scan(lb_choice *c, const balancer_plan *b) noexcept nogil:
    cdef int i
    elect_gather(c, b)
    if c.count == 0 and not c.is_full and elect_admit(b):
        elect_gather(c, b)
    if c.count == 0:
        return -1
    if unlikely(elect_seen.wanted):
        elect_look(c, b)
    i = lb_method_of(b.lbmethod).choose(c)
    ASSERT(-1 <= i < c.count)
    return elect_positions[i] if i >= 0 else -1


# --- the election

# What every election of a method that pays leaves as it was.
cdef long long elect_sum(const balancer_plan *b) noexcept nogil:
    cdef uint64_t total = 0
    cdef int i
    for i in range(b.member_count):
        total += <uint64_t>b.members[i].lbstatus
    return <long long>total


cdef int elect_chosen(
        lb_choice *c, table_view *t, const balancer_plan *b, bint pays,
        const char *route, unsigned int length, election *out) noexcept nogil:
    cdef int chosen
    cdef int lookups_left = b.member_count
    out.forced_recovery = elect_force_recovery(t, b, c.now_us)
    if length > 0:
        chosen = elect_by_route(t, b, c.now_us, route, length, &lookups_left)
        if chosen >= 0:
            out.by_route = True
            out.route_changed = not elect_has_route(
                t, b.members[chosen], table_route_hash(route, length), route, length)
            if pays:
                elect_settle_route(c, b, b.members[chosen])
            return chosen
        if b.nofailover and elect_any_has_route(t, b, route, length):
            out.why = ELECT_STICKY_LOST
            return -1
    chosen = elect_scan(c, b)
    if chosen < 0:
        out.why = ELECT_ALL_FULL if c.is_full else ELECT_ALL_IN_ERROR
    else:
        out.route_changed = b.sticky_cookie != NULL or b.sticky_url != NULL
    return chosen


cdef int elect(
        table_view *t, const balancer_plan *b, long long now_us, uint64_t random,
        uint64_t key, const char *route, unsigned int route_length,
        election *out) noexcept nogil:
    cdef bint pays = (
        lb_method_of(b.lbmethod).needs & LB_PAYS != 0 and b.member_count > 0)
    cdef long long before = 0
    cdef int lock = LOCK_FREE
    cdef lb_choice c
    # First of all: taking a lock waits for every store that stands before it.
    if likely(pays):
        lock = balancer_lock(t, b.slot)
    memset(out, 0, sizeof(election))
    out.chosen = -1
    out.lock = lock
    if b.member_count == 0:
        out.why = ELECT_NO_MEMBERS
        return -1
    ASSERT(b.member_count <= MEMBERS_PER_BALANCER_MAX)
    memset(&c, 0, sizeof(c))
    c.table = t
    c.candidates = elect_candidates
    c.now_us = now_us
    c.random = random
    c.compat_apache = b.compat_apache
    c.key = key
    c.load_percent = b.hash_load_percent
    c.outside = lb_method_of(b.lbmethod).outside
    if likely(pays):
        if DEBUG_BUILD:
            before = elect_sum(b)
        elect_begin(&c, b.slot)
    out.chosen = elect_chosen(&c, t, b, pays, route, route_length, out)
    ASSERT(out.chosen < b.member_count)
    if unlikely(not pays):
        out.lock = balancer_lock(t, b.slot)
    if unlikely(c.is_wild):
        elect_tame(b)
        out.began_anew = True
    if pays:
        elect_end(&c, b.slot)
    if (DEBUG_BUILD and pays and elect_sum(b) != before and not c.is_wild
            and atomic_get_u64(&b.slot.owner) == t.own.owner):
        ASSERT(False)       # lbstatus came from nowhere, or went there
    if out.chosen >= 0:
        ledger_elected(b.members[out.chosen])
    balancer_unlock(t, b.slot)
    return out.chosen


# --- after a failure

# nofailover binds a session to its route, not to one member: another member with that
# route, or the member's redirect=, may still take it, and elect has the last word.
cdef bint elect_session_may_move(
        const table_view *t, const balancer_plan *b,
        const member_slot *member) noexcept nogil:
    cdef const member_entry *e = member_entry_of(t, member)
    cdef int i
    if atomic_get_u32(&e.flags) & FLAG_REDIRECT:
        return True
    for i in range(b.member_count):
        if b.members[i] != member and (
                member_entry_of(t, b.members[i]).route_hash == e.route_hash):
            return True
    return False


cdef bint may_retry(
        const table_view *t, const balancer_plan *b, member_slot *member, int attempts,
        bint response_started, bint replayable, bint by_route) noexcept nogil:
    if response_started or not replayable or attempts > b.max_attempts:
        return False
    # a member that ignores errors is never "not usable", so nothing moves away from it
    if member_ignores_errors(t, member):
        return False
    return not (by_route and b.nofailover) or elect_session_may_move(t, b, member)
