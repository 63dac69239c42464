# From the path that was sent to the one that is decided upon.

# Decode and normalise the path (r.decoded, r.ways). returns 0, or -400, -404, -500
cdef int match_path(request_facts *r) noexcept nogil
