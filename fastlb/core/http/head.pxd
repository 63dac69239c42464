# The head of an HTTP/1.x message as spans into the bytes received.
#
# A head is parsed from the start each time more bytes come, after a cheap test that
# its end is there (head_find_end keeps where it stopped looking). Nothing is copied;
# an obsolete line fold is blanked in place (RFC 9112 5.2), which is the one write.

cdef struct span:
    unsigned int offset     # from the start of the head
    unsigned int length     # bytes

# Names that a proxy must recognise. FIELD_OTHER is everything else.
cdef enum:
    FIELD_OTHER = 0
    FIELD_HOST
    FIELD_CONNECTION
    FIELD_KEEP_ALIVE
    FIELD_PROXY_CONNECTION
    FIELD_PROXY_AUTHENTICATE
    FIELD_PROXY_AUTHORIZATION
    FIELD_TE
    FIELD_TRAILER
    FIELD_TRANSFER_ENCODING
    FIELD_UPGRADE
    FIELD_CONTENT_LENGTH
    FIELD_EXPECT
    FIELD_COOKIE
    FIELD_VIA
    FIELD_MAX_FORWARDS
    FIELD_X_FORWARDED_FOR
    FIELD_X_FORWARDED_HOST
    FIELD_X_FORWARDED_SERVER
    FIELD_REFERER
    FIELD_USER_AGENT
    FIELD_CONTENT_TYPE
    FIELD_DATE
    FIELD_SERVER
    FIELD_LOCATION
    FIELD_CONTENT_LOCATION
    FIELD_URI
    FIELD_DESTINATION
    FIELD_SET_COOKIE
    FIELD_LAST_MODIFIED
    FIELD_EXPIRES
    FIELD_WWW_AUTHENTICATE
    FIELD_RETRY_AFTER
    FIELD_ID_COUNT

cdef struct field:
    unsigned int name       # offset of the first byte of the name
    unsigned int value      # offset of the value, blanks around it not counted
    unsigned int value_length
    unsigned short name_length
    unsigned char id        # FIELD_*
    unsigned char dropped   # the owner of the head took it out; 0 after parsing

# Limits of one virtual host (LimitRequest*), or of a member (responsefieldsize).
cdef struct head_limits:
    unsigned int line_bytes     # request line without CRLF; longer: -414
    unsigned int field_bytes    # one field line; longer: -400 (-502 in a response)
    unsigned int field_count    # more: -400
    # HttpProtocolOptions Strict; without it host names are judged more mildly, and
    # nothing else: the grammar stays
    bint strict
    bint allow_http09           # a request line without version; the body-less GET
    # Compat apache: any version of one digit each from 1.0 on, and Transfer-Encoding
    # beside Content-Length or from HTTP/1.0
    bint compat_apache
    bint ignore_bad_fields      # ProxyBadHeader Ignore: lines without ":" are skipped

# Why a head was refused: the sentence of the error page (Apache's wording).
cdef enum:
    WHY_NONE = 0
    WHY_FIELD_SIZE          # "Size of a request header field exceeds server limit."
    WHY_FIELD_COUNT         # "The number of request header fields exceeds ..."
    WHY_REQUEST_LINE
    WHY_FIELD_SYNTAX
    WHY_HOST
    WHY_FRAMING
    WHY_VERSION
    WHY_PLAIN_HTTP          # "You're speaking plain HTTP to an SSL-enabled ..."

cdef struct head:
    # request line
    span method
    span target             # as received
    unsigned char method_id     # METHOD_*
    # status line
    unsigned short status
    span reason             # length 0: none, or with an offset one that holds controls
    # both
    unsigned char minor     # 0 or 1: HTTP/1.0, HTTP/1.1 or later; 9: HTTP/0.9
    unsigned char why       # WHY_* after a refusal
    unsigned short field_count
    unsigned int length     # bytes of the head with its empty line
    unsigned int fields_at  # offset of the first field line
    unsigned int seen       # bit FIELD_id is set when that field occurs (ids 0-31)
    unsigned int seen_high  # ids 32-63
    unsigned int first[FIELDS_KNOWN_MAX]    # of the first field with that id, if seen
    field fields[FIELD_COUNT_MAX]


# Where the empty line that ends a head stands.
#
# data, length  bytes received so far (start of the head first)
# scanned       in/out: how far earlier calls have looked; begins at 0, else private
# returns       > 0 bytes of the head with its empty line; AGAIN. A first line without
#               a version is a head by itself: HTTP/0.9, or refused by the parser.
cdef int head_find_end(
    const char *data, unsigned int length, unsigned int *scanned) noexcept nogil

# How far the lines of a head have been counted that is not complete. Begins with zeros.
cdef struct head_count:
    unsigned int line       # offset of the line that is not complete
    unsigned int field      # offset of the field that it belongs to
    unsigned int looked     # from `line` to here no line ends
    unsigned int fields     # complete field lines
    bint first_line         # the request line is complete

# Count what has come of a request head that head_find_end finds incomplete: nobody need
# wait for the end of a head that is too large already.
#
# data, length  bytes received so far; folds may have been undone in them meanwhile
# returns       WHY_NONE, or which limit is exceeded: WHY_REQUEST_LINE, WHY_FIELD_SIZE,
#               WHY_FIELD_COUNT. What is wrong before that place the parser tells.
cdef unsigned char head_exceeds(
    const char *data, unsigned int length, head_count *c,
    const head_limits *limits) noexcept nogil

# Parse a complete request head (head_find_end said how long it is).
#
# out           need not be zeroed; all scalar members are set, arrays as far as used
# returns       > 0 bytes of the head; -400, -414 or -505 with out.why (RFC 9112 2.2, 3,
#               5; spec proxying.md 3.1 for what Apache answers); AGAIN when the head is
#               not complete: a caller whose buffer is full asks so whether what is
#               there can be refused already for a line that is too long
# A version other than 1.0 and 1.1 is refused; with limits.compat_apache a higher one
# is served as 1.1. Bytes behind the head may lie within length; they are not parsed.
# Does not judge Host or framing: head_check_host and framing_of_request do.
cdef int head_parse_request(
    head *out, char *data, unsigned int length,
    const head_limits *limits) noexcept nogil

# Parse a complete response head. returns > 0 bytes of it; -502 with out.why; AGAIN when
# it is not complete. Lines may end with a bare LF (RFC 9112 2.2). A reason
# that holds control characters has no length: the usual one must take its place.
cdef int head_parse_response(
    head *out, char *data, unsigned int length,
    const head_limits *limits) noexcept nogil

# Validity of Host and of an absolute-form target (config-language.md 8.4).
#
# strict        HttpProtocolOptions Strict
# host          out: the host name without port and without a last dot, of the target's
#               authority if it has one, else of the Host field; an IPv6 literal keeps
#               its brackets; length 0 when there is none (HTTP/1.0)
# path          out: path with query of the target ("/" when absolute-form has none);
#               "*" for OPTIONS *; length 0 for CONNECT
# returns       0 or -400
cdef int head_check_host(
    head *h, const char *data, bint strict, span *host, span *path) noexcept nogil

# The port that an authority names which was found valid; 0: none.
cdef int port_of_authority(const char *data, unsigned int length) noexcept nogil

# The first field with that id, or NULL.
cdef field *head_field(head *h, int id) noexcept nogil

# Does the comma list in the value hold the token (ASCII case ignored)?
cdef bint value_has_token(
    const char *value, unsigned int length,
    const char *token, unsigned int token_length) noexcept nogil

# Mark as dropped what must not travel (RFC 9110 7.6.1): Connection and every field it
# names, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade.
# close / keep_alive / upgrade: tokens met in Connection.
# returns 0, or FAILED: more is named than CONNECTION_OPTIONS_MAX, and such a head goes
# nowhere, since not all of that was taken out
cdef struct hop_facts:
    bint close
    bint keep_alive
    bint upgrade
cdef int head_drop_hop_by_hop(
    head *h, const char *data, hop_facts *facts) noexcept nogil
