# Which filters an answer passes, and what they make of its head.

cdef struct filter_choice:
    int count
    unsigned char filters[FILTERS_MAX]      # FILTER_*, the member's side first
    bint is_changed             # the body's length is not the member's any more
