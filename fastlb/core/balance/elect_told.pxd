# What an election looks at, for people.

# What elect would look at now, without a route; nothing changes (elect_told.pyx).
cdef object elect_told(
    const table_view *t, const balancer_plan *b, long long now_us, uint64_t random,
    uint64_t key)
