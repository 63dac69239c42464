"""Members that refuse connections, asked again and again: all that are due in one call
(`_core.pyi`).

A connection within this machine is refused before connect() has been asked twice, and
the socket is as it was before: one is enough for all of them. Whatever else becomes of
one is the caller's to go on with.
"""
# uses: ground/address, balance/table, balance/ledger, balance/table_slots

cdef enum:
    KNOCKS_PER_TURN = 1024
    KNOCK_IS_OVER = -1      # no number of errno


cdef struct knock:
    int slot                # -1: handed over
    long long since_us      # it is out
    long long due_us


# What becomes of a connection to this address. number: of errno; EALREADY: nothing yet.
# fd: of the socket, if there is one to be had.
cdef void knock_at(int fd, const member_address *a, int *number) noexcept nogil:
    cdef sockaddr_storage storage
    cdef socklen_t size = address_fill(&storage, a.family, a.bytes, a.port, a.scope)
    cdef int _asked
    number[0] = 0
    for _asked in range(2):
        if connect(fd, <sockaddr *>&storage, size) == 0:
            number[0] = 0
            return
        number[0] = errno
        if number[0] != EINPROGRESS:
            return


@final
cdef class Knocks:
    cdef Table table        # keeps the mapping alive
    cdef int count
    cdef int first          # whose turn it is when not all can be asked in one
    cdef int room
    cdef knock *all
    cdef int spare          # a socket of IPv4, or -1
    cdef long long least_us
    cdef long long most_us
    cdef long long share

    def __cinit__(
            self, Table table not None, long long least_us, long long most_us,
            long long share):
        self.table = table
        self.spare = -1
        self.least_us = least_us
        self.most_us = most_us
        self.share = max(share, 1)

    def __dealloc__(self):
        free(self.all)
        if self.spare >= 0:
            close(self.spare)

    def waiting(self):
        return self.count

    def add(self, int slot, long long since_us, long long due_us):
        cdef knock *grown
        self.table.member(slot)
        if self.count == self.room:
            grown = <knock *>realloc(self.all, (2 * self.room + 8) * sizeof(knock))
            if grown == NULL:
                raise MemoryError
            self.all = grown
            self.room = 2 * self.room + 8
        self.all[self.count].slot = slot
        self.all[self.count].since_us = since_us
        self.all[self.count].due_us = due_us
        self.count += 1

    # At one member's addresses, until one does not refuse. returns the number of the
    # last one; of what is EALREADY or 0 the socket is fd[0], and it was at nth[0].
    cdef int knock(self, int slot, int *fd, int *nth) noexcept:
        cdef member_address[TABLE_ADDRESSES_MAX] addresses
        cdef uint32_t version = 0
        cdef int count = member_addresses(
            &self.table.view, &self.table.view.members[slot], &version, addresses)
        cdef int i
        cdef int number = ECONNREFUSED
        for i in range(count):
            fd[0] = self.spare if addresses[i].family == AF_INET else -1
            if fd[0] < 0:
                fd[0] = socket(
                    addresses[i].family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
            else:
                self.spare = -1
            if fd[0] < 0:
                return errno        # later
            knock_at(fd[0], &addresses[i], &number)
            nth[0] = i
            if number == EALREADY or number == 0:
                return number
            # One of IPv6 may keep the interface of its last address.
            if number == ECONNREFUSED and addresses[i].family == AF_INET:
                self.spare = fd[0]
            else:
                close(fd[0])
        return number

    def turn(self, long long now_us, int room):
        cdef int fd = -1, nth = 0, number, _done, at
        cdef uint32_t flags
        cdef knock *k
        cdef int asked = 0
        self.table.need_open()
        found = []
        at = self.first if self.first < self.count else 0
        for _done in range(self.count):
            if asked == KNOCKS_PER_TURN or len(found) >= room:
                break
            k = &self.all[at]
            at = at + 1 if at + 1 < self.count else 0
            if k.due_us > now_us:
                continue
            asked += 1
            flags = member_flags_now(
                &self.table.view, &self.table.view.members[k.slot])
            if not table_wants_probe(flags):
                found.append((k.slot, -1, 0, KNOCK_IS_OVER))
                k.slot = -1
                continue
            number = self.knock(k.slot, &fd, &nth)
            if number == 0 or number == EALREADY:
                found.append((k.slot, fd, nth, number))
                k.slot = -1
            else:
                k.due_us = now_us + min(max(
                    (now_us - k.since_us) // self.share, self.least_us), self.most_us)
        self.first = at
        if found:
            self.forget_handed_over()
        return found

    cdef void forget_handed_over(self) noexcept:
        cdef int i, kept = 0
        for i in range(self.count):
            if self.all[i].slot >= 0:
                self.all[kept] = self.all[i]
                kept += 1
        self.count = kept
