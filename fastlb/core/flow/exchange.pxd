# One request and its response, joining one downstream and one upstream.
#
# The exchange owns the pairing: it knows both ends, each end knows it, and the links
# are cut by hand when it is settled. Connections of both kinds come from free lists,
# and an idle one of either kind holds no buffer and no exchange.
#
# Bytes of a body always wait in the buffer into which they were read; `output` of a
# connection holds only what was composed here (heads, error pages). So what is still to
# be sent to a client is `down.output`, then `up.input`; to a member `up.output`, then
# the part of the body kept in `down.input`, then `x.body.stream`.

cdef struct downstream:
    conn c                      # first
    buffer *input               # head and first bytes of the body; pipelined requests
    buffer *output
    exchange *x                 # the request that is being served
    plan_vhost *vhost           # of the last request; the set's first one before it
    long long read_from_us      # when the time for its head began
    unsigned int scanned        # head_find_end's place
    head_count counted          # head_exceeds' place
    unsigned char head_class    # BUFFER_*: counted among the heads of that size
    unsigned char head_waits    # BUFFER_*: waits for a place among them
    unsigned char state         # DOWN_*
    flag sends_large            # its last request had a large body
    flag stray_line             # an empty line was skipped before this request
    flag has_slot               # it counts among the requests in work (work.pyx)
    flag must_linger            # bytes may be on their way: close in two steps
    flag awaits_preface         # in DOWN_HANDSHAKE: a PROXY header comes first
    downstream *wait_next       # in a waiting_line
    downstream *wait_prev
    client_facts client
    downstream *all_prev        # every open downstream
    downstream *all_next

cdef struct waiting_line:       # connections that wait, oldest first (waiting.pyx)
    downstream *head
    downstream *tail

cdef enum:
    DOWN_HANDSHAKE = 0  # before PROXY header and TLS are through; where each begins
    DOWN_HEAD = 1       # some bytes of a head have come
    DOWN_EXCHANGE = 2   # an exchange is under way
    DOWN_LINGER = 3     # our side is shut; reading away what still comes
    DOWN_FLUSH = 4      # the last answer is going out, then close
    DOWN_IDLE = 5       # between requests (or before the first): no bytes of one yet
    DOWN_WAIT = 6       # a request may be there, and MaxRequestWorkers are in work
    DOWN_STATES

cdef struct upstream:
    conn c                      # first
    buffer *input               # response head, then the body's bytes not yet passed on
    buffer *output              # request head (with a small body)
    exchange *x                 # NULL: idle in the pool
    plan_member *member
    upstream *next              # in the pool
    upstream *prev
    unsigned int epoch          # of the member when it was connected
    unsigned int addresses      # version of the addresses of which one is tried
    int requests                # sent on this connection
    int address_index           # which of the member's addresses is being tried
    long long idle_us           # when it went into the pool; taken: how long it was in
    unsigned char state         # UP_*
    unsigned int scanned

cdef enum:
    UP_CONNECTING = 0   # where each begins
    UP_BUSY = 1
    UP_IDLE = 2
    UP_HANDSHAKE = 3    # connected; TLS is not established yet
    UP_REMOTE = 4       # connected to a proxy that is asked for a tunnel (ProxyRemote)
    UP_STATES

# What an exchange is doing; exchange_enter changes it, and knows what may follow.
#
#                 .-------------------------- another try, or an ErrorDocument ---.
#                 v                                                               |
#   begun --> DECIDE --> WAIT_HOST -----> DECIDE    what access hangs on is known |
#                    --> WAIT_ADDRESS --> DECIDE    the name of a CONNECT is      |
#                    --> READ_BODY -----> DECIDE    as much as a member needs     |
#                    --> WAIT_ANY ------> DECIDE    the tick: an election anew    |
#                    --> WAIT_POOL -----> CALLED --> DECIDE                       |
#                    --> WAIT_PLACE ----> DECIDE    there is one                  |
#                    --> REFUSED -------> DECIDE    the member is lost: another   |
#                    --> SEND ----------------------------------------------------'
#                            --> TUNNEL
#                    --> LISTING -------> DECIDE    an ErrorDocument is a member's
#   DECIDE, READ_BODY, WAIT_HOST, WAIT_ADDRESS, LISTING, SEND --> LOCAL
#
# It may end in any of them; LOCAL and TUNNEL lead nowhere else.
cdef enum:
    X_DECIDE = 0        # where it goes is being decided; never waits
    X_READ_BODY = 1     # a body is awaited before a member is asked
    X_WAIT_HOST = 2     # a name or a password is being looked up (Require)
    X_WAIT_ADDRESS = 3  # the name that CONNECT asks for is being looked up
    X_WAIT_ANY = 4      # no member at all is usable (balancer timeout=; queue.pyx)
    X_WAIT_POOL = 5     # no connection to the member is free (queue.pyx)
    X_CALLED = 6        # its turn in that queue has come; one is promised
    X_REFUSED = 7       # no connection could be begun; what follows has its own turn
    X_SEND = 8          # connecting; request (or a question) going out, answer coming
    X_LOCAL = 9         # answered here
    X_TUNNEL = 10       # bytes both ways, until both sides have ended
    X_LISTING = 11      # a directory is read, and its page made, turn by turn
    X_WAIT_PLACE = 12   # its members have as many requests as they may (places.pyx)
    X_STATES

# The body that the client sends, as far as it has come (request.pyx).
cdef struct request_body:
    framing framing
    chunk_decoder chunks
    flag chunked_out            # towards the member
    flag done                   # the whole body has been received
    flag expect_continue        # the client waits for a 100
    flag continue_sent          # a 100 has gone to the client
    flag unasked                # it has begun its body without one
    flag lost                   # part of it went out without being kept
    unsigned int raw_at         # undecoded (or the next request's) bytes in down.input
    unsigned int at             # bytes kept in down.input.data; 0: there is no body
    unsigned int kept
    buffer *stream              # bytes on their way that are not kept
    long long limit             # LimitRequestBody; 0: none
    long long remaining         # of a Content-Length, not yet received
    long long bytes_in          # without its framing
    # read_time.pyx: bytes as they came, time spent waiting for them, and when the wait
    # began that is going on (0: none is)
    long long timed_bytes
    long long waited_us
    long long wait_from_us

# What one try brings from a member, or has brought to the client; begun anew with each.
cdef struct response_side:
    framing framing
    chunk_decoder chunks
    int interim_count           # 1xx answers before it
    flag head_sent              # bytes of the final head are composed or sent
    flag done                   # the whole body has come from the member
    flag reusable               # the member's connection may be kept
    flag chunked_out            # towards the client
    flag close_delimited        # the client sees its end by our close
    long long remaining
    long long content_length    # told to the client; -1: no Content-Length

# What is found out before a member is asked; begun anew for an ErrorDocument.
cdef struct member_choice:
    balancer_plan *balancer     # NULL: a direct member, or nothing is chosen yet
    int balancer_index
    sticky_result sticky        # what the client asks for
    own_session session         # ... by a cookie of the balancer's own
    election election
    int attempts                # members asked so far, however often
    unsigned char lost          # members that took it, gave no answer, and were left
    long long wait_until_us     # balancer timeout=; 0: it has not begun
    flag roams                  # its session's member was waited for long enough
    flag was_taken              # a member that was left may have read it
    signed char left_rule       # AGAIN_*: by which `left` is left
    int left_status             # that it answered with; 0: nothing was
    plan_member *left           # for another one, which is not asked yet; NULL: none

# How a member is spoken to that does not speak HTTP/1.x (codecs.pyx): what stands in
# the place of composing a head, of chunks, and of reading a head and chunks. The rest
# (rules, buffers, retries, times, pools) is the same for all.
cdef struct member_codec:
    const char *name
    unsigned int state_bytes    # of what is kept for a try, with its codec_state
    # Set what a try begins with; all of it is 0.
    void (*begin)(exchange *x) noexcept nogil
    # The head of the request, from the fields as rules have left them: 0, or a status
    # negated. `w` writes into x.up.output.
    int (*head)(exchange *x, out_list *out, writer *w) noexcept nogil
    # Put the protocol's frame around a piece of the body, in place; `last`: there is no
    # more. NULL: the body goes out as it is.
    void (*frame)(exchange *x, buffer *b, bint last) noexcept nogil
    # x.up.input holds what has come. Bytes of an HTTP/1.1 head that it begins with now,
    # before what is not decoded yet; AGAIN; FAILED: that is no answer.
    int (*read_head)(exchange *x) noexcept nogil
    # As chunk_decode, 0 or FAILED. NULL: the body ends with the connection, or by what
    # the head says.
    int (*decode)(exchange *x, char *data, unsigned int length, unsigned int *payload,
                  unsigned int *consumed) noexcept nogil

# What a codec and those who call it tell each other about one try; the first member of
# what the codec itself keeps. It lies in the arena of the exchange.
cdef struct codec_state:
    const member_codec *of
    unsigned int credit         # bytes that may go out as the next piece of the body
    long long promised          # of the answer's body, still to come; -1: nobody knows
    # of a body that ends with the connection: bytes announced that have not come
    long long missing
    flag bodiless               # the client gets none of it
    flag is_script              # its head is a program's, often without a reason
    flag wants_end              # the member is to be told when there is no more
    flag asked                  # it has asked for more of the request
    flag greeted                # it has answered the ping; now the request can go
    flag flush                  # what it has sent is to be seen
    flag ended                  # it has said that its answer is whole
    flag in_step                # ... and may be asked again on this connection

# One try: this request on one connection to one member. attempt_begin clears it as a
# whole, so nothing of one try is left for the next.
cdef struct attempt:
    flag fresh                  # a reused connection was dead: only a new one will do
    int lost_errno              # why it cannot be connected to; or NO_ADDRESS
    const char *lost_why        # ... or otherwise failed; a constant, or NULL
    value upgrade               # asked of this member; length 0: nothing
    flag sent                   # everything has been handed to the socket
    flag is_deaf                # the member stopped taking the request
    flag timed_out              # it did not answer in time
    unsigned int body_sent      # of what is kept
    flag expect_sent            # the member is asked for a 100
    flag await_continue         # ... and the body is held back until it comes
    flag ping_sent              # the Expect is ours (ping=)
    flag framed                 # the body goes out in pieces with a frame around each
    codec_state *codec          # NULL: HTTP/1.x
    # since when an answer is due whose time is taken (LB_TIMES); 0: none is, or no more
    long long due_from_us
    long long bytes_out         # to the member; 0: nothing of the request was sent
    long long bytes_in          # from it; ledger.pxd says what counts

# Who says whether the request may pass is being asked (AuthRequest; question.pyx).
# That is a try at a member like any other, before the request's own.
cdef struct question:
    plan_question *of           # NULL: nobody is being asked
    flag told                   # it has answered; the rest is read away
    unsigned int dropped        # of that
    value challenge             # WWW-Authenticate of a refusal
    made_cookie *cookies        # for the client

# Member's socket -> pipe -> client's socket (pipes.pyx, splice.pyx).
cdef struct splice_pipe:
    int read                    # -1: none
    int write
    long long held
    flag failed                 # not for these sockets, or there is no pipe
    flag corked                 # the kernel may hold back the end of what was spliced

# An answer made here, instead of a member's or by its means (answer.pyx).
cdef struct local_answer:
    int error_status            # the status an ErrorDocument answers for; 0
    int second_status           # how the ErrorDocument's own request ended
    flag internal               # an ErrorDocument is fetched: a GET without a body
    flag overridden             # ProxyErrorOverride took the member's page away
    flag overloaded             # it could not wait: Retry-After says when to come again
    unsigned char why           # WHY_* of a refused head
    const char *allow           # Allow; NULL: none
    value location              # of a redirect
    value reason                # length 0: the usual phrase
    value challenge             # WWW-Authenticate kept by ProxyErrorOverride
    value more_fields           # "name\0value\0..."
    const text *handler         # who made it (SetHandler); NULL: nobody

# Bytes both ways (tunnel.pyx).
cdef struct tunnel_state:
    flag client_ended           # its end has been read
    flag member_ended
    flag client_told            # our end has been sent to it
    flag member_told
    long long idle_us           # how long it may be silent
    member_address *addresses   # of what CONNECT asks for, in the order to try
    int address_count

cdef struct tried_piece:        # members that were tried beyond the first ones
    tried_piece *next           # the piece before it
    int members[TRIED_IN_PIECE]

# What this worker learns of a member (member.pxd).
cdef struct member_pool:
    upstream *idle              # the newest first
    upstream *oldest            # of them; it means nothing where idle is NULL
    int idle_count
    int open_count
    bint sends_large            # its last answer had a large body
    waiting_line waiting        # for a connection
    void *tls_session           # SSL_SESSION of the last connection; NULL: none
    unsigned long long tls_session_name     # name_hash of the name it was made for
    unsigned int epoch          # of the member, when the idle ones were last looked at
    int busy                    # exchanges of this worker that have tried it
    int promised                # turns given to exchanges that have not taken them yet
    long places                 # that this worker has there (maxscope=global)
    kept_time kept

# Requests of a balancer that wait in this worker.
cdef struct balancer_queue:
    long count                  # whatever they wait for (queue.pyx)
    waiting_line line           # those that wait for a place (places.pyx)
    long any_count              # ... at any member that has one
    long places                 # that this worker has at the members
    long long leaves_until_us   # till then what comes free is for other workers

cdef struct exchange:
    downstream *down
    upstream *up
    unsigned char state         # X_*
    unsigned int followed       # its number among those that are (follow.pyx); 0: none
    # the request
    hop_facts hop
    request_body body
    member_choice choice
    plan_member *member         # that is asked, or was the last
    plan_member *placed         # at whom it has a place (maxscope=global); NULL: nobody
    balancer_queue *queued      # which counts it among those that wait; NULL: none
    long long queued_us         # since when
    flag bound                  # X_WAIT_PLACE: for one at x.member
    flag called                 # X_WAIT_PLACE: its turn has come
    question question
    attempt attempt
    tried_piece *tried_more     # members that stay busy until the end (attempt.pyx)
    int tried_count
    int tried[TRIED_IN_EXCHANGE]    # the first of them, by index; the others above
    response_side res
    splice_pipe pipe
    body_filters *filters       # over the answer's body (filtering.pyx); NULL: none
    local_answer local
    tunnel_state tunnel
    exchange_record record
    int status
    flag head_request
    flag keepalive              # the client's connection is kept afterwards
    # last: from its arena's first bytes on exchange_take clears nothing, and the end is
    # not there at all (exchange_measure)
    request_facts facts
