"""Readiness (watch.pxd)."""
# uses: io/timer, io/tls_state

cdef watch_set watch
cdef int stream_errno = 0   # of the last FAILED of a connection, whoever met it
cdef epoll_event[EVENTS_PER_BATCH] watch_events


cdef long long clock_us() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <long long>now.tv_sec * 1000000 + now.tv_nsec // 1000


cdef long long clock_coarse_us() noexcept nogil:
    """It stands still for milliseconds: sums of many short times are right on it."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
    return <long long>now.tv_sec * 1000000 + now.tv_nsec // 1000


cdef int watch_begin(conn_handler release, conn_handler end_tls) noexcept nogil:
    """returns 0 or FAILED."""
    memset(&watch, 0, sizeof(watch))
    watch.epfd = epoll_create1(EPOLL_CLOEXEC)
    watch.release = release
    watch.end_tls = end_tls
    watch.now_us = clock_us()
    return 0 if watch.epfd >= 0 else FAILED


cdef int watch_add(conn *c, bint edge) noexcept nogil:
    """returns 0 or FAILED."""
    cdef epoll_event event
    ASSERT(c.fd >= 0)
    ASSERT(c.kind != KIND_DEAD)
    ASSERT(c.kind < KIND_COUNT)
    event.events = EPOLLIN
    if edge:
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
    event.data.ptr = c
    if epoll_ctl(watch.epfd, EPOLL_CTL_ADD, c.fd, &event) != 0:
        return FAILED
    watch.open_count += 1
    return 0


cdef void watch_remove(conn *c) noexcept nogil:
    """The descriptor stays open."""
    cdef epoll_event event
    epoll_ctl(watch.epfd, EPOLL_CTL_DEL, c.fd, &event)
    watch.open_count -= 1
    ASSERT(watch.open_count >= 0)


cdef void watch_close(conn *c) noexcept nogil:
    """Unregister, close the descriptor, and free the struct when the batch has
    ended."""
    if c.kind == KIND_DEAD:
        return
    ASSERT(c.kind != KIND_LISTENER)
    if c.tls != NULL:
        watch.end_tls(c)
    if c.fd >= 0:
        # The set forgets a descriptor when its last copy is closed, and workers hold
        # no copies of each other's connections.
        close(c.fd)
        c.fd = -1
        watch.open_count -= 1
        ASSERT(watch.open_count >= 0)
    timer_forget(&c.timer)
    c.freed_kind = c.kind
    c.kind = KIND_DEAD
    c.dead_next = watch.dead
    watch.dead = c


cdef void watch_queue(conn *c) noexcept nogil:
    """Handle it again before new events are read: it stopped with work left."""
    if c.queued:
        return
    c.queued = True
    c.run_next = NULL
    if watch.run_tail == NULL:
        watch.run_head = c
    else:
        watch.run_tail.run_next = c
    watch.run_tail = c


cdef void watch_free_dead() noexcept nogil:
    """Free what has died, except what still stands in the run queue."""
    cdef conn *c = watch.dead
    cdef conn *next_dead
    cdef conn *kept = NULL
    while c != NULL:
        ASSERT(c.kind == KIND_DEAD)
        ASSERT(c.fd == -1)
        ASSERT(c.timer.next == NULL)
        next_dead = c.dead_next
        if c.queued:
            c.dead_next = kept
            kept = c
        else:
            watch.release(c)
        c = next_dead
    watch.dead = kept


cdef void watch_run_queued() noexcept nogil:
    """One round of the queue: what is queued meanwhile waits for the next round."""
    cdef conn *c = watch.run_head
    cdef conn *following
    watch.run_head = NULL
    watch.run_tail = NULL
    while c != NULL:
        following = c.run_next
        c.queued = False
        if c.kind != KIND_DEAD:
            watch.handlers[c.kind](c)
        c = following


cdef bint watch_turn() noexcept nogil:
    """One turn: batches until nothing is ready, the bound is reached, or one took long.
    returns True when work is left."""
    cdef int _, i, count
    cdef unsigned int what
    cdef conn *c
    for _ in range(BATCHES_PER_TURN):
        count = epoll_wait(watch.epfd, watch_events, EVENTS_PER_BATCH, 0)
        watch.now_us = clock_us()
        if count <= 0 and watch.run_head == NULL:
            return False
        # All of them are noted before the first is handled: a request must not be
        # given an idle connection whose end, or whose unasked bytes, stand later in
        # the batch.
        for i in range(count):
            c = <conn *>watch_events[i].data.ptr
            what = watch_events[i].events
            if what & EPOLLIN:
                c.readable = True
            if what & EPOLLOUT:
                c.writable = True
            if unlikely(c.crossed):
                c.readable = True
                c.writable = True
            if unlikely(what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)):
                c.readable = True
                c.peer_closed = True
                if what & (EPOLLHUP | EPOLLERR):
                    c.broken = True
                    c.writable = True
        for i in range(count):
            c = <conn *>watch_events[i].data.ptr
            if likely(c.kind != KIND_DEAD):
                watch.handlers[c.kind](c)
        if watch.run_head != NULL:
            watch_run_queued()
        if watch.dead != NULL:
            watch_free_dead()
        if unlikely(watch.has_worked):
            watch.has_worked = False
            return True
    return True
