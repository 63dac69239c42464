# Names of clients for access logs (HostnameLookups), looked up beside the data path.
#
#   FREE --find--> WANTED --Core asks--> ASKED --answer--> KNOWN --NAME_KEPT_US--> FREE
#
# A worker keeps what it found in one cache of places, by address; whoever finds a place
# taken by a look-up under way does without a name. Lines that need a name which is not
# known yet are set aside (late_lines.pyx), for NAME_WAIT_US at most: no request waits,
# and none is remembered for it.

cdef enum:
    NAME_FREE = 0
    NAME_WANTED = 1         # to be asked for when the batch is over
    NAME_ASKED = 2
    NAME_KNOWN = 3

cdef struct client_name:
    unsigned char address[ADDRESS_BYTES]
    unsigned char state     # NAME_*
    bint both_ways          # HostnameLookups Double: the name leads back here
    unsigned int number     # of the look-up: an answer that comes late is another's
    long long until_us      # KNOWN: it is kept; else: lines wait for it
    unsigned char length    # 0: there is none
    char name[NAME_BYTES_MAX]

# A line that waits for a name, with the places where it belongs; its bytes follow.
cdef struct line_aside:
    line_aside *next
    client_name *name
    unsigned int number     # of the look-up
    long long until_us
    int target              # index into log buffers
    unsigned int length
    int place_count
    unsigned int places[NAMES_PER_LINE_MAX]     # offsets, ascending

# The place of a client's name; NULL: it does without.
cdef client_name *client_name_find(
    const unsigned char *address, bint both_ways, long long now_us) noexcept nogil
# The place whose look-up this was, now KNOWN; NULL: nobody waits any more.
cdef client_name *client_name_learn(
    unsigned int place, unsigned int number, const char *name, size_t length,
    long long now_us) noexcept nogil
# May one more line be set aside?
cdef bint line_may_wait() noexcept nogil
# Set it aside, or (False) find no memory.
cdef bint line_set_aside(
    client_name *name, int target, const char *line, unsigned int length,
    const unsigned int *places, int place_count) noexcept nogil
# Take the lines that wait for this look-up, or (name NULL) have waited until now_us,
# as a list in their order; whoever takes them frees them.
cdef line_aside *lines_take(client_name *name, long long now_us) noexcept nogil
