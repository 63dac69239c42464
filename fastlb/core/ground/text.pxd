# Bytes with their length, and what is asked of them everywhere.

# Of the configuration: as long as the plan.
cdef struct text:
    const char *data
    unsigned int length

# Of a request: as long as its exchange.
cdef struct value:
    const char *data            # NULL: not set
    unsigned int length
