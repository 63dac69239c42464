# Access rules of the sections: 1 allowed, 0 denied
cdef int match_access(request_facts *r) noexcept nogil
