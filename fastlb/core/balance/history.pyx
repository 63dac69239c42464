"""What members did in the last ten minutes, two hours, 24 hours (table.pxd draws it).

The monitor looks at all members once a second. Time is cut into intervals that begin
at the multiples of a ring's step of CLOCK_MONOTONIC; the first look behind the end of
one writes its sample, from what the counters have risen by since it began:

    step      1 s           10 s          60 s
    samples   600           720           1440       kept at interval % samples

Where the counters stood is kept in the record itself, so a monitor goes on where the
one before it has ended. An interval whose beginning or end nobody has seen within half
a step is a gap (span 0); one that was seen late has a span of other than 100 percent.

The record is that of one member: a slot's next member has another `life`, and begins
with nothing. What the field says may be a lie: it is subtracted, and bounded.
"""
# uses: balance/table, balance/ledger

cdef enum:
    HISTORY_SPAN_LEAST = 50     # percent of a step
    HISTORY_SPAN_MOST = 150
    HISTORY_TUNNELS = 1         # the class of 101: how long one lasts tells nothing
    HISTORY_FAILED = 5
    HISTORY_EXACT = 2048        # see history_code

cdef uint32_t[HISTORY_RINGS] HISTORY_STEPS_S = [1, 10, 60]
cdef uint32_t[HISTORY_RINGS] HISTORY_COUNTS = [600, 720, 1440]
cdef uint32_t[HISTORY_RINGS] HISTORY_PLACES = [0, 600, 1320]    # of their first sample

# What one look has seen of a member.
cdef struct history_look:
    uint64_t[OUTCOME_TIMES] times   # of answers, tunnels left out
    uint64_t requests
    uint64_t errors
    uint16_t in_flight
    bint is_out


# Where the monitor writes; NULL: this is none.
cdef member_history *history_pen(const table_view *t, uint32_t slot) noexcept nogil:
    if t.history_part.writing == NULL:
        return NULL
    return <member_history *>t.history_part.writing + slot


# A number with eleven bits behind its first one, in sixteen: right to 1 in 2048. Never
# 0, which says that there is none. facts/history.py reads it.
cdef uint16_t history_code(uint64_t us) noexcept nogil:
    cdef uint32_t shift = 0
    while us >= 2 * HISTORY_EXACT and shift < 30:
        us >>= 1
        shift += 1
    return <uint16_t>(shift * HISTORY_EXACT + (us if us else 1))


# A counter has risen by so much. One that is less than before began anew (Compat
# apache: a reload).
cdef uint64_t history_rise(uint64_t now, uint64_t before) noexcept nogil:
    cdef uint64_t rise = now - before if now >= before else now
    return min(rise, <uint64_t>0xFFFFFFFF)


# What so many of a hundred took at most, with times even within a bound, as
# histogram_quantile() of Prometheus has it; 0: there was none.
cdef uint16_t history_quantile(const uint64_t *times, int percent) noexcept nogil:
    cdef uint64_t total = 0
    cdef uint64_t before = 0
    cdef double rank, lower, upper
    cdef int i
    for i in range(OUTCOME_TIMES):
        total += times[i]
    if total == 0:
        return 0
    rank = <double>total * percent / 100
    for i in range(OUTCOME_TIMES - 1):
        if times[i] and <double>(before + times[i]) >= rank:
            lower = OUTCOME_BOUNDS_US[i - 1] if i > 0 else 0
            upper = OUTCOME_BOUNDS_US[i]
            return history_code(<uint64_t>(
                lower + (upper - lower) * (rank - <double>before) / <double>times[i]))
        before += times[i]
    return history_code(OUTCOME_BOUNDS_US[OUTCOME_TIMES - 2])


cdef void history_see(
        const table_view *t, const member_slot *m, history_look *look) noexcept nogil:
    cdef const member_outcomes *o = t.outcomes + (m - t.members)
    cdef long long busy = ledger_busy_of(t, m)
    cdef uint64_t count
    cdef int kind, time
    memset(look, 0, sizeof(history_look))
    for kind in range(OUTCOME_CLASSES):
        for time in range(OUTCOME_TIMES):
            count = atomic_get_u64(&o.counts[kind][time])
            look.requests += count
            if kind != HISTORY_TUNNELS:
                look.times[time] += count
            if kind == 0 or kind == HISTORY_FAILED:
                look.errors += count
    look.in_flight = <uint16_t>min(max(busy, 0), 0xFFFF)
    look.is_out = not member_is_usable(t, m)


# The interval of that number begins with this look.
cdef void history_begin(
        history_ring *r, const history_look *look, uint32_t number,
        int64_t now_us) noexcept nogil:
    memcpy(r.times, look.times, sizeof(look.times))
    r.requests = look.requests
    r.errors = look.errors
    r.at_us = now_us
    r.next = number
    r.looks = r.outs = r.most = 0


cdef void history_fill(
        history_sample *s, const history_ring *r, const history_look *look,
        uint8_t span) noexcept nogil:
    cdef uint64_t[OUTCOME_TIMES] times
    cdef int i
    for i in range(OUTCOME_TIMES):
        times[i] = history_rise(look.times[i], r.times[i])
    s.requests = <uint32_t>history_rise(look.requests, r.requests)
    s.errors = <uint32_t>history_rise(look.errors, r.errors)
    s.in_flight = r.most
    s.p50 = history_quantile(times, 50)
    s.p99 = history_quantile(times, 99)
    # one look of many that found it out is not nothing
    s.out = <uint8_t>((255 * <uint32_t>r.outs + r.looks - 1) // r.looks)
    s.span = span


# This look counts for the interval under way, and ends it if its time is over.
cdef void history_step(
        member_history *h, int ring, const history_look *look,
        int64_t now_us) noexcept nogil:
    cdef history_ring *r = &h.rings[ring]
    cdef history_sample *samples = &h.samples[HISTORY_PLACES[ring]]
    cdef uint32_t count = HISTORY_COUNTS[ring]
    cdef int64_t step_us = <int64_t>HISTORY_STEPS_S[ring] * 1000000
    cdef uint32_t now = <uint32_t>(now_us // step_us)
    cdef int64_t span = ((now_us - r.at_us) * 100 + step_us // 2) // step_us
    cdef uint32_t number
    if r.looks < 0xFFFF:
        r.looks += 1
        r.outs += look.is_out
    r.most = max(r.most, look.in_flight)
    if now <= r.next:
        return
    for number in range(now - min(now - r.next, count), now):
        samples[number % count].span = 0
    if HISTORY_SPAN_LEAST <= span <= HISTORY_SPAN_MOST:
        history_fill(&samples[(now - 1) % count], r, look, <uint8_t>span)
    history_begin(r, look, now, now_us)


cdef void history_keep(
        const table_view *t, member_history *h, uint32_t slot,
        int64_t now_us) noexcept nogil:
    cdef uint32_t life = atomic_get_u32(&t.member_entries[slot].life)
    cdef uint32_t odd = h.version | 1   # also of a monitor that died within
    cdef history_look look
    cdef uint32_t number
    cdef int ring
    history_see(t, &t.members[slot], &look)
    atomic_set_u32(&h.version, odd)
    atomic_fence_release()
    for ring in range(HISTORY_RINGS):
        if h.life == life:
            history_step(h, ring, &look, now_us)
        else:
            number = <uint32_t>(now_us // (<int64_t>HISTORY_STEPS_S[ring] * 1000000))
            history_begin(&h.rings[ring], &look, number, now_us)
            h.rings[ring].first = number
    h.life = life
    atomic_set_release_u32(&h.version, odd + 1)


# A look at all members, once a second. returns how many there are; FAILED: it is not
# for this process to write
cdef int history_take(const table_view *t, int64_t now_us) noexcept nogil:
    cdef uint32_t slot
    cdef int taken = 0
    if history_pen(t, 0) == NULL:
        return FAILED
    for slot in range(atomic_get_u32(&t.book.members_used)):
        if atomic_get_acquire_u32(&t.member_entries[slot].used):
            history_keep(t, history_pen(t, slot), slot, now_us)
            taken += 1
    return taken


# The samples of a ring of a member, copied whole, the oldest first.
# out       room for all of the ring
# next      number of the interval behind the last one
# returns   how many; AGAIN: they are being written just now
cdef int history_read(
        const table_view *t, uint32_t slot, int ring, history_sample *out,
        uint32_t *next) noexcept nogil:
    cdef const member_history *h = &t.histories[slot]
    cdef const history_ring *r = &h.rings[ring]
    cdef const history_sample *samples = &h.samples[HISTORY_PLACES[ring]]
    cdef uint32_t before, count, place, behind
    cdef int _tries
    ASSERT(slot < t.members_max and 0 <= ring < HISTORY_RINGS)
    for _tries in range(TABLE_VERSION_READS_MAX):
        before = atomic_get_acquire_u32(&h.version)
        if before & 1:
            continue
        if h.life != atomic_get_u32(&t.member_entries[slot].life):
            return 0    # what stands there is another one's
        next[0] = r.next
        count = min(next[0] - r.first, HISTORY_COUNTS[ring])
        place = (next[0] - count) % HISTORY_COUNTS[ring]
        behind = min(HISTORY_COUNTS[ring] - place, count)
        memcpy(out, &samples[place], behind * sizeof(history_sample))
        memcpy(out + behind, samples, (count - behind) * sizeof(history_sample))
        atomic_fence_acquire()
        if atomic_get_u32(&h.version) == before:
            return <int>count
    return AGAIN
