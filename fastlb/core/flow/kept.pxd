# How long a member keeps a connection that is idle: what it says, and what was seen.
#
# A request that goes out as its member closes the connection is lost. Most are sent
# again on a new one (stale_retry of request.pyx). One that must not be
# (request_goes_once) takes an idle connection only if it is younger than this member is
# known to keep one:
#
#   known of the member                       used up to an age of
#   Keep-Alive: timeout=5 in its last answer  3.75 s, three quarters
#   one was closed after 1 s                  0.75 s, of the shortest seen; also where
#                                             it says more than that
#   nothing, but one was still open at 8 s    6 s
#   nothing at all                            KEPT_ANY_US
#
# A quarter is for clocks, theirs and ours, and for what is on its way. Where a member
# closes for other reasons than age (it was started anew, or had too many) what was seen
# is too short: an idle connection that has lived for more than twice that takes it to a
# half of its own age. One that closes every t what it finds idle closes between t and
# 2t, and stays at t.
#
# Each worker learns for itself, and forgets when the member goes out or moves.

cdef enum:
    KEPT_ANY_US = 10000         # no server's timeout is as short as this
    KEPT_PART = 4               # of a limit: this part of it is not used
    KEPT_SAID_S_MAX = 86400     # more is not believed

cdef struct kept_time:
    long long said_us           # by its last Keep-Alive: timeout=; 0: it says nothing
    long long closed_us         # the shortest after which it closed one; 0: none seen
    long long lived_us          # the longest that one was seen open

# A field Keep-Alive of an answer: "timeout=5, max=100".
cdef void kept_hear(
    kept_time *k, const char *field_value, unsigned int length) noexcept nogil
# A connection that has been idle for so long is still open.
cdef void kept_saw_open(kept_time *k, long long idle_us) noexcept nogil
# The member has closed one that was idle for so long.
cdef void kept_saw_end(kept_time *k, long long idle_us) noexcept nogil
# An idle connection younger than this is there for sure.
cdef long long kept_for_us(const kept_time *k) noexcept nogil
