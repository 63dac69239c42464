"""Heads of requests that are under way: what room they may take.

A head begins in a small buffer, 16 KiB, and moves into a larger one each time that is
full: 64 KiB, 256 KiB, 1 MiB. Ordinary heads fit into the first. Of larger ones a
worker has only so many at a time, by class (limits.pxd); a head that would be one too
many is not read on until another gives its place, or its own time is over.

  class    counted                              at most
  medium   until the head is complete           HEADS_MEDIUM_MAX
  large    until its request is answered        HEADS_LARGE_MAX
  huge     until its request is answered        HEADS_HUGE_MAX

Whoever waits for a class holds a place of the one below, and never of one above: so
the largest always goes on, and then the next. A complete head of medium size belongs
to a request in work, which MaxRequestWorkers bounds.
"""
# uses: io/buffer, io/watch, flow/exchange, flow/waiting

cdef int[BUFFER_CLASSES] heads_max = [
    0, HEADS_MEDIUM_MAX, HEADS_LARGE_MAX, HEADS_HUGE_MAX
]
cdef int[BUFFER_CLASSES] heads_open = [0, 0, 0, 0]
cdef waiting_line heads_waiting[BUFFER_CLASSES]     # for a place in the class


cdef int heads_make_room(downstream *d) noexcept nogil:
    """Room for more bytes of a head in d.input, which is full. returns 1; AGAIN: it
    waits, and is handled again when its turn comes; -400: there is no larger buffer;
    FAILED: no memory."""
    cdef buffer *b = d.input
    cdef unsigned char wanted = b.size_class + 1
    if b.start > BUFFER_HEADROOM:
        if not buffer_move(b, BUFFER_HEADROOM, &b.data[b.start], buffer_held(b)):
            return FAILED
        b.end -= b.start - BUFFER_HEADROOM
        b.start = BUFFER_HEADROOM
        return 1
    if buffer_held(b) >= HEAD_BYTES_MAX or wanted >= BUFFER_CLASSES:
        return -400
    if d.head_class < wanted:
        if heads_open[wanted] >= heads_max[wanted] \
                or heads_waiting[wanted].head != NULL:
            heads_wait(d, wanted)
            return AGAIN
        heads_enter(d, wanted)
    return 1 if buffer_grow(&d.input) else FAILED


cdef int heads_first_class(downstream *d) noexcept nogil:
    """Class of the first buffer for a request that begins."""
    # Who sent a large body is likely to send another: head and body at once.
    if d.sends_large and heads_open[<int>BUFFER_MEDIUM] < HEADS_MEDIUM_MAX:
        heads_enter(d, BUFFER_MEDIUM)
        return BUFFER_MEDIUM
    return BUFFER_SMALL


cdef void heads_complete(downstream *d) noexcept nogil:
    """The head is complete."""
    if d.head_class == BUFFER_MEDIUM:
        heads_enter(d, 0)


cdef void heads_next(downstream *d) noexcept nogil:
    """The request is answered and d.input holds the beginning of the next: no larger a
    buffer than that takes."""
    cdef buffer *b = d.input
    cdef unsigned int held = buffer_held(b)
    cdef int size_class = buffer_class_for(held)
    if size_class < b.size_class:
        b = buffer_take(size_class)
        if b != NULL and buffer_put(b, &d.input.data[d.input.start], held):
            buffer_give(d.input)
            d.input = b
        else:
            buffer_give(b)
    heads_enter(d, d.input.size_class)


cdef void heads_leave(downstream *d) noexcept nogil:
    """Not counted any more, and in no queue: d.input has gone, or is going."""
    if unlikely(d.head_waits):
        heads_unlink(d)
    if unlikely(d.head_class):
        heads_enter(d, 0)


cdef void heads_enter(downstream *d, unsigned char size_class) noexcept nogil:
    """Count it in this class and in no other; 0: in none."""
    cdef unsigned char before = d.head_class
    if before == size_class:
        return
    d.head_class = size_class
    if size_class:
        heads_open[size_class] += 1
    if before:
        heads_open[before] -= 1
        ASSERT(heads_open[before] >= 0)
        heads_serve(before)


cdef void heads_serve(unsigned char size_class) noexcept nogil:
    """A place in the class is free: it is theirs who have waited longest."""
    cdef downstream *d = heads_waiting[size_class].head
    if d == NULL or heads_open[size_class] >= heads_max[size_class]:
        return
    heads_unlink(d)
    heads_enter(d, size_class)      # and frees the one below: as deep as classes
    watch_queue(&d.c)


cdef void heads_wait(downstream *d, unsigned char size_class) noexcept nogil:
    if d.head_waits:
        return
    ASSERT(d.state == DOWN_HEAD)
    d.head_waits = size_class
    waiting_join(&heads_waiting[size_class], d)


cdef void heads_unlink(downstream *d) noexcept nogil:
    waiting_leave(&heads_waiting[d.head_waits], d)
    d.head_waits = 0
