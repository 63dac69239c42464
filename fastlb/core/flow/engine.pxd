# What the whole worker counts and links.
cdef struct engine_state:
    table_view *view
    worker_slot *slot
    downstream *all             # every open downstream
    long downstream_count
    long upstream_count
    long idle_count             # of them, those in pools
    long exchange_count
    long tunnel_count
    unsigned int moves          # of the table, when pools were last looked at
    int row_next                # of the plan's members, for row_say_again
    long accepted               # connections since the start, for recycling
    unsigned long connection_number
    uint64_t chance             # state of this worker's random numbers (chance.pxd)
    # requests in work (work.pyx); LONG_MAX is granted where there is no bound
    long in_work
    long granted
    long work_step              # so many more are asked for at once
    long work_fair              # an equal part of MaxRequestWorkers
    long work_owed              # others wait, and have less than that
    waiting_line waiting
    long wait_count
    bint full_told
    # how many there may be (listeners.pyx, pool.pyx, pipes.pyx)
    long client_max             # connections of clients, by our descriptors
    long client_margin          # so near to a bound room is made
    long long room_sought_us    # when nothing was found that could make room
    long member_max             # connections to members
    long pipe_max
    # when the log was told last of pages whose links stay as they are (filtering.pyx)
    long long page_coded_us
    long long page_left_us
    long long under_way_us      # when requests under way are told again (under_way.pyx)
    long long overload_told_us  # ... and of requests that could not wait (choose.pyx)
    bint accepting
    bint paused                 # no more connections, or out of descriptors
    bint draining
    bint drained_told
    bint recycle_told
    bint lone_due               # nothing but tunnels is left, by the last tick
    bint eager_read             # TCP_DEFER_ACCEPT: a new connection has its request

# What a lone worker says to the master (lone.pxd, worker/heritage.py).
cdef enum:
    LONE_IS_HERE = 76           # L
    LONE_CLOSED_ONE = 88        # X: a tunnel was closed to make room for newer ones
    LONE_TIMED_OUT = 84         # T: a tunnel was silent for too long
