# Bytes with their length, and what is asked of them everywhere.

# Of the configuration: as long as the plan.
cdef struct text:
    const char *data
    unsigned int length

# Of a request: as long as its exchange.
cdef struct value:
    const char *data            # NULL: not set
    unsigned int length

cdef bint same_text(value a, value b) noexcept nogil
# Where the byte stands, or the end: never NULL.
cdef const void *memchr_or_end(const char *data, int c, size_t length) noexcept nogil
# The end of the bytes without the blanks before it.
cdef char *without_blanks(char *begin, char *end) noexcept nogil
