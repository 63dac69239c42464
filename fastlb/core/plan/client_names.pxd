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
