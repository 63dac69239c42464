"""The head of a message: from bytes to spans (RFC 9112 2 to 4).

Where it ends, then its first line; the fields are the next chapter.

One idea: look at each byte once with the widest compare there is, and let the fact
that a line is what we expect be the proof that it is valid.

One rule: what is not exactly right is refused. What Apache was seen to answer is noted
where the RFC leaves a choice.

A refusal is made in a function of its own, away from the straight path, and may look
at the line again to say why.
"""
# uses: ground/chartable, http/scan, http/fields

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
    if not scanned[0] & FIRST_LINE_SEEN:
        line = behind_empty_lines(data, end)
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


# Where the first line begins, behind what is forgiven before it.
cdef inline const char *behind_empty_lines(
    const char *p, const char *end
) noexcept nogil:
    cdef int _
    for _ in range(EMPTY_LINES_MAX):
        if end - p >= 2 and p[0] == c"\r" and p[1] == c"\n":
            p += 2
    return p


# Do fields follow this first line? True for a status line and for a request line that
# ends with a version and CRLF.
cdef inline bint line_begins_head(const char *line, const char *lf) noexcept nogil:
    cdef long size = lf - line
    if size >= 5 and memcmp(line, "HTTP/", 5) == 0:
        return True
    return (
        size >= 10
        and byte_before(line, <unsigned int>size) == c"\r"
        and (lf - 10)[0] == c" "
        and memcmp(lf - 9, "HTTP/", 5) == 0
    )


cdef int head_parse_request(
    head *out, char *data, unsigned int length, const head_limits *limits
) noexcept nogil:
    cdef const char *end = data + length
    cdef const char *line = behind_empty_lines(data, end)
    cdef const char *p = line
    head_clear(out)
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
    out.minor = 0 if p[6] == c"1" and p[8] == c"0" else 1
    if not target_is_valid(out, data):
        return refuse_request_line(out, line, end, limits)
    # Who writes another version may mean other rules: HTTP/2.0 in this syntax
    # is no HTTP/2, and no client of today says HTTP/1.2. Apache serves all as 1.1.
    if not limits.compat_apache and (p[6] != c"1" or p[8] > c"1"):
        out.why = WHY_VERSION
        return -505
    out.fields_at = <unsigned int>(p + 11 - data)
    return parse_fields(out, data, <char *>p + 11, end, limits, 400)


cdef inline void head_clear(head *out) noexcept nogil:
    # Everything up to the fields, which are written as far as they are counted.
    memset(out, 0, <size_t>(<char *>&out.first[0] - <char *>out))


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
    if stop != NULL and byte_before(line, <unsigned int>size) == c"\r":
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
    cdef const char *p = behind_empty_lines(data, end)
    cdef const char *stop
    cdef const char *reason_end
    head_clear(out)
    stop = <const char *>memchr(p, c"\n", end - p)
    if stop == NULL:
        if end - p > limits.field_bytes:
            out.why = WHY_FIELD_SIZE
            return -502
        return AGAIN
    reason_end = stop
    if byte_before(p, <unsigned int>(stop - p)) == c"\r":
        reason_end -= 1
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
        # A reason with control characters is not passed on: it gets no length, and the
        # usual phrase takes its place (CVE-2026-33523; Apache does the same).
        out.reason.offset = <unsigned int>(p - data)
        if scan_value(p, reason_end) == reason_end:
            out.reason.length = <unsigned int>(reason_end - p)
    out.fields_at = <unsigned int>(stop + 1 - data)
    return parse_fields(out, data, <char *>stop + 1, end, limits, 502)
