# A member that takes requests and fails them is ejected for a while (ejecton=), before
# more of them come by.
#
#   in a row   failures:N; an answer that is none sets them back to 0
#   share      errors:P%/T: of the requests since `weighed_us`, which begins with a
#              failure and lasts for T
#   time out   ejecttime= * ejections, at most EJECT_TIMES_MAX times; to have served for
#              as long as that forgives one of them
#   room       if more than ejectmax= of the members would be out then, it is not
#              ejected, and serves; nor is the last one
#
# An ejected member is in error (E) as any other: elections, sessions and forced
# recovery treat it so. `ejected_until_us` takes the place of its retry=, and no probe
# disproves it; a check of its health that passes does.
#
# Everything is counted when something fails, by the worker that has seen it. A request
# that is answered does nothing but set `fails` to 0 where it is not. Requests are told
# by the member's `elected`, so those under way count as if they were well. Words are
# written plainly, as times to an answer are: of workers that write at one moment one
# failure may not count.

# How a try at a member ended, for this.
cdef enum:
    EJECT_NOT = 0
    EJECT_OUT = 1               # it is ejected
    EJECT_NO_ROOM = 2           # it should be, and too many are out

# What was weighed, for the log.
cdef struct ejection:
    uint32_t fails
    uint32_t requests           # 0: fails are those in a row
    long long within_us
    uint32_t times
    long long out_us
    int out_count               # members that are out, with this one
    int out_max
    int member_count            # that nobody has taken out of service

# It has failed. returns EJECT_*; out: what was found, unless EJECT_NOT
cdef int eject_failed(
    table_view *t, const balancer_plan *b, member_slot *m, long long now_us,
    ejection *out) noexcept nogil
# It has answered well.
cdef void eject_passed(member_slot *m) noexcept nogil
