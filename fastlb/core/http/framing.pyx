"""Where a body ends (RFC 9112 6.3), decided once for both sides of the exchange.

A message whose length could be read in two ways is refused, or its connection is
closed behind it: what follows must never be taken for another message.

| message                                   | request | compat_apache  | response      |
|-------------------------------------------|---------|----------------|---------------|
| Content-Length twice, list, sign, empty   | 400     | 400            | 502           |
| Transfer-Encoding: chunked                | chunked | chunked        | chunked       |
| the same and Content-Length               | 400     | chunked, close | chunked, close|
| the same in HTTP/1.0 (RFC 9112 6.1)       | 400     | chunked, close | chunked, close|
| other codings, then chunked               | 501     | 501            | 502           |
| other codings, or chunked twice           | 400     | 400            | 502           |
| neither                                   | no body | no body        | until close   |

No client of today sends the doubtful ones, and whoever else reads them (a cache before
us, the member's own parser) may decide otherwise: a request is refused, not repaired.
"""
# uses: ground/chartable, ground/number, http/fields

cdef int framing_of_request(
    head *h, const char *data, const head_limits *limits, framing *out
) noexcept nogil:
    cdef int result = framing_from_fields(h, data, out)
    if result == 0 and out.close_after and not limits.compat_apache:
        result = -400
    if result < 0:
        h.why = WHY_FRAMING
    elif out.kind == BODY_UNTIL_CLOSE:
        out.kind = BODY_NONE
    return result


cdef int framing_of_response(
    head *h, const char *data, int request_method, framing *out
) noexcept nogil:
    # Also judged where there is no body: a client must not read another length out of
    # fields that are passed on (HEAD, 304).
    if framing_from_fields(h, data, out) < 0:
        h.why = WHY_FRAMING
        return -502
    if (
        request_method == METHOD_HEAD
        or h.status < 200 or h.status == 204 or h.status == 304
        or (request_method == METHOD_CONNECT and h.status < 300)
    ):
        out.kind = BODY_NONE
        out.length = 0
    return 0


# The rules that requests and responses share. Nothing said: BODY_UNTIL_CLOSE.
cdef inline int framing_from_fields(
    head *h, const char *data, framing *out
) noexcept nogil:
    cdef bint has_length = h.seen >> FIELD_CONTENT_LENGTH & 1
    cdef bint has_coding = h.seen >> FIELD_TRANSFER_ENCODING & 1
    cdef field *f
    cdef int result
    out.kind = BODY_UNTIL_CLOSE
    out.close_after = False
    out.length = 0
    if has_length:
        if field_is_repeated(h, FIELD_CONTENT_LENGTH):
            return -400
        f = head_field(h, FIELD_CONTENT_LENGTH)
        out.length = decimal_of(data + f.value, f.value_length)
        if out.length < 0:
            return -400
        out.kind = BODY_LENGTH
    if has_coding:
        result = check_transfer_coding(h, data)
        if result < 0:
            return result
        out.kind = BODY_CHUNKED
        out.length = 0
        out.close_after = has_length or h.minor != 1
    return 0


cdef bint field_is_repeated(head *h, int id) noexcept nogil:
    cdef unsigned int i
    for i in range(h.first[id] + 1, h.field_count):
        if h.fields[i].id == id:
            return True
    return False


# 0 when the one coding is "chunked"; -501 when it is the last of several and named
# once (RFC 9112 6.1: what is not understood is answered with 501); -400
cdef int check_transfer_coding(head *h, const char *data) noexcept nogil:
    cdef unsigned int i
    cdef int named = 0, codings = 0
    cdef bint last = False
    cdef field *f = head_field(h, FIELD_TRANSFER_ENCODING)
    cdef const char *p
    cdef const char *end
    cdef const char *coding
    if f.value_length == 7 and bytes_equal_nocase(data + f.value, "chunked", 7) \
            and not field_is_repeated(h, FIELD_TRANSFER_ENCODING):
        return 0
    for i in range(h.field_count):
        if h.fields[i].id != FIELD_TRANSFER_ENCODING:
            continue
        p = data + h.fields[i].value
        end = p + h.fields[i].value_length
        while True:
            while p < end and (p[0] == c" " or p[0] == c"\t"):
                p += 1
            coding = p
            while p < end and char_class[<unsigned char>p[0]] & CHAR_TOKEN:
                p += 1
            if p == coding:
                return -400     # an empty element, or no token
            last = p - coding == 7 and bytes_equal_nocase(coding, "chunked", 7)
            named += last
            codings += 1
            while p < end and (p[0] == c" " or p[0] == c"\t"):
                p += 1
            if p == end:
                break
            if p[0] != c",":
                return -400     # parameters, quotes
            p += 1
    return -501 if last and named == 1 and codings > 1 else -400
