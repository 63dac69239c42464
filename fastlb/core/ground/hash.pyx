"""FNV-1a, for names of any length. Whoever can choose the name can choose the hash."""

cdef unsigned long long hash_of(const char *data, unsigned int length) noexcept nogil:
    cdef unsigned long long hash = 14695981039346656037ULL
    cdef unsigned int i
    for i in range(length):
        hash = (hash ^ <unsigned char>data[i]) * 1099511628211ULL
    return hash
