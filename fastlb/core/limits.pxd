# What can go wrong, and how much of anything there is.
#
# Results of every function of the core: >= 0 is a count; AGAIN: try later, nothing is
# wrong; CLOSED: the peer has ended the stream; FAILED: errno is kept beside it;
# <= -400: the HTTP status to answer, negated.

cdef enum:
    AGAIN = -1
    CLOSED = -2
    FAILED = -3

# A method is known by number where a decision depends on it.
cdef enum:
    METHOD_OTHER = 0
    METHOD_GET = 1
    METHOD_HEAD = 2
    METHOD_POST = 3
    METHOD_PUT = 4
    METHOD_DELETE = 5
    METHOD_OPTIONS = 6
    METHOD_TRACE = 7
    METHOD_CONNECT = 8
    METHOD_PATCH = 9

# Sizes of what is kept in places of its own. What is longer than its place is never cut
# in silence: each line says what becomes of it.
cdef enum:
    BYTE_VALUES = 256
    ADDRESS_BYTES = 16              # IPv4 as ::ffff:a.b.c.d
    ADDRESS_TEXT_BYTES = 46         # with its end (INET6_ADDRSTRLEN); none is longer
    # as CONNECT or a rule spells it, with its end; longer: a name, judged as that
    ADDRESS_SPELLED_BYTES = 64
    NUMBER_DIGITS_MAX = 20          # of 64 bits, in decimal
    HTTP_DATE_BYTES = 32            # with its end; each has 29
    CLF_TIME_BYTES = 40             # with its end; each has 28
    JSON_TIME_BYTES = 40            # with its end; each has 21
    DIGEST_BYTES_MAX = 20           # of SHA-1
    UNIQUE_ROOT_BYTES = 10          # of UNIQUE_ID, random; with second and count:
    UNIQUE_BYTES = 20
    UNIQUE_LETTERS_COUNT = 27       # of these in base 64
    CONNECTION_ID_BYTES = 8
    CONNECTION_ID_LETTERS = 11
    REQUEST_ID_BYTES_MAX = 128      # RequestID Keep: a longer one is not taken
    FILE_NAME_BYTES = 4096          # with its end (PATH_MAX); longer: there is none
    TIME_DIGITS_BYTES = 32          # %{TIME} with its end; each has 14
    TIME_TEXT_BYTES = 8192          # %{format}t with its end, as Apache; longer: empty
    REGEX_REASON_BYTES = 256        # PCRE2's own sentences; longer ones end there
    REASONS_MAX = 64                # phrases of status codes; more: no worker begins
    LOG_BEGAN_BYTES = 200           # of a broken answer, shown in the error log
    LOG_BUFFER_BYTES = 65536        # of lines of a turn; full: written before its end
    DROPPED_BYTES = 16384           # read away at once where nobody listens any more
    RANGES_MAX = 1000               # of one Range; more: all of it is sent
    BOUNDARY_BYTES = 16             # between parts of a multipart answer
    MIME_EXTENSION_MAX = 255        # of a file's name; a longer one says nothing
    # of one name, whose later ones say nothing; no name of a file has more
    MIME_EXTENSIONS_MAX = 128
    PIPES_KEPT_MAX = 64             # of splice; more are closed
    TUNNEL_PIECE = 65536            # received at once

cdef enum:
    # heads
    HEAD_BYTES_MAX = 1 << 20        # a request or response head with all its fields
    FIELDS_KNOWN_MAX = 64           # fields known by number; bits of a word
    FIELD_COUNT_MAX = 1024          # of one head, whatever LimitRequestFields says
    # heads of a worker that are larger than 16, 64 and 256 KiB (flow/heads.pyx)
    HEADS_MEDIUM_MAX = 48
    HEADS_LARGE_MAX = 8
    HEADS_HUGE_MAX = 1
    INTERIM_RESPONSES_MAX = 10      # 1xx answers relayed before the final one
    MAX_FORWARDS_MAX = 1000000000   # a larger one: 400
    EMPTY_LINES_MAX = 1             # stray CRLF tolerated before a request line
    CONNECTION_OPTIONS_MAX = 64     # fields named by Connection of a head; more: 400
    # headers of the PROXY protocol (io/preface.pxd)
    PREFACE_LINE_BYTES_MAX = 107    # of version 1 with its end, as specified
    PREFACE_BYTES_MAX = 2048        # of version 2 with all that it brings; more: closed
    # bodies
    CHUNK_LINE_BYTES_MAX = 1024     # chunk size with its extensions
    TRAILER_BYTES_MAX = 16384       # all lines of one section; more: 400
    TRAILER_FIELDS_MAX = 128        # of one section; more: 400
    TRAILER_NAME_BYTES_MAX = 128    # of one that goes on; a longer one is dropped
    TRAILER_BYTES_FIRST = 512       # of memory for a section, doubled as it grows
    BODY_WITH_HEAD_MAX = 8192       # of a body, copied behind its head into one send
    BODY_PREFETCH_BYTES = 16384     # of a chunked body, before a member is asked
    BODY_KEEP_BYTES = 65536         # of a request's body, kept for another member
    # bodies that filters change (filters/)
    FILTERS_MAX = 4                 # that change one answer; more: 500
    FILTERS_LISTED_MAX = 32         # that might run, by all its sections; more: 500
    FILTERS_TOLD_EVERY_US = 60000000    # that there are too many, to the log
    CODERS_MAX = 128                # of one worker at once; beyond: bodies as they are
    DEFLATES_KEPT_MAX = 4           # compressors, some 400 KiB each; more are freed
    CHAINS_KEPT_MAX = 64
    BROTLIS_MAX = 32                # of the coders, some 2 MiB each
    SUBSTITUTIONS_MAX = 64          # of one answer; more: 500
    SUBSTITUTE_LINE_MAX = 16 << 20  # bytes of a line
    SUBSTITUTE_LINE_USUAL = 1 << 20
    SUBSTITUTE_BYTES_MAX = 64 << 20     # of a worker's lines; more: 503, or cut
    SUBSTITUTE_BYTES_KEPT = 65536   # of memory for a line, until the next one comes
    SUBSTITUTE_US_FIRST = 500000    # of processor time of one answer ...
    SUBSTITUTE_US_PER_KIB = 2000    # ... and for each KiB of it; more: it is cut
    SUBSTITUTE_SLICE_BYTES = 65536  # that are searched at once
    FILTER_TURN_US = 4000           # of processor time, before others are served
    FILTER_WORK_PER_LOOK = 16384    # bytes looked at, between two looks at the clock
    REGEX_CALL_WORK = 1024          # in such bytes: a match in a short text
    REGEX_CALL_SHORT = 256          # ... up to so many bytes
    HTML_MAPS_MAX = 128             # of one answer; more: 500
    HTML_NAME_BYTES_MAX = 64        # of an element or attribute; longer: none is meant
    HTML_VALUE_BYTES_MAX = 65536    # of an attribute's value; longer: it stays as it is
    HTML_TEXT_BYTES_MAX = 1 << 20   # of a script, style or comment, likewise
    HTML_MADE_BYTES_MAX = 4 << 20   # of what becomes of one of them, likewise
    HTML_DRAWINGS_MAX = 255         # <svg> within each other; more are not counted
    HTML_PATTERNS_US_MAX = 100000   # of one body's patterns; then none is tried more
    RATE_INTERVAL_US = 200000       # between two pieces of RATE_LIMIT, as in httpd
    RATES_PER_SECOND = 5
    RATE_MAX = 0x7FFFFFFF           # bytes a second; more are no limit, as in httpd
    DEFLATE_WINDOW_MIN = 9          # bits; zlib has no smaller one in gzip's form
    CODING_BYTES = 18               # of gzip's form around a body
    CODED_BYTES_MIN = CODING_BYTES + 50     # a body up to so many goes as it is
    STAGE_ROOM_MIN = 256            # for a stage to be asked at all
    FILTER_RUNS_PER_STEP = 4        # of one connection before others are served
    # applications behind a gateway (codecs/)
    CGI_PAIRS_MAX = 1536            # told to an application; more: 500
    SAID_BYTES_MAX = 8192           # of STDERR in one line of the log; "..." for more
    SAID_LINES_MAX = 100            # of what one answer of FastCGI says beside itself
    UWSGI_BYTES_MAX = 65535         # of all variables; more: 500
    SCRIPT_REASON_MAX = 200         # of a Status; more: the usual phrase
    SCRIPT_STATUS_BYTES = 224       # the status line that is made of it
    # work per turn of the loop
    EVENTS_PER_BATCH = 256
    BATCHES_PER_TURN = 64
    ACCEPTS_PER_TURN = 16
    READS_PER_STEP = 8              # of one connection before others are served
    # a worker that is left with tunnels
    LONE_TICK_MS = 1000             # how exact its timeouts are
    LONE_FAREWELL_US = 30000000     # over so long its tunnels are closed
    # members that one request has tried (flow/attempt.pyx)
    TRIED_IN_EXCHANGE = 4           # so many have room in its exchange
    TRIED_IN_PIECE = 60             # the others in pieces of their own
    # the plan
    PLAN_BLOCK_BYTES = 1 << 18      # from the system at once; what is touched counts
    PLAN_ALIGN = 16                 # of each piece in it
    SECTIONS_MATCHED_MAX = 64       # sections that may apply to one request; more: 500
    FILE_LEVELS_MAX = 16            # places in a path where Options change; more: 500
    FILE_NAME_BYTES_MAX = 4096      # of a file that is sent, with its end; as PATH_MAX
    FILE_LINKS_MAX = 40             # followed on the way to a file, one by one
    FILE_SEND_BYTES_MAX = 1 << 20   # of a file handed to the kernel at once
    FILE_CORK_BYTES = 1 << 16       # of one that is sent in full packets: a pipe's full
    FILES_CUT_MAX = 4               # names with a rest that one request comes by; 404
    INDEXES_TRIED_MAX = 32          # names of DirectoryIndex in one directory
    # listings of directories (flow/listing.pyx)
    LISTING_NAMES_MAX = 16384       # of one page; it says that there are more
    LISTING_LOOKS_MAX = 1 << 16     # at names that may be shown; as above
    LISTING_NAME_BYTES_MAX = 255    # of a name (NAME_MAX); a longer one is left out
    LISTING_PATTERN_BYTES_MAX = 255     # of P= in a query; a longer one: no name
    LISTING_REGEX_US_MAX = 2000000  # of matches for all names; more: it is cut
    LISTING_TURN_US = 2000          # of one listing before others are served
    LISTING_TEXT_BYTES_MAX = 1 << 20    # of HeaderName, ReadmeName; more: left out
    LISTING_BYTES_MAX = 64 << 20    # of all listings of a worker; more: 503
    CONFS_MAX = SECTIONS_MATCHED_MAX + 1    # and what holds outside them
    EDITED_VALUE_BYTES_MAX = 8192   # a field value after Header edit
    # rewriting (plan/rewriting.pyx); what exceeds a bound is answered with 500
    REWRITE_BYTES_MAX = 65536       # of anything that is expanded
    REWRITE_MADE_BYTES_MAX = 8 << 20    # of all that one run expands
    REWRITE_STEPS_MAX = 100000      # rules tried for one request, in all rounds
    REWRITE_REDIRECTS_MAX = 10      # by rules of sections (LimitInternalRecursion)
    REWRITE_LIST_PLAIN = 8          # so many rules need no index
    REWRITE_PREFIX_MAX = 64         # bytes of a literal prefix that the index knows
    LOOKS_PER_REQUEST_MAX = 128     # that rules take at other URLs
    REWRITE_MAP_LOOK_US = 1000000   # at the file of a map, to see whether it changed
    REWRITE_MAP_BYTES_MAX = 64 << 20    # of its file; more: nothing is found
    REWRITE_MAP_PAIRS_MAX = 4 << 20     # in it
    SDBM_PAGE = 1024                # bytes
    REWRITE_NAME_BYTES = 4096       # of a file that is tested, with its end
    COOKIE_TIME_BYTES = 40          # of [CO] with its end; each has 29
    # regular expressions; what exceeds a bound is undecided, never "no match" where
    # access hangs on it (regex_steps.pyx says how a match is bounded)
    REGEX_STEPS_MAX = 1000000           # items of a pattern met by one match
    REGEX_MATCH_US_MAX = 8000           # processor time of one match
    REGEX_STEPS_PER_LOOK = 256          # at the clock, in a text up to ...
    REGEX_STEP_BYTES = 65536            # ... so many bytes; fewer in a longer one
    REGEX_FAST_WORK_MAX = 2000000       # bytes looked at before steps are counted
    REGEX_DEPTH_MAX = 50000             # nested backtracking, when interpreted
    REGEX_HEAP_KIB_MAX = 8192           # memory of one match, when interpreted
    REGEX_STACK_START_BYTES = 32768     # of machine code
    REGEX_STACK_BYTES_MAX = 1 << 20
    REGEX_PAIRS_MAX = 32                # the match and its groups; $0-$9, named ones
    REGEX_REQUEST_US_MAX = 20000        # all matches of one request together
    REGEX_CHARGE_US_MAX = 8000          # of them by one match, whoever was running
    REGEX_TOLD_EVERY_US = 60000000      # a directive's limit is logged once a minute
    LOG_WELL_US = 2000000           # a log that loses no line for so long is well
    LOG_LINE_BYTES_MAX = 32768      # a longer line is cut
    # A line of JSON has room for all its values, as long as they may be, and its keys:
    JSON_LONG_BYTES_MAX = 4096      # of path, query, User-Agent, Referer, refused line
    JSON_SHORT_BYTES_MAX = 512      # ... and of each other text; longer: cut
    # clients' names for logs (client_names.pxd)
    CLIENT_NAMES_MAX = 1024             # known to a worker
    CLIENT_NAMES_ASKED_MAX = 64         # asked for at once
    NAME_BYTES_MAX = 255
    NAMES_PER_LINE_MAX = 4              # %h of one format that may wait
    NAME_WAIT_US = 5000000              # then the line is written with the address
    NAME_KEPT_US = 60000000             # and then asked for again
    LINES_ASIDE_BYTES_MAX = 1 << 20
    # expressions
    EXPR_STACK_MAX = 32                 # words at once; more are refused by the check
    EXPR_FILE_BYTES_MAX = 65536         # of file(); a larger one is an error
    EXPR_GLOB_STEPS_MAX = 1 << 20       # of one -fnmatch; more are an error
    # environment variables that rules or logs name; VARIABLES_MAX of base/limits.py
    ENV_COUNT_MAX = 256
    HOST_NAMES_MAX = 64             # lists of names in Require host; beyond: 500
    # who may (verdicts.pxd, credentials.pxd)
    USER_BYTES_MAX = 255            # a longer name is nobody's
    PASSWORD_BYTES_MAX = 512        # a longer one is wrong; as libxcrypt
    AUTH_FILE_BYTES_MAX = 16777216  # of a file of users or groups; as base/limits.py
    VERDICTS_MAX = 4096             # kept in one worker
    VERDICT_WAYS = 4                # places that one verdict may have
    VERDICT_KEPT_US = 300000000     # and then asked for again
    VERDICTS_PER_REQUEST_MAX = 32   # that one request waits for; more: 500
    GRANTED_BYTES_MAX = 16384       # of an answer, passed on (AuthRequest); more: 500
    QUESTION_DROPPED_MAX = 65536    # of its body, read away; more: closed
    SCRATCH_BYTES = 256             # of an arena within its exchange; more: buffers
    MEMBERS_PER_BALANCER_MAX = 4096     # of a configuration; FB0300
    OWN_COOKIES_TRIED_MAX = 8       # values of stickycookie= in one head; then none
    ADDRESSES_PER_MEMBER_MAX = 8
    # the shared table
    LOCK_SPINS = 200
    LOCK_STEP_NS = 20000            # of sleep, doubled each time up to
    LOCK_STEP_MAX_NS = 1000000
    LOCK_WAIT_US = 500000           # for a living process that has a lock
    LOCK_HASTE_US = 10000000        # after a wait in vain there is none for so long
    LOCK_LATE_TRIES = 100
    AGENT_FACTOR_MAX = 10000    # of loadfactor=, x 100, whatever an agent says
    LB_METHODS_MAX = 16         # rows of lbmethods/methods.pyx
    LB_SCORES_MAX = 4           # numbers that a method tells of a candidate
    # heartbeats: how long one counts, and of how many workers one can tell
    HEARTBEAT_LAST_US = 10000000
    HEARTBEAT_READY_MAX = 1000000
    # the time to an answer (balance/ledger.pxd)
    RESPONSE_HALF_LIFE_US = 5000000
    RESPONSE_STEP_US = 1000         # two answers within it weigh as one
    RESPONSE_UNKNOWN_US = 1000000   # thought of a member that has not answered yet
    RESPONSE_US_MAX = 600000000     # a longer one counts as that
    ELECT_LBSTATUS_MAX = 0x7FFFFFFF     # what Apache's holds; more begins anew
    ERROR_AHEAD_US = 10000000       # a failure so far in the future is none
    # what may be sent again (balance/budget.pxd)
    BUDGET_US = 10000000            # counted for so long
    BUDGET_LEAST = 10               # however few requests there are
    EJECT_TIMES_MAX = 10            # ejecttime= counts so often at most
    EJECT_S_MAX = 36000             # of one ejection: what is longer is a lie
    LOST_AGAIN_MAX = 1              # of one request that members lose without an answer
    FLAG_TRIES_MAX = 100
    LEDGER_TAKE_TRIES_MAX = 8   # at what others want as well
    # requests that wait for a place at a member (flow/places.pyx)
    PLACES_LOOK_US = 10000      # at what other workers left, while somebody waits
    PLACES_LEFT_US = 20000      # that a worker leaves what comes free to others ...
    PLACES_SLICE_US = 100000    # ... once in such a time
    OVERLOAD_TOLD_EVERY_US = 1000000    # that requests are turned away, to the log
    # requests that the status page shows (flow/under_way.pyx)
    UNDER_WAY_AFTER_US = 100000     # since when
    UNDER_WAY_PAUSE_US = 50000      # between two walks: shorter than a tick ...
    UNDER_WAY_LOOK_US = 50          # ... and longer by so much for each connection
    FOLLOW_MEMBERS_MAX = 16     # of an election that are told (flow/follow.pyx)
    GAUGE_MAX = 1 << 24             # of one worker, as the master reads it
    TOTALS_READS_MAX = 64

cdef extern from *:
    """
    #define LEDGER_COUNT_MAX INT64_C(0x100000000000000)
    """
    const unsigned long long LEDGER_COUNT_MAX   # of bytes, requests: more is a lie
