# Timeouts of connections: a wheel of coarse ticks.
#
# To set a timeout is one store: a connection that already waits in a slot of the wheel
# that comes no later than its new deadline stays there, and is moved on when the sweep
# reaches it. (One FIFO list a duration was the other way; it touches two neighbours,
# that is two cold cache lines, for every request.)

cdef enum:
    TIMER_SLOTS = 1024
    TIMER_TICK_US = 50000

cdef struct timer_node:
    timer_node *next            # NULL: in no slot
    timer_node *prev
    long long deadline_us       # 0: no timeout is set
    long long slot_us           # when its slot will be swept
    void *owner

ctypedef void (*timer_handler)(void *owner) noexcept nogil

cdef void timers_begin(long long now_us) noexcept nogil
cdef void timer_set(timer_node *node, long long deadline_us) noexcept nogil
cdef void timer_clear(timer_node *node) noexcept nogil
# Take it out of the wheel: the owner is about to be freed.
cdef void timer_forget(timer_node *node) noexcept nogil
# Call handler(owner) for all whose deadline has passed.
cdef void timers_sweep(long long now_us, timer_handler handler) noexcept nogil
