# What a redirect says.
cdef struct redirected:
    int status
    value location              # data NULL: none, the status alone

# 1 when one applies; 0; -500
cdef int match_redirect(
    request_facts *r, bint in_sections, redirected *out) noexcept nogil
