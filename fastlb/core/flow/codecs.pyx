"""Protocols of members beside HTTP/1.x, a row for each (struct member_codec)."""
# uses: io/buffer, io/writer, ground/arena, plan/plan, plan/out_fields, flow/exchange,
#       flow/ajp, flow/gateways

cdef member_codec[PROTOCOLS] CODECS


cdef void codec_row(
        int number, const char *name, unsigned int state_bytes,
        void (*begin)(exchange *x) noexcept nogil,
        int (*head)(exchange *x, out_list *out, writer *w) noexcept nogil,
        void (*frame)(exchange *x, buffer *b, bint last) noexcept nogil,
        int (*read_head)(exchange *x) noexcept nogil,
        int (*decode)(exchange *x, char *data, unsigned int length,
                      unsigned int *payload, unsigned int *consumed) noexcept nogil
        ) noexcept nogil:
    CODECS[number] = member_codec(
        name, state_bytes, begin, head, frame, read_head, decode)


codec_row(PROTOCOL_AJP, b"AJP 1.3", sizeof(ajp_try), ajp_begin, ajp_head, ajp_frame,
          ajp_read_head, ajp_body)
codec_row(PROTOCOL_FCGI, b"FastCGI", sizeof(fastcgi_try), fastcgi_try_begin,
          fastcgi_request_head, fastcgi_frame, fastcgi_read_head, fastcgi_body)
codec_row(PROTOCOL_SCGI, b"SCGI", sizeof(codec_state), gateway_begin,
          scgi_request_head, NULL, scgi_read_head, NULL)
codec_row(PROTOCOL_UWSGI, b"uwsgi", sizeof(codec_state), gateway_begin,
          uwsgi_request_head, NULL, uwsgi_read_head, NULL)


cdef bint codec_begin(exchange *x) noexcept nogil:
    """A try at a member with a protocol of its own. False: no memory."""
    cdef const member_codec *codec = &CODECS[x.member.protocol]
    cdef codec_state *c = <codec_state *>arena_take_struct(
        &x.facts.arena, codec.state_bytes)
    if c == NULL:
        return False
    memset(c, 0, codec.state_bytes)
    c.of = codec
    c.promised = -1
    x.attempt.codec = c
    x.attempt.framed = codec.frame != NULL
    codec.begin(x)
    return True
