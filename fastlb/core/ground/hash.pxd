# FNV-1a, for names of any length. Whoever can choose the name can choose the hash.

cdef unsigned long long hash_of(const char *data, unsigned int length) noexcept nogil
