"""AJP 1.3 (member_codec of exchange.pxd): what a container is told of a request, and
what its packets mean for the exchange.

  CPING -> CPONG                    ping=: on each connection, before a request
  FORWARD_REQUEST, piece of the body        the first one is not waited for, where the
                                            length of the body is known
  GET_BODY_CHUNK -> piece           one for each, an empty one behind the last
  SEND_HEADERS, SEND_BODY_CHUNK ..., END_RESPONSE
"""
# uses: ground/text, ground/number, io/buffer, io/writer, ground/address, http/fields,
#       http/exit, http/hops, http/framing, codecs/ajp, plan/build, plan/plan,
#       plan/out_fields, plan/client, plan/facts, plan/tls_variables, plan/own_name,
#       plan/variables, flow/exchange, flow/rewrite

cdef struct ajp_try:
    codec_state c               # first
    ajp_decoder decoder
    unsigned int packet_max
    flag has_no_head            # CPING or the request is still to be answered by one
    flag end_told               # it has been told that there is no more of the body


cdef inline ajp_try *ajp_of(exchange *x) noexcept nogil:
    return <ajp_try *>x.attempt.codec


cdef void ajp_begin(exchange *x) noexcept nogil:
    cdef ajp_try *a = ajp_of(x)
    cdef int said = x.member.said.io_buffer_bytes
    a.packet_max = AJP_PACKET_BYTES
    if said > AJP_PACKET_BYTES:
        a.packet_max = AJP_PACKET_BYTES_MAX if said >= AJP_PACKET_BYTES_MAX \
            else (<unsigned int>said + 1023) & ~<unsigned int>1023
    a.decoder.packet_max = a.packet_max
    if x.body.framing.kind == BODY_LENGTH and x.body.framing.length > 0 \
            and x.question.of == NULL:
        a.c.credit = a.packet_max - AJP_PIECE_HEAD


cdef void ajp_frame(exchange *x, buffer *b, bint last) noexcept nogil:
    cdef ajp_try *a = ajp_of(x)
    cdef unsigned int held = buffer_held(b)
    ASSERT(b.start >= AJP_PIECE_HEAD)
    b.start -= AJP_PIECE_HEAD
    ajp_piece_head(&b.data[b.start], held)
    a.c.credit = 0
    a.c.wants_end = False
    if held == 0:
        a.end_told = True


cdef void ajp_put_attribute(
        writer *w, int number, const char *data, unsigned int length) noexcept nogil:
    put_byte(w, <char>number)
    ajp_put_value(w, data, length)


cdef void ajp_put_named(
        writer *w, const char *name, size_t name_length, const char *data,
        size_t length) noexcept nogil:
    put_byte(w, AJP_ATTRIBUTE)
    ajp_put_string(w, name, name_length)
    ajp_put_value(w, data, length)


cdef int ajp_head(exchange *x, out_list *out, writer *w) noexcept nogil:
    cdef ajp_try *a = ajp_of(x)
    cdef char *packet = w.p
    cdef unsigned int length
    if x.attempt.await_continue:
        put(w, b"\x12\x34\x00\x01\x0a", 5)
        return 0
    put(w, b"\x12\x34\x00\x00", AJP_PACKET_HEAD)
    put_byte(w, AJP_FORWARD_REQUEST)
    ajp_put_request(x, out, w)
    if w.full:
        return 0
    length = <unsigned int>(w.p - packet)
    if length > a.packet_max:
        return -400
    ajp_fill_u16(packet + 2, length - AJP_PACKET_HEAD)
    return 0


cdef void ajp_put_request(exchange *x, out_list *out, writer *w) noexcept nogil:
    cdef request_facts *r = &x.facts
    cdef value method = request_part(r, r.req.method)
    cdef value name = self_name(r)
    cdef int number
    if unlikely(x.local.internal or x.question.of != NULL):
        method = value(b"GET", 3)
    number = ajp_method(
        method.data, method.length, METHOD_GET
        if unlikely(x.local.internal or x.question.of != NULL) else r.req.method_id)
    client_learn_remote(&x.down.client)
    client_learn_local(&x.down.client)
    put_byte(w, <char>number)
    ajp_put_string(w, b"HTTP/1.1" if r.req.minor == 1 else b"HTTP/1.0", 8)
    ajp_put_path(x, w)
    ajp_put_string(w, &x.down.client.remote_text[0], x.down.client.remote_text_length)
    ajp_put_nothing(w)          # the client's name: nobody has looked it up
    ajp_put_value(w, name.data, name.length)
    ajp_put_u16(w, x.down.client.local_port)
    put_byte(w, x.down.client.tls_vhost != NULL)
    ajp_put_fields(x, out, w)
    ajp_put_attributes(x, w)
    if number == AJP_METHOD_STORED:
        ajp_put_attribute(w, AJP_STORED_METHOD, method.data, method.length)
    put_byte(w, <char>AJP_ARE_DONE)


cdef void ajp_put_path(exchange *x, writer *w) noexcept nogil:
    """... without its query; how long it is with its escapes is known behind it."""
    cdef value target = x.facts.target
    cdef char *at = w.p
    cdef size_t length
    target.length = <unsigned int>(<const char *>memchr_or_end(
        target.data, c'?', target.length) - target.data)
    put(w, b"\x00\x00", 2)
    put_target(w, x.member.path.data, x.member.path.length)
    put_target(w, target.data, target.length)
    put_byte(w, 0)
    if w.full:
        return
    length = <size_t>(w.p - at) - 3
    if length >= AJP_NO_STRING:
        w.full = True
        return
    ajp_fill_u16(at, <unsigned int>length)


cdef void ajp_put_fields(exchange *x, out_list *out, writer *w) noexcept nogil:
    """How many, then each of them; what a body is said to be is ours."""
    cdef unsigned long long skipped = (
        bit(FIELD_CONTENT_LENGTH) | bit(FIELD_EXPECT) | HOP_BY_HOP_IDS)
    cdef char *at = w.p
    cdef unsigned int count = 0
    cdef out_field *o
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char *begin
    cdef int i
    ajp_put_u16(w, 0)
    for i in range(out.count):
        o = &out.fields[i]
        if skipped >> o.id & 1:
            continue
        ajp_put_field_name(w, o.name, o.name_length, o.id)
        if likely(o.raw != NULL):
            ajp_put_string(w, o.value, o.value_length)      # the parser has proven it
        else:
            ajp_put_value(w, o.value, o.value_length)
        count += 1
    if x.question.of != NULL:
        pass
    elif x.body.chunked_out:
        ajp_put_string(w, b"Transfer-Encoding", 17)
        ajp_put_string(w, b"chunked", 7)
        count += 1
    elif x.body.framing.kind != BODY_NONE:
        begin = decimal_before(
            &digits[NUMBER_DIGITS_MAX], <unsigned long long>x.body.framing.length)
        ajp_put_field_name(w, b"Content-Length", 14, FIELD_CONTENT_LENGTH)
        ajp_put_string(w, begin, <size_t>(&digits[NUMBER_DIGITS_MAX] - begin))
        count += 1
    if not w.full:
        ajp_fill_u16(at, count)


cdef void ajp_put_attributes(exchange *x, writer *w) noexcept nogil:
    cdef request_facts *r = &x.facts
    cdef client_facts *client = &x.down.client
    cdef value kind, said
    cdef text name
    cdef int i
    cdef const char *query = <const char *>memchr_or_end(
        r.target.data, c'?', r.target.length)
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char[ADDRESS_TEXT_BYTES] local
    cdef char *begin
    if x.member.secret.length:
        ajp_put_attribute(w, AJP_SECRET, x.member.secret.data, x.member.secret.length)
    if r.user.data != NULL:
        kind = auth_type_name(r)
        ajp_put_attribute(w, AJP_REMOTE_USER, r.user.data, r.user.length)
        ajp_put_attribute(w, AJP_AUTH_TYPE, kind.data, kind.length)
    if query < r.target.data + r.target.length:
        put_byte(w, AJP_QUERY_STRING)
        ajp_put_value(w, query + 1, r.target.data + r.target.length - query - 1)
    if x.choice.sticky.route_length:
        ajp_put_attribute(
            w, AJP_JVM_ROUTE, x.choice.sticky.route, x.choice.sticky.route_length)
    if unlikely(client.tls_vhost != NULL):
        ajp_put_tls(client, w)
    begin = decimal_before(&digits[NUMBER_DIGITS_MAX], client.remote_port)
    ajp_put_named(w, b"AJP_REMOTE_PORT", 15, begin,
                  <size_t>(&digits[NUMBER_DIGITS_MAX] - begin))
    ajp_put_named(w, b"AJP_LOCAL_ADDR", 14, &local[0],
                  address_text(&client.local[0], &local[0]))
    for i in range(plan.told_env_count):
        said = r.env[plan.told_envs[i]]
        if said.data != NULL:
            name = plan_env_names[plan.told_envs[i]]
            ajp_put_named(w, name.data + 4, name.length - 4, said.data, said.length)


cdef void ajp_put_tls(client_facts *client, writer *w) noexcept nogil:
    """What httpd tells of a client's TLS; nothing of what there is not."""
    cdef value v = tls_variable(client, plan.told_tls[TOLD_CERTIFICATE])
    cdef long long bits
    if v.length:
        put_byte(w, AJP_SSL_CERT)
        ajp_put_string(w, v.data, v.length)     # with its lines
    v = tls_variable(client, plan.told_tls[TOLD_CIPHER])
    if v.length:
        ajp_put_attribute(w, AJP_SSL_CIPHER, v.data, v.length)
    v = tls_variable(client, plan.told_tls[TOLD_SESSION])
    if v.length:
        ajp_put_attribute(w, AJP_SSL_SESSION, v.data, v.length)
    v = tls_variable(client, plan.told_tls[TOLD_KEY_SIZE])
    bits = decimal_of(v.data, v.length)
    if v.length and 0 <= bits <= 0xFFFF:
        put_byte(w, AJP_SSL_KEY_SIZE)
        ajp_put_u16(w, <unsigned int>bits)
    v = tls_variable(client, plan.told_tls[TOLD_PROTOCOL])
    if v.length:
        ajp_put_named(w, b"AJP_SSL_PROTOCOL", 16, v.data, v.length)


# --- what comes ------------------------------------------------------------------

cdef bint ajp_grant(exchange *x, unsigned int wanted) noexcept nogil:
    """GET_BODY_CHUNK. False: it has been told that there is no more."""
    cdef ajp_try *a = ajp_of(x)
    if a.end_told or a.c.credit:
        return False
    a.c.credit = a.packet_max - AJP_PIECE_HEAD
    if 0 < wanted < a.c.credit:
        a.c.credit = wanted
    a.c.wants_end = True
    a.c.asked = True
    return True


cdef int ajp_read_head(exchange *x) noexcept nogil:
    cdef ajp_try *a = ajp_of(x)
    cdef buffer *b = x.up.input
    cdef char *data
    cdef int whole
    while buffer_held(b):
        data = &b.data[b.start]
        whole = ajp_packet(data, buffer_held(b), a.packet_max)
        if whole == AGAIN:
            # There must be room for the rest of it.
            if b.start > BUFFER_HEADROOM:
                buffer_move(b, BUFFER_HEADROOM, data, buffer_held(b))
                b.end -= b.start - BUFFER_HEADROOM
                b.start = BUFFER_HEADROOM
            return AGAIN
        if whole < 0:
            return FAILED
        data += AJP_PACKET_HEAD
        if data[0] == AJP_SEND_HEADERS and not x.attempt.await_continue:
            return ajp_take_head(x, <unsigned int>whole)
        if data[0] == AJP_CPONG and x.attempt.await_continue and not a.c.greeted:
            a.c.greeted = True
        elif x.attempt.await_continue:
            return FAILED
        elif data[0] == AJP_GET_BODY_CHUNK and whole >= AJP_PACKET_HEAD + 3:
            if not ajp_grant(x, ajp_u16(data + 1)):
                return FAILED
        elif not (data[0] == AJP_SEND_BODY_CHUNK and whole >= AJP_PACKET_HEAD + 3
                  and ajp_u16(data + 1) == 0):
            return FAILED       # but a flush, of nothing as yet
        b.start += <unsigned int>whole
    return AGAIN


cdef int ajp_take_head(exchange *x, unsigned int whole) noexcept nogil:
    """SEND_HEADERS, as text before what is left: behind it in its own buffer, or in one
    that is larger."""
    cdef buffer *b = x.up.input
    cdef buffer *text = NULL
    cdef int size_class
    cdef writer w
    cdef int length
    writer_behind(&w, b)
    length = ajp_head_before(&w, b, whole)
    if likely(length != AGAIN):
        b.start = b.end
        writer_into(&w, b)
        return length
    for size_class in range(b.size_class + 1, BUFFER_CLASSES):
        if writer_on(&w, &text, size_class) < 0:
            return FAILED
        length = ajp_head_before(&w, b, whole)
        if length != AGAIN:
            writer_into(&w, text)
            buffer_give(b)
            x.up.input = text
            return length
    buffer_give(text)
    return FAILED


cdef int ajp_head_before(
        writer *w, const buffer *b, unsigned int whole) noexcept nogil:
    """returns bytes of the text; FAILED; AGAIN: there is too little room"""
    cdef int length
    if ajp_head_text(&b.data[b.start + AJP_PACKET_HEAD], whole - AJP_PACKET_HEAD,
                     w) < 0:
        return FAILED
    length = <int>writer_held(w)
    put(w, &b.data[b.start + whole], b.end - b.start - whole)
    return AGAIN if unlikely(w.full) else length


cdef int ajp_body(
        exchange *x, char *data, unsigned int length, unsigned int *payload,
        unsigned int *consumed) noexcept nogil:
    cdef ajp_try *a = ajp_of(x)
    cdef ajp_decoder *d = &a.decoder
    a.c.flush = False
    if ajp_decode(d, data, length, payload, consumed) < 0:
        return FAILED
    a.c.flush = d.flush
    d.flush = False
    if d.asked:
        d.asked = False
        if not ajp_grant(x, d.asked_bytes):
            return FAILED
    if d.ended:
        a.c.ended = True
        # A piece that it has asked for and not got would be taken for its next request.
        a.c.in_step = d.reusable and a.c.credit == 0
    return 0
