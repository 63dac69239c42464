# Does what request_admission has allowed hold under every other reading of the path?
# returns 0, or the status of the refusal
cdef int readings_refuse(request_facts *r, int *because) noexcept nogil
