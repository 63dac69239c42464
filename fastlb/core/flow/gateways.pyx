"""FastCGI, SCGI, uwsgi (member_codec of exchange.pxd): applications behind a gateway.

  FastCGI  BEGIN_REQUEST, PARAMS, STDIN ...    STDOUT and STDERR, END_REQUEST
  SCGI     a netstring, the body               a program's answer, until it closes
  uwsgi    a packet, the body                  an answer of HTTP, until it closes

What FastCGI's and SCGI's applications answer begins with a program's head, which is
made one of HTTP where it lies; from there on the answer is like any other.
"""
# uses: ground/text, io/buffer, io/writer, http/head, http/framing, codecs/cgi_pairs,
#       codecs/fastcgi, codecs/scgi, codecs/uwsgi, codecs/script_head,
#       plan/out_fields, plan/facts, plan/cgi_variables, flow/exchange, flow/log_rows,
#       flow/service_log

cdef struct fastcgi_try:
    codec_state c               # first
    fastcgi_decoder decoder
    unsigned int scanned        # script_head_find_end's place
    unsigned int taken          # bytes of output that up.input begins with
    unsigned int told           # lines in the log about what came beside the output


cdef inline fastcgi_try *fastcgi_of(exchange *x) noexcept nogil:
    return <fastcgi_try *>x.attempt.codec


cdef void gateway_begin(exchange *x) noexcept nogil:
    """Nobody behind a gateway can be pinged (ping=)."""
    x.attempt.codec.flush = True        # it is passed on as it comes
    x.attempt.codec.credit = 1 << 30    # what has no frame has no pieces


cdef void fastcgi_try_begin(exchange *x) noexcept nogil:
    gateway_begin(x)
    x.attempt.codec.credit = FASTCGI_CONTENT_MAX
    fastcgi_begin(&fastcgi_of(x).decoder)


cdef inline long long gateway_body(const exchange *x) noexcept nogil:
    """As cgi_variables wants it."""
    if x.body.framing.kind == BODY_NONE:
        return CGI_NO_BODY
    if likely(not x.body.chunked_out):
        return x.body.framing.length
    # For its trailers it is chunked at http://, though all of it is at hand; what is
    # larger has no length with and without them (request_prefetch).
    if x.body.done and not x.body.lost and x.body.kept <= BODY_PREFETCH_BYTES:
        return x.body.kept
    return CGI_UNKNOWN_BODY


cdef int gateway_variables(
        exchange *x, out_list *out, long long body, cgi_list *all) noexcept nogil:
    cdef value method = request_part(&x.facts, x.facts.req.method)
    if unlikely(x.question.of != NULL):
        return -500             # the check lets no AuthRequest lead there
    x.attempt.await_continue = x.attempt.ping_sent = False
    if unlikely(x.local.internal):
        method = value(b"HEAD", 4) if x.head_request else value(b"GET", 3)
    return cgi_variables(&x.facts, out, x.member, method, body, all)


# --- FastCGI ------------------------------------------------------------------------

cdef int fastcgi_request_head(exchange *x, out_list *out, writer *w) noexcept nogil:
    cdef cgi_list *all = &cgi_scratch
    cdef unsigned int kept = x.body.kept
    cdef long long body = gateway_body(x)
    cdef int rc = gateway_variables(x, out, body, all)
    if rc < 0:
        return rc
    put_fastcgi_begin(w, not x.member.said.disable_reuse)
    put_fastcgi_params(w, all)
    x.attempt.codec.wants_end = True
    if x.body.done and kept <= BODY_WITH_HEAD_MAX and not x.body.lost:
        # All of it is at hand, and goes with the head in one segment.
        put_fastcgi_body(w, request_kept(x), kept)
        x.attempt.body_sent = kept
        x.attempt.codec.wants_end = False
    return 0


cdef void fastcgi_frame(exchange *x, buffer *b, bint last) noexcept nogil:
    cdef unsigned int held = buffer_held(b)
    ASSERT(held <= FASTCGI_CONTENT_MAX and b.start >= FASTCGI_HEAD)
    if held:
        b.start -= fastcgi_head_before(&b.data[b.start], held)
    if last:
        x.attempt.codec.wants_end = False
        if unlikely(not buffer_put_tail(b, FASTCGI_NO_BODY, FASTCGI_HEAD)):
            abort()             # the tail is there for just this


cdef int fastcgi_take(exchange *x, char *data, unsigned int length) noexcept nogil:
    """Take apart what lies behind the output that was taken. returns bytes that were
    looked at, or FAILED"""
    cdef fastcgi_try *t = fastcgi_of(x)
    cdef char *out = data + t.taken
    cdef char *at = out
    cdef value said
    cdef int rc
    while True:
        rc = fastcgi_decode(&t.decoder, &out, &at, data + length, &said)
        if likely(rc != FASTCGI_SAID and rc != FASTCGI_RECORD):
            break
        if unlikely(t.told == SAID_LINES_MAX):
            say_more(x, &SAY_FASTCGI_ENOUGH, 0, NULL, SAID_LINES_MAX)
        elif rc == FASTCGI_SAID and t.told < SAID_LINES_MAX:
            say_part(x, &SAY_FASTCGI_SAID, said)
        elif t.told < SAID_LINES_MAX:
            say_more(x, &SAY_FASTCGI_RECORD, 0, NULL, t.decoder.odd)
        t.told += t.told <= SAID_LINES_MAX
    t.taken = <unsigned int>(out - data)
    if unlikely(rc == FASTCGI_VERSION):
        say_more(x, &SAY_FASTCGI_VERSION, 0, NULL, t.decoder.odd)
        return FAILED
    if unlikely(rc == FASTCGI_NUMBER):
        say_more(x, &SAY_FASTCGI_NUMBER, 0, NULL, t.decoder.odd)
        return FAILED
    if (rc == FASTCGI_ENDED or t.decoder.output_ended) and not t.c.ended:
        # Some applications leave END_REQUEST out: then nothing else is asked there.
        t.c.ended = True
        t.c.in_step = (
            rc == FASTCGI_ENDED and at == data + length and not t.c.wants_end)
    return <int>(at - data)


cdef int fastcgi_read_head(exchange *x) noexcept nogil:
    cdef fastcgi_try *t = fastcgi_of(x)
    cdef buffer *b = x.up.input
    cdef char *data = &b.data[b.start]
    cdef long long announced    # unheeded, as by httpd: END_REQUEST says what is whole
    cdef int length
    if fastcgi_take(x, data, buffer_held(b)) < 0:
        return FAILED
    b.end = b.start + t.taken
    length = script_head_find_end(data, t.taken, &t.scanned)
    if length == AGAIN:
        if t.c.ended:
            say(x, &SAY_SCRIPT_HEAD)
            return FAILED
        return AGAIN
    t.taken -= <unsigned int>length
    return gateway_head_to_http(x, <unsigned int>length, &announced)


cdef int gateway_head_to_http(
        exchange *x, unsigned int length, long long *announced) noexcept nogil:
    cdef buffer *b = x.up.input
    cdef char *begin = NULL
    cdef int rc
    ASSERT(b.start >= SCRIPT_HEAD_ROOM)
    x.attempt.codec.is_script = True
    rc = script_head_to_http(&b.data[b.start], length, &begin, announced)
    if rc < 0:
        say(x, &SAY_SCRIPT_STATUS)
        return FAILED
    b.start = <unsigned int>(begin - &b.data[0])
    return rc


cdef int fastcgi_body(
        exchange *x, char *data, unsigned int length, unsigned int *payload,
        unsigned int *consumed) noexcept nogil:
    cdef fastcgi_try *t = fastcgi_of(x)
    cdef int looked = fastcgi_take(x, data, length)
    if looked < 0:
        return FAILED
    payload[0] = t.taken
    consumed[0] = <unsigned int>looked
    t.taken = 0
    return 0


# --- SCGI and uwsgi -----------------------------------------------------------------

cdef int scgi_request_head(exchange *x, out_list *out, writer *w) noexcept nogil:
    cdef cgi_list *all = &cgi_scratch
    cdef long long body = gateway_body(x)
    cdef int rc
    if body == CGI_UNKNOWN_BODY:
        return -411             # its length comes before everything else
    rc = gateway_variables(x, out, body, all)
    if rc < 0:
        return rc
    put_scgi(w, all, 0 if body < 0 else <unsigned long long>body)
    return 0


cdef int scgi_read_head(exchange *x) noexcept nogil:
    cdef buffer *b = x.up.input
    cdef int length = script_head_find_end(
        &b.data[b.start], buffer_held(b), &x.up.scanned)
    if length == AGAIN:
        return AGAIN
    x.up.scanned = 0
    return gateway_head_to_http(
        x, <unsigned int>length, &x.attempt.codec.missing)


cdef int uwsgi_request_head(exchange *x, out_list *out, writer *w) noexcept nogil:
    cdef cgi_list *all = &cgi_scratch
    cdef long long body = gateway_body(x)
    cdef int rc
    if body == CGI_UNKNOWN_BODY:
        return -411
    rc = gateway_variables(x, out, body, all)
    if rc < 0:
        return rc
    if not put_uwsgi(w, all):
        say(x, &SAY_UWSGI_SIZE)
        return -500
    return 0


cdef int uwsgi_read_head(exchange *x) noexcept nogil:
    cdef buffer *b = x.up.input
    return head_find_end(&b.data[b.start], buffer_held(b), &x.up.scanned)
