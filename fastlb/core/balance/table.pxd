# What all processes know of balancers, members and workers, in four shared parts
# (shared.pxd). A process that was taken over spoils only what it may write:
#
#   book        written by the master alone: who is who, what is configured, counts
#   directory   written by master and monitor: the members' addresses, what they say of
#               themselves, and what checks of their health have found
#   history     written by the monitor: what members did in the last 24 hours
#   field       written by all: states, counters, elections. Numbers only: nothing in
#               it is an index, a length, a pointer, or the bound of a loop; and text of
#               requests, which is for people alone
#
#   book         0        table_book        counts of slots, totals of ended workers
#                4096     balancer_entry    [balancers_max]   448 bytes each
#                ...      member_entry      [members_max]     128
#                ...      member_names      [members_max]     832
#                ...      vhost_entry       [vhosts_max]      256
#                ...      worker_entry      [workers_max]     64
#                ...      living            [workers_max / 16]  uint16: who is used
#   directory    0        table_directory   the writers' lock
#                4096     address_record    [members_max]     256
#                ...      health_record     [members_max]     256
#   history      0        member_history    [members_max]     45056 (history.pyx)
#   field        0        table_field       repairs, moves, whose requests are followed
#                4096     balancer_slot     [balancers_max]   128
#                ...      member_slot       [members_max]     128
#                ...      member_outcomes   [members_max]     832
#                ...      vhost_slot        [vhosts_max]      832
#                ...      worker_slot       [workers_max]     128
#                ...      worker_requests   [workers_max]     4672
#                ...      worker_follow     [workers_max]     131200 (follow.pyx)
#                ...      shares            [workers_max / 16][members_max][16]  int32
#                ...      places            [workers_max / 16][members_max][16]  int32
#                ...      queued            [workers_max / 16][balancers_max][16]  int32
#
# What belongs to one slot has the same number everywhere. Sizes and places are kept in
# each process's own memory (table_view), made before the first fork. Every array begins
# on a page. The memory is sparse: a slot that nobody ever claimed costs nothing, so
# loops stop at the *_used marks of the book. Shares of sixteen workers lie on one line:
# the sum over all of them is read for every election by busyness.
#
# Each field has one mark and is used only that way:
#   fixed      written before `used` says that anybody may read
#   atomic     one word; relaxed add, load, store
#   locked     under the owner word of the balancer (lock.pxd)
#   own        one worker writes, all may read
#   versioned  several words read together; odd: a write is under way
#
# An election that dies half way is undone: each lbstatus it changes is kept before
# (lbstatus_before, stamp = number of the election), and `begun` runs ahead of `done`
# until it is over. So the sum over the participants is what it was.
#
# What the field says is believed within bounds: a number that no process of ours can
# have written begins anew (ELECT_LBSTATUS_MAX, LEDGER_COUNT_MAX and others).

cdef extern from "table.h" nogil:
    enum:
        TABLE_LAYOUT
        TABLE_PAGE
        TABLE_ADDRESSES_MAX
        ROUTE_BYTES_MAX
        BALANCER_KEY_BYTES_MAX
        MEMBER_KEY_BYTES_MAX
        VHOST_KEY_BYTES_MAX
        SHARES_OF_A_LINE
        SHARES_OF_ALL
        HEALTH_RESULTS
        MEMBER_CHANGES
        AGAIN_COUNTS
        OUTCOME_CLASSES
        OUTCOME_TIMES
        HISTORY_RINGS
        HISTORY_SAMPLES
        REQUESTS_SHOWN
        REQUEST_TEXT_BYTES
        FOLLOW_EVENTS
        FOLLOW_TEXT_BYTES
        FOLLOW_METHOD_BYTES
        FOLLOW_HOST_BYTES
        FOLLOW_PATH_BYTES

    # --- the book

    struct table_book:                  # at
        uint32_t balancers_used         # 0    atomic; no slot at or above is used
        uint32_t members_used           # 4    atomic
        uint32_t workers_used           # 8    atomic; falls when the last ones end
        uint32_t settlements            # 12   version of the totals:
        uint64_t ended_accesses         # 16   versioned; totals of settled workers
        uint64_t ended_bytes_out        # 24
        uint64_t ended_duration_us      # 32
        uint64_t ended_connections      # 40
        int32_t master_pid              # 48   atomic
        int32_t monitor_pid             # 52   atomic
        uint32_t master_serial          # 56   fixed; see lock.pxd
        uint32_t monitor_serial         # 60   atomic
        uint64_t ended_opened           # 64   versioned, with the totals
        uint64_t ended_reused           # 72
        uint64_t ended_failed           # 80
        uint32_t vhosts_used            # 88   atomic; no slot at or above is used
        uint32_t reload_refused         # 92   atomic; the last one was
        int64_t loaded_us               # 96   atomic; since 1970; of the last one taken

    struct balancer_entry:
        uint32_t used                   # 0    atomic
        uint32_t lbmethod               # 4    atomic; its row in lbmethods/
        uint32_t key_length             # 8    fixed
        uint64_t key_hash               # 16   fixed
        char key[BALANCER_KEY_BYTES_MAX]                   # 64   fixed

    # first line: read by every election; second: by those that ask for a route
    struct member_entry:
        uint32_t flags                  # 0    atomic; FLAG_*, but for FLAGS_LIVE
        uint32_t used                   # 4    atomic
        int32_t lbset                   # 8    atomic
        int32_t load_factor             # 12   atomic; x 100
        int32_t balancer                # 16   fixed; slot, -1: none
        uint32_t retry_ms               # 20   atomic
        uint32_t route_hash             # 24   atomic; 0: no route
        uint32_t configured_flags       # 28   as last configured, so that a claim
        int32_t configured_load_factor  # 32     writes only what the configuration
        int32_t configured_lbset        # 36     changed
        uint16_t key_length             # 40   fixed
        uint8_t route_length            # 42   atomic
        uint8_t redirect_length         # 43   atomic
        uint32_t slow_start_ms          # 44   atomic; 0: its whole share at once
        uint64_t key_hash               # 48   fixed
        int32_t places_max              # 56   atomic; for all workers; 0: any number
        uint32_t life                   # 60   fixed; another one with each new member
        char route[ROUTE_BYTES_MAX]     # 64   atomic: a reader compares with the hash

    struct member_names:
        char redirect[ROUTE_BYTES_MAX]  # 0
        char key[MEMBER_KEY_BYTES_MAX]  # 64   fixed

    struct vhost_entry:
        uint32_t used                   # 0    atomic
        uint32_t key_length             # 4    fixed
        uint64_t key_hash               # 8    fixed
        char key[VHOST_KEY_BYTES_MAX]                      # 16   fixed; its beginning

    struct worker_entry:
        int32_t pid                     # 0    atomic
        uint32_t used                   # 4    atomic
        uint32_t generation             # 8    fixed
        uint32_t number                 # 12   fixed
        uint32_t serial                 # 16   fixed; see lock.pxd

    # --- the directory

    struct table_directory:
        uint64_t owner                  # see lock.pxd

    struct member_address:
        uint16_t family                 # AF_INET, AF_INET6
        uint16_t port                   # host byte order
        uint32_t scope                  # of a link-local IPv6 address
        uint8_t bytes[ADDRESS_BYTES]    # network order; IPv4: the first four

    struct address_record:
        uint32_t version                # 0    versioned:
        uint32_t count                  # 4
        member_address addresses[TABLE_ADDRESSES_MAX]   # 8      in the order to try
        int64_t renewal_us      # 200  atomic; CLOCK_MONOTONIC; 0: not asked for again
        int64_t heard_us        # 208  atomic; its last heartbeat, likewise; 0: none
        uint32_t ready          # 216  atomic; what that said: workers without a request
        uint32_t busy           # 220  atomic; ... and with one
        # what its agent has said (agentcheck=)
        uint32_t agent_flags    # 224  atomic; those of FLAGS_AGENT
        uint32_t agent_percent  # 228  atomic; of load_factor, + 1; 0: nothing was said
        uint32_t agent_most     # 232  atomic; connections, in place of max=; 0: none

    struct health_result:               # of one check: numbers of facts/health.py
        int64_t at_us                   # 0    when it ended; CLOCK_MONOTONIC
        uint32_t took_us                # 8
        uint16_t status                 # 12   of the answer; 0: there was none
        uint8_t phase                   # 14   how far it came
        uint8_t reason                  # 15   why it failed; 0: it passed

    struct health_record:
        uint32_t version                # 0    versioned:
        uint32_t checks                 # 4    ever; the next result's place, round
        uint32_t passes                 # 8    in a row
        uint32_t fails                  # 12   in a row
        int64_t out_since_us            # 16   CLOCK_MONOTONIC; 0: it is not out
        uint64_t passed                 # 24   ever
        uint64_t failed                 # 32   ever
        health_result results[HEALTH_RESULTS]           # 64

    # --- the history (history.pyx)

    # What a member did in one interval.
    struct history_sample:
        uint32_t requests               # 0    that ended
        uint32_t errors                 # 4    ... with 5xx, or no status
        uint16_t in_flight              # 8    the most that a look has seen
        uint16_t p50                    # 10   of the times of answers, coded;
        uint16_t p99                    # 12     0: there was no answer
        uint8_t out                     # 14   of 255 looks those that found it unusable
        uint8_t span                    # 15   percent of the step; 0: nothing is known

    # What is known of the interval under way.
    struct history_ring:
        uint64_t times[OUTCOME_TIMES]   # 0    counters when it began
        uint64_t requests               # 128
        uint64_t errors                 # 136
        int64_t at_us                   # 144  when they were read; CLOCK_MONOTONIC
        uint32_t first                  # 152  number of the first interval kept
        uint32_t next                   # 156  ... and of the one under way
        uint16_t looks                  # 160  since it began
        uint16_t outs                   # 162  ... that found it unusable
        uint16_t most                   # 164  requests in flight

    struct member_history:
        uint32_t version                # 0    versioned:
        uint32_t life                   # 4    of the member that it tells of; 0: none
        history_ring rings[HISTORY_RINGS]               # 8
        history_sample samples[HISTORY_SAMPLES]         # 896  one ring behind the other

    # --- the field

    # Whose requests are followed; the controller writes it.
    struct follow_desk:                 # at 64 of the field
        int64_t until_us                # 0    atomic; CLOCK_MONOTONIC; 0: nobody's
        uint32_t version                # 8    versioned:
        uint32_t bits                   # 12   of network; 0: of any client
        uint8_t network[ADDRESS_BYTES]  # 64   as ground/address.pxd has it
        char method[FOLLOW_METHOD_BYTES]    # 80   each ends at a NUL; "": any
        char host[FOLLOW_HOST_BYTES]    # 112
        char path[FOLLOW_PATH_BYTES]    # 368  what it begins with

    struct table_field:
        uint32_t repairs                # 0    atomic; locks taken from the dead
        uint32_t moves                  # 4    atomic; rises with any member's epoch
        follow_desk follow              # 64

    # first line: of elections; second: of requests that wait
    struct balancer_slot:
        uint64_t owner                  # 0    see lock.pxd
        uint32_t begun                  # 8    locked; number of the last election
        uint32_t done                   # 12   locked; behind `begun`: it never ended
        # what may be sent again (budget.pxd):
        uint64_t budget_us              # 16   atomic; since when is counted
        uint64_t budget_from            # 24   atomic; elections before that
        uint32_t budget_before          # 32   atomic; ... of as long a time before it
        uint32_t budget_spent           # 36   atomic; sent again since
        uint32_t budget_told            # 40   atomic; the log knows that it is used up
        uint32_t again[AGAIN_COUNTS]    # 44   atomic; sent again ever, by AGAIN_*
        uint64_t waits                  # 64   atomic; requests that have waited
        uint64_t waited_us              # 72   atomic; ... all together
        uint64_t longest_us             # 80   atomic; ... and the longest of them
        uint64_t turned_away            # 88   atomic; too many waited, or for too long
        uint32_t queue_most             # 96   atomic; that have waited at one moment

    # That it went out, or came back. Another may be written over it meanwhile.
    struct member_change:
        int64_t at_us                   # 0    CLOCK_MONOTONIC; 0: it is being written
        uint32_t pid                    # 8    of whom has found it so
        uint16_t number                 # 12   errno, status or count, as the cause says
        uint8_t is_out                  # 14
        uint8_t cause                   # 15   CAUSE_* (facts/member_changes.py)

    # first line: read and written by elections; second: by every exchange; behind
    # them what changes when the member goes out or comes back
    struct member_slot:
        uint32_t flags                  # 0    atomic; those of FLAGS_LIVE
        uint32_t epoch                  # 4    atomic; see ledger.pxd
        int64_t lbstatus                # 8    locked
        int64_t lbstatus_before         # 16   locked; valid when stamp is `begun`
        uint64_t elected                # 24   locked; read alone it may be atomic
        int64_t error_time_us           # 32   atomic; 0: none since the last success
        uint32_t retries                # 40   atomic
        uint32_t stamp                  # 44   locked; the election that touched it last
        int64_t up_us                   # 48   atomic; since when it may serve, or again
        uint64_t transferred            # 64   atomic; bytes sent to it
        uint64_t read                   # 72   atomic; bytes received from it
        int64_t response_ns             # 80   atomic; time to an answer (ledger.pxd)
        int64_t answered_us             # 88   atomic; when that was last brought up
        # whether it is ejected (eject.pxd):
        int64_t ejected_until_us        # 96   atomic; the last time; 0: it never was
        int64_t weighed_us              # 104  atomic; since when failures are weighed
        uint32_t ejections              # 112  atomic; that count for the next one
        uint32_t fails                  # 116  atomic; in a row
        uint32_t weighed_from           # 120  atomic; low bits of `elected` then
        uint32_t weighed_fails          # 124  atomic; since then
        uint32_t changes                # 128  atomic; ever; the next one's place, round
        member_change changed[MEMBER_CHANGES]           # 136

    # How requests ended for which the member was asked last (ledger.pxd).
    struct member_outcomes:
        uint64_t counts[OUTCOME_CLASSES][OUTCOME_TIMES]  # 0    atomic
        uint64_t duration_us            # 768  atomic; all together

    # How requests of a virtual host ended, whoever answered.
    struct vhost_slot:
        uint64_t counts[OUTCOME_CLASSES][OUTCOME_TIMES]  # 0    atomic
        uint64_t duration_us            # 768  atomic; all together
        uint64_t bytes_out              # 776  atomic; sent to clients

    struct worker_slot:
        uint64_t accesses               # 0    own; requests answered
        uint64_t bytes_out              # 8    own
        uint64_t duration_us            # 16   own
        uint64_t accepted               # 24   own; connections ever
        int32_t connections             # 32   own; open now
        int32_t exchanges               # 36   own; under way now
        uint32_t state                  # 40   own; scoreboard letter
        int32_t granted                 # 44   own; requests it may have in work
        int32_t waiting                 # 48   own; requests that wait for that
        int32_t tunnels                 # 52   own; of exchanges, those that are tunnels
        # connections to members:
        int32_t upstreams               # 56   own; open, by the last tick
        int32_t idle                    # 60   own; ... of them without a request
        uint64_t opened                 # 64   own; begun
        uint64_t reused                 # 72   own; requests that took an idle one
        uint64_t failed                 # 80   own; refused, or not made in time

    # A request that is under way. Who reads it looks at each number: a worker that was
    # taken over may have written it.
    struct request_row:
        int64_t since_us                # 0    CLOCK_MONOTONIC; 0: there is none
        uint64_t bytes_out              # 8    that the client was sent
        int32_t member                  # 16   slot of the one that is asked; -1: nobody
        int32_t vhost                   # 20   of the worker's model
        uint32_t state                  # 24   UNDER_WAY_* (flow/under_way.pyx)
        uint8_t client[ADDRESS_BYTES]   # 32   as ground/address.pxd has it
        char text[REQUEST_TEXT_BYTES]   # 48   method and path; ends at a NUL, if at all

    struct worker_requests:
        uint32_t version                # 0    own, versioned:
        request_row rows[REQUESTS_SHOWN]    # 64   the oldest first

    # One step of a request that is followed (follow.pyx).
    struct follow_event:
        uint32_t number                 # 0    own; 1 + its place among all of them
        uint32_t request                # 4    own number of the worker's request
        int64_t at_us                   # 8    CLOCK_MONOTONIC
        int64_t figure                  # 16   bytes; FOLLOW_ENDED alone
        uint32_t kind                   # 24   FOLLOW_* (flow/follow.pyx)
        int32_t subject                 # 28   what these are, the kind says
        int32_t count                   # 32
        int32_t more                    # 36
        uint32_t unused0[6]             # 40
        char text[FOLLOW_TEXT_BYTES]    # 64   ends at a NUL, if at all

    struct worker_follow:
        uint32_t written                # 0    own; events since the table was made
        uint32_t skipped                # 4    own; requests that found no room
        uint32_t seen                   # 64   atomic; events that were read
        follow_event events[FOLLOW_EVENTS]  # 128

# Bits of a member's flags, in the order in which Apache prints them.
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
    FLAG_UNPROVEN = 1 << 19       # no check has ended yet (hcstart=probe)
    FLAG_OUT = 1 << 20            # it has failed, and nobody has found it back yet
    FLAG_CHECKED = 1 << 21        # its health is checked: its C is the monitor's to say
    FLAG_AGENT = 1 << 24          # it has an agent, whose words are to be heard
    FLAG_AGENT_DOWN = 1 << 25     # which says that it is down
    FLAGS_UNUSABLE = (
        FLAG_SHUTDOWN | FLAG_DISABLED | FLAG_STOPPED | FLAG_ERROR | FLAG_HEALTH
        | FLAG_AGENT_DOWN)
    # what an agent may say; it lies in the directory, where no worker writes
    FLAGS_AGENT = FLAG_AGENT_DOWN | FLAG_DRAIN | FLAG_DISABLED
    # what workers and monitor find out; the rest is the master's to say
    FLAGS_LIVE = (
        FLAG_ERROR | FLAG_PROBE_CLEARS | FLAG_OUT | FLAG_HEALTH | FLAG_UNPROVEN)
    CHECKED_TO_HEALTH = 10        # bits from FLAG_CHECKED to FLAG_HEALTH

cdef enum:
    TABLE_PARTS = 5             # book, directory, field, history, nonces

# This process, and what it remembers of its waits.
cdef struct lock_self:
    uint64_t owner              # what it writes into a lock
    uint64_t taken_from         # the last owner that was too slow
    long long hasty_until_us

# This process's mappings and, in its own memory, how much there is of everything.
cdef struct table_view:
    shared_part book_part
    shared_part directory_part
    shared_part history_part
    shared_part field_part
    unsigned int balancers_max
    unsigned int members_max
    unsigned int workers_max
    unsigned int vhosts_max
    const table_book *book
    const balancer_entry *balancer_entries
    const member_entry *member_entries
    const member_names *member_names
    const vhost_entry *vhost_entries
    const worker_entry *worker_entries
    const uint16_t *living      # a bit for each used one of sixteen workers
    const address_record *address_records
    const health_record *health_records
    const member_history *histories
    table_field *field
    balancer_slot *balancers
    member_slot *members
    member_outcomes *outcomes
    vhost_slot *vhosts
    worker_slot *workers
    worker_requests *requests
    worker_follow *follows
    int32_t *shares             # of a member's busy
    int32_t *places             # of its places (maxscope=global)
    int32_t *queued             # of the requests of a balancer that wait
    lock_self own               # this process as an owner of locks
    nonce_view nonces           # of AuthType Digest; a part of its own

# Where master and monitor write what stands there in the directory; NULL: neither.
cdef void *table_directory_pen(const table_view *t, const void *place) noexcept nogil

# The place of a worker's share in a member's gauge.
cdef int32_t *table_share(
    const table_view *t, const worker_slot *w, const member_slot *m) noexcept nogil

# Likewise its part of the places there.
cdef int32_t *table_place(
    const table_view *t, const worker_slot *w, const member_slot *m) noexcept nogil

# The resolved addresses, in the order to try, copied whole.
# version       in: of the copy at hand (0: none); out: of what was copied
# returns       the count, or AGAIN: nothing newer, or being written just now: keep the
#               copy at hand
cdef int member_addresses(
    const table_view *t, const member_slot *m, uint32_t *version,
    member_address *out) noexcept nogil
