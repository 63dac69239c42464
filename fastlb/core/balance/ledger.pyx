# Counting. Fields marked "own" have one writer, so a plain add suffices; it is stored
# as one atomic word for those who read meanwhile.
#
# uses: io/watch, balance/table

cdef extern from "<math.h>" nogil:
    double ledger_exp2 "exp2"(double x)

cdef void ledger_up(int32_t *gauge) noexcept nogil:
    atomic_set_i32(gauge, atomic_get_i32(gauge) + 1)


# A gauge never goes below zero, whatever the order in which a share was settled.
cdef void ledger_down(int32_t *gauge) noexcept nogil:
    cdef int32_t now = atomic_get_i32(gauge)
    if now > 0:
        atomic_set_i32(gauge, now - 1)


cdef inline void ledger_add(uint64_t *p, uint64_t n) noexcept nogil:
    atomic_set_u64(p, atomic_get_u64(p) + n)


# --- members

cdef long long ledger_busy_of(
        const table_view *t, const member_slot *m) noexcept nogil:
    cdef uint32_t lines = (
        atomic_get_u32(&t.book.workers_used) + SHARES_OF_A_LINE - 1) // SHARES_OF_A_LINE
    cdef const int32_t *line = table_share(t, t.workers, m)
    cdef const int32_t *share
    cdef uint32_t i, living
    cdef int k
    cdef long long busy = 0
    for i in range(lines):
        living = atomic_get_u16(&t.living[i])
        share = line
        if living == SHARES_OF_ALL:     # one line, added up without asking
            for k in range(SHARES_OF_A_LINE):
                busy += atomic_get_i32(&line[k])
            living = 0
        while living:
            if living & 1:
                busy += atomic_get_i32(share)
            living >>= 1
            share += 1
        line += <size_t>t.members_max * SHARES_OF_A_LINE
    return busy


# The sum of a row of cells (table_cell) but for `own`. line: the first of the row. No
# cell counts for less than 0 or more than most. owners: out, how many have any.
cdef long long ledger_beside(
        const table_view *t, const int32_t *line, size_t rows, const int32_t *own,
        long long most, int *owners) noexcept nogil:
    cdef uint32_t lines = (
        atomic_get_u32(&t.book.workers_used) + SHARES_OF_A_LINE - 1) // SHARES_OF_A_LINE
    cdef const int32_t *cell
    cdef uint32_t i, living
    cdef long long one, total = 0
    owners[0] = 0
    for i in range(lines):
        living = atomic_get_u16(&t.living[i])
        cell = line
        while living:
            if living & 1 and cell != own:
                one = atomic_get_i32(cell)
                if one > 0:
                    owners[0] += 1
                    total += one if one < most else most
            living >>= 1
            cell += 1
        line += rows * SHARES_OF_A_LINE
    return total


# One more in our own cell, if all together do not become more than most. It is written
# first, and then all are summed: of those who do so at once each sees the others, or is
# seen. Who finds that it is too much takes it back; when all did, one may try again.
cdef bint ledger_take(
        const table_view *t, const int32_t *line, size_t rows, int32_t *own, long held,
        long long most) noexcept nogil:
    cdef int _tries, owners
    for _tries in range(LEDGER_TAKE_TRIES_MAX):
        if held + ledger_beside(t, line, rows, own, most, &owners) >= most:
            break
        atomic_set_i32(own, <int32_t>(held + 1))
        atomic_fence_full()
        if held + 1 + ledger_beside(t, line, rows, own, most, &owners) <= most:
            return True
        atomic_set_i32(own, <int32_t>held)
    return False


# What our own cell has to say; nearly always it does.
cdef void ledger_keep(int32_t *own, long held) noexcept nogil:
    if atomic_get_i32(own) != <int32_t>held:
        atomic_set_i32(own, <int32_t>held)


# A number that only rises, for whoever looks.
cdef void ledger_raise(uint64_t *p, uint64_t n) noexcept nogil:
    cdef uint64_t seen = atomic_get_u64(p)
    cdef int _tries
    for _tries in range(FLAG_TRIES_MAX):
        if n <= seen or atomic_swap_if_u64(p, &seen, n):
            return


# --- places at a member (maxscope=global)

# How many there are (max=, or its agent's maxconn:); 0: any number.
cdef int member_places_max(const table_view *t, const member_slot *m) noexcept nogil:
    cdef int most = atomic_get_i32(&member_entry_of(t, m).places_max)
    cdef uint32_t said
    if likely(most == 0):
        return 0
    said = atomic_get_u32(&t.address_records[m - t.members].agent_most)
    return <int>said if 0 < said < GAUGE_MAX else most


cdef bint ledger_place_take(
        const table_view *t, const worker_slot *w, const member_slot *m,
        long held) noexcept nogil:
    return ledger_take(
        t, table_place(t, t.workers, m), t.members_max, table_place(t, w, m), held,
        member_places_max(t, m))


cdef void ledger_place_set(
        const table_view *t, const worker_slot *w, const member_slot *m,
        long held) noexcept nogil:
    atomic_set_i32(table_place(t, w, m), <int32_t>held)


cdef long long ledger_places_of(
        const table_view *t, const member_slot *m) noexcept nogil:
    cdef int owners
    return ledger_beside(
        t, table_place(t, t.workers, m), t.members_max, NULL,
        member_places_max(t, m), &owners)


cdef bint member_is_full(const table_view *t, const member_slot *m) noexcept nogil:
    cdef int most = member_places_max(t, m)
    return unlikely(most > 0) and ledger_places_of(t, m) >= most


# --- requests of a balancer that wait

cdef bint ledger_queue_join(
        const table_view *t, const worker_slot *w, balancer_slot *b, long held,
        int most) noexcept nogil:
    cdef int32_t *own = table_queued(t, w, b)
    cdef uint32_t seen = atomic_get_u32(&b.queue_most)
    cdef uint32_t now
    cdef int _tries
    if not ledger_take(
            t, table_queued(t, t.workers, b), t.balancers_max, own, held, most):
        return False
    now = <uint32_t>ledger_queued_of(t, b)
    for _tries in range(FLAG_TRIES_MAX):
        if now <= seen or atomic_swap_if_u32(&b.queue_most, &seen, now):
            break
    return True


cdef void ledger_queue_leave(
        const table_view *t, const worker_slot *w, balancer_slot *b, long held,
        long long waited_us) noexcept nogil:
    atomic_set_i32(table_queued(t, w, b), <int32_t>held)
    if waited_us < 0:
        waited_us = 0
    atomic_add_u64(&b.waits, 1)
    atomic_add_u64(&b.waited_us, <uint64_t>waited_us)
    ledger_raise(&b.longest_us, <uint64_t>waited_us)


# A request was answered without a member: too many waited, or it waited for too long.
cdef void ledger_turned_away(balancer_slot *b) noexcept nogil:
    atomic_add_u64(&b.turned_away, 1)


cdef long long ledger_queued_of(
        const table_view *t, const balancer_slot *b) noexcept nogil:
    cdef int owners
    return ledger_beside(
        t, table_queued(t, t.workers, b), t.balancers_max, NULL, GAUGE_MAX, &owners)


# How many other workers have some that wait.
cdef int ledger_workers_waiting(
        const table_view *t, const worker_slot *w,
        const balancer_slot *b) noexcept nogil:
    cdef int owners
    ledger_beside(
        t, table_queued(t, t.workers, b), t.balancers_max, table_queued(t, w, b),
        GAUGE_MAX, &owners)
    return owners


cdef void ledger_bytes(
        member_slot *m, long long sent, long long received) noexcept nogil:
    if sent > 0:
        atomic_add_u64(&m.transferred, <uint64_t>sent)
    if received > 0:
        atomic_add_u64(&m.read, <uint64_t>received)


# --- their times to an answer

# What is left of something known so long ago, 0 to 1.
cdef double ledger_fading(long long age_us) noexcept nogil:
    return ledger_exp2(-<double>age_us / RESPONSE_HALF_LIFE_US)


# Nanoseconds that are known of it; 0: nothing; -1: what stands there is a lie.
cdef long long ledger_response_ns(
        const member_slot *m, long long now_us) noexcept nogil:
    cdef long long known_ns = atomic_get_i64(&m.response_ns)
    cdef long long answered_us = atomic_get_i64(&m.answered_us)
    if (known_ns < 0 or known_ns > <long long>RESPONSE_US_MAX * 1000
            or answered_us < 0 or answered_us > now_us + ERROR_AHEAD_US):
        return -1
    return known_ns


# How long ago it was brought up.
cdef long long ledger_response_age_us(
        const member_slot *m, long long now_us) noexcept nogil:
    cdef long long answered_us = atomic_get_i64(&m.answered_us)
    return now_us - answered_us if 0 <= answered_us < now_us else 0


cdef void ledger_answered(
        member_slot *m, long long now_us, long long taken_us) noexcept nogil:
    cdef long long known_ns = ledger_response_ns(m, now_us)
    cdef long long age_us = ledger_response_age_us(m, now_us)
    cdef long long sample_ns = 1000
    if taken_us > 1:
        sample_ns *= taken_us if taken_us < RESPONSE_US_MAX else RESPONSE_US_MAX
    if sample_ns < known_ns:
        # It weighs next to nothing, and the line is shared: the next one counts.
        if age_us < RESPONSE_STEP_US:
            return
        sample_ns += <long long>(<double>(known_ns - sample_ns) * ledger_fading(age_us))
    atomic_set_i64(&m.response_ns, sample_ns)
    atomic_set_i64(&m.answered_us, now_us)


cdef void ledger_unanswered(
        member_slot *m, long long now_us, long long waited_us,
        bint is_lost) noexcept nogil:
    cdef long long least_us = ledger_response_ns(m, now_us) // 1000
    if least_us <= 0:
        least_us = RESPONSE_UNKNOWN_US
    elif is_lost:
        least_us *= 2
    if waited_us > least_us:
        ledger_answered(m, now_us, waited_us)
    elif is_lost:
        ledger_answered(m, now_us, least_us)


# --- how requests ended

cdef uint32_t[OUTCOME_TIMES - 1] OUTCOME_BOUNDS_US = [
    500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000]


cdef void ledger_outcome(
        const table_view *t, const member_slot *m, int status,
        long long duration_us) noexcept nogil:
    cdef member_outcomes *o = t.outcomes + (m - t.members)
    ASSERT(<size_t>(m - t.members) < t.members_max)
    ledger_ended(&o.counts[0][0], &o.duration_us, status, duration_us)


cdef void ledger_of_vhost(
        vhost_slot *v, int status, long long bytes_out,
        long long duration_us) noexcept nogil:
    ledger_ended(&v.counts[0][0], &v.duration_us, status, duration_us)
    if bytes_out > 0:
        atomic_add_u64(&v.bytes_out, <uint64_t>bytes_out)


# counts: [OUTCOME_CLASSES][OUTCOME_TIMES]
cdef void ledger_ended(
        uint64_t *counts, uint64_t *duration, int status,
        long long duration_us) noexcept nogil:
    cdef int kind = status // 100 if 100 <= status < 100 * OUTCOME_CLASSES else 0
    cdef int time = 0
    while time < OUTCOME_TIMES - 1 and duration_us > OUTCOME_BOUNDS_US[time]:
        time += 1
    atomic_add_u64(&counts[kind * OUTCOME_TIMES + time], 1)
    if duration_us > 0:
        atomic_add_u64(duration, <uint64_t>duration_us)


# Under the balancer's lock.
cdef void ledger_elected(member_slot *m) noexcept nogil:
    atomic_set_u64(&m.elected, m.elected + 1)


# --- connections and exchanges of a worker

cdef void ledger_connection_opened(worker_slot *w) noexcept nogil:
    ledger_up(&w.connections)
    ledger_add(&w.accepted, 1)


# Connections to members: one more that was begun, taken again, or that failed.
cdef void ledger_upstream(uint64_t *count) noexcept nogil:
    ledger_add(count, 1)


cdef long long ledger_sum(const table_view *t, const int32_t *gauge) noexcept nogil:
    cdef uint32_t i
    cdef long long total = 0
    for i in range(atomic_get_u32(&t.book.workers_used)):
        if atomic_get_u32(&t.worker_entries[i].used):
            total += atomic_get_i32(gauge)
        gauge += sizeof(worker_slot) // sizeof(int32_t)     # of the next row
    return total


# Connections of this generation's workers that accept, and how many those are.
cdef long long ledger_connections_of_peers(
        const table_view *t, const worker_slot *w, long *workers) noexcept nogil:
    cdef uint32_t generation = worker_entry_of(t, w).generation
    cdef const worker_entry *e
    cdef uint32_t i
    cdef long long connections = 0
    workers[0] = 0
    for i in range(atomic_get_u32(&t.book.workers_used)):
        e = &t.worker_entries[i]
        if (atomic_get_u32(&e.used) and e.generation == generation
                and atomic_get_u32(&t.workers[i].state) != c'G'):
            connections += atomic_get_i32(&t.workers[i].connections)
            workers[0] += 1
    return connections


cdef void ledger_request_done(
        worker_slot *w, long long bytes_out, long long duration_us) noexcept nogil:
    ledger_add(&w.accesses, 1)
    ledger_add(&w.bytes_out, <uint64_t>bytes_out if bytes_out > 0 else 0)
    ledger_add(&w.duration_us, <uint64_t>duration_us if duration_us > 0 else 0)


# How many requests this worker may have in work (flow/work.pyx).
cdef void ledger_grant(worker_slot *w, long granted) noexcept nogil:
    atomic_set_i32(&w.granted, <int32_t>granted)


# ... and how many wait.
cdef void ledger_wait(worker_slot *w, long waiting) noexcept nogil:
    atomic_set_i32(&w.waiting, <int32_t>waiting)


# What the other workers have granted themselves, seen after what this one has written.
# No row counts for less than 0 or more than most.
cdef long ledger_granted_beside(
        const table_view *t, const worker_slot *own, long most) noexcept nogil:
    cdef uint32_t i
    cdef long one, granted = 0
    atomic_fence_full()
    for i in range(atomic_get_u32(&t.book.workers_used)):
        if &t.workers[i] == own or not atomic_get_u32(&t.worker_entries[i].used):
            continue
        one = atomic_get_i32(&t.workers[i].granted)
        granted += most if one > most else (one if one > 0 else 0)
    return granted


# --- the state of a member

# Which flags of a member the field says, by those in the book. C only where it is
# checked: else one that a worker which was taken over has put out would stay so.
cdef inline uint32_t member_live_of(uint32_t fixed) noexcept nogil:
    return (FLAGS_LIVE & ~<uint32_t>FLAG_HEALTH) | (
        fixed >> CHECKED_TO_HEALTH & FLAG_HEALTH)


# What an agent says; whose share is nothing drains.
cdef uint32_t member_agent_flags(const address_record *r) noexcept nogil:
    cdef uint32_t flags = atomic_get_u32(&r.agent_flags) & FLAGS_AGENT
    return flags | FLAG_DRAIN if atomic_get_u32(&r.agent_percent) == 1 else flags


# What is said beside the book: of the field's what is the workers' to say, and what an
# agent says. fixed: what the book says
cdef inline uint32_t member_flags_beside(
        const table_view *t, const member_slot *m, uint32_t fixed) noexcept nogil:
    cdef uint32_t said = atomic_get_u32(&m.flags) & member_live_of(fixed)
    if unlikely(fixed & FLAG_AGENT):
        said |= member_agent_flags(&t.address_records[m - t.members])
    return said


# FLAG_*: all that holds.
cdef uint32_t member_flags_now(
        const table_view *t, const member_slot *m) noexcept nogil:
    cdef uint32_t fixed = atomic_get_u32(&member_entry_of(t, m).flags)
    return fixed | member_flags_beside(t, m, fixed)


# What its agent leaves of a share; at least 1.
cdef int member_agent_factor(
        const table_view *t, const member_slot *m, int whole) noexcept nogil:
    cdef long long percent = atomic_get_u32(
        &t.address_records[m - t.members].agent_percent)
    cdef long long factor = whole * (percent - 1) // 100
    if percent == 0:
        return whole
    return <int>min(max(factor, <long long>1), <long long>AGENT_FACTOR_MAX)


cdef bint member_is_usable(const table_view *t, const member_slot *m) noexcept nogil:
    return (member_flags_now(t, m) & (FLAG_INIT | FLAGS_UNUSABLE)) == FLAG_INIT


cdef bint member_ignores_errors(
        const table_view *t, const member_slot *m) noexcept nogil:
    return (atomic_get_u32(&member_entry_of(t, m).flags) & FLAG_IGNORE) != 0


cdef unsigned int member_epoch(const member_slot *m) noexcept nogil:
    return atomic_get_acquire_u32(&m.epoch)


# Let the epoch rise, and tell every worker's next tick that one has.
cdef void member_renew(const table_view *t, member_slot *m) noexcept nogil:
    atomic_add_u32(&m.epoch, 1)
    # whoever sees that something moved sees what did
    atomic_fence_release()
    atomic_add_u32(&t.field.moves, 1)


cdef int member_failed(
        const table_view *t, member_slot *m, long long now_us,
        bint probe_may_clear) noexcept nogil:
    cdef uint32_t fixed = atomic_get_u32(&member_entry_of(t, m).flags)
    cdef uint32_t seen = atomic_get_u32(&m.flags)
    cdef uint32_t next
    cdef int _tries
    if fixed & FLAG_IGNORE:
        return 0
    for _tries in range(FLAG_TRIES_MAX):    # each one lost is one that another won
        next = seen | FLAG_ERROR | FLAG_OUT
        if not probe_may_clear:
            # whatever failed before, now there is a failure that a connect
            # cannot disprove
            next &= ~<uint32_t>FLAG_PROBE_CLEARS
        elif not seen & FLAG_ERROR and fixed & FLAG_PROBED:
            next |= FLAG_PROBE_CLEARS
        # before E, so that whoever sees E does not retry on an old time
        atomic_set_i64(&m.error_time_us, now_us)
        if atomic_swap_if_u32(&m.flags, &seen, next):
            break
    if seen & FLAG_ERROR:
        return 0
    member_renew(t, m)
    return FAILED_AGAIN if seen & FLAG_OUT else WENT_OUT


# Keep that it is out, or back.
cdef void member_changed(
        member_slot *m, bint is_out, int cause, long number, uint32_t pid,
        long long now_us) noexcept nogil:
    cdef uint32_t at = atomic_add_u32(&m.changes, 1) % MEMBER_CHANGES
    cdef member_change *c = &m.changed[at]
    atomic_set_i64(&c.at_us, 0)
    atomic_fence_release()
    c.pid = pid
    c.number = <uint16_t>min(max(number, <long>0), <long>0xFFFF)
    c.is_out = is_out
    c.cause = <uint8_t>cause
    atomic_fence_release()
    atomic_set_i64(&c.at_us, now_us)


cdef long long member_connected(member_slot *m) noexcept nogil:
    cdef uint32_t flags = atomic_get_u32(&m.flags)
    cdef long long failed_us
    # one that failed meanwhile waits for its retry: this connect proves the past
    if flags & FLAG_ERROR:
        return 0
    # looked at first: the line is shared, and nearly always there is nothing to do
    failed_us = atomic_get_i64(&m.error_time_us)
    if failed_us != 0:
        atomic_set_i64(&m.error_time_us, 0)
    if atomic_get_u32(&m.retries) != 0:
        atomic_set_u32(&m.retries, 0)
    if likely(not flags & FLAG_OUT):
        return 0
    flags = atomic_and_u32(&m.flags, ~<uint32_t>FLAG_OUT)
    return max(failed_us, <long long>1) if flags & FLAG_OUT else 0


# When its last ejection ends, or ended; 0: none, or a time that nobody has written.
cdef long long member_ejected_until_us(
        const member_slot *m, long long now_us) noexcept nogil:
    cdef long long until_us = atomic_get_i64(&m.ejected_until_us)
    if until_us < 0 or until_us > now_us + <long long>EJECT_S_MAX * 1000000:
        return 0
    return until_us


# Whatever brings it back ends that, too.
cdef void member_end_ejection(member_slot *m, long long now_us) noexcept nogil:
    if unlikely(atomic_get_i64(&m.ejected_until_us) > now_us):
        atomic_set_i64(&m.ejected_until_us, now_us)


# Clear E as a lazy retry does, without asking whether it is time; true when it was set.
cdef bint member_clear_error(member_slot *m, long long now_us) noexcept nogil:
    cdef uint32_t was
    member_end_ejection(m, now_us)
    atomic_set_i64(&m.up_us, now_us)    # before E: whoever elects it knows
    was = atomic_and_u32(
        &m.flags, ~<uint32_t>(FLAG_ERROR | FLAG_PROBE_CLEARS))
    return (was & FLAG_ERROR) != 0


cdef long long member_retry_in_ms(
        const table_view *t, const member_slot *m, long long now_us) noexcept nogil:
    cdef const member_entry *e = member_entry_of(t, m)
    cdef uint32_t fixed = atomic_get_u32(&e.flags)
    cdef uint32_t live = atomic_get_u32(&m.flags)
    cdef long long retry_us, failed_us, left_us
    if fixed & FLAG_STOPPED:
        return -1
    if fixed & FLAG_IGNORE or not live & FLAG_ERROR:
        return 0
    if live & FLAG_PROBE_CLEARS and fixed & FLAG_PROBED:
        return -1
    left_us = member_ejected_until_us(m, now_us) - now_us
    if unlikely(left_us > 0):
        return (left_us + 999) // 1000
    retry_us = <long long>atomic_get_u32(&e.retry_ms) * 1000
    if retry_us == 0:
        return 0    # even within the turn of the loop in which it failed
    failed_us = atomic_get_i64(&m.error_time_us)
    if failed_us < 0 or failed_us > now_us + ERROR_AHEAD_US:
        return 0
    if left_us + now_us > failed_us:
        return 0    # that is over, and nothing has failed since
    # strictly later than error_time + retry, as Apache compares
    left_us = failed_us + retry_us + 1 - now_us
    return 0 if left_us <= 0 else (left_us + 999) // 1000


# Clear E and count a retry when it is time to (now > error_time + retry; at once with
# retry=0 or flag I; never with flag S or when a probe will bring it back).
cdef void member_retry(
        const table_view *t, member_slot *m, long long now_us) noexcept nogil:
    if not atomic_get_u32(&m.flags) & FLAG_ERROR:
        return
    if member_retry_in_ms(t, m, now_us) == 0 and member_clear_error(m, now_us):
        atomic_add_u32(&m.retries, 1)


# Of a member that is out only because no check of it has ended yet: it may serve until
# then. returns true when it was one
cdef bint member_admit(member_slot *m) noexcept nogil:
    cdef uint32_t seen = atomic_get_u32(&m.flags)
    cdef int _tries
    for _tries in range(FLAG_TRIES_MAX):
        if not (seen & FLAG_UNPROVEN and seen & FLAG_HEALTH):
            return False
        if atomic_swap_if_u32(&m.flags, &seen, seen & ~<uint32_t>FLAG_HEALTH):
            return True
    return False


# Set FLAG_* on behalf of the master, or those of FLAGS_LIVE on behalf of the monitor;
# returns the flags before.
cdef uint32_t member_set_flags(
        table_view *t, member_slot *m, uint32_t flags, bint on) noexcept nogil:
    cdef uint32_t live = flags & FLAGS_LIVE
    cdef uint32_t was = member_flags_now(t, m)
    cdef member_entry *e = <member_entry *>table_pen(t, member_entry_of(t, m))
    if not on and flags & was & FLAGS_UNUSABLE:
        atomic_set_i64(&m.up_us, clock_us())
    if not on and live & FLAG_ERROR:
        member_end_ejection(m, clock_us())
    if e != NULL:
        # the master is the only one, so nothing comes between
        atomic_set_u32(
            &e.flags, e.flags | (flags & ~member_live_of(e.flags)) if on
            else e.flags & ~flags)
    if not on:
        if live & FLAG_ERROR:
            live |= FLAG_PROBE_CLEARS | FLAG_OUT
        if live & FLAG_HEALTH:
            live |= FLAG_UNPROVEN
        if live:
            was |= atomic_and_u32(&m.flags, ~live) & FLAGS_LIVE
        return was
    if live & FLAG_HEALTH:
        # first, so that nobody lets it in behind this (member_admit)
        atomic_and_u32(&m.flags, ~<uint32_t>FLAG_UNPROVEN)
    if live:
        was |= atomic_or_u32(&m.flags, live) & FLAGS_LIVE
    if flags & ~was & (FLAG_ERROR | FLAG_HEALTH | FLAG_DISABLED | FLAG_STOPPED):
        member_renew(t, m)
    return was
