# The mapping itself: its layout, its checks, its mutexes. Claims and everything that
# Python sees are in table_slots.pyx.

cdef extern from "<pthread.h>" nogil:
    int PTHREAD_PROCESS_SHARED
    int PTHREAD_MUTEX_ROBUST
    int mutexattr_init "pthread_mutexattr_init"(pthread_mutexattr_t *a)
    int mutexattr_setpshared "pthread_mutexattr_setpshared"(
        pthread_mutexattr_t *a, int shared)
    int mutexattr_setrobust "pthread_mutexattr_setrobust"(
        pthread_mutexattr_t *a, int robust)
    int mutexattr_destroy "pthread_mutexattr_destroy"(pthread_mutexattr_t *a)
    int mutex_init "pthread_mutex_init"(
        pthread_mutex_t *m, const pthread_mutexattr_t *a)
    int mutex_lock "pthread_mutex_lock"(pthread_mutex_t *m)
    int mutex_trylock "pthread_mutex_trylock"(pthread_mutex_t *m)
    int mutex_unlock "pthread_mutex_unlock"(pthread_mutex_t *m)
    int mutex_consistent "pthread_mutex_consistent"(pthread_mutex_t *m)

cdef extern from "<errno.h>" nogil:
    int MUTEX_OWNER_DEAD "EOWNERDEAD"

# More than this no table needs; it keeps every product below in 64 bits.
cdef enum:
    TABLE_SLOTS_MAX = 1 << 20
    # a writer of addresses copies some 200 bytes: who meets it twice is a late reader
    TABLE_VERSION_READS_MAX = 16


# --- layout

cdef inline uint64_t table_pages(uint64_t size) noexcept nogil:
    return (size + TABLE_PAGE - 1) & ~<uint64_t>(TABLE_PAGE - 1)


cdef uint64_t table_layout(
        table_header *h, unsigned int balancers_max, unsigned int members_max,
        unsigned int workers_max) noexcept nogil:
    if not (0 < balancers_max <= TABLE_SLOTS_MAX and 0 < members_max <= TABLE_SLOTS_MAX
            and 0 < workers_max <= TABLE_SLOTS_MAX):
        return 0
    memset(h, 0, sizeof(table_header))
    h.magic = TABLE_MAGIC
    h.layout = TABLE_LAYOUT
    h.header_size = sizeof(table_header)
    h.balancers_max = balancers_max
    h.members_max = members_max
    h.workers_max = workers_max
    h.balancer_size = sizeof(balancer_slot)
    h.member_size = sizeof(member_slot)
    h.cold_size = sizeof(member_cold)
    h.worker_size = sizeof(worker_slot)
    # no two workers' shares on one cache line
    h.share_row_size = (members_max * sizeof(int32_t) + 63) & ~<uint32_t>63
    h.balancers_at = TABLE_PAGE
    h.members_at = h.balancers_at + table_pages(
        <uint64_t>balancers_max * sizeof(balancer_slot))
    h.colds_at = h.members_at + table_pages(
        <uint64_t>members_max * sizeof(member_slot))
    h.workers_at = h.colds_at + table_pages(
        <uint64_t>members_max * sizeof(member_cold))
    h.shares_at = h.workers_at + table_pages(
        <uint64_t>workers_max * sizeof(worker_slot))
    h.size = h.shares_at + table_pages(<uint64_t>workers_max * h.share_row_size)
    return h.size


cdef int table_point(table_view *v, char *base, uint64_t size) noexcept nogil:
    cdef table_header *h = <table_header *>base
    cdef table_header own
    if size < sizeof(table_header):
        return TABLE_SHORT
    if h.magic != TABLE_MAGIC:
        return TABLE_NOT_ONE
    if (h.layout != TABLE_LAYOUT or h.header_size != sizeof(table_header)
            or h.balancer_size != sizeof(balancer_slot)
            or h.member_size != sizeof(member_slot)
            or h.cold_size != sizeof(member_cold)
            or h.worker_size != sizeof(worker_slot)):
        return TABLE_OTHER_LAYOUT
    # the maxima decide everything else, so what they give must be what stands there
    if table_layout(&own, h.balancers_max, h.members_max, h.workers_max) == 0:
        return TABLE_BAD_PARTS
    if (h.share_row_size != own.share_row_size or h.size != own.size
            or h.balancers_at != own.balancers_at or h.members_at != own.members_at
            or h.colds_at != own.colds_at or h.workers_at != own.workers_at
            or h.shares_at != own.shares_at):
        return TABLE_BAD_PARTS
    if size < h.size:
        return TABLE_SHORT
    v.base = base
    v.size = h.size
    v.header = h
    v.balancers = <balancer_slot *>(base + h.balancers_at)
    v.members = <member_slot *>(base + h.members_at)
    v.colds = <member_cold *>(base + h.colds_at)
    v.workers = <worker_slot *>(base + h.workers_at)
    v.shares = base + h.shares_at
    v.share_row_size = h.share_row_size
    return 0


cdef int32_t *table_share(
        table_view *t, worker_slot *w, member_slot *m) noexcept nogil:
    cdef char *row = t.shares + <size_t>(w - t.workers) * t.share_row_size
    ASSERT(w - t.workers >= 0)
    ASSERT(w - t.workers < t.header.workers_max)
    ASSERT(m - t.members >= 0)
    ASSERT(m - t.members < t.header.members_max)
    return <int32_t *>row + (m - t.members)


cdef member_cold *member_cold_half(table_view *t, member_slot *m) noexcept nogil:
    return t.colds + (m - t.members)


cdef uint64_t table_key_hash(const char *key, unsigned int length) noexcept nogil:
    # FNV-1a
    cdef uint64_t h = <uint64_t>14695981039346656037u
    cdef unsigned int i
    for i in range(length):
        h = (h ^ <unsigned char>key[i]) * <uint64_t>1099511628211u
    return h


cdef uint32_t table_route_hash(const char *route, unsigned int length) noexcept nogil:
    cdef uint64_t h = table_key_hash(route, length)
    return <uint32_t>(h ^ (h >> 32)) | 1


# --- mutexes

cdef int table_mutex_make(shared_mutex *m) noexcept nogil:
    cdef pthread_mutexattr_t attributes
    cdef int error = mutexattr_init(&attributes)
    if error == 0:
        error = mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED)
        if error == 0:
            error = mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST)
        if error == 0:
            error = mutex_init(&m.lock, &attributes)
        mutexattr_destroy(&attributes)
    return error


# The owner died within an election: take back what it had changed. Which members it
# knew does not matter (another generation's list may differ): the stamps tell.
cdef void balancer_undo(table_view *t, balancer_slot *b) noexcept nogil:
    cdef int32_t index = <int32_t>(b - t.balancers)
    cdef uint32_t i
    cdef member_slot *m
    if b.begun == b.done:
        return
    for i in range(atomic_get_u32(&t.header.members_used)):
        m = &t.members[i]
        if t.colds[i].balancer == index and m.stamp == b.begun:
            m.lbstatus = m.lbstatus_before
    b.done = b.begun


cdef int balancer_locked(table_view *t, balancer_slot *b, int error) noexcept nogil:
    if error == 0:
        return 0
    if error != MUTEX_OWNER_DEAD:
        return -1
    balancer_undo(t, b)
    mutex_consistent(&b.mutex.lock)
    atomic_add_u32(&t.header.repairs, 1)
    return 1


cdef int balancer_lock(table_view *t, balancer_slot *b) noexcept nogil:
    return balancer_locked(t, b, mutex_lock(&b.mutex.lock))


cdef void balancer_unlock(balancer_slot *b) noexcept nogil:
    mutex_unlock(&b.mutex.lock)


# What the table's mutex guards is written so that each step leaves it sound (`used`
# last when a slot is taken, first when it is freed), so there is nothing to undo.
cdef int table_locked(table_view *t, int error) noexcept nogil:
    if error == 0:
        return 0
    if error != MUTEX_OWNER_DEAD:
        return -1
    mutex_consistent(&t.header.mutex.lock)
    atomic_add_u32(&t.header.repairs, 1)
    return 1


cdef int table_lock(table_view *t) noexcept nogil:
    return table_locked(t, mutex_lock(&t.header.mutex.lock))


cdef void table_unlock(table_view *t) noexcept nogil:
    mutex_unlock(&t.header.mutex.lock)


cdef int member_lock(table_view *t, member_slot *m) noexcept nogil:
    cdef int32_t balancer = member_cold_half(t, m).balancer
    if balancer < 0:
        return table_lock(t)
    return balancer_lock(t, &t.balancers[balancer])


cdef void member_unlock(table_view *t, member_slot *m) noexcept nogil:
    cdef int32_t balancer = member_cold_half(t, m).balancer
    if balancer < 0:
        table_unlock(t)
    else:
        balancer_unlock(&t.balancers[balancer])


cdef int table_repair(table_view *t) noexcept nogil:
    cdef uint32_t i
    cdef int error, got, count = 0
    cdef balancer_slot *b
    error = mutex_trylock(&t.header.mutex.lock)
    got = table_locked(t, error)
    if got >= 0:
        count += got
        table_unlock(t)
    for i in range(atomic_get_u32(&t.header.balancers_used)):
        b = &t.balancers[i]
        if not atomic_get_acquire_u32(&b.mutex_made):
            continue
        # busy means that a living process has it: the kernel has already marked
        # every mutex of a process that could be reaped
        got = balancer_locked(t, b, mutex_trylock(&b.mutex.lock))
        if got >= 0:
            count += got
            balancer_unlock(b)
    return count


# --- addresses

cdef int member_addresses(
        table_view *t, member_slot *m, uint32_t *version,
        member_address *out) noexcept nogil:
    cdef member_cold *cold = member_cold_half(t, m)
    cdef uint32_t before, count
    cdef int _tries
    for _tries in range(TABLE_VERSION_READS_MAX):
        before = atomic_get_acquire_u32(&cold.address_version)
        if before == version[0]:
            return AGAIN
        if before & 1:
            continue
        count = cold.address_count
        if count > TABLE_ADDRESSES_MAX:
            count = TABLE_ADDRESSES_MAX
        memcpy(out, cold.addresses, count * sizeof(member_address))
        atomic_fence_acquire()
        if atomic_get_u32(&cold.address_version) == before:
            version[0] = before
            return <int>count
    return AGAIN


cdef void member_addresses_write(
        member_cold *cold, const member_address *addresses,
        uint32_t count) noexcept nogil:
    # a writer that died left the version odd: the next one goes on from there
    cdef uint32_t odd = cold.address_version | 1
    atomic_set_u32(&cold.address_version, odd)
    atomic_fence_release()
    memcpy(cold.addresses, addresses, count * sizeof(member_address))
    cold.address_count = count
    atomic_set_release_u32(&cold.address_version, odd + 1)
