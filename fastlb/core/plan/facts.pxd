# A request as whatever decides about it sees it: who asks for what, and what has been
# found out so far. It is a part of the exchange; a test, or whoever else wants to know
# what would become of a request, fills one in without a connection.

# How far a rule has decided where a request goes.
cdef enum:
    REWRITTEN_NOT = 0
    REWRITTEN_TARGET = 1        # [P]: r.mapping and r.target are set
    REWRITTEN_FILE = 2          # to a file of ours: no mapping is looked for

cdef struct made_cookie:     # in the request's arena
    made_cookie *next
    value name
    value line                  # value of a Set-Cookie field

# Another URL that a rule asks about (plan/looking.pyx), in the request's arena.
cdef struct looked_up:
    looked_up *next
    value path                  # as the rule gives it; of a file's all of it
    bint of_file                # a file of that name, not a URL
    value beside                # ... its URL, if it lies beside that of who asks
    int variable                # what is asked of it; -1: whether it may be asked for
    value here                  # the path of whoever asks
    int conf_count              # ... what applies to it, and who it is
    plan_conf **confs
    value user
    bint known
    value found
    int status
    int traced                  # lines of its own rules

# What may be followed from a place in a file's path on.
cdef struct file_level:
    unsigned int at             # bytes of the name
    unsigned char options       # FILES_*

# The file that a request names (plan/file_names.pyx), and how far it has been sent
# (flow/file_send.pyx). In the request's arena.
cdef struct file_facts:
    value name                  # its path; ends with a slash: a directory is meant
    unsigned int end            # bytes of it that are the file's; PATH_INFO follows
    int alias                   # which one leads there; -1: DocumentRoot, or a rule
    int level_count
    file_level levels[FILE_LEVELS_MAX]
    flag is_whole               # the end is what the disk says
    unsigned char cuts          # so many names were cut for this request, with it
    flag sends                  # its bytes are going out
    flag corked                 # ... in full packets alone
    int fd                      # -1: it is not open
    file_status about
    entity *entity              # what is said of it; NULL: nothing yet
    listing *listing            # of a directory; NULL: none is made
    long long at                # of the next byte to be sent
    long long left

cdef struct request_facts:
    client_facts *client
    buffer **input              # where the head lies; the buffer may be exchanged there
    long long started_us
    unsigned int base           # start of the head in its data
    # what applies to it
    int conf_count
    int proxy_conf_count        # of them, from <Proxy> sections
    int if_conf_count           # of them, from <If> and its like: the last ones
    plan_vhost *vhost
    plan_mapping *mapping
    value proxies               # RemoteIPProxiesHeader's field; NULL: not set
    int host_wanted             # 1 + number of the names that access waits for; 0
    flag host_forward
    # who may
    flag undecided              # access hangs on a match that was given up: 500
    int told_by                 # 1 + number of the directory that told (AUTHENTICATE_*)
    const int *told             # ... and its variables; 0: none has
    value user                  # who the client says it is; NULL: nobody asked
    value challenge             # WWW-Authenticate of the 401
    value granted               # "name\0value\0...": of what AuthRequest was answered
    int granted_status          # its status
    int refused                 # status under another reading; 0: none was said
    int refused_because
    digest_login *digest        # what it says of that by Digest; NULL: not read yet
    int verdict_count           # what it has learned
    auth_verdict *verdicts      # in its arena; NULL: nothing yet
    file_facts *file            # NULL: no file of ours is meant
    file_facts *cut             # one whose end whoever opened it has found out, or NULL
    plan_question *question     # of AuthRequest, if that is what it waits for
    auth_question asks          # what access waits for; asks.kind ASKS_NOTHING
    unsigned int regex_us       # spent on matches, REGEX_REQUEST_US_MAX
    int status                  # of the answer; 0: there is none yet
    # Fields that are being composed, while rules look at them; NULL: none. They are
    # those of the answer, or of the request as its member will get it.
    const out_list *out
    flag out_is_answer
    # what is asked for
    unsigned char ways          # WAY_*: how members may read it otherwise
    flag reduced                # dot segments were undone: never sent as it came
    flag excluded               # a mapping of "!" took it, or no-proxy is set
    flag path_is_plain          # decoding left it as it is; its query lies behind it
    flag is_reading             # another reading is tried
    flag query_is_made          # a rule has made the query
    flag rewriting_ended        # a rule said END
    flag is_subrequest          # it only looks ahead
    flag has_error_line         # the error log has told of it
    flag target_is_raw          # [P,NE]: escapes in it are the member's to undo
    unsigned char rewritten     # REWRITTEN_*
    unsigned char original_ways
    unsigned char redirects     # to another path, by rules of sections
    span host
    span path                   # path with query, of the target
    span authority              # host[:port] of an absolute-form target; else length 0
    unsigned int rest_at        # offset into decoded where the mapping's rest begins
    value decoded               # the path that is decided upon (path.pyx)
    value misread               # the reading that was not allowed, for the log
    value request_uri           # for SetEnvIf, while a reading is tried; else NULL
    value target                # path and query for the member's balancer URL
    value original              # the path before a rule's [PT]; data NULL: none
    value query                 # if a rule has made it, with its "?"; length 0: none
    value forced_handler        # by a rule's [H]; data NULL: none
    const text *page            # of the controller, that is asked for; NULL: none
    value forced_type           # by [T], of an answer that says none; data NULL: none
    value script_url            # the path that rules saw first; data NULL: none did
    made_cookie *cookies        # to be set by the answer
    value looks_from            # a subrequest: the path of who asks
    looked_up *looks            # what rules have asked about; NULL: nothing
    looked_up *wanted           # ... and what they wait for; NULL: nothing
    int look_count
    trailer_sections *trailers  # in its arena; NULL: none came
    int trace_at                # lines of the rules' trace that were come by
    int trace_told              # ... that the log has: none stands there twice
    # plan.env_count of them, where whoever made this has put them
    value *env
    arena arena
    plan_conf *confs[CONFS_MAX]     # conf_count: the default's, <Proxy>, <Location>
    # last: its fields have only as much room as a head may have (exchange_measure)
    head req

# The head as it was received, and a part of it: for one step only. Whatever exchanges
# the buffer makes them stale, so what is kept of a head is a span.
cdef const char *request_bytes(const request_facts *r) noexcept nogil
# Find the authority of an absolute-form target, which replaces Host (RFC 9112 3.2.2).
cdef void request_learn_authority(request_facts *r) noexcept nogil
# What the question that was asked has brought (verdicts.pxd).
cdef void request_learn_verdict(
    request_facts *r, int verdict, const char *found,
    unsigned int length) noexcept nogil
