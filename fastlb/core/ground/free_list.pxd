# Structs of one size that are given back and serve again. The link to the next one lies
# in the first word of each. Nothing is kept in debug builds: every struct is an
# allocation of its own, filled with FREED_BYTE before it is used and when it is given
# back.

cdef enum:
    FREED_BYTE = 0xDD   # of what nobody has written, or may read

cdef struct free_list:
    void *first
    int count
    int most            # that are kept; more go back to the system
