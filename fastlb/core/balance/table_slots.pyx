# The table as Python sees it: identities and their slots, the state of members, and
# readers. The contracts of the methods stand in _core.pyi. None of this is on the path
# of a request.
#
# uses: shared, ground/address, nonces, io/watch, balance/table, balance/lock,
#       balance/ledger, balance/history, balance/lbmethods/methods, balance/followed,
#       balance/claims

import os

cimport cython

cdef extern from "<net/if.h>" nogil:
    unsigned int table_interface "if_nametoindex"(const char *name)

cdef str MEMBER_FLAG_LETTERS = "OINGUDSEHRFC"
cdef dict MEMBER_FLAG_TEXTS = {}  # by FLAG_*, as they were asked for
cdef tuple MEMBER_FLAG_NAMES = (
    "Init ", "Ign ", "Drn ", "Gen ", "Shut ", "Dis ",
    "Stop ", "Err ", "Stby ", "Spar ", "Free ", "HcFl ",
)


# Of AGAIN_*: how requests were sent again, or why not.
cdef tuple AGAIN_NAMES = ("unsent", "idempotent", "keyed", "status", "spent")


class TableError(RuntimeError):
    """There is no free slot, or it is not for this process to write."""


cdef uint32_t table_flags_of(str letters) except? 0xFFFFFFFF:
    cdef uint32_t flags = 0
    for letter in letters:
        at = MEMBER_FLAG_LETTERS.find(letter)
        if at < 0:
            raise ValueError(f"{letter!r} is not one of {MEMBER_FLAG_LETTERS}")
        flags |= <uint32_t>1 << <int>at
    return flags


cdef str table_shown_flags(uint32_t flags):
    text = "".join(
        [name for i, name in enumerate(MEMBER_FLAG_NAMES) if flags >> <uint32_t>i & 1])
    if not text:
        text = "??? "
    if (flags & (FLAG_INIT | FLAGS_UNUSABLE)) == FLAG_INIT:
        text += "Ok "
    return text


# The error, if there is one, is one that the monitor's connection disproves.
cdef bint table_probe_clears(uint32_t flags) noexcept nogil:
    return (flags & FLAG_PROBED) != 0 and (flags & FLAG_PROBE_CLEARS) != 0


# ... and nothing else keeps it out.
cdef bint table_wants_probe(uint32_t flags) noexcept nogil:
    return (flags & (FLAG_ERROR | FLAG_DISABLED | FLAG_STOPPED) == FLAG_ERROR
            and table_probe_clears(flags))


# A text that fits into its field, as bytes. A text of the configuration is latin-1: a
# character is a byte of the file, and of what clients say.
cdef bytes table_fitting(
        str text, Py_ssize_t size_max, str what, str coding="utf-8"):
    try:
        data = text.encode(coding)
    except UnicodeEncodeError:
        raise TableError(f"{what} is no text of a file: {text!r}") from None
    if len(data) > size_max:
        raise TableError(f"{what} is {len(data)} bytes long, {size_max} fit: {text!r}")
    return data


cdef str table_text_of(const char *data, Py_ssize_t size):
    return data[:size].decode("utf-8", "replace")


cdef int table_resolve_literal(str literal, int port, member_address *out) except -1:
    host, _, scope = literal.partition("%")
    out.family = AF_INET6 if ":" in host else AF_INET
    out.port = <uint16_t>port
    if not 0 <= port <= 65535:
        raise ValueError(f"port {port} is not in 0 to 65535")
    if inet_pton(out.family, host.encode(), out.bytes) != 1:
        raise ValueError(f"{literal!r} is not an IP address")
    if scope:
        out.scope = (
            int(scope) if scope.isdecimal() else table_interface(scope.encode()))
    return 0


cdef str table_literal_of(const member_address *a):
    cdef char[ADDRESS_TEXT_BYTES] text
    if inet_ntop(a.family, a.bytes, text, sizeof(text)) == NULL:
        return ""
    host = (<bytes>text).decode("ascii")
    return f"{host}%{a.scope}" if a.scope else host


# Numbers of the field, which anybody may have written.
cdef str table_state_of(uint32_t state):
    return chr(state) if 0x20 < state < 0x7F else "?"


cdef int table_gauge_of(const int32_t *p) noexcept:
    cdef int32_t now = atomic_get_i32(p)
    return now if 0 < now <= GAUGE_MAX else 0


cdef uint64_t table_count_of(const uint64_t *p) noexcept:
    cdef uint64_t now = atomic_get_u64(p)
    return now if now < LEDGER_COUNT_MAX else 0


cdef list table_rows_of(const worker_requests *r):
    cdef const request_row *row
    cdef char[ADDRESS_TEXT_BYTES] client
    cdef unsigned int length
    cdef int i
    found = []
    for i in range(REQUESTS_SHOWN):
        row = &r.rows[i]
        if row.since_us == 0:
            continue
        length = address_text(&row.client[0], &client[0])
        found.append((
            row.since_us, row.state, row.member, row.vhost, row.bytes_out,
            table_text_of(&client[0], length),
            row.text[:REQUEST_TEXT_BYTES].split(b"\0", 1)[0]))
    return found


# [OUTCOME_CLASSES][OUTCOME_TIMES]
cdef list table_counts_of(const uint64_t *counts):
    return [
        [table_count_of(&counts[<int>kind * OUTCOME_TIMES + <int>time])
         for time in range(OUTCOME_TIMES)]
        for kind in range(OUTCOME_CLASSES)]


# Slots that a generation holds, as bits of one number for each kind.
cdef enum:
    HELD_BALANCERS = 0
    HELD_MEMBERS = 1
    HELD_VHOSTS = 2
    HELD_KINDS = 3
    TABLE_OVERDUE_MAX = 16


# The numbers of the bits that are set.
cdef list table_slots_in(object bits):
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


@cython.final
cdef class Table:
    def __cinit__(self):
        cdef int i
        self.overdue = []
        self.held = {}
        for i in range(TABLE_PARTS):
            self.kept[i] = -1

    def __dealloc__(self):
        self.close_kept()
        table_end(&self.view)
        nonces_end(&self.view.nonces)

    @staticmethod
    def create(int balancers_max, int members_max, int workers_max,
               int digest_clients=8,  # NONCE_WAYS, as inspect can read it
               int vhosts_max=64):
        cdef Table table = Table.__new__(Table)
        cdef table_book *book
        cdef bytes secret = os.urandom(16)
        table.balancers_max = balancers_max
        table.members_max = members_max
        table.workers_max = workers_max
        table.vhosts_max = vhosts_max
        table.make(digest_clients, <const uint64_t *><const char *>secret)
        book = claim_book(&table.view)
        book.master_serial = table.next_serial()
        book.master_pid = getpid()
        table.view.own.owner = lock_owner(book.master_serial, LOCK_MASTER)
        return table

    @staticmethod
    def attach(told, descriptors):
        cdef Table table = Table.__new__(Table)
        cdef bytes secret = bytes.fromhex(told["secret"])
        cdef int i
        if told["layout"] != TABLE_LAYOUT or len(secret) != 16:
            raise TableError("it is laid out otherwise")
        if len(descriptors) != TABLE_PARTS:
            raise TableError("it is not whole")
        table.balancers_max = told["balancers_max"]
        table.members_max = told["members_max"]
        table.workers_max = told["workers_max"]
        table.vhosts_max = told["vhosts_max"]
        table.last_serial = told["last_serial"]
        table.workers_ever = told["workers_ever"]
        if not 0 <= table.workers_ever <= table.workers_max:
            raise TableError("more workers than there is room for")
        for generation, *held in told["held"]:
            if len(held) != HELD_KINDS:
                raise TableError("it is not whole")
            table.held[int(generation)] = [int(bits, 16) for bits in held]
        for i in range(TABLE_PARTS):
            table.kept[i] = descriptors[i]
        try:
            table.make(
                told["digest_clients"], <const uint64_t *><const char *>secret)
        except TableError:
            for i in range(TABLE_PARTS):
                table.kept[i] = -1  # what the caller has stays the caller's
            raise
        table.view.own.owner = lock_owner(
            table.view.book.master_serial, LOCK_MASTER)
        return table

    cdef object make(self, int digest_clients, const uint64_t *secret):
        if table_make(
                &self.view, <unsigned int>max(self.balancers_max, 0),
                <unsigned int>max(self.members_max, 0),
                <unsigned int>max(self.workers_max, 0),
                <unsigned int>max(self.vhosts_max, 0), self.kept) < 0:
            raise TableError(
                f"no table of {self.balancers_max} balancers, {self.members_max} "
                f"members and {self.workers_max} workers: {os.strerror(errno)} (memory "
                "that workers cannot write takes Linux 5.1 or newer)")
        if nonces_make(
                &self.view.nonces, <uint64_t>max(digest_clients, 1), secret,
                &self.kept[TABLE_PARTS - 1]) < 0:
            raise TableError(
                f"no table of {digest_clients} clients of AuthType Digest: "
                f"{os.strerror(errno)}")

    def told(self):
        cdef nonce_view *nonces = &self.view.nonces
        self.need_master()
        return {
            "layout": TABLE_LAYOUT,
            "balancers_max": self.balancers_max,
            "members_max": self.members_max,
            "workers_max": self.workers_max,
            "vhosts_max": self.vhosts_max,
            "digest_clients": nonces.group_count * NONCE_WAYS,
            "last_serial": self.last_serial,
            "workers_ever": self.workers_ever,
            "secret": (<char *>nonces.secret)[:sizeof(nonces.secret)].hex(),
            # in hexadecimal, as which no length is too much
            "held": [
                [generation, *[f"{bits:x}" for bits in held]]
                for generation, held in self.held.items()
            ],
        }

    def take_descriptors(self):
        found = tuple([self.kept[i] for i in range(TABLE_PARTS)])
        if -1 in found:
            self.close_kept()
            return ()
        for i in range(TABLE_PARTS):
            self.kept[i] = -1
        return found

    cdef object close_kept(self):
        cdef int i
        for i in range(TABLE_PARTS):
            if self.kept[i] >= 0:
                close(self.kept[i])
            self.kept[i] = -1

    def close(self):
        self.close_kept()
        table_end(&self.view)
        nonces_end(&self.view.nonces)

    # --- who this process is

    def be_worker(self, int slot):
        cdef worker_slot *w = self.worker(slot)
        self.view.own.owner = lock_owner(
            worker_entry_of(&self.view, w).serial, <uint32_t>slot + 1)
        self.close_kept()
        shared_become(WRITES_ALL)

    def be_monitor(self):
        self.need_open()
        self.view.own.owner = lock_owner(self.view.book.monitor_serial, LOCK_MONITOR)
        self.close_kept()
        shared_become(WRITES_MONITOR)

    def be_reader(self):
        self.need_open()
        self.view.own.owner = 0     # of no lock
        self.close_kept()
        shared_become(WRITES_ALL)

    cdef int need_open(self) except -1:
        if self.view.book == NULL:
            raise TableError("the table is closed")
        return 0

    cdef int need_master(self) except -1:
        self.need_open()
        if table_pen(&self.view, self.view.book) == NULL:
            raise TableError("only the master writes the table's book")
        return 0

    cdef uint32_t next_serial(self):
        self.last_serial += 1
        return self.last_serial

    cdef object note_overdue(self, int got):
        if got == LOCK_OF_LIVING and len(self.overdue) < TABLE_OVERDUE_MAX:
            self.overdue.append(lock_pid(&self.view, self.view.own.taken_from))

    def take_overdue(self):
        found, self.overdue = self.overdue, []
        return found

    # --- slots by number, checked

    cdef balancer_slot *balancer(self, int slot) except NULL:
        self.need_open()
        if not 0 <= slot < <int>atomic_get_u32(&self.view.book.balancers_used):
            raise IndexError(f"no balancer slot {slot}")
        return &self.view.balancers[slot]

    cdef member_slot *member(self, int slot) except NULL:
        self.need_open()
        if not 0 <= slot < <int>atomic_get_u32(&self.view.book.members_used):
            raise IndexError(f"no member slot {slot}")
        return &self.view.members[slot]

    cdef worker_slot *worker(self, int slot) except NULL:
        self.need_open()
        if not 0 <= slot < self.workers_ever:
            raise IndexError(f"no worker slot {slot}")
        return &self.view.workers[slot]

    # --- claims

    cdef object hold(self, long long generation, int kind, int slot):
        bits = self.held.setdefault(generation, [0] * HELD_KINDS)
        # An int of Python, as long as it must be: one of C has room for 31 slots.
        bits[kind] |= <object>1 << <object>slot

    def claim_balancer(self, str key, long long generation, *, str lbmethod):
        cdef bytes name = table_fitting(
            key, sizeof(self.view.balancer_entries.key), "the balancer's key")
        cdef int method = lb_method_find(lbmethod.encode())
        cdef int slot
        if method < 0:
            raise ValueError(f"unknown lbmethod {lbmethod!r}")
        self.need_master()
        slot = claim_balancer_slot(&self.view, name, <unsigned int>len(name))
        if slot < 0:
            raise TableError(f"no free balancer slot of {self.balancers_max}")
        self.note_overdue(claim_balancer_method(&self.view, slot, method))
        self.hold(generation, HELD_BALANCERS, slot)
        return slot

    def claim_vhost(self, str key, long long generation):
        cdef bytes name = key.encode()
        cdef int slot
        self.need_master()
        slot = claim_vhost_slot(&self.view, name, <unsigned int>len(name))
        if slot < 0:
            raise TableError(f"no free slot of {self.vhosts_max} virtual hosts")
        self.hold(generation, HELD_VHOSTS, slot)

    cdef vhost_slot *vhost(self, str key):
        cdef bytes name = key.encode()
        cdef int free
        cdef int slot
        slot = claim_find_vhost(&self.view, name, <unsigned int>len(name), &free)
        return &self.view.vhosts[slot] if slot >= 0 else NULL

    def claim_member(
            self, str key, long long generation, *, int balancer_slot, int load_factor,
            int lbset, str status, str route, str redirect, long long retry_ms,
            bint probe, long long slow_start_ms=0, int places_max=0, str check="",
            bint agent=False, bint fresh=False):
        cdef member_claim claim
        cdef bytes name = table_fitting(
            key, sizeof(self.view.member_names.key), "the member's key")
        cdef bytes route_bytes = table_fitting(
            route, sizeof(self.view.member_entries.route) - 1, "route=", "latin-1")
        cdef bytes redirect_bytes = table_fitting(
            redirect, sizeof(self.view.member_names.redirect) - 1, "redirect=",
            "latin-1")
        cdef int slot, lock
        self.need_master()
        if balancer_slot != -1:
            self.balancer(balancer_slot)
        if load_factor < 1:     # methods divide by it
            raise ValueError(f"load factor {load_factor} is less than 1")
        claim.key = name
        claim.key_length = <unsigned int>len(name)
        claim.balancer = balancer_slot
        claim.load_factor = load_factor
        claim.lbset = lbset
        claim.flags = table_flags_of(status) | FLAG_INIT
        claim.route = route_bytes
        claim.route_length = <unsigned int>len(route_bytes)
        claim.redirect = redirect_bytes
        claim.redirect_length = <unsigned int>len(redirect_bytes)
        claim.retry_ms = <uint32_t>min(max(retry_ms, 0), 0xFFFFFFFF)
        claim.slow_start_ms = <uint32_t>min(max(slow_start_ms, 0), 0xFFFFFFFF)
        claim.places_max = max(places_max, 0)
        claim.probe = probe
        claim.checked = bool(check)
        claim.agent = agent
        claim.begins = {
            "probe": FLAG_HEALTH | FLAG_UNPROVEN, "down": FLAG_HEALTH}.get(check, 0)
        claim.fresh = fresh
        slot = claim_member_slot(&self.view, &claim, &lock)
        if slot < 0:
            raise TableError(f"no free member slot of {self.members_max}")
        self.note_overdue(lock)
        self.hold(generation, HELD_MEMBERS, slot)
        return slot

    def release_generation(self, long long generation):
        self.need_master()
        gone = self.held.pop(generation, [0] * HELD_KINDS)
        for other in self.held.values():
            for kind in range(HELD_KINDS):
                gone[kind] &= ~other[kind]
        # members before balancers: a member's balancer is there as long as the member
        for slot in table_slots_in(gone[HELD_MEMBERS]):
            claim_free_member(&self.view, slot)
        for slot in table_slots_in(gone[HELD_BALANCERS]):
            claim_free_balancer(&self.view, slot)
        for slot in table_slots_in(gone[HELD_VHOSTS]):
            claim_free_vhost(&self.view, slot)

    def set_heartbeat(
            self, int member_slot, unsigned int ready, unsigned int busy,
            long long heard_us):
        cdef address_record *record
        self.member(member_slot)
        record = <address_record *>table_directory_pen(
            &self.view, &self.view.address_records[member_slot])
        if record == NULL:
            raise TableError("only master and monitor write heartbeats")
        atomic_set_u32(&record.ready, ready)
        atomic_set_u32(&record.busy, busy)
        atomic_set_i64(&record.heard_us, heard_us)

    def heartbeat(self, int member_slot):
        cdef const address_record *record
        self.member(member_slot)
        record = &self.view.address_records[member_slot]
        return (atomic_get_u32(&record.ready), atomic_get_u32(&record.busy),
                atomic_get_i64(&record.heard_us))

    def set_agent(self, int slot, state):
        cdef member_slot *m = self.member(slot)
        cdef address_record *record = <address_record *>table_directory_pen(
            &self.view, &self.view.address_records[slot])
        cdef uint32_t flags = 0
        cdef uint32_t was
        if record == NULL:
            raise TableError("only master and monitor write what agents say")
        flags |= FLAG_AGENT_DOWN if state.is_down else 0
        flags |= FLAG_DRAIN if state.drains else 0
        flags |= FLAG_DISABLED if state.in_maintenance else 0
        was = atomic_get_u32(&record.agent_flags)
        atomic_set_u32(&record.agent_percent, <uint32_t>state.percent + 1)
        atomic_set_u32(&record.agent_most, <uint32_t>state.most)
        if was & ~flags & FLAGS_UNUSABLE:
            # before it may serve: whoever elects it knows since when
            atomic_set_i64(&m.up_us, clock_us())
        atomic_set_u32(&record.agent_flags, flags)
        if flags & ~was & FLAGS_UNUSABLE:
            member_renew(&self.view, m)

    def agent(self, int member_slot):
        cdef const address_record *record
        cdef uint32_t flags, percent
        self.member(member_slot)
        record = &self.view.address_records[member_slot]
        flags = atomic_get_u32(&record.agent_flags)
        percent = atomic_get_u32(&record.agent_percent)
        return (
            bool(flags & FLAG_AGENT_DOWN), bool(flags & FLAG_DRAIN),
            bool(flags & FLAG_DISABLED), <int>percent - 1 if percent else 100,
            atomic_get_u32(&record.agent_most))

    def set_addresses(self, int member_slot, addresses):
        cdef member_address[TABLE_ADDRESSES_MAX] resolved
        cdef int count = 0
        cdef bint moves = False
        cdef address_record *record
        cdef table_directory *directory
        self.member(member_slot)
        record = <address_record *>table_directory_pen(
            &self.view, &self.view.address_records[member_slot])
        if record == NULL:
            raise TableError("only master and monitor write addresses")
        memset(resolved, 0, sizeof(resolved))
        for literal, port in addresses:
            if count == TABLE_ADDRESSES_MAX:
                raise ValueError(f"more than {TABLE_ADDRESSES_MAX} addresses")
            table_resolve_literal(literal, port, &resolved[count])
            count += 1
        directory = <table_directory *>self.view.directory_part.writing
        self.note_overdue(lock_take(&self.view, &directory.owner))
        if record.version & 1 or record.count != <uint32_t>count or memcmp(
                record.addresses, resolved, count * sizeof(member_address)) != 0:
            moves = record.count > 0 and address_record_differs(
                record, resolved, count)
            address_record_write(record, resolved, count)
        lock_give(&self.view, &directory.owner)
        if moves:
            # behind the addresses: whoever sees this connects to the new ones
            member_renew(&self.view, self.member(member_slot))
        return moves

    def addresses(self, int member_slot):
        cdef member_address[TABLE_ADDRESSES_MAX] resolved
        cdef uint32_t version = 0
        cdef int count = member_addresses(
            &self.view, self.member(member_slot), &version, resolved)
        return [
            (table_literal_of(&resolved[i]), resolved[i].port) for i in range(count)]

    def set_renewal(self, int member_slot, long long at_us):
        cdef address_record *record
        self.member(member_slot)
        record = <address_record *>table_directory_pen(
            &self.view, &self.view.address_records[member_slot])
        if record == NULL:
            raise TableError("only master and monitor write addresses")
        atomic_set_i64(&record.renewal_us, at_us)

    def renewal_us(self, int member_slot):
        self.member(member_slot)
        return atomic_get_i64(&self.view.address_records[member_slot].renewal_us)

    # --- state of members

    def member_status(self, int member_slot):
        return table_shown_flags(
            member_flags_now(&self.view, self.member(member_slot)))

    def member_flags(self, int member_slot):
        cdef uint32_t flags = member_flags_now(
            &self.view, self.member(member_slot)) & FLAGS_SHOWN
        # The monitor asks for those of every member ten times a second.
        letters = MEMBER_FLAG_TEXTS.get(flags)
        if letters is None:
            letters = MEMBER_FLAG_TEXTS[flags] = "".join([
                c for i, c in enumerate(MEMBER_FLAG_LETTERS)
                if flags >> <uint32_t>i & 1])
        return letters

    def wants_probe(self, int member_slot):
        return table_wants_probe(
            member_flags_now(&self.view, self.member(member_slot)))

    def set_flag(self, int member_slot, str letter, bint on):
        cdef uint32_t flag
        if len(letter) != 1:
            raise ValueError(f"{letter!r} is not one of {MEMBER_FLAG_LETTERS}")
        flag = table_flags_of(letter)
        if not flag & FLAGS_LIVE:
            self.need_master()
        member_set_flags(&self.view, self.member(member_slot), flag, on)

    def learn(self, int slot, int worker, told):
        cdef member_slot *m = self.member(slot)
        cdef member_entry *e
        cdef uint32_t flags = table_flags_of(told["flags"])
        self.need_master()
        e = claim_member(&self.view, slot)
        e.flags = (e.flags & ~<uint32_t>FLAGS_SHOWN) | (
            flags & ~member_live_of(e.flags))
        m.flags = flags & FLAGS_LIVE
        if told["probe_clears"]:
            m.flags |= FLAG_PROBE_CLEARS
        e.lbset = told["lbset"]
        e.load_factor = max(told["load_factor"], 1)
        m.lbstatus = told["lbstatus"]
        m.elected = told["elected"]
        m.transferred = told["transferred"]
        m.read = told["read"]
        m.retries = told["retries"]
        m.error_time_us = told["error_time_us"]
        m.up_us = told.get("up_us", 0)
        if worker >= 0:
            atomic_set_i32(
                table_share(&self.view, self.worker(worker), m),
                min(max(told["busy"], 0), GAUGE_MAX))

    def mark_up(self, int member_slot, int cause=0, int number=0):
        cdef uint32_t was = member_set_flags(
            &self.view, self.member(member_slot), FLAG_ERROR, False)
        if was & FLAG_ERROR:
            self.note_change(member_slot, False, cause, number)
        return (was & FLAG_ERROR) != 0

    def note_change(self, int member_slot, bint is_out, int cause, int number):
        member_changed(
            self.member(member_slot), is_out, cause, number, <uint32_t>os.getpid(),
            clock_us())

    def changes(self, int slot):
        cdef member_slot *m = self.member(slot)
        cdef uint32_t ever = atomic_get_u32(&m.changes)
        cdef uint32_t count = min(ever, <uint32_t>MEMBER_CHANGES)
        cdef member_change one
        cdef member_change *there
        cdef uint32_t i
        found = []
        for i in range(count):
            there = &m.changed[(ever - count + i) % MEMBER_CHANGES]
            one.at_us = atomic_get_i64(&there.at_us)
            atomic_fence_acquire()
            memcpy(&one.pid, &there.pid, sizeof(one) - sizeof(one.at_us))
            atomic_fence_acquire()
            # another one is written over it just now
            if one.at_us != 0 and one.at_us == atomic_get_i64(&there.at_us):
                found.append(
                    (one.at_us, bool(one.is_out), one.cause, one.number, one.pid))
        return found

    def note_check(
            self, int member_slot, int phase, int reason, int status,
            long long at_us, long long took_us, *, int passes, int fails,
            long long out_since_us):
        cdef health_record now
        cdef health_result *result
        cdef table_directory *directory
        cdef health_record *record
        self.member(member_slot)
        record = <health_record *>table_directory_pen(
            &self.view, &self.view.health_records[member_slot])
        if record == NULL:
            raise TableError("only master and monitor write results of checks")
        directory = <table_directory *>self.view.directory_part.writing
        self.note_overdue(lock_take(&self.view, &directory.owner))
        memcpy(&now, record, sizeof(now))
        result = &now.results[now.checks % HEALTH_RESULTS]
        result.at_us = at_us
        result.took_us = <uint32_t>min(max(took_us, 0), 0xFFFFFFFF)
        result.status = <uint16_t>min(max(status, 0), 0xFFFF)
        result.phase = <uint8_t>phase
        result.reason = <uint8_t>reason
        now.checks += 1
        if reason == 0:
            now.passed += 1
        else:
            now.failed += 1
        now.passes = <uint32_t>max(passes, 0)
        now.fails = <uint32_t>max(fails, 0)
        now.out_since_us = out_since_us
        health_record_write(record, &now)
        lock_give(&self.view, &directory.owner)

    def standing(self, int slot):
        cdef member_slot *m = self.member(slot)
        cdef health_record r
        cdef uint32_t flags = member_flags_now(&self.view, m)
        if not member_health(&self.view, m, &r):
            memset(&r, 0, sizeof(r))
        return (
            r.passes, r.fails, r.checks, r.out_since_us, bool(flags & FLAG_HEALTH),
            bool(flags & FLAG_ERROR), bool(flags & FLAG_UNPROVEN))

    def health(self, int member_slot):
        cdef health_record r
        cdef const health_result *one
        cdef uint32_t i, count
        if not member_health(&self.view, self.member(member_slot), &r):
            return None
        count = min(r.checks, <uint32_t>HEALTH_RESULTS)
        results = []
        for i in range(count):
            one = &r.results[(r.checks - count + i) % HEALTH_RESULTS]
            results.append(
                (one.phase, one.reason, one.status, one.at_us, one.took_us))
        return {
            "checks": r.checks,
            "passes": r.passes,
            "fails": r.fails,
            "out_since_us": r.out_since_us,
            "results": results,
        }

    def check_counts(self, int slot):
        cdef health_record r
        if not member_health(&self.view, self.member(slot), &r):
            return None
        return r.passed, r.failed

    def error_time_us(self, int member_slot):
        return atomic_get_i64(&self.member(member_slot).error_time_us)

    # --- workers and the monitor

    def claim_worker(self, int pid, long long generation, int number):
        cdef int slot
        self.need_master()
        claim_book(&self.view).master_pid = getpid()
        slot = claim_worker_slot(
            &self.view, pid, self.next_serial(), <uint32_t>generation, number)
        if slot < 0:
            raise TableError(f"no free worker slot of {self.workers_max}")
        self.workers_ever = max(self.workers_ever, slot + 1)
        return slot

    def set_worker_pid(self, int slot, int pid):
        self.worker(slot)
        self.need_master()
        atomic_set_i32(&claim_worker(&self.view, slot).pid, pid)

    def claim_monitor(self):
        cdef table_book *book
        self.need_master()
        book = claim_book(&self.view)
        atomic_set_i32(&book.monitor_pid, 0)
        atomic_set_u32(&book.monitor_serial, self.next_serial())

    def set_monitor_pid(self, int pid):
        self.need_master()
        atomic_set_i32(&claim_book(&self.view).monitor_pid, pid)

    def note_reload(self, bint is_sound, long long at_us):
        cdef table_book *book
        self.need_master()
        book = claim_book(&self.view)
        atomic_set_u32(&book.reload_refused, not is_sound)
        if is_sound:
            atomic_set_i64(&book.loaded_us, at_us)

    def last_reload(self):
        self.need_open()
        return (not atomic_get_u32(&self.view.book.reload_refused),
                atomic_get_i64(&self.view.book.loaded_us))

    def set_worker_state(self, int slot, str state):
        atomic_set_u32(&self.worker(slot).state, ord(state))

    def settle_worker(self, int slot):
        cdef worker_slot *w = self.worker(slot)
        cdef claim_leavings left
        self.need_master()
        if not worker_entry_of(&self.view, w).used:
            raise TableError(f"worker slot {slot} is free")
        claim_settle_worker(&self.view, w, &left)
        return {"busy": left.busy, "connections": left.connections, "locks": left.locks}

    # --- readers

    def snapshot_balancer(self, int slot):
        cdef const balancer_entry *e
        cdef uint32_t i
        cdef balancer_slot *b = self.balancer(slot)
        e = &self.view.balancer_entries[slot]
        members = []
        for i in range(atomic_get_u32(&self.view.book.members_used)):
            if (self.view.member_entries[i].balancer == slot
                    and atomic_get_u32(&self.view.member_entries[i].used)):
                members.append(i)
        return {
            "slot": slot,
            "key": table_text_of(e.key, e.key_length),
            "used": bool(atomic_get_u32(&e.used)),
            "lbmethod": lb_method_name(e.lbmethod),
            "elections": atomic_get_u32(&b.done),
            "sent_again": {
                name: atomic_get_u32(&b.again[<int>rule])
                for rule, name in enumerate(AGAIN_NAMES)},
            "members": members,
            "queued": ledger_queued_of(&self.view, b),
            "queued_most": atomic_get_u32(&b.queue_most),
            "waits": table_count_of(&b.waits),
            "waited_us": table_count_of(&b.waited_us),
            "longest_us": table_count_of(&b.longest_us),
            "turned_away": table_count_of(&b.turned_away),
        }

    def snapshot_member(self, int slot):
        cdef member_slot *m = self.member(slot)
        cdef const member_entry *e = member_entry_of(&self.view, m)
        cdef const member_names *names = &self.view.member_names[slot]
        cdef uint32_t flags = member_flags_now(&self.view, m)
        return {
            "slot": slot,
            "key": table_text_of(names.key, e.key_length),
            "used": bool(atomic_get_u32(&e.used)),
            "balancer_slot": e.balancer,
            "status": table_shown_flags(flags),
            "flags": self.member_flags(slot),
            "usable": bool(member_is_usable(&self.view, m)),
            "elected": atomic_get_u64(&m.elected),
            "busy": ledger_busy_of(&self.view, m),
            "places": ledger_places_of(&self.view, m),
            "transferred": atomic_get_u64(&m.transferred),
            "read": atomic_get_u64(&m.read),
            "lbstatus": atomic_get_i64(&m.lbstatus),
            "response_us": atomic_get_i64(&m.response_ns) // 1000,
            "load_factor": atomic_get_i32(&e.load_factor),
            "lbset": atomic_get_i32(&e.lbset),
            "route": e.route[:e.route_length].decode("latin-1"),
            "redirect": names.redirect[:e.redirect_length].decode("latin-1"),
            "retries": atomic_get_u32(&m.retries),
            "error_time_us": atomic_get_i64(&m.error_time_us),
            "retry_ms": atomic_get_u32(&e.retry_ms),
            "retry_in_ms": member_retry_in_ms(&self.view, m, clock_us()),
            "places_max": member_places_max(&self.view, m),
            "up_us": atomic_get_i64(&m.up_us),
            "ejections": atomic_get_u32(&m.ejections),
            "ejected_until_us": atomic_get_i64(&m.ejected_until_us),
            "epoch": atomic_get_u32(&m.epoch),
            "probed": bool(flags & FLAG_PROBED),
            "unproven": bool(flags & FLAG_UNPROVEN),
            "probe_clears": table_probe_clears(flags),
        }

    def note_history(self, long long now_us):
        cdef int taken
        self.need_open()
        taken = history_take(&self.view, now_us)
        if taken < 0:
            raise TableError("only master and monitor keep the history")
        return taken

    def history(self, int slot, int ring):
        cdef uint32_t next = 0
        cdef history_sample *room
        cdef int count
        self.member(slot)
        if not 0 <= ring < HISTORY_RINGS:
            raise IndexError(f"no ring {ring}")
        samples = bytearray(HISTORY_COUNTS[ring] * sizeof(history_sample))
        room = <history_sample *><char *>samples
        count = history_read(&self.view, <uint32_t>slot, ring, room, &next)
        if count < 0:
            return None
        del samples[count * <int>sizeof(history_sample):]
        return next, samples

    def outcomes(self, int slot):
        cdef member_slot *m = self.member(slot)
        cdef member_outcomes *o = self.view.outcomes + (m - self.view.members)
        return table_counts_of(&o.counts[0][0]), table_count_of(&o.duration_us)

    def vhost_outcomes(self, str key):
        cdef vhost_slot *v
        self.need_open()
        v = self.vhost(key)
        if v == NULL:
            return None
        return (table_counts_of(&v.counts[0][0]), table_count_of(&v.duration_us),
                table_count_of(&v.bytes_out))

    def requests(self):
        cdef worker_requests r
        cdef const worker_entry *e
        self.need_open()
        found = []
        for slot in range(atomic_get_u32(&self.view.book.workers_used)):
            e = &self.view.worker_entries[<int>slot]
            if atomic_get_acquire_u32(&e.used) and worker_requests_read(
                    &self.view, &self.view.workers[<int>slot], &r):
                found.append((slot, e.generation, table_rows_of(&r)))
        return found

    def follow(self, long long until_us, bytes method not None, bytes host not None,
               bytes path not None, bytes address not None, int bits):
        """See `_core.pyi`."""
        cdef network of
        self.need_open()
        if len(address) != ADDRESS_BYTES or not 0 <= bits <= 128:
            raise ValueError("16 bytes of an address, and up to 128 bits of it")
        memcpy(of.address, <const char *>address, sizeof(of.address))
        of.bits = <unsigned char>bits
        follow_say(&self.view, until_us, method, host, path, &of)

    def follow_until(self, long long until_us):
        self.need_open()
        atomic_set_i64(&self.view.field.follow.until_us, until_us)

    def followed(self, int slot, uint32_t since):
        self.need_open()
        if not 0 <= slot < <int>self.view.workers_max:
            raise ValueError(f"no worker {slot}")
        return follow_events(&self.view, slot, since)

    def snapshot_workers(self):
        cdef const worker_entry *e
        cdef worker_slot *w
        self.need_open()
        found = []
        for slot in range(atomic_get_u32(&self.view.book.workers_used)):
            e = &self.view.worker_entries[<int>slot]
            w = &self.view.workers[<int>slot]
            if not atomic_get_acquire_u32(&e.used):
                continue
            state = table_state_of(atomic_get_u32(&w.state))
            found.append({
                "slot": slot,
                "pid": atomic_get_i32(&e.pid),
                "generation": e.generation,
                "number": e.number,
                "state": state,
                "accesses": table_count_of(&w.accesses),
                "bytes_out": table_count_of(&w.bytes_out),
                "duration_us": table_count_of(&w.duration_us),
                "connections": table_gauge_of(&w.connections),
                "accepted": table_count_of(&w.accepted),
                "busy": table_gauge_of(&w.exchanges),
                "tunnels": table_gauge_of(&w.tunnels),
                "granted": table_gauge_of(&w.granted),
                "waiting": table_gauge_of(&w.waiting),
                "upstreams": table_gauge_of(&w.upstreams),
                "idle": table_gauge_of(&w.idle),
                "opened": table_count_of(&w.opened),
                "reused": table_count_of(&w.reused),
                "failed": table_count_of(&w.failed),
                "draining": state == "G",
            })
        return found

    def totals(self):
        cdef const table_book *book = self.view.book
        cdef uint32_t before
        cdef int _tries
        self.need_open()
        for _tries in range(TOTALS_READS_MAX):
            before = atomic_get_acquire_u32(&book.settlements)
            found = {
                "accesses": book.ended_accesses,
                "bytes_out": book.ended_bytes_out,
                "duration_us": book.ended_duration_us,
                "connections": book.ended_connections,
                "opened": book.ended_opened,
                "reused": book.ended_reused,
                "failed": book.ended_failed,
                "connections_open": 0,
                "busy": 0,
            }
            for worker in self.snapshot_workers():
                found["accesses"] += worker["accesses"]
                found["bytes_out"] += worker["bytes_out"]
                found["duration_us"] += worker["duration_us"]
                found["connections"] += worker["accepted"]
                for name in ("opened", "reused", "failed"):
                    found[name] += worker[name]
                found["connections_open"] += worker["connections"]
                found["busy"] += worker["busy"]
            # no worker was counted twice or not at all
            if not before & 1 and before == atomic_get_u32(&book.settlements):
                break
        found["repairs"] = atomic_get_u32(&self.view.field.repairs)
        return found
