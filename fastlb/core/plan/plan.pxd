# The plan: the model as C structs, made once when a worker starts, never changed.
#
# Everything is allocated from one arena that lives as long as the process; a generation
# is a process, so nothing is ever freed. A regular expression is a number here
# (regex.pxd).

cdef struct plan_mapping
cdef struct plan_question
cdef struct plan_section
cdef struct plan_if

# Actions of Header and RequestHeader, in the order of facts.rules.HeaderAction.
cdef enum:
    HEADER_SET = 0
    HEADER_SETIFEMPTY = 1
    HEADER_APPEND = 2
    HEADER_MERGE = 3
    HEADER_ADD = 4
    HEADER_UNSET = 5
    HEADER_EDIT = 6
    HEADER_EDIT_ALL = 7
    HEADER_ECHO = 8
    HEADER_NOTE = 9

cdef struct header_op:
    unsigned char action
    bint always                 # works on the table that errors keep too
    bint early
    text name
    plan_format value
    int regex                   # EDIT, ECHO; else -1
    int condition               # number of the variable, -1: none
    bint condition_negated
    int note                    # NOTE: the variable that holds the note; else -1
    int expr                    # the condition's number; -1: none
    int composed                # of the expression that is the value; -1: none

# Where a SetEnvIf looks.
cdef enum:
    ATTR_NONE = 0               # SetEnv: unconditional
    ATTR_FIELD = 1
    ATTR_FIELD_REGEX = 2
    ATTR_REMOTE_ADDR = 3
    ATTR_SERVER_ADDR = 4
    ATTR_REQUEST_METHOD = 5
    ATTR_REQUEST_PROTOCOL = 6
    ATTR_REQUEST_URI = 7
    ATTR_ENV = 8
    ATTR_EXPR = 9               # SetEnvIfExpr

cdef struct env_op:
    int variable
    bint unset
    plan_format value
    unsigned char attribute     # ATTR_*
    text name                   # of the field
    int attribute_env
    int regex
    bint decides                # access hangs on the variable
    int expr                    # of ATTR_EXPR

cdef struct reverse_op:
    text path
    text url
    int balancer                # index, or -1
    text balancer_path          # what follows the balancer's name

cdef struct pair_op:
    text internal
    text public

cdef struct redirect_op:
    int status
    text pattern
    int regex                   # -1: prefix
    plan_format url
    bint has_url
    int composed                # of the expression that is the URL; -1: none

cdef struct remote_proxy:
    network network
    bint internal               # may name private addresses, and is not recorded

# RemoteIP* of a server (remote_ip.pyx).
cdef struct plan_remote_ip:
    text header                 # length 0: clients are who has connected
    text proxies_header         # length 0: none
    bint is_listed              # who is believed; else everybody is
    int proxy_count
    remote_proxy *proxies       # the first that holds an address decides

cdef struct error_document:
    int status
    text value                  # '"text', "/path" or "http://..."; length 0: the page
    int composed                # of the expression that makes it; -1: none

# Switches of a plan_conf, in the order of CONF_FLAGS (plan_conf.pyx). Ask conf_flag.
cdef enum:
    CONF_PRESERVE_HOST = 0
    CONF_ADD_HEADERS = 1
    CONF_REDIRECT_RELATIVE = 2
    CONF_USE_CANONICAL_NAME = 3
    CONF_USE_CANONICAL_PHYSICAL_PORT = 4
    CONF_TRACK_FIRST_BYTE = 5       # LogIOTrackTTFB
    CONF_EXPECT_CONTINUE = 6
    CONF_INTERPOLATE_ENV = 7
    CONF_REQUIRE_SSL = 8
    CONF_STD_ENV_VARS = 9
    CONF_EXPORT_CERT_DATA = 10
    CONF_WEBSOCKET_FALLBACK = 11
    CONF_AUTH_COOKIES = 12          # AuthRequestCookies
    CONF_FAKE_BASIC_AUTH = 13       # SSLOptions FakeBasicAuth
    CONF_PASS_TRAILERS = 14         # ProxyPassTrailers
    CONF_DIRECTORY_SLASH = 15
    CONF_PATH_INFO = 16             # AcceptPathInfo
    CONF_CGI_PASS_AUTH = 17
    CONF_SWITCHES = 18

# Options of a directory, as facts/files.py has them, and what is said beside them.
cdef enum:
    FILES_INDEXES = 1
    FILES_INCLUDES = 2
    FILES_FOLLOW = 4                # FollowSymLinks
    FILES_FOLLOW_OWN = 8            # SymLinksIfOwnerMatch
    FILES_EXEC = 16
    FILES_MULTI_VIEWS = 32
    FILES_OVERRIDES = 64            # AllowOverride: .htaccess might say something

# What a section says of files of ours.
cdef struct file_said:
    bint says_options
    bint options_whole
    unsigned char options_on
    unsigned char options_off
    signed char overrides           # -1: not said
    int index_count                 # DirectoryIndex; -1: not said
    text *indexes
    bint says_fallback
    text fallback                   # FallbackResource; length 0: disabled
    plan_listing *listing           # IndexOptions and its kin; NULL: nothing of them

# Alias and its kin.
cdef struct file_alias:
    text path                       # of a prefix
    int regex                       # -1: a prefix
    text target
    plan_format composed            # of an expression
    bint is_script                  # what lies there is never sent

cdef enum:
    NAME_LOOKUPS_OFF = 0
    NAME_LOOKUPS_ON = 1
    NAME_LOOKUPS_DOUBLE = 2

cdef enum:
    FCGI_BACKEND_FPM = 1
    FCGI_BACKEND_GENERIC = 2

# ProxyFCGISetEnvIf.
cdef struct cgi_env_op:
    int condition               # an expression
    int content                 # ... of the value; -1: empty
    bint unset
    text name

cdef struct plan_conf:
    signed char flags[CONF_SWITCHES]    # by CONF_*; -1: not set
    signed char auth_merging    # 0 Off, 1 And, 2 Or
    signed char hostname_lookups    # NAME_LOOKUPS_*; -1: not set
    bint has_error_override
    int override_count          # 0 with has_error_override: Off
    const unsigned short *overrides
    int error_document_count
    error_document *error_documents
    int header_count
    header_op *headers
    int request_header_count
    header_op *request_headers
    int env_count
    env_op *envs
    int env_if_count
    env_op *env_ifs
    int reverse_count
    reverse_op *reverses
    int cookie_domain_count
    pair_op *cookie_domains
    int cookie_path_count
    pair_op *cookie_paths
    int access_count            # nodes; 0: nothing said
    access_op *access
    bint merging_off            # AuthMerging Off is written: what is before ends
    plan_auth *auth             # NULL: nothing is said of passwords
    old_access *old             # NULL: nor of Order, Allow, Deny, Satisfy
    method_limit *methods       # AllowMethods; NULL: not said
    signed char tls_verify      # SSLVerifyClient: VERIFY_*; -1: not said
    int tls_ciphers             # SSLCipherSuite: number of its list; -1: not said
    int tls_require_count       # SSLRequire: all of these hold
    int *tls_requires
    int tls_user                # SSLUserName: a variable; -1: not said
    text fake                   # Authorization for members; data NULL: not said
    int fake_user               # ... of these expressions; -1: none
    int fake_password
    int elsewhere               # AuthRequest (access_plan.pxd)
    plan_question *question     # ... and who is asked; NULL: nobody
    int sign_in                 # an expression, or SIGN_IN_*
    int granted_count           # AuthRequestHeader
    text *granted
    unsigned char fcgi_backend  # FCGI_BACKEND_*; 0: not said
    int cgi_env_count
    cgi_env_op *cgi_envs
    bint says_handler
    text handler                # SetHandler
    int handler_expr            # ... by an expression; -1: none
    text handler_head           # "proxy:http://host", as it must begin
    plan_mapping *handler_mapping   # where that leads; NULL: nowhere
    bint has_mapping
    plan_mapping *mapping
    int redirect_count
    redirect_op *redirects
    long long limit_request_body    # -1: not set
    rewrite_dir *rewrite        # NULL: nothing of it
    file_said *files            # NULL: nothing of it
    plan_filters *filters       # NULL: nothing of them
    int inflate_ratio_limit     # -1: not set
    int inflate_ratio_burst
    plan_labels *labels         # NULL: nothing is said of answers
    int if_count
    plan_if *ifs

# <If>, <ElseIf>, <Else>, in file order.
cdef struct plan_if:
    int expr                    # -1: <Else>
    bint is_else                # only if nothing before it in its chain applied
    plan_conf conf

cdef enum:
    SECTION_LOCATION = 0
    SECTION_LOCATION_MATCH = 1
    SECTION_PROXY = 2
    SECTION_PROXY_MATCH = 3

# SSLCipherSuite of sections: the names that the library reads out of it.
cdef struct cipher_list:
    int count
    text *names

cdef struct plan_section:
    unsigned char kind
    bint is_glob
    int regex                   # -1
    text pattern
    int group_count             # named groups that become variables MATCH_NAME
    int *groups                 # their numbers
    int *group_envs
    plan_conf conf

cdef enum:
    SECTION_DIRECTORY = 0
    SECTION_DIRECTORY_MATCH = 1
    SECTION_FILES = 2
    SECTION_FILES_MATCH = 3

# <Directory>, <Files> and their like, in the order in which they hold.
cdef struct file_section:
    unsigned char kind              # SECTION_DIRECTORY...
    bint is_glob
    int regex                       # -1
    text pattern
    int within                      # its directory's place; -1: none
    plan_conf conf

# Words of directives, by number (facts/words.py).
cdef enum:
    VIA_OFF = 0
    VIA_ON = 1
    VIA_FULL = 2
    VIA_BLOCK = 3

cdef enum:
    TRACE_OFF = 0
    TRACE_ON = 1
    TRACE_EXTENDED = 2

cdef enum:
    ENCODED_SLASHES_OFF = 0
    ENCODED_SLASHES_ON = 1
    ENCODED_SLASHES_NO_DECODE = 2

cdef enum:
    BAD_HEADER_IS_ERROR = 0
    BAD_HEADER_IGNORE = 1
    BAD_HEADER_START_BODY = 2

cdef enum:
    AUTH_MERGING_ENDS = -1      # Off is written, and no Require with it
    AUTH_MERGING_OFF = 0
    AUTH_MERGING_AND = 1
    AUTH_MERGING_OR = 2

# What parameters say of a member, filled by name from facts.member.Member: a time there
# in _ms is here in _us, a word is its number, None is 0.
cdef struct member_said:
    bint disable_reuse
    int proxy_protocol              # version of the header to begin with; 0: none
    bint keepalive
    long long ping_us               # 0: none
    long long connect_timeout_us    # 0: the timeout of the mapping
    long long timeout_us
    long long ttl_us
    long long acquire_us            # 0: for ever
    long long retry_us
    int max                         # 0: no bound
    int min
    int receive_buffer_bytes
    int io_buffer_bytes             # of a packet, where the protocol has some; 0: usual
    int flush_packets               # FLUSH_*

# facts/words.py: when what a member sent in packets is passed on
cdef enum:
    FLUSH_OFF = 0               # when it says so, enough has come, or that is all
    FLUSH_ON = 1                # each packet
    FLUSH_AUTO = 2              # when no more is there

# How a member is spoken to (facts/member.py)
cdef enum:
    PROTOCOL_HTTP = 0
    PROTOCOL_AJP = 1
    PROTOCOL_FCGI = 2
    PROTOCOL_SCGI = 3
    PROTOCOL_UWSGI = 4
    PROTOCOLS = 5

# Variables of a client's TLS that a member at ajp:// is told.
cdef enum:
    TOLD_CERTIFICATE = 0
    TOLD_CIPHER = 1
    TOLD_SESSION = 2
    TOLD_KEY_SIZE = 3
    TOLD_PROTOCOL = 4
    TOLD_TLS = 5

cdef struct plan_member:
    member_slot *slot
    member_said said
    int index
    int balancer                # -1: direct
    unsigned char protocol      # PROTOCOL_*
    text secret                 # of AJP
    text url                    # "http://h:8080/x"
    text name                   # "h:port" for messages
    text origin                 # the URL that a target is appended to
    text usual_port             # as of its mappings
    text host_field             # value of Host towards it
    text path                   # of the URL; empty for a direct member
    text route
    text unix_path
    int smax
    bint has_agent              # agentcheck=
    const unsigned char *source     # ProxySourceAddress, 16 bytes; NULL: not set
    unsigned int field_bytes
    bint is_websocket           # ws: or wss:
    bint upgrade_any            # upgrade=ANY
    int upgrade_count           # protocols that a client may change to (upgrade=)
    text *upgrades
    void *tls_context           # SSL_CTX; NULL: plain
    unsigned char tls_verify    # VERIFY_*
    bint no_crl_is_fine
    bint tls_refused            # no SSLProxyEngine, under Compat apache: 500
    bint tls_check_name
    bint tls_check_date
    text tls_name               # the host of its URL
    text remote_origin          # ProxyRemote: what the proxy is asked for begins so
    text remote_field           # ... and goes with Proxy-Authorization of this value
    text remote_connect         # of a member with TLS: the CONNECT that comes first

cdef struct plan_mapping:
    text pattern
    int regex                   # -1: prefix
    bint exclude
    bint decides                # access hangs on whether it matches
    bint nocanon
    bint noquery
    bint interpolate
    int balancer                # index, or -1
    int member                  # index, or -1
    bint is_plain               # a prefix, and
    text target_path            # what takes its place
    plan_format target          # its template, and
    plan_format interpolated    # that with variables in it (interpolate)
    bint target_has_groups
    bint is_websocket           # straight to a ws: or wss: member
    int section_count
    plan_section **sections     # <Proxy> sections that apply
    bint *section_dynamic       # ... if the target's URL is of theirs
    bint any_dynamic
    text base                   # "balancer://b" or "http://h:80": no path
    text usual_port             # ":80" that base need not write; "" when it has one
    long long timeout_us        # 0: none of its own

# AuthRequest: who is asked, and for what.
cdef struct plan_question:
    plan_mapping mapping
    text path                   # with its query

cdef enum:
    SIGN_IN_UNSAID = -1
    SIGN_IN_NOWHERE = -2

cdef struct plan_log:
    int target                  # index into log buffers
    plan_format format
    int condition
    bint condition_negated
    int expr                    # -1: none

cdef struct host_name:
    text name
    int vhost
    bint wildcard

# One stage of RequestReadTimeout (flow/read_time.pyx).
cdef struct read_limit:
    long long first_us          # 0: no limit
    long long most_us           # 0: grows without end
    long long byte_us           # for each byte that comes

# What directives say of a server, filled by name from facts.vhost.VHost, as above.
cdef struct vhost_said:
    long long timeout_us
    long long keepalive_timeout_us
    long long proxy_timeout_us      # 0: timeout_us
    long long websocket_idle_us     # 0: the time-out of other requests
    bint keepalive
    int max_keepalive_requests
    bint strict_host_check
    bint registered_methods_only    # HttpProtocolOptions RegisteredMethods
    bint merge_slashes
    bint merge_trailers
    bint proxy_requests
    unsigned char allow_encoded_slashes     # facts.words.EncodedSlashes
    unsigned char trace_enable              # facts.words.Trace
    unsigned char proxy_via                 # facts.words.Via
    unsigned char proxy_bad_header          # facts.words.BadHeader
    int proxy_max_forwards          # -1: do not add
    int deflate_level               # 1 to 9
    int deflate_memory
    int deflate_window              # bits
    unsigned int deflate_buffer     # bytes that are unpacked at once
    unsigned char deflate_etag      # facts.filters.AlterETag
    int brotli_quality
    int brotli_window               # bits
    int brotli_block                # bits; 0: the library's own
    unsigned char brotli_etag
    unsigned char request_id        # facts.words.RequestId
    bint trace_context
    int trace_sample_ppm            # of the traces that begin here

cdef enum:
    REQUEST_ID_OFF = 0
    REQUEST_ID_MAKE = 1
    REQUEST_ID_KEEP = 2

cdef struct plan_vhost:
    int index
    vhost_slot *counted         # how its requests end; NULL: nobody counts
    vhost_said said
    text server_name
    bint says_https             # ServerName https://...
    int port                    # canonical port, 0 unknown
    text server_header          # Server field's value
    text server_admin
    text request_id_header
    head_limits limits
    read_limit read_handshake
    read_limit read_header
    read_limit read_body
    plan_remote_ip remote_ip
    bint has_early              # RequestHeader ... early
    bint tells_kept             # the log tells of each connection that is too old
    bint tells_again            # ... and of each request that another member gets
    text document_root          # without its last slash
    int alias_count
    file_alias *aliases
    int file_section_count
    file_section *file_sections
    int access_name_count       # AccessFileName
    text *access_names
    text server_path            # ServerPath, for clients without Host
    text registered             # RegisterHttpMethod: " NAME NAME "
    bint asks_for_uri           # SetEnvIf Request_URI outside sections
    int connect_port_count          # AllowCONNECT: pairs of lowest and highest
    int *connect_ports
    const unsigned char *source     # ProxySourceAddress of what CONNECT reaches; NULL
    int mapping_count
    plan_mapping *mappings
    plan_conf conf
    unsigned int labels         # LABEL_*, and 1 << MIME_*: said of members' answers
    bint any_location           # a <Location> exists: the walk is needed
    bint any_if                 # an <If> exists, wherever
    bint any_filter             # over bodies of answers, wherever it is chosen
    int deflate_note_ratio      # variables of DeflateFilterNote; -1: none
    int deflate_note_input
    int deflate_note_output
    int brotli_note_ratio
    int brotli_note_input
    int brotli_note_output
    bint any_late_if            # one that cannot be decided before the mapping is known
    int section_count
    plan_section *sections
    int log_count
    plan_log *logs
    void *tls_context           # SSL_CTX with the certificates; NULL: plain
    void *tls_session_context   # SSL_CTX with the keys of the tickets
    unsigned char tls_verify    # VERIFY_*
    bint no_crl_is_fine         # of the clients' certificates
    int tls_group               # hosts of one group may be asked for; -1: plain
    bint strict_sni             # SSLStrictSNIVHostCheck
    rewrite_server *rewrite     # NULL: no line of mod_rewrite
    bint may_look               # rules or expressions ask about other requests
    plan_mapping *rewrite_mappings  # of its targets
    int page_count              # of the controller, that lines of this host name
    int telling_count           # of them, the first: they change nothing
    text *pages
    text page_head              # what stands before a page's name in what it is asked
    plan_mapping *pages_mapping     # leads to it; NULL: no line names a page

# Virtual hosts that share an address (facts.listener.AddressSet).
cdef struct plan_set:
    int count
    int *vhosts                 # in file order
    int name_count
    host_name *names            # in file order, exact and wildcard

cdef struct plan_listener:
    conn c                      # first: it stands in the epoll set
    int number
    int port
    bint wildcard               # the local address must be asked for
    plan_set *set               # when the address is known at start

cdef struct address_place:
    bint any_host
    unsigned char address[ADDRESS_BYTES]
    bint any_port
    int port

cdef struct address_rule:
    address_place place
    plan_set *set

cdef struct plan_root:
    bint compat_apache
    int vhost_count
    plan_vhost *vhosts
    int member_count
    plan_member *members
    int balancer_count
    balancer_plan *balancers
    text *balancer_names        # "balancer://name"
    int listener_count
    plan_listener *listeners
    int address_rule_count
    address_rule *address_rules
    int preface_on_count            # RemoteIPProxyProtocol: local addresses
    address_place *preface_on
    int preface_off_count           # ... where it does not hold all the same
    address_place *preface_off
    int preface_exception_count     # clients that send no header
    network *preface_exceptions
    int remote_ip_note              # the variable of the proxies' list; -1: none
    plan_set *main_set
    int env_count               # variables named anywhere
    # of members at ajp://: variables that they are told, by number (TOLD_*, AJP_name)
    int told_tls[TOLD_TLS]
    int told_env_count
    int *told_envs
    bint any_fake               # AuthBasicFake or FakeBasicAuth stands anywhere
    # SSLRequire, SSLUserName; SSLVerifyClient, SSLCipherSuite in a section
    bint any_tls_access
    cipher_list *cipher_lists   # by number; NULL: nobody shakes hands here
    bint any_elsewhere          # AuthRequest does
    bint lists_directories      # where Options Indexes holds; else nowhere
    nonce_view *nonces          # of the table
    int log_count
    long long max_connections_per_child
    int max_request_workers
    int max_client_connections  # 0: what descriptors allow
    int async_factor            # sixteenths; -1: Apache's formula does not hold
    bint extended_status
    bint buffered_logs

# Variables known by number before any rule is read.
cdef enum:
    ENV_BALANCER_NAME = 0
    ENV_BALANCER_WORKER_NAME = 1
    ENV_BALANCER_WORKER_ROUTE = 2
    ENV_BALANCER_SESSION_STICKY = 3
    ENV_BALANCER_SESSION_ROUTE = 4
    ENV_BALANCER_ROUTE_CHANGED = 5
    ENV_NO_PROXY = 6
    ENV_PROXY_NOKEEPALIVE = 7
    ENV_FORCE_PROXY_10 = 8
    ENV_PROXY_INITIAL_NOT_POOLED = 9
    ENV_PROXY_INTERIM = 10
    ENV_NOKEEPALIVE = 11
    ENV_FORCE_RESPONSE_10 = 12
    ENV_PROXY_ALLOW_HTTP09 = 13
    ENV_PROXY_NOHALFCLOSE = 14
    ENV_DOWNGRADE_10 = 15
    ENV_SUPPRESS_ERROR_CHARSET = 16
    ENV_FCGI_PATHINFO = 17
    ENV_SCGI_PATHINFO = 18

# The plan of this process.
cdef plan_root plan
