def went_unheard(int fd, long long sent):
    """Of a plain stream that has ended."""
    cdef conn c
    memset(&c, 0, sizeof(c))
    c.fd = fd
    return bool(stream_went_unheard(&c, sent))


# What is learnt of how long a member keeps idle connections, with the times given.

@cython.final
cdef class KeptProbe:
    """One member's kept_time."""

    cdef kept_time kept

    def hear(self, bytes value):
        kept_hear(&self.kept, value, <unsigned int>len(value))
        return self.kept.said_us

    def saw_open(self, long long idle_us):
        kept_saw_open(&self.kept, idle_us)

    def saw_end(self, long long idle_us):
        kept_saw_end(&self.kept, idle_us)

    def for_us(self):
        return kept_for_us(&self.kept)
