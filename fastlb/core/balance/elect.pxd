# Which member serves a request.
#
# Election is global over all workers: a method that pays runs under the balancer's lock
# (lock.pxd), and its sequence is Apache's whatever worker asks. Time and randomness are
# arguments so that tests, simulators and the data path run the same code.

# A balancer as the plan knows it: fixed for a generation.
cdef struct balancer_plan:
    balancer_slot *slot
    int member_count
    member_slot **members       # into the table, declaration order
    int *member_index           # the same members as indexes into the plan
    int lbmethod                # its row in lbmethods/methods.pyx
    flag is_timed               # that asks for times to an answer
    unsigned char hash_by       # HASH_BY_*, where it asks for keys
    int hash_load_percent       # hashload=; 0: no bound
    const char *hash_name       # of a header or cookie
    unsigned int hash_name_length
    const char *sticky_cookie   # NULL: not sticky
    unsigned int sticky_cookie_length
    const char *sticky_url
    unsigned int sticky_url_length
    bint has_separator          # False: the whole value is the route
    char separator
    bint scolon_path_delim
    int route_regex             # >= 0: services' regex number (Helicon); -1
    own_cookie *own_cookie      # stickycookie=; NULL: none
    bint nofailover
    bint force_recovery
    bint fail_on_timeout        # failontimeout=
    int fail_status_count       # failonstatus=
    const unsigned short *fail_statuses
    bint compat_apache          # Compat apache: 5.6 to the letter
    int max_attempts            # tries after the first
    long long timeout_ms
    int queue                   # whose requests wait with its own (flow/queue.pyx)
    int queue_max               # maxqueue=
    int retry_status_count      # retryonstatus=
    const unsigned short *retry_statuses
    int retry_budget            # retrybudget=, in percent; -1: no bound
    flag ejects                 # ejecton= (eject.pxd):
    unsigned int eject_failures     # so many in a row; 0: this is not asked
    unsigned int eject_percent      # so many of the requests; 0: this is not asked
    unsigned int eject_requests     # ... if there were so many
    long long eject_window_us       # ... within that time
    long long eject_us          # ejecttime=
    int eject_max_percent       # ejectmax=

# hashkey= (facts/words.py): what of a request its key is made of.
cdef enum:
    HASH_BY_NOTHING = 0
    HASH_BY_IP = 1
    HASH_BY_URI = 2
    HASH_BY_PATH = 3
    HASH_BY_HEADER = 4
    HASH_BY_COOKIE = 5

# Why an election gave nobody.
cdef enum:
    ELECT_OK = 0
    ELECT_NO_MEMBERS = 1        # AH01171
    ELECT_ALL_IN_ERROR = 2      # AH01170
    ELECT_STICKY_LOST = 3       # nofailover: AH01167
    ELECT_ALL_FULL = 4          # who could serve has no place (maxscope=global)

cdef struct election:
    int chosen                  # position in balancer_plan.members; -1: nobody
    int why                     # ELECT_*
    flag by_route               # a sticky look-up found it
    flag route_changed          # BALANCER_ROUTE_CHANGED is to be set
    flag forced_recovery        # all were in error: each has another chance
    int lock                    # LOCK_*: how the balancer's lock was had
    flag began_anew             # a number stood there that no election can have made

# What the method compared, of an election that somebody follows (flow/follow.pyx).
cdef struct elect_sight:
    flag wanted                 # the next election is looked at
    int count
    int positions[FOLLOW_MEMBERS_MAX]
    int score_counts[FOLLOW_MEMBERS_MAX]
    lb_score scores[FOLLOW_MEMBERS_MAX][LB_SCORES_MAX]

cdef elect_sight elect_seen

# Begin one: from here on balancer_undo takes back what its process does not end.
cdef void elect_begin(lb_choice *c, balancer_slot *slot) noexcept nogil

# One election. Adds 1 to elected of the chosen member; busy is the caller's business
# (ledger). random: 64 bits drawn for it (chance.pxd). key: lb_choice.key.
# route/route_length: what the client asked for; length 0: nothing.
# returns the position of the chosen member, or -1 with out.why set.
cdef int elect(
    table_view *t, const balancer_plan *b, long long now_us, uint64_t random,
    uint64_t key, const char *route, unsigned int route_length,
    election *out) noexcept nogil

# An election among those that a request has not tried: begin, name each member of the
# plan that was, ask whether anybody is left, elect, end. When all of its lbset were
# tried it is a standby's turn, or the next set's; no spare comes in for it.
cdef void elect_others_begin(const balancer_plan *b) noexcept nogil
cdef void elect_pass_over(const balancer_plan *b, int member_index) noexcept nogil
cdef bint elect_leaves_another(
    const table_view *t, const balancer_plan *b) noexcept nogil
cdef void elect_others_end() noexcept nogil

# May another member be tried after this failure? attempts: tries made so far (>= 1).
# response_started: a byte of the response has gone out. replayable: nothing of the
# request was sent, or it is idempotent and its bytes are still at hand.
# by_route with nofailover binds, unless another member has the route or the failed one
# names a redirect. member: the one that failed.
cdef bint may_retry(
    const table_view *t, const balancer_plan *b, member_slot *member, int attempts,
    bint response_started, bint replayable, bint by_route) noexcept nogil
