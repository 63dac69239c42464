"""How long a chain works before others are served, and why it gives up.

What a member sends decides how much work it makes: text that a pattern nearly matches,
a small body that becomes a large one. A chain stops between two steps when its time is
over, and goes on in its connection's next turn.
"""

cdef struct filter_turn:
    long long began_us          # of the thread's time
    unsigned int work           # since the last look at the clock
    bint is_over
    unsigned char why           # WHY_FILTER_*, of what has FAILED

cdef filter_turn turn
# The fuzzer has shorter ones.
cdef unsigned int turn_work_per_look = FILTER_WORK_PER_LOOK
cdef long long turn_us_max = FILTER_TURN_US


cdef long long turn_clock_us() noexcept nogil:
    """The thread's time: who is kept from working does not pay for it."""
    cdef timespec now
    if clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0:
        return 0
    return <long long>now.tv_sec * 1000000 + now.tv_nsec // 1000


cdef void turn_begin() noexcept nogil:
    turn.began_us = turn_clock_us()
    turn.work = 0
    turn.is_over = False


cdef bint turn_spend(unsigned int work) noexcept nogil:
    """So much was done, in bytes that were looked at. Is the turn over?"""
    turn.work += work
    if turn.work >= turn_work_per_look:
        turn.work = 0
        if turn_clock_us() - turn.began_us > turn_us_max:
            turn.is_over = True
    return turn.is_over


cdef int turn_fails(unsigned char why) noexcept nogil:
    """Always returns FAILED."""
    turn.why = why
    return FAILED
