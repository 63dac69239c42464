# Does what match_access has allowed hold under every other reading of the path?
cdef bint readings_admit(request_facts *r) noexcept nogil
