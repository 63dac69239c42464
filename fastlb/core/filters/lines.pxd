cdef extern from "string.h" nogil:
    void *memmem(const void *data, size_t size, const void *wanted, size_t wanted_size)

# A line, or a value of a page, from its beginning to its end.

cdef struct line_buffer:
    char *data
    unsigned int room
    unsigned int length
