# Identity -> slot: the same identity has the same slot over any reload.
#
# Only the master claims, so nothing here waits but for a balancer's lock. Which
# generations hold a slot is kept in the master's own memory (Table.held), for any
# number of them; a slot that none holds is free.

# What the configuration says of a member.
cdef struct member_claim:
    const char *key
    unsigned int key_length
    int balancer            # slot, -1: none
    int load_factor
    int lbset
    uint32_t flags          # FLAG_*
    const char *route
    unsigned int route_length
    const char *redirect
    unsigned int redirect_length
    uint32_t retry_ms
    uint32_t slow_start_ms
    int places_max
    bint probe
    bint checked            # by the monitor, by its clock
    bint agent              # ... and has an agent, whom the monitor asks
    uint32_t begins         # FLAG_HEALTH and FLAG_UNPROVEN of one that is new
    bint fresh

# What a settled worker left behind.
cdef struct claim_leavings:
    long long busy          # its shares, all members together
    long long connections
    int locks
