# Scratch memory that is given back as a whole, and composing in it: a writer that takes
# a larger piece when the one it has is full.
#
#     arena_write(a, &w)
#     put(&w, ...)
#     v = arena_written(a, &w)
#
# Several may be open at once, one inside another. Where memory ends, or the largest
# piece, `starved` is set: what lacks a part is never sent or decided upon, the request
# is answered with an error.

cdef enum:
    ARENA_WRITE_ROOM = 32       # at least, to begin with
    STRUCT_ALIGN = 8

cdef struct arena:
    buffer *pieces              # what scratch has no room for
    unsigned int used           # of scratch
    bint starved                # what was asked for could not be given
    char scratch[SCRATCH_BYTES]

# That many bytes; NULL when there are none. In debug builds each piece is an allocation
# of its own, of just that size.
cdef char *arena_take(arena *a, unsigned int size) noexcept nogil
# ... that begin where any struct may; NULL when there are none.
cdef void *arena_take_struct(arena *a, unsigned int size) noexcept nogil
# A piece of its own, of just that size.
cdef char *arena_take_alone(arena *a, unsigned int size) noexcept nogil
# Give back one piece that was taken off the list; give back all.
cdef void arena_give(buffer *b) noexcept nogil
cdef void arena_end(arena *a) noexcept nogil

cdef void arena_write(arena *a, writer *w) noexcept nogil
# What was written, data NULL when it is not whole; unused room is given back.
cdef value arena_written(arena *a, writer *w) noexcept nogil
# A copy; data is NULL when there is no memory.
cdef value arena_copy(
    arena *a, const char *data, unsigned int length) noexcept nogil
