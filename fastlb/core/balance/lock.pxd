# A lock is one word that says who owns it. No pointer, no list, and no help from the
# C library, which would believe what stands beside it.
#
#   word     0: free; else  serial << 32 | number
#   number   LOCK_MASTER, LOCK_MONITOR, or the worker's slot + 1
#   serial   of that process; the master gives each to one process only, and the book
#            tells which process has it: so a number or a pid used again is no confusion
#
# Taken and given back by compare-and-swap. Whoever finds it taken spins, then sleeps in
# short steps, and takes it over
#   from a dead owner      at once: the book no longer knows it, or its process has gone
#   from a living owner    after LOCK_WAIT_US: it is stopped, or does not mean well
# A wait in vain is not paid again for LOCK_HASTE_US: meanwhile locks are taken over
# after the spin. So no process can keep another one for more than a small part of its
# time. The loser's own give finds another's word and changes nothing. (What it wrote
# meanwhile may count one election twice or not at all: that much a stopped process
# costs.) Two who take over at once: one of them wins the swap.

cdef enum:
    LOCK_FREE = 0               # it was
    LOCK_OF_DEAD = 1            # taken from a dead process: make whole what it guards
    LOCK_OF_LIVING = 2          # taken from one that did not give it back in time
    LOCK_MASTER = 0xFFFFFFFF
    LOCK_MONITOR = 0xFFFFFFFE

# Take the lock of a balancer; an election that its last owner did not end is undone.
# returns LOCK_*
cdef int balancer_lock(table_view *t, balancer_slot *b) noexcept nogil
