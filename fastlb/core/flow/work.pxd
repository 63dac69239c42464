# Requests in work: MaxRequestWorkers over all workers.
#
# A request takes a slot when its head is complete and gives it back with its answer, or
# when it becomes a tunnel. Connections between requests, in a handshake, with half a
# head or in a tunnel hold none, as they hold no thread of Apache's event MPM.
#
# To sum up all workers' requests for each request would fetch as many cache lines from
# other cores. So each worker grants itself a number in its own row of the table
# (`granted`, at first 0) and compares with that alone. It raises the number in steps:
# written first, then all rows are summed; what is too much is taken back. Of two that
# do so at once both may give way, but never are there more than MaxRequestWorkers.
#
#   tick (0.1 s)   what is granted and not used is given up, but one step; all of it
#                  where requests of another worker wait
#   an answer      its slot goes to the longest wait here; where another worker
#                  waits and has less than an equal part, and this one more, it is
#                  given up
#
# So a worker learns on its tick that a slot became free elsewhere: at most 0.1 s during
# which slots are few and unevenly used, and never while they are not. (A descriptor
# that one worker writes to wake another would cost a system call for an answer, just
# when there is the most to do.)
#
# What waits is not read: its bytes stay in the kernel, or its one head in its buffer.
# The order is that in which requests came, within a worker; nobody is refused.

cdef void work_begin() noexcept nogil
cdef void work_tick() noexcept nogil
# May one more request be begun?
cdef bint work_is_free() noexcept nogil
# Take a slot; False: there is none, and work_wait() must follow.
cdef bint work_enter(downstream *d) noexcept nogil
cdef void work_wait(downstream *d) noexcept nogil
# Give it back, if there is one.
cdef void work_leave(downstream *d) noexcept nogil
# The same, and out of the queue: the connection closes.
cdef void work_forget(downstream *d) noexcept nogil
