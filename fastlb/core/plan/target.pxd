# What the member is asked for.

# Compose r.target from the mapping (target.pyx). returns 0, -403, or -500
cdef int match_target(request_facts *r) noexcept nogil
