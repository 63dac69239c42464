# Lines for the error log. A comment on a row tells what its number and detail are.

cdef struct log_row:
    const char *level
    const char *module
    const char *line
