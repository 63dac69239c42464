"""What Python says and sees of requests that are followed (follow.pyx)."""
# uses: ground/address, balance/table

# A text and the NULs behind it.
cdef void follow_text(char *out, Py_ssize_t room, bytes said):
    memset(out, 0, <size_t>room)
    memcpy(out, <const char *>said, <size_t>min(len(said), room - 1))


cdef void follow_say(
        const table_view *t, long long until_us, bytes method, bytes host, bytes path,
        const network *of):
    """From now on those are followed, until then."""
    cdef follow_desk *desk = &t.field.follow
    cdef uint32_t odd = atomic_get_u32(&desk.version) | 1
    atomic_set_u32(&desk.version, odd)
    atomic_fence_release()
    follow_text(desk.method, FOLLOW_METHOD_BYTES, method)
    follow_text(desk.host, FOLLOW_HOST_BYTES, host)
    follow_text(desk.path, FOLLOW_PATH_BYTES, path)
    memcpy(desk.network, of.address, sizeof(desk.network))
    desk.bits = of.bits
    atomic_set_release_u32(&desk.version, odd + 1)
    atomic_set_i64(&desk.until_us, until_us)


# One event, if it is still that one.
cdef bint follow_read(
        const worker_follow *f, uint32_t place, follow_event *out) noexcept nogil:
    cdef const follow_event *e = &f.events[place % FOLLOW_EVENTS]
    if atomic_get_acquire_u32(&e.number) != place + 1:
        return False
    memcpy(out, e, sizeof(follow_event))
    atomic_fence_acquire()
    return atomic_get_u32(&e.number) == place + 1


cdef tuple follow_events(const table_view *t, int slot, uint32_t since):
    """(where the next ones begin, requests that found no room, events since then as
    (request, at_us, kind, subject, count, more, figure, text))."""
    cdef worker_follow *f = t.follows + slot
    cdef uint32_t written = atomic_get_acquire_u32(&f.written)
    cdef follow_event e
    found = []
    if written - since > FOLLOW_EVENTS:     # they have gone, or it is a lie
        since = written - FOLLOW_EVENTS
    while since != written:
        if follow_read(f, since, &e):
            found.append((
                e.request, e.at_us, e.kind, e.subject, e.count, e.more, e.figure,
                e.text[:FOLLOW_TEXT_BYTES].split(b"\0", 1)[0]))
        since += 1
    atomic_set_u32(&f.seen, written)
    return written, atomic_get_u32(&f.skipped), found
