"""The head of a message: from bytes to spans (RFC 9112 2 to 5).

One idea: look at each byte once with the widest compare there is, and let the fact
that a line is what we expect be the proof that it is valid. A recognised name needs no
check of its characters; a value scanned up to its CR holds no control byte.

One rule: what is not exactly right is refused. The single way to go on behind a
malformed line is `ignore_bad_fields`, for responses only. What Apache was seen to
answer is noted where the RFC leaves a choice.

A refusal is made in a function of its own, away from the straight path, and may look
at the line again to say why.
"""

# Set in head_find_end's `scanned` once the first line is complete and has a version.
cdef enum:
    FIRST_LINE_SEEN = 1 << 30


cdef int head_find_end(
    const char *data, unsigned int length, unsigned int *scanned
) noexcept nogil:
    cdef unsigned int at = scanned[0] & ~<unsigned int>FIRST_LINE_SEEN
    cdef const char *end = data + length
    cdef const char *line = data
    cdef const char *stop
    cdef int empty_lines = 0
    if not scanned[0] & FIRST_LINE_SEEN:
        while (
            empty_lines < EMPTY_LINES_MAX
            and end - line >= 2 and line[0] == c"\r" and line[1] == c"\n"
        ):
            line += 2
            empty_lines += 1
        if at < line - data:
            at = <unsigned int>(line - data)
        stop = NULL
        if at < length:
            stop = <const char *>memchr(data + at, c"\n", length - at)
        if stop == NULL:
            scanned[0] = length
            return AGAIN
        # A line that is the whole head, or can only be refused: nobody should wait for
        # more. HTTP/0.9 has no empty line to wait for.
        if not line_begins_head(line, stop):
            return <int>(stop + 1 - data)
        at = <unsigned int>(stop - data)
        scanned[0] = at | FIRST_LINE_SEEN
    stop = scan_empty_line(data + at, end)
    if stop != NULL:
        return <int>(stop - data)
    # The last two bytes may be the LF or LF CR of an empty line to come.
    if length >= 2 and length - 2 > at:
        scanned[0] = (length - 2) | FIRST_LINE_SEEN
    return AGAIN


# Do fields follow this first line? True for a status line and for a request line that
# ends with a version and CRLF.
cdef inline bint line_begins_head(const char *line, const char *lf) noexcept nogil:
    cdef long size = lf - line
    if size >= 5 and memcmp(line, "HTTP/", 5) == 0:
        return True
    return (
        size >= 10
        and (lf - 1)[0] == c"\r"
        and (lf - 10)[0] == c" "
        and memcmp(lf - 9, "HTTP/", 5) == 0
    )


cdef int head_parse_request(
    head *out, char *data, unsigned int length, const head_limits *limits
) noexcept nogil:
    cdef const char *end = data + length
    cdef const char *p = data
    cdef const char *line
    cdef int empty_lines = 0
    head_clear(out)
    while (
        empty_lines < EMPTY_LINES_MAX
        and end - p >= 2 and p[0] == c"\r" and p[1] == c"\n"
    ):
        p += 2
        empty_lines += 1
    line = p
    while p < end and char_class[<unsigned char>p[0]] & CHAR_TOKEN:
        p += 1
    if p == line or p == end or p[0] != c" ":
        return refuse_request_line(out, line, end, limits)
    out.method.offset = <unsigned int>(line - data)
    out.method.length = <unsigned int>(p - line)
    out.method_id = method_number(line, out.method.length)
    p += 1
    out.target.offset = <unsigned int>(p - data)
    p = scan_target(p, end)
    out.target.length = <unsigned int>(p - data) - out.target.offset
    # " HTTP/d.d" CRLF: exactly one space, one digit each (RFC 9112 2.3, 3)
    if (
        end - p < 11 or p[0] != c" " or memcmp(p + 1, "HTTP/", 5) != 0
        or p[9] != c"\r" or p[10] != c"\n" or p[7] != c"."
        or not char_class[<unsigned char>p[6]] & CHAR_DIGIT
        or not char_class[<unsigned char>p[8]] & CHAR_DIGIT
    ):
        return request_line_without_version(out, line, p, data, end, limits)
    if p + 9 - line > limits.line_bytes:
        out.why = WHY_REQUEST_LINE
        return -414
    if p[6] == c"0":
        out.why = WHY_VERSION
        return -400
    # A higher minor version is served as 1.1 (RFC 9110 2.5), and so is a higher major
    # version in this syntax, as Apache does: framing and Host obey the rules of 1.1.
    out.minor = 0 if p[6] == c"1" and p[8] == c"0" else 1
    if not target_is_valid(out, data):
        return refuse_request_line(out, line, end, limits)
    out.fields_at = <unsigned int>(p + 11 - data)
    return parse_fields(out, data, <char *>p + 11, end, limits, 400)


cdef inline void head_clear(head *out) noexcept nogil:
    out.method.offset = out.method.length = 0
    out.target.offset = out.target.length = 0
    out.reason.offset = out.reason.length = 0
    out.method_id = METHOD_OTHER
    out.status = 0
    out.minor = 0
    out.why = WHY_NONE
    out.field_count = 0
    out.length = 0
    out.fields_at = 0
    out.seen = 0
    out.seen_high = 0


# Method names are compared with their case (RFC 9110 9.1).
cdef inline unsigned char method_number(
    const char *p, unsigned int length
) noexcept nogil:
    if length == 3:
        if memcmp(p, "GET", 3) == 0:
            return METHOD_GET
        if memcmp(p, "PUT", 3) == 0:
            return METHOD_PUT
    elif length == 4:
        if memcmp(p, "POST", 4) == 0:
            return METHOD_POST
        if memcmp(p, "HEAD", 4) == 0:
            return METHOD_HEAD
    elif length == 5:
        if memcmp(p, "PATCH", 5) == 0:
            return METHOD_PATCH
        if memcmp(p, "TRACE", 5) == 0:
            return METHOD_TRACE
    elif length == 6:
        if memcmp(p, "DELETE", 6) == 0:
            return METHOD_DELETE
    elif length == 7:
        if memcmp(p, "OPTIONS", 7) == 0:
            return METHOD_OPTIONS
        if memcmp(p, "CONNECT", 7) == 0:
            return METHOD_CONNECT
    return METHOD_OTHER


# The four forms of a target (RFC 9112 3.2). A target that is no path must never reach
# the mapping (CVE-2011-3368: "@host" glued to a member's URL).
cdef inline bint target_is_valid(head *h, const char *data) noexcept nogil:
    cdef const char *target = data + h.target.offset
    cdef unsigned int length = h.target.length
    if length == 0:
        return False
    if h.method_id == METHOD_CONNECT:
        return target[0] != c"/" and memchr(target, c"/", length) == NULL
    if target[0] == c"/":
        return True
    if length == 1 and target[0] == c"*":
        return h.method_id == METHOD_OPTIONS
    return scheme_length(target, length) != 0


# Bytes of "http://" or "https://" at the start, 0 when it is neither.
cdef unsigned int scheme_length(const char *p, unsigned int length) noexcept nogil:
    if length > 7 and bytes_equal_nocase(p, "http://", 7):
        return 7
    if length > 8 and bytes_equal_nocase(p, "https://", 8):
        return 8
    return 0


# Method and target are there and stop at p, but no " HTTP/d.d" CRLF follows.
cdef int request_line_without_version(
    head *out, const char *line, const char *p, const char *data, const char *end,
    const head_limits *limits
) noexcept nogil:
    # Apache takes one space behind the target, and HTTP/0.9 for GET only.
    if p < end and p[0] == c" ":
        p += 1
    if (
        end - p < 2 or p[0] != c"\r" or p[1] != c"\n"
        or not target_is_valid(out, data)
    ):
        return refuse_request_line(out, line, end, limits)
    if p - line > limits.line_bytes:
        out.why = WHY_REQUEST_LINE
        return -414
    if not limits.allow_http09 or out.method_id != METHOD_GET:
        out.why = WHY_VERSION
        return -400
    out.minor = 9
    out.fields_at = out.length = <unsigned int>(p + 2 - data)
    return <int>out.length


# 414 comes before 400, because Apache measures the line before it reads it. A line
# whose end has not come yet may still be right: AGAIN.
cdef int refuse_request_line(
    head *out, const char *line, const char *end, const head_limits *limits
) noexcept nogil:
    cdef const char *stop = <const char *>memchr(line, c"\n", end - line)
    cdef long size = end - line if stop == NULL else stop - line
    if stop != NULL and size > 0 and (stop - 1)[0] == c"\r":
        size -= 1
    out.why = WHY_REQUEST_LINE
    if size > limits.line_bytes:
        return -414
    if stop == NULL:
        out.why = WHY_NONE
        return AGAIN
    return -400


cdef int head_parse_response(
    head *out, char *data, unsigned int length, const head_limits *limits
) noexcept nogil:
    cdef const char *end = data + length
    cdef const char *p = data
    cdef const char *stop
    cdef const char *reason_end
    head_clear(out)
    if end - p >= 2 and p[0] == c"\r" and p[1] == c"\n":
        p += 2
    stop = <const char *>memchr(p, c"\n", end - p)
    if stop == NULL:
        if end - p > limits.field_bytes:
            out.why = WHY_FIELD_SIZE
            return -502
        return AGAIN
    reason_end = stop - 1 if stop > p and (stop - 1)[0] == c"\r" else stop
    if reason_end - p > limits.field_bytes:
        out.why = WHY_FIELD_SIZE
        return -502
    # "HTTP/1.d ddd", then the end or SP and the reason (RFC 9112 4)
    if (
        reason_end - p < 12 or memcmp(p, "HTTP/1.", 7) != 0 or p[8] != c" "
        or not char_class[<unsigned char>p[7]] & CHAR_DIGIT
        or not c"1" <= p[9] <= c"9"
        or not char_class[<unsigned char>p[10]] & CHAR_DIGIT
        or not char_class[<unsigned char>p[11]] & CHAR_DIGIT
        or (reason_end - p > 12 and p[12] != c" ")
    ):
        out.why = WHY_VERSION
        return -502
    out.minor = 0 if p[7] == c"0" else 1
    out.status = <unsigned short>(
        (p[9] - c"0") * 100 + (p[10] - c"0") * 10 + (p[11] - c"0")
    )
    p += 13
    if p < reason_end:
        # A reason with control characters is not passed on: it is left empty, and the
        # standard phrase takes its place (CVE-2026-33523; Apache does the same).
        out.reason.offset = <unsigned int>(p - data)
        if scan_value(p, reason_end) == reason_end:
            out.reason.length = <unsigned int>(reason_end - p)
    out.fields_at = <unsigned int>(stop + 1 - data)
    return parse_fields(out, data, <char *>stop + 1, end, limits, 502)


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
            out.field_count = <unsigned short>count
            out.seen = <unsigned int>seen
            out.seen_high = <unsigned int>(seen >> 32)
            out.length = <unsigned int>(p + 2 - data)
            return <int>out.length
        stop = scan_colon(p, end)
        name_length = stop - p
        id = field_number(p, name_length)
        if id == FIELD_OTHER and (stop == end or not bytes_are_token(p, name_length)):
            # Not a field line: the end of a head with bare LF, a line to be skipped,
            # one that is not complete, or a malformed one.
            if not is_request and p[0] == c"\n":
                out.field_count = <unsigned short>count
                out.seen = <unsigned int>seen
                out.seen_high = <unsigned int>(seen >> 32)
                out.length = <unsigned int>(p + 1 - data)
                return <int>out.length
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
                break
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


# The end of [begin, end) without SP and HTAB before it.
cdef inline char *without_blanks(char *begin, char *end) noexcept nogil:
    while end > begin and ((end - 1)[0] == c" " or (end - 1)[0] == c"\t"):
        end -= 1
    return end


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


cdef bint value_has_token(
    const char *value, unsigned int length,
    const char *token, unsigned int token_length
) noexcept nogil:
    cdef const char *p = value
    cdef const char *end = value + length
    cdef const char *begin
    cdef unsigned int size
    while next_list_member(&p, end, &begin, &size):
        if size == token_length and bytes_equal_nocase(begin, token, size):
            return True
    return False


# The next member of a comma list; empty ones are passed over (RFC 9110 5.6.1).
cdef inline bint next_list_member(
    const char **p, const char *end, const char **begin, unsigned int *size
) noexcept nogil:
    cdef const char *at = p[0]
    cdef const char *stop
    while at < end and (at[0] == c" " or at[0] == c"\t" or at[0] == c","):
        at += 1
    if at == end:
        return False
    begin[0] = at
    while at < end and at[0] != c",":
        at += 1
    stop = at
    stop = without_blanks(<char *>begin[0], <char *>stop)
    size[0] = <unsigned int>(stop - begin[0])
    p[0] = at
    return True


# Fields that end at the next hop whether Connection names them or not; all ids < 32.
cdef enum:
    HOP_BY_HOP_IDS = (
        1 << FIELD_CONNECTION | 1 << FIELD_KEEP_ALIVE | 1 << FIELD_PROXY_CONNECTION
        | 1 << FIELD_TE | 1 << FIELD_TRAILER | 1 << FIELD_TRANSFER_ENCODING
        | 1 << FIELD_UPGRADE
    )


cdef void head_drop_hop_by_hop(
    head *h, const char *data, hop_facts *facts
) noexcept nogil:
    cdef unsigned int i
    cdef field *f
    facts.close = facts.keep_alive = facts.upgrade = False
    if not h.seen & HOP_BY_HOP_IDS:
        return
    for i in range(h.field_count):
        f = &h.fields[i]
        if f.id < 32 and <unsigned int>1 << f.id & HOP_BY_HOP_IDS:
            f.dropped = 1
            if f.id == FIELD_CONNECTION:
                drop_named_fields(h, data, f, facts)


cdef void drop_named_fields(
    head *h, const char *data, field *connection, hop_facts *facts
) noexcept nogil:
    cdef const char *p = data + connection.value
    cdef const char *end = p + connection.value_length
    cdef const char *begin
    cdef unsigned int size
    cdef unsigned int i
    cdef int options = 0
    cdef field *f
    while next_list_member(&p, end, &begin, &size):
        if size == 5 and bytes_equal_nocase(begin, "close", 5):
            facts.close = True
        elif size == 10 and bytes_equal_nocase(begin, "keep-alive", 10):
            facts.keep_alive = True
        elif size == 7 and bytes_equal_nocase(begin, "upgrade", 7):
            facts.upgrade = True
        else:
            options += 1
            if options > CONNECTION_OPTIONS_MAX:
                # Each option costs a walk over the fields: this is an attack.
                facts.close = True
                return
            for i in range(h.field_count):
                f = &h.fields[i]
                if f.name_length == size and bytes_equal_nocase(
                    data + f.name, begin, size
                ):
                    f.dropped = 1
