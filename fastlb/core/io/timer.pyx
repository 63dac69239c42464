"""The timer wheel (timer.pxd)."""

cdef timer_node[TIMER_SLOTS] timer_slots
cdef long long timer_swept_us = 0   # everything up to here has been swept


cdef void timers_begin(long long now_us) noexcept nogil:
    global timer_swept_us
    cdef int i
    for i in range(TIMER_SLOTS):
        timer_slots[i].next = &timer_slots[i]
        timer_slots[i].prev = &timer_slots[i]
    timer_swept_us = now_us - now_us % TIMER_TICK_US


cdef inline void timer_unlink(timer_node *node) noexcept nogil:
    ASSERT(node.next.prev == node)
    ASSERT(node.prev.next == node)
    node.prev.next = node.next
    node.next.prev = node.prev
    node.next = NULL
    node.prev = NULL


cdef void timer_link(timer_node *node) noexcept nogil:
    """Put a node into the slot of its deadline, or the last one the wheel reaches."""
    cdef long long tick = node.deadline_us // TIMER_TICK_US + 1
    cdef long long first = timer_swept_us // TIMER_TICK_US + 1
    if tick < first:
        tick = first
    if tick > first + TIMER_SLOTS - 2:
        tick = first + TIMER_SLOTS - 2
    node.slot_us = tick * TIMER_TICK_US
    cdef timer_node *slot = &timer_slots[tick % TIMER_SLOTS]
    ASSERT(node.next == NULL)
    ASSERT(node.owner != NULL)
    ASSERT(tick >= first)
    node.prev = slot.prev
    node.next = slot
    slot.prev.next = node
    slot.prev = node


cdef void timer_set(timer_node *node, long long deadline_us) noexcept nogil:
    ASSERT(deadline_us > 0)
    node.deadline_us = deadline_us
    if node.next != NULL:
        if likely(node.slot_us <= deadline_us + TIMER_TICK_US):
            return
        timer_unlink(node)
    timer_link(node)


cdef void timer_clear(timer_node *node) noexcept nogil:
    node.deadline_us = 0


cdef void timer_forget(timer_node *node) noexcept nogil:
    """Take it out of the wheel: the owner is about to be freed."""
    node.deadline_us = 0
    if node.next != NULL:
        timer_unlink(node)


cdef void timers_sweep(long long now_us, timer_handler handler) noexcept nogil:
    """Call handler(owner) for all whose deadline has passed."""
    global timer_swept_us
    cdef long long tick
    cdef timer_node *slot
    cdef timer_node *node
    cdef timer_node due     # what the slot held when the sweep came to it
    # After a long stop every slot is due once, not once for each missed round.
    if now_us - timer_swept_us > <long long>TIMER_SLOTS * TIMER_TICK_US:
        timer_swept_us = now_us - <long long>TIMER_SLOTS * TIMER_TICK_US
        timer_swept_us -= timer_swept_us % TIMER_TICK_US
    while timer_swept_us + TIMER_TICK_US <= now_us:
        timer_swept_us += TIMER_TICK_US
        tick = timer_swept_us // TIMER_TICK_US
        slot = &timer_slots[tick % TIMER_SLOTS]
        if slot.next == slot:
            continue
        due.next = slot.next
        due.prev = slot.prev
        due.next.prev = &due
        due.prev.next = &due
        slot.next = slot
        slot.prev = slot
        # A handler may set, clear or forget any timer, those still due included: the
        # list is read anew at every step.
        while due.next != &due:
            node = due.next
            timer_unlink(node)
            if node.deadline_us == 0:
                continue
            if node.deadline_us > now_us:
                timer_link(node)
                continue
            node.deadline_us = 0
            handler(node.owner)
