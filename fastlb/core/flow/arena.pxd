# Composing in an exchange's scratch memory: a writer that takes a larger piece when the
# one it has is full, and lives as long as the exchange.
#
#     arena_write(x, &w)
#     put(&w, ...)
#     v = arena_written(x, &w)
#
# Several may be open at once, one inside another. Where memory ends, or the largest
# piece, x.starved is set: what lacks a part is never sent or decided upon, the request
# is answered with an error.

cdef enum:
    ARENA_WRITE_ROOM = 32       # at least, to begin with

cdef void arena_write(exchange *x, writer *w) noexcept nogil
# What was written, data NULL when it is not whole; unused room is given back.
cdef value arena_written(exchange *x, writer *w) noexcept nogil
# A copy; data is NULL when there is no memory.
cdef value arena_copy(
    exchange *x, const char *data, unsigned int length) noexcept nogil
