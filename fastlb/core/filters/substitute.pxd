cdef extern from "string.h" nogil:
    void *memmem(const void *data, size_t size, const void *wanted, size_t wanted_size)

# Substitute: what is looked for in each line, and what takes its place.

cdef struct substitution:
    bint is_plain               # n: no pattern
    bint ignore_case            # i, of a plain one
    text wanted
    int regex                   # -1: plain
    text replacement

cdef struct line_buffer:
    char *data
    unsigned int room
    unsigned int length

cdef struct substitute_state:
    line_buffer line            # of which the end has not come
    line_buffer made            # of the last line, and not given yet
    line_buffer other           # what the rule before has made
    unsigned int given          # of `made`
    unsigned int most           # bytes of a line; SubstituteMaxLineLength
    int count
    const substitution *rules[SUBSTITUTIONS_MAX]
