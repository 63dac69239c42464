"""Which members' flags have changed since they were last looked at: some thousand in a
few microseconds, and whoever has changed one has told nobody (`_core.pyi`)."""
# uses: balance/table, balance/ledger, balance/table_slots

cdef enum:
    LOOKS_NEVER = 0xFFFFFFFF    # no member has all of FLAG_*


@final
cdef class Looks:
    cdef Table table            # keeps the mapping alive
    cdef int count
    cdef int *slots
    cdef uint32_t *seen

    def __cinit__(self, Table table not None, slots):
        cdef int i
        self.table = table
        self.count = len(slots)
        self.slots = <int *>calloc(self.count + 1, sizeof(int))
        self.seen = <uint32_t *>calloc(self.count + 1, sizeof(uint32_t))
        if self.slots == NULL or self.seen == NULL:
            raise MemoryError
        for i in range(self.count):
            table.member(slots[i])
            self.slots[i] = slots[i]
            self.seen[i] = LOOKS_NEVER

    def __dealloc__(self):
        free(self.slots)
        free(self.seen)

    def changed(self):
        cdef table_view *view = &self.table.view
        cdef uint32_t flags
        cdef int i
        self.table.need_open()
        found = []
        for i in range(self.count):
            flags = member_flags_now(view, &view.members[self.slots[i]])
            if flags != self.seen[i]:
                self.seen[i] = flags
                found.append(self.slots[i])
        return found
