"""Owner words (lock.pxd)."""
# uses: io/watch, balance/table

cdef extern from *:
    """
    #include <poll.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    #ifndef SYS_pidfd_open
    #define SYS_pidfd_open 434
    #endif
    #if defined(__x86_64__) || defined(__i386__)
    #define LOCK_PAUSE() __builtin_ia32_pause()
    #elif defined(__aarch64__)
    #define LOCK_PAUSE() __asm__ volatile("yield")
    #else
    #define LOCK_PAUSE() ((void)0)
    #endif
    #define LOCK_PIDFD(pid) ((int)syscall(SYS_pidfd_open, (pid), 0))
    static int lock_is_readable(int fd)
    {
        struct pollfd one = {fd, POLLIN, 0};
        return poll(&one, 1, 0) > 0;
    }
    """
    void LOCK_PAUSE() nogil
    int LOCK_PIDFD(int pid) nogil
    bint lock_is_readable(int fd) nogil

cdef extern from "time.h" nogil:
    int lock_sleep "nanosleep"(const timespec *asked, timespec *left)

cdef extern from "<errno.h>" nogil:
    int LOCK_NO_SUCH "ESRCH"


cdef uint64_t lock_owner(uint32_t serial, uint32_t number) noexcept nogil:
    return <uint64_t>serial << 32 | number


# Which process the book says it is; -1: the book knows no such owner (any more).
cdef int lock_find(const table_view *t, uint64_t owner) noexcept nogil:
    cdef uint32_t number = <uint32_t>owner
    cdef uint32_t serial = <uint32_t>(owner >> 32)
    cdef const worker_entry *e
    if number == LOCK_MASTER:
        if serial != t.book.master_serial:
            return -1
        return atomic_get_i32(&t.book.master_pid)
    if number == LOCK_MONITOR:
        if serial != atomic_get_u32(&t.book.monitor_serial):
            return -1
        return atomic_get_i32(&t.book.monitor_pid)
    if number == 0 or number > t.workers_max:
        return -1
    e = &t.worker_entries[number - 1]
    if not atomic_get_acquire_u32(&e.used) or e.serial != serial:
        return -1
    return atomic_get_i32(&e.pid)


# The process of that owner as the book has it; 0: none.
cdef int lock_pid(const table_view *t, uint64_t owner) noexcept nogil:
    cdef int pid = lock_find(t, owner)
    return pid if pid > 0 else 0


# Also when it has ended and the master has not settled it yet: the master may be busy.
cdef bint lock_owner_has_gone(const table_view *t, uint64_t owner) noexcept nogil:
    cdef int pid = lock_find(t, owner)
    cdef int fd
    cdef bint gone
    if pid <= 0:
        return pid < 0      # 0: it was forked just now
    fd = LOCK_PIDFD(pid)
    if fd < 0:
        return errno == LOCK_NO_SUCH
    gone = lock_is_readable(fd)
    close(fd)
    return gone


# The word is not free: the rest of lock_take.
cdef int lock_wait(table_view *t, uint64_t *word) noexcept nogil:
    cdef timespec step
    cdef uint64_t seen
    cdef long long now_us, until_us = 0
    cdef int got, _spins, late = 0
    for _spins in range(LOCK_SPINS):
        LOCK_PAUSE()
        seen = 0
        if atomic_get_u64(word) == 0 and atomic_swap_if_u64(
                word, &seen, t.own.owner):
            return LOCK_FREE
    step.tv_sec = 0
    step.tv_nsec = LOCK_STEP_NS
    while late < LOCK_LATE_TRIES:
        seen = atomic_get_u64(word)
        if seen == 0 or seen == t.own.owner or lock_owner_has_gone(t, seen):
            got = LOCK_FREE if seen == 0 else LOCK_OF_DEAD
            if atomic_swap_if_u64(word, &seen, t.own.owner):
                return got
        now_us = clock_us()
        if until_us == 0:
            until_us = now_us
            if now_us >= t.own.hasty_until_us:
                until_us += LOCK_WAIT_US
        if now_us >= until_us:
            late += 1
            if seen != 0 and atomic_swap_if_u64(word, &seen, t.own.owner):
                break
            continue
        lock_sleep(&step, NULL)
        if step.tv_nsec < LOCK_STEP_MAX_NS:
            step.tv_nsec *= 2
    # Even when every swap was lost, to a process that keeps writing: its lock guards
    # nothing any more.
    t.own.taken_from = seen
    t.own.hasty_until_us = now_us + LOCK_HASTE_US
    return LOCK_OF_LIVING


# Always ends, and the caller goes on whatever it says. returns LOCK_*.
cdef int lock_take(table_view *t, uint64_t *word) noexcept nogil:
    cdef uint64_t seen = 0
    if likely(atomic_swap_if_u64(word, &seen, t.own.owner)):
        return LOCK_FREE
    return lock_wait(t, word)


cdef void lock_give(table_view *t, uint64_t *word) noexcept nogil:
    cdef uint64_t seen = t.own.owner
    # somebody else's word stays: it was taken over
    atomic_swap_if_u64(word, &seen, 0)


# Take the lock of that owner, known to be dead; true when it had it.
cdef bint lock_take_from(table_view *t, uint64_t *word, uint64_t owner) noexcept nogil:
    cdef uint64_t seen = owner
    return atomic_get_u64(word) == owner and atomic_swap_if_u64(
        word, &seen, t.own.owner)


# --- locks of balancers

# The owner died within an election: take back what it had changed. Which members it
# knew does not matter (another generation's list may differ): the stamps tell.
cdef void balancer_undo(table_view *t, balancer_slot *b) noexcept nogil:
    cdef int32_t index = <int32_t>(b - t.balancers)
    cdef uint32_t i
    cdef member_slot *m
    if b.begun == b.done:
        return
    for i in range(atomic_get_u32(&t.book.members_used)):
        m = &t.members[i]
        if t.member_entries[i].balancer == index and m.stamp == b.begun:
            m.lbstatus = m.lbstatus_before
    b.done = b.begun


cdef int balancer_taken(table_view *t, balancer_slot *b, int got) noexcept nogil:
    balancer_undo(t, b)
    atomic_add_u32(&t.field.repairs, 1)
    return got


cdef int balancer_lock(table_view *t, balancer_slot *b) noexcept nogil:
    cdef int got = lock_take(t, &b.owner)
    if likely(got == LOCK_FREE):
        return got
    return balancer_taken(t, b, got)


cdef void balancer_unlock(table_view *t, balancer_slot *b) noexcept nogil:
    lock_give(t, &b.owner)


# Free the locks that this dead process left; returns how many. Never waits.
cdef int table_free_locks(table_view *t, uint64_t owner) noexcept nogil:
    cdef uint32_t i
    cdef int count = 0
    cdef balancer_slot *b
    for i in range(atomic_get_u32(&t.book.balancers_used)):
        b = &t.balancers[i]
        if lock_take_from(t, &b.owner, owner):
            balancer_taken(t, b, LOCK_OF_DEAD)
            balancer_unlock(t, b)
            count += 1
    return count


# --- addresses
