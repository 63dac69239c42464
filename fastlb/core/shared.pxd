# Memory that all processes see and only some may write.
#
# The master makes each part before the first fork and maps it twice: to write, and,
# through a descriptor that cannot write, to read. A process that may not write drops
# the first mapping. It cannot get it back: the kernel lets no mapping of such a
# descriptor become a writing one, and the other one is only the master's, which hands
# it to the program that takes its place (master/keep.py). Where the system has no
# /proc, the part is sealed against any further writing mapping instead, and dies with
# the program that made it.
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
