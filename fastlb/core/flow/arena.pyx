"""Writers in an exchange's scratch memory (arena.pxd)."""
# uses: ground/text, io/buffer, io/writer, flow/exchange

cdef long arena_live = 0        # pieces of their own that are out


cdef char *arena_take_alone(exchange *x, unsigned int size) noexcept nogil:
    """A piece of its own, of just that size."""
    global arena_live
    cdef buffer *b = buffer_new(size, BUFFER_EXACT)
    if b == NULL:
        return NULL
    b.start = 0
    b.end = size
    b.next = x.arena
    x.arena = b
    arena_live += 1
    return &b.data[0]


cdef void arena_give(buffer *b) noexcept nogil:
    global arena_live
    if b.size_class != BUFFER_EXACT:
        buffer_give(b)
        return
    arena_live -= 1
    ASSERT(arena_live >= 0)
    buffer_free(b)


cdef unsigned int arena_room(exchange *x) noexcept nogil:
    """Left in the last piece; one of its own has none."""
    if x.arena == NULL or x.arena.size_class == BUFFER_EXACT:
        return 0
    return buffer_room(x.arena)


cdef char *arena_piece(exchange *x, size_t *size) noexcept nogil:
    """At least so many bytes, or all that is left where they are taken from."""
    cdef size_t left = SCRATCH_BYTES - x.scratch_used
    if size[0] > HEAD_BYTES_MAX:
        return NULL
    if left < size[0]:
        left = arena_room(x)
    # In debug builds it is never a byte more than asked for, so that writers move.
    if left > size[0] and not DEBUG_BUILD:
        size[0] = left
    return arena_take(x, <unsigned int>size[0])


cdef bint arena_more(writer *w, size_t needed) noexcept nogil:
    """Move what is written to a larger piece (writer.more)."""
    cdef size_t held = writer_held(w)
    cdef size_t size = held + (needed if needed > held else held)
    cdef writer larger
    cdef char *piece
    piece = arena_piece(<exchange *>w.owner, &size)
    if piece == NULL:
        return False
    writer_begin(&larger, piece, size)
    put(&larger, w.begin, held)
    w.begin = larger.begin
    w.p = larger.p
    w.end = larger.end
    return True


cdef void arena_write(exchange *x, writer *w) noexcept nogil:
    cdef size_t size = 1 if DEBUG_BUILD else ARENA_WRITE_ROOM
    cdef char *piece = arena_piece(x, &size)
    writer_begin(w, piece, size)
    w.more = arena_more
    w.owner = x


cdef value arena_written(exchange *x, writer *w) noexcept nogil:
    cdef buffer *b = x.arena
    cdef unsigned int unused = <unsigned int>writer_room(w)
    if w.end == &x.scratch[x.scratch_used]:
        x.scratch_used -= unused
    elif b != NULL and w.end == &b.data[b.end]:
        b.end -= unused
    if unlikely(w.full):
        x.starved = True
        return value(NULL, 0)
    return value(w.begin, writer_held(w))


cdef value arena_copy(
        exchange *x, const char *data, unsigned int length) noexcept nogil:
    cdef writer w
    writer_begin(&w, arena_take(x, length + 1), length)
    put(&w, data, length)
    if unlikely(w.begin == NULL):
        x.starved = True
    return value(w.begin, length if w.begin != NULL else 0)
