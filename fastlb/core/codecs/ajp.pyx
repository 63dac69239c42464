"""AJP 1.3 as bytes (ajp.pxd)."""
# uses: ground/chartable, ground/text, io/writer, http/scan, http/fields, http/exit

cdef enum:
    AJP_AT_MAGIC = 0
    AJP_AT_MAGIC_END = 1
    AJP_AT_LENGTH = 2
    AJP_AT_LENGTH_END = 3
    AJP_AT_TYPE = 4
    AJP_AT_NUMBER = 5           # of bytes: of a piece, or that are asked for
    AJP_AT_NUMBER_END = 6
    AJP_AT_DATA = 7
    AJP_AT_REUSE = 8
    AJP_AT_REST = 9             # what else the packet holds: a piece ends with a NUL
    AJP_AT_END = 10
    AJP_AT_FAULT = 11

cdef enum:
    AJP_FIELD_CODED = 0xA000
    AJP_ANSWER_FIELDS = 11

# By number, from 1 on; those of an answer as they stand before its value.
cdef value[AJP_ANSWER_FIELDS + 1] AJP_ANSWER_NAMES
cdef const char *AJP_ANSWER_WORDS = (
    b"Content-Type: Content-Language: Content-Length: Date: Last-Modified: Location: "
    b"Set-Cookie: Set-Cookie2: Servlet-Engine: Status: WWW-Authenticate: ")
cdef const char *AJP_METHODS = (
    b"OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK"
    b" UNLOCK ACL REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE"
    b" UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY ")


cdef inline unsigned int ajp_u16(const char *p) noexcept nogil:
    return <unsigned int>(<unsigned char>p[0]) << 8 | <unsigned char>p[1]


cdef int ajp_packet(
        const char *data, unsigned int length, unsigned int packet_max) noexcept nogil:
    """A packet at the beginning of `data`: its bytes with its head; AGAIN; FAILED."""
    cdef unsigned int whole
    if length and data[0] != c'A' or length > 1 and data[1] != c'B':
        return FAILED
    if length < AJP_PACKET_HEAD:
        return AGAIN
    whole = ajp_u16(data + 2) + AJP_PACKET_HEAD
    if whole == AJP_PACKET_HEAD or whole > packet_max:
        return FAILED
    return <int>whole if length >= whole else AGAIN


# --- behind the head of an answer

cdef int ajp_decode(
        ajp_decoder *d, char *data, unsigned int length, unsigned int *payload,
        unsigned int *consumed) noexcept nogil:
    """Take the packets off what has come behind the head of an answer, in place.

    data[:payload] is the body that data[:consumed] brought; what stands behind the end
    of the answer is not consumed. returns 0, or FAILED: no such packet may come here
    """
    cdef char *p = data
    cdef char *end = data + length
    cdef char *out = data
    cdef unsigned int size
    while p < end and d.state < AJP_AT_END:
        if d.state == AJP_AT_DATA:
            size = <unsigned int>(end - p)
            if size > d.data_left:
                size = d.data_left
            if out != p:
                memmove(out, p, size)
            out += size
            p += size
            d.data_left -= size
            d.left -= size
            if d.data_left == 0:
                ajp_at_rest(d)
        else:
            ajp_step(d, <unsigned char>p[0])
            p += 1
    payload[0] = <unsigned int>(out - data)
    consumed[0] = <unsigned int>(p - data)
    return FAILED if d.state == AJP_AT_FAULT else 0


cdef void ajp_step(ajp_decoder *d, unsigned char c) noexcept nogil:
    """One byte that is none of a body."""
    if d.state == AJP_AT_MAGIC:
        d.state = AJP_AT_MAGIC_END if c == c'A' else AJP_AT_FAULT
    elif d.state == AJP_AT_MAGIC_END:
        d.state = AJP_AT_LENGTH if c == c'B' else AJP_AT_FAULT
    elif d.state == AJP_AT_LENGTH:
        d.left = <unsigned int>c << 8
        d.state = AJP_AT_LENGTH_END
    elif d.state == AJP_AT_LENGTH_END:
        d.left |= c
        d.state = AJP_AT_TYPE
        if d.left == 0 or d.left + AJP_PACKET_HEAD > d.packet_max:
            d.state = AJP_AT_FAULT
    else:
        d.left -= 1     # it is at least 1: AJP_AT_REST ends with the packet
        ajp_content(d, c)


cdef void ajp_content(ajp_decoder *d, unsigned char c) noexcept nogil:
    if d.state == AJP_AT_TYPE:
        d.type = c
        if c == AJP_END_RESPONSE:
            d.state = AJP_AT_REUSE
        elif c == AJP_SEND_BODY_CHUNK or c == AJP_GET_BODY_CHUNK:
            d.state = AJP_AT_NUMBER
        else:
            d.state = AJP_AT_FAULT
        if d.left < (1 if c == AJP_END_RESPONSE else 2):
            d.state = AJP_AT_FAULT
    elif d.state == AJP_AT_NUMBER:
        d.data_left = <unsigned int>c << 8
        d.state = AJP_AT_NUMBER_END
    elif d.state == AJP_AT_NUMBER_END:
        d.data_left |= c
        if d.type == AJP_GET_BODY_CHUNK:
            d.asked_bytes = d.data_left
            ajp_at_rest(d)
        elif d.data_left == 0:
            d.flush = True
            ajp_at_rest(d)
        else:
            d.state = AJP_AT_DATA if d.data_left <= d.left else AJP_AT_FAULT
    elif d.state == AJP_AT_REUSE:
        d.reusable = c != 0
        ajp_at_rest(d)
    elif d.left == 0:
        ajp_at_rest(d)


cdef void ajp_at_rest(ajp_decoder *d) noexcept nogil:
    """The content is known; is that all of the packet?"""
    d.state = AJP_AT_REST
    if d.left:
        return
    d.state = AJP_AT_MAGIC
    if d.type == AJP_END_RESPONSE:
        d.state = AJP_AT_END
        d.ended = True
    elif d.type == AJP_GET_BODY_CHUNK:
        # A member that has an answer to come does not ask again.
        if d.asked:
            d.state = AJP_AT_FAULT
        d.asked = True


# --- the head of an answer

cdef bint ajp_take(const char **p, const char *end, value *out) noexcept nogil:
    """A string. False: it is none, or goes beyond the packet."""
    cdef unsigned int length
    if end - p[0] < 2:
        return False
    length = ajp_u16(p[0])
    p[0] += 2
    out[0] = value(p[0], 0)
    if length == AJP_NO_STRING:
        return True
    if end - p[0] < <long>length + 1 or p[0][length] != 0:
        return False
    out.length = length
    p[0] += length + 1
    return True


cdef void ajp_name_answers() noexcept nogil:
    cdef const char *p = AJP_ANSWER_WORDS
    cdef int number = 1
    while p[0] != 0:
        AJP_ANSWER_NAMES[number] = value(p, <unsigned int>(strchr(p, c' ') - p + 1))
        p += AJP_ANSWER_NAMES[number].length
        number += 1


ajp_name_answers()


cdef int ajp_head_text(
        const char *content, unsigned int length, writer *w) noexcept nogil:
    """Content of a SEND_HEADERS packet as the head of an HTTP/1.1 answer. A
    Transfer-Encoding is left out: a body has none here. returns 0 or FAILED"""
    cdef const char *p = content
    cdef const char *end = content + length
    cdef value name, said
    cdef unsigned int status, count, code, _
    cdef bint coded
    if length < 3 or p[0] != AJP_SEND_HEADERS:
        return FAILED
    status = ajp_u16(p + 1)
    p += 3
    if not 100 <= status <= 999 or not ajp_take(&p, end, &said) or end - p < 2:
        return FAILED
    put(w, b"HTTP/1.1 ", 9)
    put_number(w, status)
    put_byte(w, c' ')
    if scan_value(said.data, said.data + said.length) == said.data + said.length:
        put(w, said.data, said.length)
    put(w, b"\r\n", 2)
    count = ajp_u16(p)
    p += 2
    for _ in range(count):
        if end - p < 2:
            return FAILED
        code = ajp_u16(p)
        coded = code & 0xFF00 == AJP_FIELD_CODED
        if coded:
            p += 2
            code &= 0xFF
            if not 1 <= code <= AJP_ANSWER_FIELDS:
                return FAILED
            name = AJP_ANSWER_NAMES[code]
        elif not ajp_take(&p, end, &name) or not bytes_are_token(
                name.data, name.length):
            return FAILED
        # What would end the line would begin another field, or the body.
        if not ajp_take(&p, end, &said) or scan_value(
                said.data, said.data + said.length) != said.data + said.length:
            return FAILED
        if name.length == 17 and bytes_equal_nocase(
                name.data, b"transfer-encoding", 17):
            continue
        put(w, name.data, name.length)
        if not coded:
            put(w, b": ", 2)
        put(w, said.data, said.length)
        put(w, b"\r\n", 2)
    put(w, b"\r\n", 2)
    return 0


# --- to the member

cdef void ajp_put_u16(writer *w, unsigned int number) noexcept nogil:
    put_byte(w, <char>(number >> 8))
    put_byte(w, <char>(number & 0xFF))


cdef bint ajp_string_begins(writer *w, size_t length) noexcept nogil:
    if length >= AJP_NO_STRING:
        w.full = True
        return False
    ajp_put_u16(w, <unsigned int>length)
    return True


cdef void ajp_put_string(writer *w, const char *data, size_t length) noexcept nogil:
    """As it is; what is too long finds no room."""
    if ajp_string_begins(w, length):
        put(w, data, length)
        put_byte(w, 0)


cdef void ajp_put_value(writer *w, const char *data, size_t length) noexcept nogil:
    """... as the value of a field: without controls."""
    if ajp_string_begins(w, length):
        put_value(w, data, length)      # as many bytes as it was given
        put_byte(w, 0)


cdef void ajp_put_nothing(writer *w) noexcept nogil:
    ajp_put_u16(w, AJP_NO_STRING)


cdef void ajp_put_field_name(
        writer *w, const char *name, unsigned int length, int id) noexcept nogil:
    """id: FIELD_* of the name, where that is known."""
    cdef unsigned int code = ajp_field(name, length, id)
    if code:
        ajp_put_u16(w, AJP_FIELD_CODED | code)
    elif ajp_string_begins(w, length):
        put_name(w, name, length)
        put_byte(w, 0)


cdef unsigned int ajp_field(
        const char *name, unsigned int length, int id) noexcept nogil:
    """Number of a request's field; 0: its name is spelled out."""
    if id == FIELD_HOST:
        return 11
    if id == FIELD_COOKIE:
        return 9
    if id == FIELD_USER_AGENT:
        return 14
    if id == FIELD_REFERER:
        return 13
    if id == FIELD_CONTENT_TYPE:
        return 7
    if length == 6:
        return 1 if name_is(name, b"accept", 6) else 12 * name_is(name, b"pragma", 6)
    if length == 7:
        return 10 * name_is(name, b"cookie2", 7)
    if length == 10:
        return 6 * name_is(name, b"connection", 10)
    if length == 13:
        return 5 * name_is(name, b"authorization", 13)
    if length == 14:
        return 8 if name_is(name, b"content-length", 14) \
            else 2 * name_is(name, b"accept-charset", 14)
    if length == 15:
        return 3 if name_is(name, b"accept-encoding", 15) \
            else 4 * name_is(name, b"accept-language", 15)
    return 0


cdef int ajp_method(
        const char *name, unsigned int length, int method_id) noexcept nogil:
    """Its number; AJP_METHOD_STORED: it has none. method_id: METHOD_*, if known"""
    cdef const char *p = AJP_METHODS
    cdef const char *stop
    cdef int number = 1
    if likely(method_id == METHOD_GET):
        return 2
    while p[0] != 0:
        stop = strchr(p, c' ')
        if <unsigned int>(stop - p) == length and memcmp(p, name, length) == 0:
            return number
        p = stop + 1
        number += 1
    return AJP_METHOD_STORED


cdef void ajp_piece_head(char *at, unsigned int length) noexcept nogil:
    """AJP_PIECE_HEAD bytes before a piece of a body."""
    cdef writer w
    ASSERT(length + AJP_PIECE_HEAD <= AJP_PACKET_BYTES_MAX)
    writer_begin(&w, at, AJP_PIECE_HEAD)
    put(&w, b"\x12\x34", 2)
    ajp_put_u16(&w, length + 2)
    ajp_put_u16(&w, length)


cdef void ajp_fill_u16(char *at, unsigned int number) noexcept nogil:
    """Into a place that was left for it."""
    cdef writer w
    writer_begin(&w, at, 2)
    ajp_put_u16(&w, number)
