"""Where a body ends (RFC 9112 6.3), decided once for both sides of the exchange.

A message whose length could be read in two ways is refused, or its connection is
closed behind it: what follows must never be taken for another message.

| message                                   | request        | response      |
|-------------------------------------------|----------------|---------------|
| Content-Length twice, list, sign, empty   | 400            | 502           |
| Transfer-Encoding: chunked                | chunked        | chunked       |
| the same and Content-Length               | chunked, close | chunked, close|
| the same in HTTP/1.0 (RFC 9112 6.1)       | chunked, close | chunked, close|
| list of codings that ends with chunked    | 500 (AH01093)  | 502           |
| other codings                             | 400            | 502           |
| neither                                   | no body        | until close   |
"""

cdef int framing_of_request(head *h, const char *data, framing *out) noexcept nogil:
    cdef int result = framing_from_fields(h, data, out)
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
    cdef int result
    out.kind = BODY_UNTIL_CLOSE
    out.close_after = False
    out.length = 0
    if has_length:
        if field_is_repeated(h, FIELD_CONTENT_LENGTH):
            return -400
        out.length = content_length(head_field(h, FIELD_CONTENT_LENGTH), data)
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


# Digits only, below 2**63; -1 otherwise.
cdef long long content_length(field *f, const char *data) noexcept nogil:
    cdef const char *p = data + f.value
    cdef const char *end = p + f.value_length
    cdef long long value = 0
    cdef int digit
    if p == end:
        return -1
    while p < end:
        if not char_class[<unsigned char>p[0]] & CHAR_DIGIT:
            return -1
        digit = p[0] - c"0"
        if value > (LLONG_MAX - digit) // 10:
            return -1
        value = value * 10 + digit
        p += 1
    return value


# 0 when the one coding is "chunked"; -500 when chunked is the last of several; -400
cdef int check_transfer_coding(head *h, const char *data) noexcept nogil:
    cdef unsigned int i
    cdef bint is_repeated = field_is_repeated(h, FIELD_TRANSFER_ENCODING)
    cdef field *f = head_field(h, FIELD_TRANSFER_ENCODING)
    cdef const char *p
    if not is_repeated:
        if f.value_length == 7 and bytes_equal_nocase(data + f.value, "chunked", 7):
            return 0
    else:
        for i in range(h.field_count):
            if h.fields[i].id == FIELD_TRANSFER_ENCODING:
                f = &h.fields[i]
    if f.value_length >= 7:
        p = data + f.value + f.value_length - 7
        if bytes_equal_nocase(p, "chunked", 7) and (
            f.value_length == 7
            or not char_class[<unsigned char>(p - 1)[0]] & CHAR_TOKEN
        ):
            return -500
    return -400
