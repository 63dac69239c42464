"""The mappings: what lies where, and the locks of balancers (table.pxd).

Claims and everything that Python sees are in claims.pyx and table_slots.pyx.
"""
# uses: shared, ground/hash, nonces

cdef extern from "<errno.h>" nogil:
    int TABLE_OUT_OF_RANGE "EINVAL"

cdef enum:
    # more than this no table needs; it keeps every product below in 64 bits
    TABLE_SLOTS_MAX = 1 << 20
    # a writer of addresses copies some 200 bytes: who meets it twice is a late reader
    TABLE_VERSION_READS_MAX = 16


# --- layout

# The place of an array behind what there is already; its end is the new `size`.
cdef uint64_t table_array(uint64_t *size, uint64_t bytes) noexcept nogil:
    cdef uint64_t at = size[0]
    size[0] = at + ((bytes + TABLE_PAGE - 1) & ~<uint64_t>(TABLE_PAGE - 1))
    return at


cdef int table_make_book(table_view *t, int *kept) noexcept nogil:
    cdef uint64_t size = TABLE_PAGE
    cdef uint64_t balancers = table_array(
        &size, <uint64_t>t.balancers_max * sizeof(balancer_entry))
    cdef uint64_t members = table_array(
        &size, <uint64_t>t.members_max * sizeof(member_entry))
    cdef uint64_t names = table_array(
        &size, <uint64_t>t.members_max * sizeof(member_names))
    cdef uint64_t vhosts = table_array(
        &size, <uint64_t>t.vhosts_max * sizeof(vhost_entry))
    cdef uint64_t workers = table_array(
        &size, <uint64_t>t.workers_max * sizeof(worker_entry))
    cdef uint64_t living = table_array(
        &size, (t.workers_max // SHARES_OF_A_LINE + 1) * sizeof(uint16_t))
    cdef const char *base
    if shared_make(&t.book_part, size, WRITES_MASTER, kept) < 0:
        return FAILED
    base = t.book_part.reading
    t.book = <const table_book *>base
    t.balancer_entries = <const balancer_entry *>(base + balancers)
    t.member_entries = <const member_entry *>(base + members)
    t.member_names = <const member_names *>(base + names)
    t.vhost_entries = <const vhost_entry *>(base + vhosts)
    t.worker_entries = <const worker_entry *>(base + workers)
    t.living = <const uint16_t *>(base + living)
    return 0


cdef int table_make_directory(table_view *t, int *kept) noexcept nogil:
    cdef uint64_t size = TABLE_PAGE
    cdef uint64_t records = table_array(
        &size, <uint64_t>t.members_max * sizeof(address_record))
    cdef uint64_t health = table_array(
        &size, <uint64_t>t.members_max * sizeof(health_record))
    if shared_make(&t.directory_part, size, WRITES_MONITOR, kept) < 0:
        return FAILED
    t.address_records = <const address_record *>(t.directory_part.reading + records)
    t.health_records = <const health_record *>(t.directory_part.reading + health)
    return 0


cdef int table_make_history(table_view *t, int *kept) noexcept nogil:
    if shared_make(
            &t.history_part, <uint64_t>t.members_max * sizeof(member_history),
            WRITES_MONITOR, kept) < 0:
        return FAILED
    t.histories = <const member_history *>t.history_part.reading
    return 0


cdef int table_make_field(table_view *t, int *kept) noexcept nogil:
    cdef uint64_t size = TABLE_PAGE
    cdef uint64_t lines = (t.workers_max + SHARES_OF_A_LINE - 1) // SHARES_OF_A_LINE
    cdef uint64_t balancers = table_array(
        &size, <uint64_t>t.balancers_max * sizeof(balancer_slot))
    cdef uint64_t members = table_array(
        &size, <uint64_t>t.members_max * sizeof(member_slot))
    cdef uint64_t outcomes = table_array(
        &size, <uint64_t>t.members_max * sizeof(member_outcomes))
    cdef uint64_t vhosts = table_array(
        &size, <uint64_t>t.vhosts_max * sizeof(vhost_slot))
    cdef uint64_t workers = table_array(
        &size, <uint64_t>t.workers_max * sizeof(worker_slot))
    cdef uint64_t requests = table_array(
        &size, <uint64_t>t.workers_max * sizeof(worker_requests))
    cdef uint64_t follows = table_array(
        &size, <uint64_t>t.workers_max * sizeof(worker_follow))
    cdef uint64_t shares = table_array(
        &size, lines * t.members_max * SHARES_OF_A_LINE * sizeof(int32_t))
    cdef uint64_t places = table_array(
        &size, lines * t.members_max * SHARES_OF_A_LINE * sizeof(int32_t))
    cdef uint64_t queued = table_array(
        &size, lines * t.balancers_max * SHARES_OF_A_LINE * sizeof(int32_t))
    cdef char *base
    if shared_make(&t.field_part, size, WRITES_ALL, kept) < 0:
        return FAILED
    base = t.field_part.writing
    t.field = <table_field *>base
    t.balancers = <balancer_slot *>(base + balancers)
    t.members = <member_slot *>(base + members)
    t.outcomes = <member_outcomes *>(base + outcomes)
    t.vhosts = <vhost_slot *>(base + vhosts)
    t.workers = <worker_slot *>(base + workers)
    t.requests = <worker_requests *>(base + requests)
    t.follows = <worker_follow *>(base + follows)
    t.shares = <int32_t *>(base + shares)
    t.places = <int32_t *>(base + places)
    t.queued = <int32_t *>(base + queued)
    return 0


# Make and map an empty table, or map one that was handed on.
# kept          of book, directory, field and history, as of shared_make
# returns       0; FAILED: errno is kept beside it (EINVAL: the maxima are out of range,
#               or what was handed on is no table of this size)
cdef int table_make(
        table_view *t, unsigned int balancers_max, unsigned int members_max,
        unsigned int workers_max, unsigned int vhosts_max,
        int *kept) noexcept nogil:
    memset(t, 0, sizeof(table_view))
    if not (0 < balancers_max <= TABLE_SLOTS_MAX and 0 < members_max <= TABLE_SLOTS_MAX
            and 0 < workers_max <= TABLE_SLOTS_MAX
            and 0 < vhosts_max <= TABLE_SLOTS_MAX):
        shared_errno(TABLE_OUT_OF_RANGE)
        return FAILED
    t.balancers_max = balancers_max
    t.members_max = members_max
    t.workers_max = workers_max
    t.vhosts_max = vhosts_max
    if (table_make_book(t, &kept[0]) < 0 or table_make_directory(t, &kept[1]) < 0
            or table_make_field(t, &kept[2]) < 0
            or table_make_history(t, &kept[3]) < 0):
        table_end(t)
        return FAILED
    return 0


cdef void table_end(table_view *t) noexcept nogil:
    shared_end(&t.book_part)
    shared_end(&t.directory_part)
    shared_end(&t.history_part)
    shared_end(&t.field_part)
    t.book = NULL


# Where the master writes what stands at that place of the book; NULL: not the master.
cdef void *table_pen(const table_view *t, const void *place) noexcept nogil:
    if t.book_part.writing == NULL:
        return NULL
    return t.book_part.writing + (<const char *>place - t.book_part.reading)


cdef void *table_directory_pen(const table_view *t, const void *place) noexcept nogil:
    if t.directory_part.writing == NULL:
        return NULL
    return t.directory_part.writing + (<const char *>place - t.directory_part.reading)


# --- what belongs together

# The cell of a worker in a row of cells; rows: how many there are.
cdef inline int32_t *table_cell(
        const table_view *t, int32_t *cells, size_t rows, size_t row,
        const worker_slot *w) noexcept nogil:
    cdef size_t worker = <size_t>(w - t.workers)
    ASSERT(worker < t.workers_max)
    ASSERT(row < rows)
    return cells + (
        (worker // SHARES_OF_A_LINE * rows + row) * SHARES_OF_A_LINE
        + worker % SHARES_OF_A_LINE)


cdef int32_t *table_share(
        const table_view *t, const worker_slot *w, const member_slot *m) noexcept nogil:
    return table_cell(t, t.shares, t.members_max, <size_t>(m - t.members), w)


cdef int32_t *table_place(
        const table_view *t, const worker_slot *w, const member_slot *m) noexcept nogil:
    return table_cell(t, t.places, t.members_max, <size_t>(m - t.members), w)


# ... and of a balancer's requests that wait.
cdef int32_t *table_queued(
        const table_view *t, const worker_slot *w,
        const balancer_slot *b) noexcept nogil:
    return table_cell(t, t.queued, t.balancers_max, <size_t>(b - t.balancers), w)


# What the book says of a member.
cdef const member_entry *member_entry_of(
        const table_view *t, const member_slot *m) noexcept nogil:
    ASSERT(<size_t>(m - t.members) < t.members_max)
    return t.member_entries + (m - t.members)


# ... and of a worker.
cdef const worker_entry *worker_entry_of(
        const table_view *t, const worker_slot *w) noexcept nogil:
    ASSERT(<size_t>(w - t.workers) < t.workers_max)
    return t.worker_entries + (w - t.workers)


cdef uint64_t table_key_hash(const char *key, unsigned int length) noexcept nogil:
    return hash_of(key, length)


# Never 0.
cdef uint32_t table_route_hash(const char *route, unsigned int length) noexcept nogil:
    cdef uint64_t h = table_key_hash(route, length)
    return <uint32_t>(h ^ (h >> 32)) | 1


cdef int member_addresses(
        const table_view *t, const member_slot *m, uint32_t *version,
        member_address *out) noexcept nogil:
    cdef const address_record *r = t.address_records + (m - t.members)
    cdef uint32_t before, count
    cdef int _tries
    ASSERT(<size_t>(m - t.members) < t.members_max)
    for _tries in range(TABLE_VERSION_READS_MAX):
        before = atomic_get_acquire_u32(&r.version)
        if before == version[0]:
            return AGAIN
        if before & 1:
            continue
        count = atomic_get_u32(&r.count)
        if count > TABLE_ADDRESSES_MAX:
            count = TABLE_ADDRESSES_MAX
        memcpy(out, r.addresses, count * sizeof(member_address))
        atomic_fence_acquire()
        if atomic_get_u32(&r.version) == before:
            version[0] = before
            return <int>count
    return AGAIN


# Are the addresses no longer those of which a copy has that version?
cdef bint member_has_moved(
        const table_view *t, const member_slot *m, uint32_t version) noexcept nogil:
    return atomic_get_u32(&t.address_records[m - t.members].version) != version


# Has it others than these, in whatever order?
cdef bint address_record_differs(
        const address_record *r, const member_address *addresses,
        uint32_t count) noexcept nogil:
    cdef uint32_t i, k
    if r.count != count:
        return True
    for i in range(count):
        for k in range(count):
            if memcmp(&r.addresses[k], &addresses[i], sizeof(member_address)) == 0:
                break
        else:
            return True
    return False


# Under the directory's lock.
cdef void address_record_write(
        address_record *r, const member_address *addresses,
        uint32_t count) noexcept nogil:
    # a writer that died left the version odd: the next one goes on from there
    cdef uint32_t odd = r.version | 1
    atomic_set_u32(&r.version, odd)
    atomic_fence_release()
    memmove(r.addresses, addresses, count * sizeof(member_address))
    r.count = count
    atomic_set_release_u32(&r.version, odd + 1)


# What is known of a member's checks, copied whole; False: it is being written just now.
cdef bint member_health(
        const table_view *t, const member_slot *m, health_record *out) noexcept nogil:
    cdef const health_record *r = t.health_records + (m - t.members)
    cdef uint32_t before
    cdef int _tries
    ASSERT(<size_t>(m - t.members) < t.members_max)
    for _tries in range(TABLE_VERSION_READS_MAX):
        before = atomic_get_acquire_u32(&r.version)
        if before & 1:
            continue
        memcpy(out, r, sizeof(health_record))
        atomic_fence_acquire()
        if atomic_get_u32(&r.version) == before:
            return True
    return False


# Under the directory's lock. The version of `record` counts for nothing.
cdef void health_record_write(
        health_record *r, const health_record *record) noexcept nogil:
    cdef uint32_t odd = r.version | 1
    atomic_set_u32(&r.version, odd)
    atomic_fence_release()
    memcpy(&r.checks, &record.checks, sizeof(health_record) - sizeof(uint32_t))
    atomic_set_release_u32(&r.version, odd + 1)


# Requests of a worker that are under way, copied whole; False: it writes just now.
cdef bint worker_requests_read(
        const table_view *t, const worker_slot *w,
        worker_requests *out) noexcept nogil:
    cdef const worker_requests *r = t.requests + (w - t.workers)
    cdef uint32_t before
    cdef int _tries
    ASSERT(<size_t>(w - t.workers) < t.workers_max)
    for _tries in range(TABLE_VERSION_READS_MAX):
        before = atomic_get_acquire_u32(&r.version)
        if before & 1:
            continue
        memcpy(out, r, sizeof(worker_requests))
        atomic_fence_acquire()
        if atomic_get_u32(&r.version) == before:
            return True
    return False


# ... written by it, if they are others than those that stand there. The version of
# `now` counts for nothing.
cdef void worker_requests_write(
        const table_view *t, const worker_slot *w,
        const worker_requests *now) noexcept nogil:
    cdef worker_requests *r = t.requests + (w - t.workers)
    cdef uint32_t odd = atomic_get_u32(&r.version) | 1
    ASSERT(<size_t>(w - t.workers) < t.workers_max)
    if not atomic_get_u32(&r.version) & 1 \
            and memcmp(r.rows, now.rows, sizeof(r.rows)) == 0:
        return
    atomic_set_u32(&r.version, odd)
    atomic_fence_release()
    memcpy(r.rows, now.rows, sizeof(r.rows))
    atomic_set_release_u32(&r.version, odd + 1)
