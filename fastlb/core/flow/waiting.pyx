"""Connections of clients that wait, oldest first: for a slot (work.pyx), for room for a
head (heads.pyx), or with an exchange for a member (queue.pyx).

Each waits for one thing at a time, so its links are enough for all of these.
"""
# uses: flow/exchange

cdef void waiting_join(waiting_line *line, downstream *d) noexcept nogil:
    ASSERT(d.wait_next == NULL)
    ASSERT(d.wait_prev == NULL)
    d.wait_prev = line.tail
    if line.tail != NULL:
        line.tail.wait_next = d
    else:
        line.head = d
    line.tail = d


cdef void waiting_leave(waiting_line *line, downstream *d) noexcept nogil:
    if d.wait_prev != NULL:
        d.wait_prev.wait_next = d.wait_next
    else:
        ASSERT(line.head == d)
        line.head = d.wait_next
    if d.wait_next != NULL:
        d.wait_next.wait_prev = d.wait_prev
    else:
        ASSERT(line.tail == d)
        line.tail = d.wait_prev
    d.wait_next = NULL
    d.wait_prev = NULL
