# The table as Python sees it: identities and their slots, the state of members, and
# readers. The contracts of the methods stand in _core.pyi. None of this is on the path
# of a request; it copies under a mutex and makes Python objects afterwards.

import os

cimport cython

cdef extern from "<sys/mman.h>" nogil:
    int TABLE_PROTECTION "(PROT_READ | PROT_WRITE)"
    int TABLE_SHARING "MAP_SHARED"
    void *TABLE_UNMAPPED "MAP_FAILED"
    void *table_mmap "mmap"(
        void *address, size_t size, int protection, int sharing, int fd, long offset)
    int table_munmap "munmap"(void *address, size_t size)

cdef extern from "<fcntl.h>" nogil:
    int TABLE_ADD_SEALS "F_ADD_SEALS"
    int TABLE_SEALS "(F_SEAL_SHRINK | F_SEAL_GROW)"

cdef extern from "<net/if.h>" nogil:
    unsigned int table_interface "if_nametoindex"(const char *name)

cdef str MEMBER_FLAG_LETTERS = "OINGUDSEHRFC"
cdef tuple MEMBER_FLAG_NAMES = (
    "Init ", "Ign ", "Drn ", "Gen ", "Shut ", "Dis ",
    "Stop ", "Err ", "Stby ", "Spar ", "Free ", "HcFl ",
)
cdef dict TABLE_REFUSALS = {
    TABLE_SHORT: "is smaller than it says",
    TABLE_NOT_ONE: "is not a slot table",
    TABLE_OTHER_LAYOUT: "has another layout (made by another version of fastlb?)",
    TABLE_BAD_PARTS: "is damaged: its counts and offsets do not agree",
}


class TableError(RuntimeError):
    """The mapping is not a table of this layout, or has no free slot."""


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


# A text that fits into its field, as bytes.
cdef bytes table_fitting(str text, Py_ssize_t size_max, str what):
    data = text.encode()
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
    cdef char[64] text
    if inet_ntop(a.family, a.bytes, text, sizeof(text)) == NULL:
        return ""
    host = (<bytes>text).decode("ascii")
    return f"{host}%{a.scope}" if a.scope else host


@cython.final
cdef class Table:
    def __cinit__(self):
        self.fd = -1
        self.view.base = NULL

    def __dealloc__(self):
        self.unmap()
        if self.fd >= 0:
            close(self.fd)

    @staticmethod
    def create(int balancers_max, int members_max, int workers_max):
        cdef table_header header
        cdef uint64_t size = table_layout(
            &header, <unsigned int>max(balancers_max, 0),
            <unsigned int>max(members_max, 0), <unsigned int>max(workers_max, 0))
        if size == 0:
            raise TableError(
                f"no table of {balancers_max} balancers, {members_max} members and "
                f"{workers_max} workers")
        fd = os.memfd_create("fastlb-table", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(fd, size)
            # nobody who is handed the descriptor can take pages away under others
            if fcntl(fd, TABLE_ADD_SEALS, TABLE_SEALS) != 0:
                raise TableError("the slot table cannot be sealed")
            os.pwrite(fd, (<char *>&header)[:sizeof(header)], 0)
            table = Table.attach(fd)
        except BaseException:
            os.close(fd)
            raise
        if table_mutex_make(&(<Table>table).view.header.mutex) != 0:
            raise TableError("the table's mutex cannot be made")
        return table

    @staticmethod
    def attach(int fd):
        cdef Table table = Table.__new__(Table)
        cdef uint64_t size = os.fstat(fd).st_size
        cdef void *base
        cdef int refusal
        if size < sizeof(table_header):
            raise TableError(f"descriptor {fd} is too short for a slot table")
        base = table_mmap(NULL, size, TABLE_PROTECTION, TABLE_SHARING, fd, 0)
        if base == TABLE_UNMAPPED:
            raise TableError(f"descriptor {fd} cannot be mapped")
        refusal = table_point(&table.view, <char *>base, size)
        if refusal != 0:
            table_munmap(base, size)
            raise TableError(f"descriptor {fd} {TABLE_REFUSALS[refusal]}")
        table.fd = fd
        table.balancers_max = table.view.header.balancers_max
        table.members_max = table.view.header.members_max
        table.workers_max = table.view.header.workers_max
        return table

    def close(self):
        self.unmap()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    cdef void unmap(self) noexcept:
        if self.view.base != NULL:
            table_munmap(self.view.base, self.view.size)
            self.view.base = NULL

    # --- slots by number, checked

    cdef int need_open(self) except -1:
        if self.view.base == NULL:
            raise TableError("the table is closed")
        return 0

    cdef balancer_slot *balancer(self, int slot) except NULL:
        self.need_open()
        if not 0 <= slot < <int>atomic_get_u32(&self.view.header.balancers_used):
            raise IndexError(f"no balancer slot {slot}")
        return &self.view.balancers[slot]

    cdef member_slot *member(self, int slot) except NULL:
        self.need_open()
        if not 0 <= slot < <int>atomic_get_u32(&self.view.header.members_used):
            raise IndexError(f"no member slot {slot}")
        return &self.view.members[slot]

    cdef worker_slot *worker(self, int slot) except NULL:
        self.need_open()
        if not 0 <= slot < <int>atomic_get_u32(&self.view.header.workers_used):
            raise IndexError(f"no worker slot {slot}")
        return &self.view.workers[slot]

    cdef int lock(self) except -1:
        self.need_open()
        if table_lock(&self.view) < 0:
            raise TableError("the table's mutex cannot be had")
        return 0

    # --- claims

    def claim_balancer(self, str key, long long generation, *, str lbmethod):
        cdef bytes name = table_fitting(
            key, sizeof(self.view.balancers.key), "the balancer's key")
        cdef int method = lb_method_find(lbmethod.encode())
        cdef int slot
        if method < 0:
            raise ValueError(f"unknown lbmethod {lbmethod!r}")
        self.lock()
        try:
            lane = claim_lane(&self.view, generation)
            if lane < 0:
                raise TableError(
                    f"{TABLE_GENERATIONS_MAX} generations are still alive")
            slot = claim_balancer_slot(&self.view, name, <unsigned int>len(name))
            if slot < 0:
                raise TableError(f"no free balancer slot of {self.balancers_max}")
            claim_balancer_method(&self.view, slot, method)
            self.view.balancers[slot].claims |= <uint64_t>1 << <int>lane
        finally:
            table_unlock(&self.view)
        return slot

    def claim_member(
            self, str key, long long generation, *, int balancer_slot, int load_factor,
            int lbset, str status, str route, str redirect, long long retry_ms,
            bint probe, bint fresh=False):
        cdef member_claim claim
        cdef bytes name = table_fitting(
            key, sizeof(self.view.colds.key), "the member's key")
        cdef bytes route_bytes = table_fitting(
            route, sizeof(self.view.colds.route) - 1, "route=")
        cdef bytes redirect_bytes = table_fitting(
            redirect, sizeof(self.view.colds.redirect) - 1, "redirect=")
        cdef int slot
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
        claim.probe = probe
        claim.fresh = fresh
        self.lock()
        try:
            lane = claim_lane(&self.view, generation)
            if lane < 0:
                raise TableError(
                    f"{TABLE_GENERATIONS_MAX} generations are still alive")
            slot = claim_member_slot(&self.view, &claim)
            if slot < 0:
                raise TableError(f"no free member slot of {self.members_max}")
            self.view.colds[slot].claims |= <uint64_t>1 << <int>lane
        finally:
            table_unlock(&self.view)
        return slot

    def release_generation(self, long long generation):
        self.lock()
        claim_release_lane(&self.view, generation)
        table_unlock(&self.view)

    def set_addresses(self, int member_slot, addresses):
        cdef member_address[TABLE_ADDRESSES_MAX] resolved
        cdef int count = 0
        self.member(member_slot)
        memset(resolved, 0, sizeof(resolved))
        for literal, port in addresses:
            if count == TABLE_ADDRESSES_MAX:
                raise ValueError(f"more than {TABLE_ADDRESSES_MAX} addresses")
            table_resolve_literal(literal, port, &resolved[count])
            count += 1
        self.lock()
        member_addresses_write(&self.view.colds[member_slot], resolved, count)
        table_unlock(&self.view)

    def addresses(self, int member_slot):
        cdef member_address[TABLE_ADDRESSES_MAX] resolved
        cdef uint32_t version = 0
        cdef int count, i
        # under the mutex of the writers, so it is never found being written
        self.member(member_slot)
        self.lock()
        if self.view.colds[member_slot].address_version & 1:
            count = AGAIN       # its writer died: there is no whole copy
        else:
            count = member_addresses(
                &self.view, &self.view.members[member_slot], &version, resolved)
        table_unlock(&self.view)
        return [
            (table_literal_of(&resolved[i]), resolved[i].port) for i in range(count)]

    # --- state of members

    def member_status(self, int member_slot):
        return table_shown_flags(atomic_get_u32(&self.member(member_slot).flags))

    def member_flags(self, int member_slot):
        cdef uint32_t flags = atomic_get_u32(&self.member(member_slot).flags)
        return "".join(
            [c for i, c in enumerate(MEMBER_FLAG_LETTERS) if flags >> <uint32_t>i & 1])

    def set_flag(self, int member_slot, str letter, bint on):
        if len(letter) != 1:
            raise ValueError(f"{letter!r} is not one of {MEMBER_FLAG_LETTERS}")
        member_set_flags(self.member(member_slot), table_flags_of(letter), on)

    def mark_up(self, int member_slot):
        cdef uint32_t was = member_set_flags(
            self.member(member_slot), FLAG_ERROR | FLAG_HEALTH, False)
        return (was & FLAG_ERROR) != 0

    def error_time_us(self, int member_slot):
        return atomic_get_i64(&self.member(member_slot).error_time_us)

    # --- workers

    def claim_worker(self, int pid, long long generation, int number):
        cdef int slot
        self.lock()
        slot = claim_worker_slot(&self.view, pid, <uint32_t>generation, number)
        table_unlock(&self.view)
        if slot < 0:
            raise TableError(f"no free worker slot of {self.workers_max}")
        return slot

    def set_worker_pid(self, int slot, int pid):
        atomic_set_i32(&self.worker(slot).pid, pid)

    def set_worker_state(self, int slot, str state):
        atomic_set_u32(&self.worker(slot).state, ord(state))

    def settle_worker(self, int slot):
        cdef worker_slot *w = self.worker(slot)
        cdef int busy, connections, mutexes
        # first, because one of them may be the table's
        mutexes = table_repair(&self.view)
        self.lock()
        if not atomic_get_u32(&w.used):
            table_unlock(&self.view)
            raise TableError(f"worker slot {slot} is free")
        connections = atomic_get_i32(&w.connections)
        busy = claim_settle_worker(&self.view, w)
        table_unlock(&self.view)
        return {"busy": busy, "connections": connections, "mutexes": mutexes}

    # --- readers

    def snapshot_balancer(self, int slot):
        cdef balancer_slot *b = self.balancer(slot)
        cdef bytes method = lb_method_of(<int>atomic_get_u32(&b.lbmethod)).name
        return {
            "slot": slot,
            "key": table_text_of(b.key, b.key_length),
            "used": bool(atomic_get_u32(&b.used)),
            "lbmethod": method.decode(),
            "elections": atomic_get_u32(&b.done),
            "members": [
                i for i in range(atomic_get_u32(&self.view.header.members_used))
                if self.view.colds[i].balancer == slot
                and atomic_get_u32(&self.view.colds[i].used)
            ],
        }

    def snapshot_member(self, int slot):
        cdef member_slot *m = self.member(slot)
        cdef member_slot hot
        cdef member_cold cold
        cdef int busy
        if member_lock(&self.view, m) < 0:
            raise TableError("the balancer's mutex cannot be had")
        memcpy(&hot, m, sizeof(hot))
        memcpy(&cold, &self.view.colds[slot], sizeof(cold))
        member_unlock(&self.view, m)
        busy = ledger_busy_of(&self.view, m)
        return {
            "slot": slot,
            "key": table_text_of(cold.key, cold.key_length),
            "used": bool(cold.used),
            "balancer_slot": cold.balancer,
            "status": table_shown_flags(hot.flags),
            "flags": self.member_flags(slot),
            "elected": hot.elected,
            "busy": busy,
            "transferred": hot.transferred,
            "read": hot.read,
            "lbstatus": hot.lbstatus,
            "load_factor": hot.load_factor,
            "lbset": hot.lbset,
            "route": table_text_of(cold.route, cold.route_length),
            "redirect": table_text_of(cold.redirect, cold.redirect_length),
            "retries": hot.retries,
            "error_time_us": hot.error_time_us,
            "retry_ms": hot.retry_ms,
            "epoch": hot.epoch,
            "probed": bool(hot.flags & FLAG_PROBED),
            "probe_clears": bool(hot.flags & FLAG_PROBE_CLEARS),
        }

    def snapshot_workers(self):
        cdef worker_slot *w
        self.need_open()
        found = []
        for slot in range(atomic_get_u32(&self.view.header.workers_used)):
            w = &self.view.workers[<int>slot]
            if not atomic_get_acquire_u32(&w.used):
                continue
            state = chr(atomic_get_u32(&w.state))
            found.append({
                "slot": slot,
                "pid": atomic_get_i32(&w.pid),
                "generation": w.generation,
                "number": w.number,
                "state": state,
                "accesses": atomic_get_u64(&w.accesses),
                "bytes_out": atomic_get_u64(&w.bytes_out),
                "duration_us": atomic_get_u64(&w.duration_us),
                "connections": atomic_get_i32(&w.connections),
                "accepted": atomic_get_u64(&w.accepted),
                "busy": atomic_get_i32(&w.exchanges),
                "tunnels": atomic_get_i32(&w.tunnels),
                "granted": atomic_get_i32(&w.granted),
                "waiting": atomic_get_i32(&w.waiting),
                "draining": state == "G",
            })
        return found

    def totals(self):
        cdef table_header *h
        cdef worker_slot *w
        cdef uint64_t accesses, bytes_out, duration_us, accepted
        cdef uint32_t i
        cdef int open_now = 0, exchanges = 0
        # with claims and settlements held off, no worker is counted twice or not at all
        self.lock()
        h = self.view.header
        accesses = h.ended_accesses
        bytes_out = h.ended_bytes_out
        duration_us = h.ended_duration_us
        accepted = h.ended_connections
        for i in range(atomic_get_u32(&h.workers_used)):
            w = &self.view.workers[i]
            accesses += atomic_get_u64(&w.accesses)
            bytes_out += atomic_get_u64(&w.bytes_out)
            duration_us += atomic_get_u64(&w.duration_us)
            accepted += atomic_get_u64(&w.accepted)
            open_now += atomic_get_i32(&w.connections)
            exchanges += atomic_get_i32(&w.exchanges)
        table_unlock(&self.view)
        return {
            "accesses": accesses,
            "bytes_out": bytes_out,
            "duration_us": duration_us,
            "connections": accepted,
            "connections_open": open_now,
            "busy": exchanges,
            "repairs": atomic_get_u32(&h.repairs),
        }
