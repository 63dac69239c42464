# Random numbers of one process, for methods that draw (SplitMix64: a counter whose
# steps are mixed). Fast and evenly spread, but foreseeable: nothing that must stay a
# secret is drawn here.

# The next 64 bits. state: any number at first; this process's own.
cdef uint64_t chance_next(uint64_t *state) noexcept nogil
