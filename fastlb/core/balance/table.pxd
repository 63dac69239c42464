# The one shared mapping: what all processes know of balancers, members and workers.
#
#   0        table_header      magic, sizes, where the parts begin, the table's mutex
#   4096     balancer_slot     [balancers_max]   512 bytes each
#   ...      member_slot       [members_max]     128: the hot half of a member
#   ...      member_cold       [members_max]    1280: its cold half
#   ...      worker_slot       [workers_max]     128
#   ...      shares            [workers_max][members_max]  int32: busy, by worker
#
# Every part begins on a page. The file is sparse: a slot that nobody ever claimed
# costs nothing, so readers stop at the *_used marks of the header.
#
# Each field has one mark and is used only that way:
#   fixed      written before any reader exists, or before `used` says that one may
#   atomic     one word; relaxed add, load, store
#   locked     under a robust mutex: the balancer's, or the table's where it says so
#              (and for a member without balancer)
#   own        one worker writes, all may read
#   versioned  several words read together; odd: a write is under way
# Who takes both mutexes takes the table's first.
#
# An election that dies half way is undone: each lbstatus it changes is kept before
# (lbstatus_before, stamp = number of the election), and `begun` runs ahead of `done`
# until it is over. So the sum over the participants is what it was.

cdef extern from "table.h" nogil:
    enum:
        TABLE_LAYOUT
        TABLE_PAGE
        TABLE_GENERATIONS_MAX
        TABLE_ADDRESSES_MAX
    const uint64_t TABLE_MAGIC

    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_mutexattr_t:
        pass

    union shared_mutex:
        pthread_mutex_t lock

    struct table_header:                # at
        uint64_t magic                  # 0    fixed
        uint32_t layout                 # 8    fixed
        uint32_t header_size            # 12   fixed
        uint64_t size                   # 16   fixed; of the whole mapping
        uint32_t balancers_max          # 24   fixed
        uint32_t members_max            # 28   fixed
        uint32_t workers_max            # 32   fixed
        uint32_t balancer_size          # 36   fixed; of one slot
        uint32_t member_size            # 40   fixed
        uint32_t cold_size              # 44   fixed
        uint32_t worker_size            # 48   fixed
        uint32_t share_row_size         # 52   fixed; bytes of one worker's shares
        uint64_t balancers_at           # 64   fixed; offsets of the parts
        uint64_t members_at             # 72   fixed
        uint64_t colds_at               # 80   fixed
        uint64_t workers_at             # 88   fixed
        uint64_t shares_at              # 96   fixed
        shared_mutex mutex              # 128  of claims, generations and totals
        uint32_t balancers_used         # 192  atomic; no slot at or above was claimed
        uint32_t members_used           # 196  atomic
        uint32_t workers_used           # 200  atomic
        uint32_t repairs                # 204  atomic; mutexes taken from the dead
        uint64_t ended_accesses         # 208  locked (table): totals of settled workers
        uint64_t ended_bytes_out        # 216  locked (table)
        uint64_t ended_duration_us      # 224  locked (table)
        uint64_t ended_connections      # 232  locked (table)
        uint64_t generations[64]        # 256  locked (table): see claims.pxd

    struct balancer_slot:
        shared_mutex mutex              # 0
        uint32_t begun                  # 64   locked; number of the last election
        uint32_t done                   # 68   locked; behind `begun`: it never ended
        uint32_t used                   # 72   atomic
        uint32_t mutex_made             # 76   atomic; a mutex is made once and stays
        uint32_t lbmethod               # 80   atomic; LBMETHOD_*
        uint32_t key_length             # 84   fixed
        uint64_t claims                 # 88   locked (table); one bit per generation
        uint64_t key_hash               # 96   fixed
        char key[384]                   # 128  fixed

    # first line: read and written by elections; second: by every exchange
    struct member_slot:
        uint32_t flags                  # 0    atomic; FLAG_*
        uint32_t epoch                  # 4    atomic; see ledger.pxd
        int32_t lbset                   # 8    locked
        int32_t load_factor             # 12   locked; x 100
        int64_t lbstatus                # 16   locked
        int64_t lbstatus_before         # 24   locked; valid when stamp is `begun`
        uint64_t elected                # 32   locked; read alone it may be atomic
        int64_t error_time_us           # 40   atomic; 0: none since the last success
        uint32_t retry_ms               # 48   atomic
        uint32_t retries                # 52   atomic
        uint32_t stamp                  # 56   locked; the election that touched it last
        uint32_t route_hash             # 60   locked; 0: no route
        uint64_t transferred            # 64   atomic; bytes sent to it
        uint64_t read                   # 72   atomic; bytes received from it

    struct member_address:
        uint16_t family                 # AF_INET, AF_INET6
        uint16_t port                   # host byte order
        uint32_t scope                  # of a link-local IPv6 address
        uint8_t bytes[16]               # network order; IPv4: the first four

    struct member_cold:
        uint64_t claims                 # 0    locked (table)
        uint64_t key_hash               # 8    fixed
        int32_t balancer                # 16   fixed; slot, -1: none
        uint32_t used                   # 20   atomic
        uint32_t configured_flags       # 24   locked (table): as last configured, so
        int32_t configured_load_factor  # 28     that a claim writes only what the
        int32_t configured_lbset        # 32     configuration changed
        uint16_t key_length             # 36   fixed
        uint8_t route_length            # 38   locked
        uint8_t redirect_length         # 39   locked
        char route[64]                  # 64   locked
        char redirect[64]               # 128  locked
        uint32_t address_version        # 192  versioned:
        uint32_t address_count          # 196
        member_address addresses[8]     # 200  in the order to try
        char key[768]                   # 512  fixed

    # first line: written by the master; second: by the worker itself
    struct worker_slot:
        int32_t pid                     # 0    atomic
        uint32_t used                   # 4    atomic
        uint32_t generation             # 8    fixed
        uint32_t number                 # 12   fixed
        uint32_t state                  # 16   atomic; scoreboard letter
        uint64_t accesses               # 64   own; requests answered
        uint64_t bytes_out              # 72   own
        uint64_t duration_us            # 80   own
        uint64_t accepted               # 88   own; connections ever
        int32_t connections             # 96   own; open now
        int32_t exchanges               # 100  own; under way now
        int32_t granted                 # 104  own; requests it may have in work
        int32_t waiting                 # 108  own; requests that wait for that
        int32_t tunnels                 # 112  own; of exchanges, those that are tunnels

# Bits of member_slot.flags, in the order in which Apache prints them.
cdef enum:
    FLAG_INIT = 1 << 0          # O
    FLAG_IGNORE = 1 << 1        # I
    FLAG_DRAIN = 1 << 2         # N
    FLAG_GENERIC = 1 << 3       # G
    FLAG_SHUTDOWN = 1 << 4      # U
    FLAG_DISABLED = 1 << 5      # D
    FLAG_STOPPED = 1 << 6       # S
    FLAG_ERROR = 1 << 7         # E
    FLAG_STANDBY = 1 << 8       # H
    FLAG_SPARE = 1 << 9         # R
    FLAG_FREE = 1 << 10         # F
    FLAG_HEALTH = 1 << 11       # C
    FLAGS_SHOWN = (1 << 12) - 1
    # what Apache has no letter for
    FLAG_PROBED = 1 << 16         # the monitor may clear E
    FLAG_PROBE_CLEARS = 1 << 17   # ... and this E is of the kind that a probe disproves
    FLAG_REDIRECT = 1 << 18       # redirect= is set
    FLAGS_UNUSABLE = (
        FLAG_SHUTDOWN | FLAG_DISABLED | FLAG_STOPPED | FLAG_ERROR | FLAG_HEALTH)

# This process's mapping.
cdef struct table_view:
    char *base
    size_t size
    table_header *header
    balancer_slot *balancers
    member_slot *members
    member_cold *colds          # colds[i] belongs to members[i]
    worker_slot *workers
    char *shares
    unsigned int share_row_size

# Why a mapping was refused.
cdef enum:
    TABLE_SHORT = 1             # smaller than it says, or than a header
    TABLE_NOT_ONE = 2           # no magic
    TABLE_OTHER_LAYOUT = 3      # version or size of a slot
    TABLE_BAD_PARTS = 4         # counts and offsets do not agree

# Lay out an empty table: v.header's counts and offsets for these maxima. A mapping of
# the size that it returns must follow; 0: the maxima are out of range.
cdef uint64_t table_layout(
    table_header *h, unsigned int balancers_max, unsigned int members_max,
    unsigned int workers_max) noexcept nogil
# Check a mapping of that many bytes and point the view into it. returns 0 or TABLE_*
cdef int table_point(table_view *v, char *base, uint64_t size) noexcept nogil

# Take a mutex. returns 0; 1: its owner had died, and what it guards was made whole;
# -1: it cannot be had (never seen in a table that passed table_point).
cdef int table_lock(table_view *t) noexcept nogil
cdef void table_unlock(table_view *t) noexcept nogil
cdef int balancer_lock(table_view *t, balancer_slot *b) noexcept nogil
cdef void balancer_unlock(balancer_slot *b) noexcept nogil
# The mutex that guards the locked fields of a member; the same results.
cdef int member_lock(table_view *t, member_slot *m) noexcept nogil
cdef void member_unlock(table_view *t, member_slot *m) noexcept nogil
# Make the mutexes whole that a dead process left locked; returns how many. Never waits.
cdef int table_repair(table_view *t) noexcept nogil

# The places of a worker's share in a member's gauge, and of a member's cold half.
cdef int32_t *table_share(
    table_view *t, worker_slot *w, member_slot *m) noexcept nogil
cdef member_cold *member_cold_half(table_view *t, member_slot *m) noexcept nogil

# Hash of a route, never 0; of a key.
cdef uint32_t table_route_hash(const char *route, unsigned int length) noexcept nogil
cdef uint64_t table_key_hash(const char *key, unsigned int length) noexcept nogil

# The resolved addresses, in the order to try, copied whole.
# version       in: of the copy at hand (0: none); out: of what was copied
# returns       the count, or AGAIN: nothing newer, or being written just now: keep the
#               copy at hand
cdef int member_addresses(
    table_view *t, member_slot *m, uint32_t *version,
    member_address *out) noexcept nogil

# The mapping as an object; its Python methods are told in _core.pyi. C code takes
# &table.view and must not outlive close().
cdef class Table:
    cdef table_view view
    cdef readonly int fd
    cdef readonly int balancers_max
    cdef readonly int members_max
    cdef readonly int workers_max
    cdef void unmap(self) noexcept
    cdef int need_open(self) except -1
    # a slot by its number, checked
    cdef balancer_slot *balancer(self, int slot) except NULL
    cdef member_slot *member(self, int slot) except NULL
    cdef worker_slot *worker(self, int slot) except NULL
    cdef int lock(self) except -1
