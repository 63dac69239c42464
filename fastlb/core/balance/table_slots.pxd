# The table as an object; its Python methods are told in _core.pyi. C code takes
# &table.view and must not outlive close().
cdef class Table:
    cdef table_view view
    cdef readonly int balancers_max
    cdef readonly int members_max
    cdef readonly int workers_max
    cdef readonly int vhosts_max
    cdef list overdue               # pids: see take_overdue in _core.pyi
    cdef int workers_ever           # slots claimed so far
    cdef uint32_t last_serial
    cdef dict held                  # generation -> [bits of balancers, of members]
    cdef int[TABLE_PARTS] kept      # descriptors of the memory; -1: not here
    cdef object make(self, int digest_clients, const uint64_t *secret)
    cdef object close_kept(self)
    cdef int need_open(self) except -1
    cdef int need_master(self) except -1
    cdef uint32_t next_serial(self)
    cdef object note_overdue(self, int got)
    cdef object hold(self, long long generation, int kind, int slot)
    # a slot by its number, checked
    cdef balancer_slot *balancer(self, int slot) except NULL
    cdef member_slot *member(self, int slot) except NULL
    cdef worker_slot *worker(self, int slot) except NULL
    # of that key; NULL: none
    cdef vhost_slot *vhost(self, str key)
