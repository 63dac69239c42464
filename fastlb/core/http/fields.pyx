"""Field lines (RFC 9112 5).

    field-name ":" OWS field-value OWS CRLF

A recognised name needs no check of its characters, and a value scanned up to its CR
holds no control byte: most lines are proven valid by the compares that read them.

The single way to go on behind a malformed line is `ignore_bad_fields`, and only in a
response.
"""
# uses: ground/chartable, ground/text, http/scan

# The field lines up to the empty one. `status`: 400 for a request, 502 for a response,
# whose lines may also end with a bare LF (RFC 9112 2.2; Apache takes it there).
cdef inline int parse_fields(
    head *out, char *data, char *p, const char *end, const head_limits *limits,
    int status
) noexcept nogil:
    cdef bint is_request = status == 400
    cdef unsigned int count_max = FIELD_COUNT_MAX
    cdef unsigned int count = 0
    cdef unsigned long long seen = 0
    cdef unsigned long long bit
    cdef char *line
    cdef char *value
    cdef char *value_end
    cdef const char *stop
    cdef field *f
    cdef long name_length
    cdef int id
    if limits.field_count != 0 and limits.field_count < count_max:
        count_max = limits.field_count
    while p < end:
        line = p
        if p[0] == c"\r":
            if end - p < 2:
                break
            if p[1] != c"\n":
                return refuse(out, WHY_FIELD_SYNTAX, status)
            return fields_end(out, count, seen, p + 2 - data)
        stop = scan_colon(p, end)
        name_length = stop - p
        id = field_number(p, name_length)
        if stop == end or (
            id == FIELD_OTHER and not bytes_are_token(p, name_length)
        ):
            # Not a field line: the end of a head with bare LF, a line to be skipped,
            # one that is not complete, or a malformed one.
            if not is_request and p[0] == c"\n":
                return fields_end(out, count, seen, p + 1 - data)
            p = behind_odd_line(out, p, end, limits, status)
            if p == NULL:
                return AGAIN if out.why == WHY_NONE else -status
            continue
        value = <char *>stop + 1
        while value < end and (value[0] == c" " or value[0] == c"\t"):
            value += 1
        stop = scan_value(value, end)
        if end - stop < 2:
            break
        value_end = <char *>stop
        if stop[0] == c"\r" and stop[1] == c"\n":
            p = <char *>stop + 2
        elif stop[0] == c"\n" and not is_request:
            p = <char *>stop + 1
        else:
            return refuse(out, WHY_FIELD_SYNTAX, status)
        if stop - line > limits.field_bytes:
            return refuse(out, WHY_FIELD_SIZE, status)
        value_end = without_blanks(value, value_end)
        if p < end and (p[0] == c" " or p[0] == c"\t"):
            if unfold(&p, &value_end, value, end, is_request) < 0:
                return refuse(out, WHY_FIELD_SYNTAX, status)
            if p == NULL:
                return AGAIN
            if p - 2 - line > limits.field_bytes:
                return refuse(out, WHY_FIELD_SIZE, status)
        if count == count_max:
            return refuse(out, WHY_FIELD_COUNT, status)
        f = &out.fields[count]
        f.name = <unsigned int>(line - data)
        f.value = <unsigned int>(value - data)
        f.value_length = <unsigned int>(value_end - value)
        f.name_length = <unsigned short>name_length
        f.id = <unsigned char>id
        f.dropped = 0
        bit = <unsigned long long>1 << id
        if not seen & bit:
            seen |= bit
            out.first[id] = count
        count += 1
    # No empty line yet. What is too long already need not be waited for.
    if end - p > limits.field_bytes and memchr(p, c"\n", end - p) == NULL:
        return refuse(out, WHY_FIELD_SIZE, status)
    return AGAIN


# The empty line was met: the head is so long.
cdef inline int fields_end(
    head *out, unsigned int count, unsigned long long seen, long length
) noexcept nogil:
    out.field_count = <unsigned short>count
    out.seen = <unsigned int>seen
    out.seen_high = <unsigned int>(seen >> 32)
    out.length = <unsigned int>length
    return <int>length


cdef inline int refuse(head *out, int why, int status) noexcept nogil:
    out.why = <unsigned char>why
    return -status


# A name is known by its length, then by its letters. The most frequent length first
# would not help: the compiler makes a jump table of this.
cdef inline int field_number(const char *p, long length) noexcept nogil:
    if length == 2:
        if name_is(p, "te", 2):
            return FIELD_TE
    elif length == 3:
        if name_is(p, "via", 3):
            return FIELD_VIA
        if name_is(p, "uri", 3):
            return FIELD_URI
    elif length == 4:
        if name_is(p, "host", 4):
            return FIELD_HOST
        if name_is(p, "date", 4):
            return FIELD_DATE
    elif length == 6:
        if name_is(p, "cookie", 6):
            return FIELD_COOKIE
        if name_is(p, "expect", 6):
            return FIELD_EXPECT
        if name_is(p, "server", 6):
            return FIELD_SERVER
    elif length == 7:
        if name_is(p, "referer", 7):
            return FIELD_REFERER
        if name_is(p, "upgrade", 7):
            return FIELD_UPGRADE
        if name_is(p, "trailer", 7):
            return FIELD_TRAILER
        if name_is(p, "expires", 7):
            return FIELD_EXPIRES
    elif length == 8:
        if name_is(p, "location", 8):
            return FIELD_LOCATION
    elif length == 10:
        if name_is(p, "connection", 10):
            return FIELD_CONNECTION
        if name_is(p, "user-agent", 10):
            return FIELD_USER_AGENT
        if name_is(p, "keep-alive", 10):
            return FIELD_KEEP_ALIVE
        if name_is(p, "set-cookie", 10):
            return FIELD_SET_COOKIE
    elif length == 11:
        if name_is(p, "destination", 11):
            return FIELD_DESTINATION
        if name_is(p, "retry-after", 11):
            return FIELD_RETRY_AFTER
    elif length == 12:
        if name_is(p, "content-type", 12):
            return FIELD_CONTENT_TYPE
        if name_is(p, "max-forwards", 12):
            return FIELD_MAX_FORWARDS
    elif length == 13:
        if name_is(p, "last-modified", 13):
            return FIELD_LAST_MODIFIED
    elif length == 14:
        if name_is(p, "content-length", 14):
            return FIELD_CONTENT_LENGTH
    elif length == 15:
        if name_is(p, "x-forwarded-for", 15):
            return FIELD_X_FORWARDED_FOR
    elif length == 16:
        if name_is(p, "x-forwarded-host", 16):
            return FIELD_X_FORWARDED_HOST
        if name_is(p, "content-location", 16):
            return FIELD_CONTENT_LOCATION
        if name_is(p, "proxy-connection", 16):
            return FIELD_PROXY_CONNECTION
        if name_is(p, "www-authenticate", 16):
            return FIELD_WWW_AUTHENTICATE
    elif length == 17:
        if name_is(p, "transfer-encoding", 17):
            return FIELD_TRANSFER_ENCODING
    elif length == 18:
        if name_is(p, "x-forwarded-server", 18):
            return FIELD_X_FORWARDED_SERVER
        if name_is(p, "proxy-authenticate", 18):
            return FIELD_PROXY_AUTHENTICATE
    elif length == 19:
        if name_is(p, "proxy-authorization", 19):
            return FIELD_PROXY_AUTHORIZATION
    return FIELD_OTHER


# A token of 1 to 65535 bytes?
cdef inline bint bytes_are_token(const char *p, long length) noexcept nogil:
    cdef unsigned char bits = CHAR_TOKEN
    cdef long i
    if length < 1 or length > 65535:
        return False
    for i in range(length):
        bits &= char_class[<unsigned char>p[i]]
    return bits != 0


# Where to go on behind a line that is no field line. NULL: nowhere; out.why says
# whether it is malformed (WHY_*) or has not come to its end (WHY_NONE).
cdef char *behind_odd_line(
    head *out, char *p, const char *end, const head_limits *limits, int status
) noexcept nogil:
    cdef const char *stop = <const char *>memchr(p, c"\n", end - p)
    cdef long size = end - p if stop == NULL else stop - p
    if size > limits.field_bytes:
        out.why = WHY_FIELD_SIZE
        return NULL
    if stop == NULL:
        # What is there may be the beginning of a good line.
        return NULL
    if status == 502 and memchr(p, c":", size) == NULL:
        # A second status line is left over from a CGI program; Apache skips it always,
        # other lines without a colon only under ProxyBadHeader Ignore.
        if limits.ignore_bad_fields or (size >= 8 and memcmp(p, "HTTP/1.", 7) == 0):
            return <char *>stop + 1
    out.why = WHY_FIELD_SYNTAX
    return NULL


# Join folded lines in place: the continuation moves up behind one space, and what
# becomes free is blanked before the last CRLF (RFC 9112 5.2). Parsing the same bytes
# again gives the same field.
#
# p             in: first byte of the continuation; out: the line after the last one,
#               NULL when the last one is not complete
# value_end     in/out: end of the value without blanks
# returns       0, or -1 for a control byte, and in a request for a line of nothing but
#               blanks (Apache: 400)
cdef int unfold(
    char **p, char **value_end, char *value, const char *end, bint is_request
) noexcept nogil:
    cdef char *at = p[0]
    cdef char *begin
    cdef char *stop
    cdef char *behind
    cdef char *to
    while at < end and (at[0] == c" " or at[0] == c"\t"):
        begin = at
        while begin < end and (begin[0] == c" " or begin[0] == c"\t"):
            begin += 1
        stop = <char *>scan_value(begin, end)
        if end - stop < 2:
            p[0] = NULL
            return 0
        if stop[0] == c"\r" and stop[1] == c"\n":
            behind = stop + 2
        elif stop[0] == c"\n" and not is_request:
            behind = stop + 1
        else:
            return -1
        if begin == stop and is_request:
            return -1
        to = value_end[0]
        if begin < stop:
            if to > value:
                to[0] = c" "
                to += 1
            memmove(to, begin, stop - begin)
            to += stop - begin
            to = without_blanks(value, to)
            value_end[0] = to
        memset(to, c" ", stop - to)
        at = behind
    # Whether the next line goes on with this field is known only when it has begun.
    p[0] = at if at < end else NULL
    return 0


cdef field *head_field(head *h, int id) noexcept nogil:
    cdef unsigned int bits = h.seen if id < 32 else h.seen_high
    if bits >> (id & 31) & 1:
        return &h.fields[h.first[id]]
    return NULL


# Take out the fields whose name_length was set to 0.
cdef void head_without_nameless(head *h) noexcept nogil:
    cdef int i
    cdef int count = 0
    cdef unsigned long long seen = 0
    cdef unsigned long long bit
    for i in range(h.field_count):
        if h.fields[i].name_length == 0:
            continue
        h.fields[count] = h.fields[i]
        bit = <unsigned long long>1 << h.fields[count].id
        if not seen & bit:
            seen |= bit
            h.first[h.fields[count].id] = count
        count += 1
    h.field_count = <unsigned short>count
    h.seen = <unsigned int>seen
    h.seen_high = <unsigned int>(seen >> 32)
