# What a head is when it has been read: spans into its bytes, and its fields by number.

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

# The first field with that id, or NULL.
cdef field *head_field(head *h, int id) noexcept nogil
