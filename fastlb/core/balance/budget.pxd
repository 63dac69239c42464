# How many requests of a balancer may be sent again (retrybudget=), so that what is sent
# again never becomes the overload that it answers.
#
#   within BUDGET_US   BUDGET_LEAST, or that percentage of the requests: of those within
#                      BUDGET_US before, or of those since then, if these are more
#
# It is spent by what a member may have read already and another one is asked for all
# the same: two do the work of one. A request of which nothing was sent (its connection
# was refused) spends none: it costs nobody more than itself.
#
# One budget for all workers: one for each would need a least part of its own, and many
# of those are a lot. A request that is not sent again knows nothing of it: how many
# there are is told by the members' `elected`, added up when there is something to
# spend. Time begins anew when it is asked for and BUDGET_US are over; the requests
# before are then the mean since the last time, however long ago.
#
# No lock: workers that spend at one moment may each take the last one, so that there
# may be as many too many as there are workers. One that dies has spent, at worst, one
# that was not sent. What a worker that was taken over writes is worth as much: retries
# of one balancer that are refused, or bounded by maxattempts= alone.

# By which rule a request is sent again, or what hinders it: counted in the slot.
cdef enum:
    AGAIN_NOT = -1
    AGAIN_UNSENT = 0            # nothing of it was sent, or none of it was read
    AGAIN_IDEMPOTENT = 1        # its method is idempotent, and no answer has come
    AGAIN_KEYED = 2             # ... or it carries Idempotency-Key
    AGAIN_STATUS = 3            # of both kinds: the answer was one of retryonstatus=
    AGAIN_SPENT = 4             # it was not sent again: the budget was used up

# What was asked of a budget: is there any left?
cdef enum:
    BUDGET_LEFT = 0
    BUDGET_SPENT = 1
    BUDGET_SPENT_NOW = 2        # for the first time since it began anew

# Spend one. bound: how many it would bear now. returns BUDGET_*
cdef int budget_take(
    const balancer_plan *b, long long now_us, long long *bound) noexcept nogil
# What was taken was not needed.
cdef void budget_give_back(const balancer_plan *b) noexcept nogil
