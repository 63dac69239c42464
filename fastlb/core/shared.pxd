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
