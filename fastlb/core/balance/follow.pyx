"""Steps of requests that are followed, for whoever watches them (fastlb ctl trace).

The desk says whose requests, and until when: one reader at a time, who says so again
while it reads, so that nothing is followed for a reader who has died. Each worker
writes what happens to these into its own ring, and begins with no request while half
of the ring is unread; of those that it is at, none is lost then.

    events   [ read ........ seen | unread ....... written | older ones ]

As everywhere in the field, numbers are for comparing and text is for people.
"""
# uses: balance/table

# Is anybody's request followed at that moment? One look at a word that rarely changes.
cdef bint follow_is_on(const table_view *t, long long now_us) noexcept nogil:
    cdef int64_t until_us = atomic_get_i64(&t.field.follow.until_us)
    return unlikely(until_us != 0) and until_us > now_us


# Whose, copied whole if it is another than that of `out`. False: it is being written.
cdef bint follow_wanted(const table_view *t, follow_desk *out) noexcept nogil:
    cdef const follow_desk *desk = &t.field.follow
    cdef uint32_t before = atomic_get_acquire_u32(&desk.version)
    if before & 1:
        return False
    if before == out.version:
        return True
    memcpy(out, desk, sizeof(follow_desk))
    atomic_fence_acquire()
    out.version = before
    # Anybody may have written it.
    out.method[FOLLOW_METHOD_BYTES - 1] = 0
    out.host[FOLLOW_HOST_BYTES - 1] = 0
    out.path[FOLLOW_PATH_BYTES - 1] = 0
    if atomic_get_u32(&desk.version) == before:
        return True
    out.version = before - 1        # odd: the next look copies it
    return False


# May this worker begin with one more? If not, it is counted.
cdef bint follow_has_room(const table_view *t, const worker_slot *w) noexcept nogil:
    cdef worker_follow *f = t.follows + (w - t.workers)
    ASSERT(<size_t>(w - t.workers) < t.workers_max)
    if f.written - atomic_get_u32(&f.seen) < FOLLOW_EVENTS // 2:
        return True
    atomic_set_u32(&f.skipped, f.skipped + 1)
    return False


# The next event. `number` of `e` counts for nothing.
cdef void follow_write(
        const table_view *t, const worker_slot *w,
        const follow_event *e) noexcept nogil:
    cdef worker_follow *f = t.follows + (w - t.workers)
    cdef uint32_t place = atomic_get_u32(&f.written)
    cdef follow_event *out = &f.events[place % FOLLOW_EVENTS]
    ASSERT(<size_t>(w - t.workers) < t.workers_max)
    atomic_set_u32(&out.number, 0)
    atomic_fence_release()
    memcpy(&out.request, &e.request, sizeof(follow_event) - sizeof(uint32_t))
    atomic_set_release_u32(&out.number, place + 1)
    atomic_set_release_u32(&f.written, place + 1)
