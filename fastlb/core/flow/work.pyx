"""Requests in work: MaxRequestWorkers over all workers.

A request takes a slot when its head is complete and gives it back with its answer, or
when it becomes a tunnel. Connections between requests, in a handshake, with half a
head or in a tunnel hold none, as they hold no thread of Apache's event MPM.

To sum up all workers' requests for each request would fetch as many cache lines from
other cores. So each worker grants itself a number in its own row of the table
(`granted`, at first 0) and compares with that alone. It raises the number in steps:
written first, then all rows are summed; what is too much is taken back. Of two that
do so at once both may give way, but never are there more than MaxRequestWorkers.

  tick (0.1 s)   what is granted and not used is given up, but one step; all of it
                 where requests of another worker wait
  an answer      its slot goes to the longest wait here; where another worker
                 waits and has less than an equal part, and this one more, it is
                 given up

So a worker learns on its tick that a slot became free elsewhere: at most 0.1 s during
which slots are few and unevenly used, and never while they are not. (A descriptor
that one worker writes to wake another would cost a system call for an answer, just
when there is the most to do.)

What waits is not read: its bytes stay in the kernel, or its one head in its buffer.
The order is that in which requests came, within a worker; nobody is refused.
"""
# uses: io/timer, io/watch, balance/table, balance/ledger, plan/plan, flow/exchange,
#       flow/engine, flow/states, flow/waiting, flow/log_rows, flow/service_log

cdef enum:
    WORK_STEPS = 8      # steps in which a worker takes an equal part


cdef void work_begin() noexcept nogil:
    engine.granted = 0 if plan.max_request_workers > 0 else LONG_MAX
    engine.work_step = 1
    engine.work_fair = plan.max_request_workers


cdef bint work_is_free() noexcept nogil:
    """May one more request be begun?"""
    return likely(engine.in_work < engine.granted and engine.waiting.head == NULL) \
        or work_find()


cdef bint work_find() noexcept nogil:
    return engine.waiting.head == NULL and work_borrow(engine.work_step)


cdef bint work_borrow(long wanted) noexcept nogil:
    """Grant this worker so many more, or as many as are left. False: none is."""
    cdef long over
    ledger_grant(engine.slot, engine.granted + wanted)
    over = engine.granted + wanted - plan.max_request_workers + ledger_granted_beside(
        engine.view, engine.slot, plan.max_request_workers)
    if over > 0:
        wanted -= over if over < wanted else wanted
        ledger_grant(engine.slot, engine.granted + wanted)
    engine.granted += wanted
    return engine.in_work < engine.granted


cdef bint work_enter(downstream *d) noexcept nogil:
    """Take a slot; False: there is none, and work_wait() must follow."""
    if unlikely(d.has_slot):
        return True
    if unlikely(not work_is_free()):
        return False
    d.has_slot = True
    engine.in_work += 1
    return True


cdef void work_leave(downstream *d) noexcept nogil:
    """Give it back, if there is one."""
    if unlikely(not d.has_slot):
        return
    d.has_slot = False
    engine.in_work -= 1
    ASSERT(engine.in_work >= 0)
    if unlikely(engine.waiting.head != NULL or engine.work_owed):
        work_pass_on()


cdef void work_pass_on() noexcept nogil:
    """A slot is free: for another worker that has too few, else for one here."""
    if engine.work_owed and engine.granted > engine.work_fair:
        engine.work_owed -= 1
        engine.granted -= 1
        ledger_grant(engine.slot, engine.granted)
    work_serve()


cdef void work_serve() noexcept nogil:
    """Give what is free to those that have waited longest; each in its own turn."""
    cdef downstream *d
    while engine.waiting.head != NULL and engine.in_work < engine.granted:
        d = engine.waiting.head
        work_unlink(d)
        d.has_slot = True
        engine.in_work += 1
        watch_queue(&d.c)


cdef void work_wait(downstream *d) noexcept nogil:
    ASSERT(not d.has_slot)
    ASSERT(plan.max_request_workers > 0)
    downstream_enter(d, DOWN_WAIT)
    timer_clear(&d.c.timer)         # it is not the client that is slow
    waiting_join(&engine.waiting, d)
    engine.wait_count += 1
    ledger_wait(engine.slot, engine.wait_count)
    if unlikely(not engine.full_told):
        engine.full_told = True
        say_of_worker(&SAY_FULL, 0)


cdef void work_unlink(downstream *d) noexcept nogil:
    waiting_leave(&engine.waiting, d)
    engine.wait_count -= 1
    ASSERT(engine.wait_count >= 0)
    ledger_wait(engine.slot, engine.wait_count)


cdef void work_forget(downstream *d) noexcept nogil:
    """As work_leave, and out of the queue: the connection closes."""
    if unlikely(d.state == DOWN_WAIT and not d.has_slot):
        work_unlink(d)
    work_leave(d)


cdef void work_tick() noexcept nogil:
    cdef unsigned int i
    cdef worker_slot *w
    cdef long workers = 1, owed = 0
    cdef long waiting, kept
    cdef bint others_wait = False
    if plan.max_request_workers == 0:
        return
    for i in range(atomic_get_u32(&engine.view.book.workers_used)):
        w = &engine.view.workers[i]
        if w == engine.slot or not atomic_get_u32(
                &worker_entry_of(engine.view, w).used):
            continue
        if atomic_get_u32(&w.state) != c'G':
            workers += 1
        waiting = atomic_get_i32(&w.waiting)
        if waiting > 0:
            others_wait = True
            # With fewer slots than workers the only one must go round as well.
            kept = atomic_get_i32(&w.granted)
            if kept < engine.work_fair or kept < 1:
                owed += waiting
    engine.work_fair = plan.max_request_workers // workers
    engine.work_step = plan.max_request_workers // (workers * WORK_STEPS) + 1
    engine.work_owed = owed
    if engine.waiting.head != NULL:
        work_borrow(engine.wait_count)
        work_serve()
        return
    kept = engine.in_work + (0 if others_wait else engine.work_step)
    if engine.granted > kept:
        engine.granted = kept
        ledger_grant(engine.slot, kept)
