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
