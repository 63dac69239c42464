# Which filters an answer passes, and what they make of its head.

cdef struct filter_choice:
    int count
    unsigned char filters[FILTERS_MAX]      # FILTER_*, the member's side first
    bint is_changed             # the body's length is not the member's any more
    bint is_short               # there are too few coders for what it says
    int refused                 # the status instead of the answer; 0: it may go
    int coders                  # in: that may be begun, of all kinds
    int brotlis                 # in: ... and of them for brotli
    bint stays_coded            # INFLATE was left out
    bint is_coded_page          # links in it cannot be seen
