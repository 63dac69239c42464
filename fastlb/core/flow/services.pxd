# What only Python can do for a request; a call for few of them. The callables are the
# worker's (seam.pxd), and none of these calls back: what they find is the caller's to
# act upon.

# What an answer made by Python holds.
cdef struct page:
    char *body                  # malloc'ed, and the caller's to free; may be NULL
    long long length
    const char *content_type    # as long as the exchange
