"""Scratch memory and writers in it (arena.pxd)."""
# uses: ground/text, io/buffer, io/writer

cdef long arena_live = 0        # pieces of their own that are out


cdef char *arena_take_alone(arena *a, unsigned int size) noexcept nogil:
    """A piece of its own, of just that size."""
    global arena_live
    cdef buffer *b = buffer_new(size, BUFFER_EXACT)
    if b == NULL:
        return NULL
    b.start = 0
    b.end = size
    b.next = a.pieces
    a.pieces = b
    arena_live += 1
    return &b.data[0]


cdef void arena_give(buffer *b) noexcept nogil:
    """Give back one piece that was taken off the list."""
    global arena_live
    if b.size_class != BUFFER_EXACT:
        buffer_give(b)
        return
    arena_live -= 1
    ASSERT(arena_live >= 0)
    buffer_free(b)


cdef unsigned int arena_room(arena *a) noexcept nogil:
    """Left in the last piece; one of its own has none."""
    if a.pieces == NULL or a.pieces.size_class == BUFFER_EXACT:
        return 0
    return buffer_room(a.pieces)


cdef char *arena_take(arena *a, unsigned int size) noexcept nogil:
    """That many bytes; NULL when there are none. In debug builds each piece is an
    allocation of its own, of just that size."""
    cdef buffer *b = a.pieces
    cdef int size_class
    cdef char *p
    if DEBUG_BUILD:
        return arena_take_alone(a, size)
    if size <= SCRATCH_BYTES - a.used:
        p = &a.scratch[a.used]
        a.used += size
        return p
    if arena_room(a) < size:
        size_class = buffer_class_for(size)
        if size_class == BUFFER_CLASSES:
            return NULL
        b = buffer_take(size_class)
        if b == NULL:
            return NULL
        b.next = a.pieces
        a.pieces = b
    p = &b.data[b.end]
    b.end += size
    return p


cdef void *arena_take_struct(arena *a, unsigned int size) noexcept nogil:
    """As arena_take, beginning where any struct may."""
    cdef char *p = arena_take(a, size + STRUCT_ALIGN - 1)
    if p == NULL:
        return NULL
    return <void *>((<size_t>p + STRUCT_ALIGN - 1) & ~<size_t>(STRUCT_ALIGN - 1))


cdef void arena_end(arena *a) noexcept nogil:
    cdef buffer *b
    while a.pieces != NULL:
        b = a.pieces
        a.pieces = b.next
        arena_give(b)


cdef arena_place arena_here(const arena *a) noexcept nogil:
    return arena_place(a.pieces, a.pieces.end if a.pieces != NULL else 0, a.used)


cdef void arena_back(arena *a, arena_place place) noexcept nogil:
    """Nothing that was taken since is used any more."""
    cdef buffer *b
    while a.pieces != place.pieces:
        b = a.pieces
        a.pieces = b.next
        arena_give(b)
    if place.pieces != NULL:
        place.pieces.end = place.end
    a.used = place.used


cdef char *arena_piece(arena *a, size_t *size) noexcept nogil:
    """At least so many bytes, or all that is left where they are taken from."""
    cdef size_t left = SCRATCH_BYTES - a.used
    if size[0] > HEAD_BYTES_MAX:
        return NULL
    if left < size[0]:
        left = arena_room(a)
    # In debug builds it is never a byte more than asked for, so that writers move.
    if left > size[0] and not DEBUG_BUILD:
        size[0] = left
    return arena_take(a, <unsigned int>size[0])


cdef bint arena_more(writer *w, size_t needed) noexcept nogil:
    """Move what is written to a larger piece (writer.more)."""
    cdef size_t held = writer_held(w)
    cdef size_t size = held + (needed if needed > held else held)
    cdef writer larger
    cdef char *piece
    piece = arena_piece(<arena *>w.owner, &size)
    if piece == NULL:
        return False
    writer_begin(&larger, piece, size)
    put(&larger, w.begin, held)
    w.begin = larger.begin
    w.p = larger.p
    w.end = larger.end
    return True


cdef void arena_write(arena *a, writer *w) noexcept nogil:
    cdef size_t size = 1 if DEBUG_BUILD else ARENA_WRITE_ROOM
    cdef char *piece = arena_piece(a, &size)
    writer_begin(w, piece, size)
    w.more = arena_more
    w.owner = a


cdef value arena_written(arena *a, writer *w) noexcept nogil:
    """What was written, data NULL when it is not whole; unused room is given back."""
    cdef buffer *b = a.pieces
    cdef unsigned int unused = <unsigned int>writer_room(w)
    if w.end == &a.scratch[a.used]:
        a.used -= unused
    elif b != NULL and w.end == &b.data[b.end]:
        b.end -= unused
    if unlikely(w.full):
        a.starved = True
        return value(NULL, 0)
    return value(w.begin, writer_held(w))


cdef value arena_copy(
        arena *a, const char *data, unsigned int length) noexcept nogil:
    """A copy; data is NULL when there is no memory."""
    cdef writer w
    writer_begin(&w, arena_take(a, length + 1), length)
    put(&w, data, length)
    if unlikely(w.begin == NULL):
        a.starved = True
    return value(w.begin, length if w.begin != NULL else 0)
