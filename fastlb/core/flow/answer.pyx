"""Answers made here: error pages, ErrorDocument, redirects, handlers.

None of this is hot. The pages themselves are made by Python (services.pyx); what is
here decides which one, and keeps the connection's framing right.
"""
# uses: ground/chartable, ground/text, io/buffer, http/framing, plan/plan, plan/facts,
#       plan/path, plan/expr, plan/match, plan/conditional, plan/redirect,
#       plan/admission, plan/decide, plan/reasons, flow/exchange, flow/states,
#       flow/due, flow/services, flow/queue, flow/opening, flow/labels,
#       flow/file_send, flow/settle, flow/rewrite_answer, flow/question, flow/request,
#       flow/response, flow/file_answer

cdef void answer_send(
        exchange *x, const char *content_type, const char *body,
        long long length) noexcept nogil:
    """Compose head and body into down.output and let them go."""
    cdef unsigned int reason_length = 0
    cdef const char *reason
    exchange_enter(x, X_LOCAL)
    if x.local.error_status and x.status == 200:
        x.status = x.local.error_status
    if x.local.reason.length:
        reason = x.local.reason.data
        reason_length = x.local.reason.length
    else:
        reason = reason_of(x.status, &reason_length)
    if not x.body.done and not request_drop_body(x):
        x.keepalive = False
    if rewrite_local(x, x.status, reason, reason_length, content_type, length) < 0:
        exchange_abort(x)
        return
    if length > 0 and not x.head_request:
        while buffer_room(x.down.output) < length:
            if not buffer_grow(&x.down.output):
                exchange_abort(x)
                return
        buffer_put(x.down.output, body, <size_t>length)
        x.record.body_bytes_out = length
    response_pump(x)


cdef void answer_page(exchange *x, int status, const char *detail) noexcept nogil:
    """The page of a status."""
    cdef page p
    service_error_page(x, status, detail, &p)
    x.status = status
    if status == 304 or status == 204:
        answer_send(x, NULL, NULL, -1)
    else:
        answer_send(x, page_type(x), p.body, p.length)
    free(p.body)


cdef value document_for(
        request_facts *r, int status, bint *composed) noexcept nogil:
    """'"text', a path or a URL; length 0: the page, also where an expression could not
    be worked out (as httpd). composed: out, by one"""
    cdef int before = r.status
    cdef const error_document *d = error_document_for(r, status, NULL)
    cdef value out = value(NULL, 0)
    composed[0] = d != NULL and d.composed >= 0
    if d == NULL:
        return out
    if likely(d.composed < 0):
        return value(d.value.data, d.value.length)
    r.status = status           # REQUEST_STATUS
    out = expr_text(r, d.composed, NULL)
    r.status = before
    return out


cdef bint document_is_url(value document) noexcept nogil:
    """As httpd sees it: a scheme's letters and a colon."""
    cdef unsigned int i
    for i in range(document.length):
        if document.data[i] == c':':
            return i > 0
        if not (char_class[<unsigned char>document.data[i]]
                & (CHAR_ALPHA | CHAR_DIGIT)
                or document.data[i] == c'+' or document.data[i] == c'-'
                or document.data[i] == c'.'):
            return False
    return False


cdef void exchange_answer_error(
        exchange *x, int status, const char *detail) noexcept nogil:
    cdef value document = value(NULL, 0)
    cdef bint composed = False
    cdef bint nested = x.local.error_status != 0
    exchange_renew(x)
    if unlikely(x.res.head_sent):
        exchange_abort(x)
        return
    if unlikely(x.question.of != NULL):
        question_lost(x)
    exchange_detach(x, False)
    queue_leave(x)
    file_close(x)       # of one that was open and is not sent
    x.status = status
    if not nested:
        document = document_for(&x.facts, status, &composed)
    if document.length:
        x.local.error_status = status
        # The 200 of a page would tell a CONNECT that its tunnel stands.
        if document.data[0] == c'/' and x.facts.req.method_id != METHOD_CONNECT:
            exchange_redirect_internally(x, document, composed)
            return
        if document.data[0] == c'"':
            answer_send(x, page_type(x), document.data + 1,
                        document.length - 1)
            return
        # A browser that is sent elsewhere never asks for the password (as httpd).
        if status != 401 and document_is_url(document):
            x.status = 302
            x.local.location = document
            x.local.error_status = 0
            answer_page(x, 302, NULL)
            return
    if nested:
        # The document itself failed: the first error is what is told.
        x.local.second_status = x.local.error_status        # as httpd tells it
        x.status = x.local.error_status
        detail = NULL
    answer_page(x, x.status, detail)


cdef int document_decided(
        request_facts *r, value path, bint composed) noexcept nogil:
    """Where a path leads that takes the place of the request's own, and may it?
    returns DECIDED_MEMBER, DECIDED_FILE or DECIDED_ERROR

    composed: what was sent may be a part of it, so it must be allowed however a member
    reads it
    """
    cdef decision d
    cdef int because, what
    cdef unsigned int i = 0
    cdef value query
    while i < path.length and path.data[i] != c'?' and path.data[i] != c'#':
        i += 1
    query = value(path.data + i, path.length - i)
    query.length = <unsigned int>(<const char *>memchr_or_end(
        query.data, c'#', query.length) - query.data)
    r.rewritten = REWRITTEN_NOT
    r.original = value(NULL, 0)
    r.forced_type = value(NULL, 0)
    r.forced_handler = value(NULL, 0)
    r.proxy_conf_count = 0
    r.rest_at = 0
    r.file = NULL
    if path_decode(r, path.data, i) < 0:
        return DECIDED_ERROR
    r.query = query
    r.query_is_made = True
    r.path_is_plain = False
    r.reduced = True            # what was sent says nothing about this path
    if not (match_locations(r) and match_ifs(r)):
        return DECIDED_ERROR
    if match_mapping(r):
        if decide_sections(r, &d) != DECIDED_MEMBER:
            return DECIDED_ERROR
    elif decide_file(r, &d) != DECIDED_MEMBER or r.file == NULL:
        return DECIDED_ERROR
    if r.undecided:
        return DECIDED_ERROR
    if composed and request_admit(r, &d) != DECIDED_MEMBER:
        return DECIDED_ERROR
    if not composed and request_admission(r, &because) != 0:
        return DECIDED_ERROR
    if r.file != NULL:
        what = decided_handler(r, &d)
        if what == DECIDED_NOTHING:
            return DECIDED_FILE
        if what != DECIDED_MEMBER or file_is_denied(r.file, r.vhost):
            return DECIDED_ERROR    # nobody here runs it, and its source is no page
    return request_target(r, &d)


cdef void exchange_redirect_internally(
        exchange *x, value path, bint composed) noexcept nogil:
    """Serve another path in this request's place, as a GET without a body."""
    cdef int what
    memset(&x.choice, 0, sizeof(member_choice))
    what = document_decided(&x.facts, path, composed)
    if what == DECIDED_FILE and not file_is_overridden(
            x.facts.file, x.facts.vhost) and file_open(x.facts.file) == FILE_IS_OPEN:
        if file_answer(x):
            answer_page(x, x.local.error_status, NULL)
        return
    if what != DECIDED_MEMBER:
        x.local.second_status = x.local.error_status
        answer_page(x, x.local.error_status, NULL)
        return
    # The member sees a GET for the document, with the client's other fields.
    x.local.internal = True
    x.facts.req.method_id = METHOD_HEAD if x.head_request else METHOD_GET
    request_forget_body(x)
    due_elect(x)


cdef void exchange_answer_redirect(
        exchange *x, const redirected *moved) noexcept nogil:
    x.status = moved.status
    x.local.location = moved.location
    if x.local.location.data == NULL:
        exchange_answer_error(x, x.status, NULL)
        return
    x.local.error_status = 0
    answer_page(x, x.status, NULL)


cdef void exchange_answer_handler(exchange *x, const text *handler) noexcept nogil:
    cdef page p
    x.local.handler = handler
    if not service_handle(x, handler, &p):
        exchange_answer_error(x, 500, NULL)
    elif x.status >= 400 and p.length == 0:
        exchange_answer_error(x, x.status, NULL)
    else:
        answer_send(x, p.content_type, p.body, p.length)
    free(p.body)


cdef void exchange_answer_unmapped(exchange *x) noexcept nogil:
    """Nothing is mapped here, or a file that is asked for in another way."""
    cdef int method = x.facts.req.method_id
    if method == METHOD_OPTIONS and x.facts.file != NULL:
        answer_options(
            x, b"GET,POST,OPTIONS,HEAD,TRACE" if x.facts.vhost.said.trace_enable
            else b"GET,POST,OPTIONS,HEAD")
    elif method == METHOD_OPTIONS:
        answer_options(x, b"GET,HEAD,POST,OPTIONS")
    elif method == METHOD_TRACE:
        exchange_echo(x)
    elif method == METHOD_GET or method == METHOD_HEAD or method == METHOD_POST:
        exchange_answer_error(x, 404, NULL)
    elif method_is_registered(&x.facts):
        x.local.allow = b"GET,POST,OPTIONS,HEAD,TRACE"
        exchange_answer_error(x, 405, NULL)
    else:
        if x.facts.file != NULL:
            x.local.allow = b"GET,POST,OPTIONS,HEAD,TRACE"
        exchange_answer_error(x, 501, NULL)


cdef void exchange_answer_here(exchange *x) noexcept nogil:
    """A TRACE or OPTIONS that goes no further."""
    if x.facts.req.method_id == METHOD_TRACE:
        exchange_echo(x)
    else:
        answer_options(x, b"TRACE")


cdef void answer_options(exchange *x, const char *allow) noexcept nogil:
    x.status = 200
    x.local.allow = allow
    answer_send(x, NULL, NULL, 0)


cdef void exchange_echo(exchange *x) noexcept nogil:
    """TRACE: the head as it came (RFC 9110 9.3.8). A body is 413 (TraceEnable on)."""
    if x.body.framing.kind != BODY_NONE:
        exchange_answer_error(x, 413, NULL)
        return
    x.status = 200
    answer_send(x, b"message/http", request_bytes(&x.facts), x.facts.req.length)
