"""Lines of bodies that are kept until they are complete (lines.pxd).

Those of all answers of a worker take so much memory at most.
"""
# uses: io/writer, filters/stage, filters/turn

cdef enum:
    LINE_BYTES_FIRST = 4096     # of a buffer for lines; it is doubled as is needed

cdef int line_owners = 0                # states that are out
cdef long long line_memory_bytes = 0    # of their lines


cdef bint lines_are_free() noexcept nogil:
    """May another body be begun?"""
    return line_memory_bytes + 3 * LINE_BYTES_FIRST <= SUBSTITUTE_BYTES_MAX


cdef bint line_put(
        line_buffer *b, const char *data, unsigned int length,
        unsigned int most) noexcept nogil:
    """False, and turn.why: it would be too long, or there is no memory."""
    global line_memory_bytes
    cdef unsigned int room = b.room if b.room else LINE_BYTES_FIRST
    cdef char *larger
    cdef writer w
    if length > most or b.length > most - length:
        turn.why = WHY_FILTER_LINE
        return False
    while room < b.length + length:
        room *= 2
    if room != b.room:
        larger = NULL
        if line_memory_bytes + room - b.room <= SUBSTITUTE_BYTES_MAX:
            larger = <char *>realloc(b.data, room)
        if larger == NULL:
            turn.why = WHY_FILTER_MEMORY
            return False
        line_memory_bytes += room - b.room
        b.data = larger
        b.room = room
    writer_begin(&w, b.data + b.length, b.room - b.length)
    put(&w, data, length)
    b.length += length
    return True


cdef void line_free(line_buffer *b) noexcept nogil:
    global line_memory_bytes
    line_memory_bytes -= b.room
    free(b.data)
    b.data = NULL
    b.room = 0
    b.length = 0


cdef void lines_exchange(line_buffer *one, line_buffer *other) noexcept nogil:
    cdef line_buffer kept = one[0]
    one[0] = other[0]
    other[0] = kept


cdef bint line_give(
        stage_io *io, const line_buffer *b, unsigned int *given) noexcept nogil:
    """What of it was not given yet, as much as there is room for; given: in and out.
    True: nothing is left of it."""
    cdef unsigned int size = min(b.length - given[0], io.room)
    stage_put(io, b.data + given[0], size)
    given[0] += size
    return given[0] == b.length
