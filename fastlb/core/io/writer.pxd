# Composing bytes: every head, target, variable, log line and cookie is written here.
#
#     begin ....... written ....... p ....... room ....... end
#
# A writer knows its room. What does not fit is left out whole and `full` is set:
# whoever composed asks once, at the end, and answers with an error. So nothing is
# counted before it is written, and nothing can be written past the end. Where memory
# is found while one writes (arena.pxd), `more` gets it, and `end` is only where the
# present piece ends.

cdef struct writer:
    char *begin
    char *p                     # where the next byte goes
    char *end
    bint full                   # something found no room
    # Make room for so many bytes behind what is written. NULL: there is only this room.
    bint (*more)(writer *w, size_t needed) noexcept nogil
    void *owner                 # whoever `more` asks

# An empty writer over memory that has room for `size` bytes; NULL has none.
cdef void writer_begin(writer *w, char *memory, size_t size) noexcept nogil
# Bytes that find room in the present piece, and bytes written.
cdef size_t writer_room(writer *w) noexcept nogil  # no-cython-lint: one unit
cdef unsigned int writer_held(writer *w) noexcept nogil  # no-cython-lint: one unit

cdef void put(writer *w, const void *data, size_t length) noexcept nogil  # no-cython-lint: one unit
cdef void put_number(writer *w, unsigned long long number) noexcept nogil
cdef void put_hex(writer *w, unsigned long number) noexcept nogil
# ASCII letters in lower case.
cdef void put_lower(writer *w, const char *data, size_t length) noexcept nogil
# For functions of libraries that want a NUL at the end. False: size is too small
cdef bint copy_terminated(
    char *out, size_t size, const char *data, size_t length) noexcept nogil
