# A chain of filters, and what each of its stages keeps.
#
#   input --> stage 0 --> between[0] --> stage 1 --> ... --> the client's output
#
# A stage gets some bytes and some room, takes and makes as much as fits, and says
# whether it has done what was asked. Whoever has no room waits, and so does everybody
# before it: a chain holds what it was given last, what its stages keep for themselves,
# and one small buffer between any two.

# facts.filters.Filter
cdef enum:
    FILTER_NONE = 0             # one of httpd's that changes nothing here
    FILTER_DEFLATE = 1
    FILTER_INFLATE = 2
    FILTER_BROTLI = 3
    FILTER_SUBSTITUTE = 4
    FILTER_RATE_LIMIT = 5
    FILTER_INCLUDES = 6         # no stage: a file that it would change is not sent
    FILTER_HTML = 7

# Why a chain has FAILED.
cdef enum:
    WHY_FILTER_DATA = 0         # what came is not what it is called
    WHY_FILTER_LINE = 1         # SUBSTITUTE: a line is too long, or becomes so
    WHY_FILTER_MEMORY = 2       # ... there is no memory for it
    WHY_FILTER_TIME = 3         # ... it takes too much time

cdef enum:
    STAGE_MORE = 0              # more is to come: keep whatever pays
    STAGE_FLUSH = 1             # give all that can be given; more is to come
    STAGE_END = 2               # nothing comes behind this

cdef struct stage_io:
    const char *data            # in: bytes to take; out: the rest of them
    unsigned int length
    char *out                   # in: room; out: the rest of it
    unsigned int room
    unsigned char asked         # STAGE_*

# Settings of a chain's filters, as its request's sections and host say.
cdef struct filter_settings:
    int level                   # of compression, 1 to 9
    int window                  # bits
    int memory                  # 1 to 9
    unsigned int piece          # bytes that are unpacked at once
    int ratio_limit             # of what is unpacked to what it was
    int ratio_burst             # pieces in a row that may be beyond it
    int brotli_quality
    int brotli_window           # bits
    int brotli_block            # bits; 0: the library's own
    long long rate              # bytes a second of RATE_LIMIT
    long long burst             # bytes that go at once before
    const void *substitutions   # substitute_state, scratch of who begins the chain
    const void *html            # html_state, likewise

cdef struct body_stage:
    unsigned char filter        # FILTER_*
    flag done                   # it has given its last byte
    flag flushed                # it keeps nothing that it could give
    void *state                 # NULL: it needs none, or needs it no more
    long long bytes_in
    long long bytes_out
    unsigned int left           # HTML: what stayed as it was because it was too much

cdef struct body_filters:
    buffer *input               # not taken yet; NULL: nothing
    buffer *between[FILTERS_MAX]    # behind each but the last
    body_stage stages[FILTERS_MAX]
    body_stage *last            # of them
    int count
    filter_settings said
    flag ended                  # nothing comes behind the input
    flag flush                  # what is kept is to be given
    flag idle                   # all has been done that can be
    flag yields                 # its turn is over, and it is not idle
    long long spent_us          # SUBSTITUTE: processor time
    long long allowed           # RATE_LIMIT: bytes that may go now
    long long paused_us         # ... and when more may; 0: now
    flag streams                # it gives what it makes before its end, as SUBSTITUTE
    flag is_long                # it has made more than goes out with one length
    # in the client's output (flow/filtering.pyx)
    flag is_framed              # what lies there is on its way
    unsigned int framing_at     # where the head is to say what frames the body; 0: told
    unsigned int body_at        # what was made begins here; 0: nothing was
