# What a step finds out and a chapter above it must do: another member is to be tried,
# an error to be told. It is noted here, the step ends as if the exchange had ended
# (returns False, touches nothing more), and whoever was called by an event does what is
# due (exchange_do_due of steps.pyx) before anything else happens in the process.
#
# So the chapters of one exchange stand in an order, none calls one above itself, and
# however many members are tried, one after the other, the stack stays flat.

cdef enum:
    DUE_NOTHING = 0
    DUE_ERROR = 1               # answer with an error
    DUE_LOST = 2                # the member's side has failed
    DUE_ELECT = 3               # find a member
    DUE_CONNECT = 4             # ask the same member on a new connection
    DUE_ROUTE = 5               # decide anew: a question has been answered
    DUE_ASK = 6                 # ask the member that was elected in place of another

cdef struct due_step:
    exchange *x
    unsigned char what          # DUE_*
    bint mark_error
    int status
    const char *detail          # a constant, or in the arena of the exchange
