# Heads of requests that are under way: what room they may take.
#
# A head begins in a small buffer, 16 KiB, and moves into a larger one each time that is
# full: 64 KiB, 256 KiB, 1 MiB. Ordinary heads fit into the first. Of larger ones a
# worker has only so many at a time, by class (limits.pxd); a head that would be one too
# many is not read on until another gives its place, or its own time is over.
#
#   class    counted                              at most
#   medium   until the head is complete           HEADS_MEDIUM_MAX
#   large    until its request is answered        HEADS_LARGE_MAX
#   huge     until its request is answered        HEADS_HUGE_MAX
#
# Whoever waits for a class holds a place of the one below, and never of one above: so
# the largest always goes on, and then the next. A complete head of medium size belongs
# to a request in work, which MaxRequestWorkers bounds.

# Room for more bytes of a head in d.input, which is full.
# returns 1; AGAIN: it waits, and is handled again when its turn comes; -400: there is
# no larger buffer; FAILED: no memory
cdef int heads_make_room(downstream *d) noexcept nogil
# Class of the first buffer for a request that begins.
cdef int heads_first_class(downstream *d) noexcept nogil
# The head is complete.
cdef void heads_complete(downstream *d) noexcept nogil
# The request is answered and d.input holds the beginning of the next: no larger a
# buffer than that takes.
cdef void heads_next(downstream *d) noexcept nogil
# Not counted any more, and in no queue: d.input has gone, or is going.
cdef void heads_leave(downstream *d) noexcept nogil
