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

# One that was kept; NULL: there is none.
cdef void *free_list_pop(free_list *kept) noexcept nogil
# Keep it. False: there are enough, and it is the caller's to free.
cdef bint free_list_push(free_list *kept, void *one) noexcept nogil
# One that was kept, or a new one; NULL: no memory. What it holds is anybody's guess.
cdef void *free_list_take(free_list *kept, size_t size) noexcept nogil
cdef void free_list_give(free_list *kept, void *one, size_t size) noexcept nogil
# Give all back to the system.
cdef void free_list_shed(free_list *kept) noexcept nogil
