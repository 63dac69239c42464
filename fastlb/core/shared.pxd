# Memory that all processes see and only some may write.
#
# The master makes each part before the first fork and maps it twice: to write, and,
# once it is sealed, to read. A process that may not write drops the first mapping. It
# cannot get it back: no descriptor is kept, and for a part with F_SEAL_FUTURE_WRITE
# the kernel lets no reading mapping become a writing one.
#
#   who writes          master    monitor   workers
#   WRITES_MASTER       yes       -         -
#   WRITES_MONITOR      yes       yes       -
#   WRITES_ALL          yes       yes       yes       (one mapping: nothing to drop)

cdef enum:
    WRITES_ALL = 0
    WRITES_MONITOR = 1
    WRITES_MASTER = 2

cdef struct shared_part:
    char *reading
    char *writing           # NULL: not in this process
    size_t size
    int writers             # WRITES_*
    shared_part *following  # all parts of this process

# Map that many bytes of zeros. returns 0; FAILED: errno is kept beside it
cdef int shared_make(shared_part *p, size_t size, int writers) noexcept nogil
cdef void shared_end(shared_part *p) noexcept nogil
# From here on this process writes only what `kind` of process may: WRITES_ALL is a
# worker, WRITES_MONITOR the monitor.
cdef void shared_become(int kind) noexcept nogil
