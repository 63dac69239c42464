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
    flag starved                # what was asked for could not be given
    char scratch[SCRATCH_BYTES]

# How much was taken once, for who gives back what was taken since (arena_back).
cdef struct arena_place:
    buffer *pieces
    unsigned int end            # of the last piece
    unsigned int used

# Give all of it back.
cdef void arena_end(arena *a) noexcept nogil
