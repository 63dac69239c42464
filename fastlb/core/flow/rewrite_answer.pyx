"""Composing heads towards the client: a member's, or of an answer made here."""
# uses: ground/chartable, ground/text, ground/number, io/buffer, io/writer,
#       ground/arena, io/date, http/fields, http/exit, http/hops, http/framing,
#       plan/plan, plan/out_fields, plan/entity, plan/facts, plan/rules,
#       plan/filtered, plan/reverse, plan/digest_auth, plan/reasons, plan/logline,
#       flow/exchange, flow/engine, flow/filtering, flow/services, flow/labels,
#       flow/entity, flow/session, flow/trailers, flow/rewrite

cdef const char *RETRY_AFTER_S = b"5"      # for who could not wait (choose.pyx)
cdef head response_head         # a member's; one is parsed at a time


cdef void out_always_first(out_list *out) noexcept nogil:
    """Apache sends the table that errors keep before the other one."""
    cdef int i, j, front = 0
    cdef out_field moved, next_one
    for i in range(out.count):
        if not out.fields[i].always:
            continue
        moved = out.fields[i]
        for j in range(front, i + 1):
            next_one = out.fields[j]
            out.fields[j] = moved
            moved = next_one
        front += 1


cdef bint is_of_success(out_field *o) noexcept nogil:
    """Of a program's fields, the few that Apache does not keep for errors, too."""
    return (o.id == FIELD_CONTENT_TYPE or o.id == FIELD_LOCATION
            or o.id == FIELD_LAST_MODIFIED
            or (o.name_length == 4 and bytes_equal_nocase(o.name, b"ETag", 4))
            or (o.name_length == 13
                and bytes_equal_nocase(o.name, b"Content-Range", 13)))


cdef void out_of_program(out_list *out) noexcept nogil:
    """What a program says in its head is in the table that `Header always` works on
    (ap_scan_script_header)."""
    cdef int i
    for i in range(out.count):
        out.fields[i].always = not is_of_success(&out.fields[i])
    out_always_first(out)


cdef bint answers_as_10(exchange *x) noexcept nogil:
    """force-response-1.0: for clients that stumble over a 1.1 behind their 1.0."""
    return (x.facts.env[ENV_FORCE_RESPONSE_10].data != NULL
            and (x.facts.req.minor == 0 or is_downgraded(x)))


cdef void put_status_line(
        exchange *x, writer *w, int status, const char *reason,
        unsigned int length) noexcept nogil:
    put(w, b"HTTP/1.0 " if answers_as_10(x) else b"HTTP/1.1 ", 9)
    put_number(w, status)
    put(w, b" ", 1)
    put_value(w, reason, length)
    put(w, b"\r\n", 2)


cdef void put_connection(exchange *x, writer *w) noexcept nogil:
    """Connection (and Keep-Alive for a client that asked for it), as Apache says it."""
    cdef plan_vhost *v = x.facts.vhost
    if not x.keepalive:
        put(w, b"Connection: close\r\n", 19)
    elif x.hop.keep_alive:
        if v.said.keepalive_timeout_us:
            put(w, b"Keep-Alive: timeout=", 20)
            put_number(w, v.said.keepalive_timeout_us // 1000000)
            if v.said.max_keepalive_requests > 0:
                put(w, b", max=", 6)
                put_number(w, v.said.max_keepalive_requests - x.down.client.requests)
            put(w, b"\r\n", 2)
        put(w, b"Connection: Keep-Alive\r\n", 24)


cdef bint status_drops_connection(int status) noexcept nogil:
    """An answer made here behind which Apache closes (ap_status_drops_connection).

    Differs from Apache: a member's own 500 or 503 costs no client its connection.
    """
    return (status == 400 or status == 408 or status == 411 or status == 413
            or status == 414 or status == 500 or status == 503 or status == 501)


cdef void keepalive_decide(exchange *x) noexcept nogil:
    """May the client's connection serve another request after this one?"""
    cdef plan_vhost *v = x.facts.vhost
    if not x.keepalive:
        return
    if (engine.draining or not v.said.keepalive or client_closes(x)
            or x.body.framing.close_after or x.facts.env[ENV_NOKEEPALIVE].data != NULL
            or answers_as_10(x) or (is_downgraded(x) and not x.hop.keep_alive)
            or (v.said.max_keepalive_requests
                and x.down.client.requests >= v.said.max_keepalive_requests)):
        x.keepalive = False


cdef void out_add_cookies(
        out_list *out, const made_cookie *c) noexcept nogil:
    """Those that rules of mod_rewrite set, or who was asked about the request; errors
    have them, too."""
    while c != NULL:
        out_add(out, b"Set-Cookie", 10, c.line.data, c.line.length, FIELD_SET_COOKIE,
                True)
        c = c.next


cdef void out_add_digest(exchange *x, out_list *out, int status) noexcept nogil:
    """Authentication-Info, of an answer of this server."""
    cdef value info
    if likely(x.facts.digest == NULL or status >= 300):
        return
    info = digest_info(&x.facts)
    if info.data != NULL:
        out_add(out, b"Authentication-Info", 19, info.data, info.length,
                FIELD_OTHER, False)


cdef void out_add_type(exchange *x, out_list *out, int status) noexcept nogil:
    """[T] of a rule: the type of what a member sends without one."""
    if status != 204 and status != 304 and out_by_id(out, FIELD_CONTENT_TYPE) == NULL:
        out_add(out, b"Content-Type", 12, x.facts.forced_type.data,
                x.facts.forced_type.length, FIELD_CONTENT_TYPE, False)


cdef void remember_response_fields(exchange *x, out_list *out) noexcept nogil:
    """Keep the values that a log format will ask for (%{Name}o)."""
    cdef int i, j
    cdef response_field *wanted
    for i in range(response_field_count):
        wanted = &response_fields[i]
        for j in range(out.count):
            if out.fields[j].name_length == wanted.name.length and bytes_equal_nocase(
                    out.fields[j].name, wanted.name.data, wanted.name.length):
                x.facts.env[wanted.variable] = arena_copy(
                    &x.facts.arena, out.fields[j].value, out.fields[j].value_length)
                break


cdef bint date_is_canonical(out_field *f) noexcept nogil:
    """As "Sun, 06 Nov 1994 08:49:37 GMT", the form to send (RFC 9110 5.6.7)."""
    return f.value_length == 29 and f.value[3] == c',' and f.value[7] == c' ' and (
        f.value[25] == c' ' and f.value[26] == c'G')


cdef inline void field_mend(exchange *x, out_field *f) noexcept nogil:
    """What a member says of time and of itself, as clients are to see it."""
    cdef int id = f.id
    if id == FIELD_DATE or id == FIELD_LAST_MODIFIED or id == FIELD_EXPIRES:
        if not date_is_canonical(f):
            service_date(x, f)
    elif id == FIELD_LOCATION or id == FIELD_CONTENT_LOCATION or id == FIELD_URI \
            or id == FIELD_DESTINATION:
        rewrite_location(&x.facts, f)
    elif id == FIELD_SET_COOKIE:
        rewrite_cookie(&x.facts, f)


cdef inline void out_add_challenge(
        exchange *x, out_list *out, bint always) noexcept nogil:
    if unlikely(x.local.challenge.data != NULL):
        out_add(out, b"WWW-Authenticate", 16, x.local.challenge.data,
                x.local.challenge.length, FIELD_WWW_AUTHENTICATE, always)


cdef inline unsigned int head_at(exchange *x, writer *w) noexcept nogil:
    """Where in down.output the next byte goes; 0: there is no head at all."""
    return 0 if x.facts.req.minor == 9 else x.down.output.end + writer_held(w)


cdef int response_head_write(
        exchange *x, writer *w, head *res, const char *data) noexcept nogil:
    cdef out_list *out = &out_scratch
    cdef int i
    cdef field *f
    cdef unsigned long long ours = (
        bit(FIELD_CONTENT_LENGTH) | bit(FIELD_PROXY_AUTHENTICATE))
    cdef unsigned int reason_length
    cdef const char *reason = reason_said(res, data, &reason_length)
    cdef unsigned int labels = x.facts.vhost.labels
    cdef mime_found found
    cdef int rc
    # A page of the controller's is an answer of this server.
    cdef bint is_members = page_asked(&x.facts) == NULL
    x.facts.status = x.local.error_status if x.local.overridden else res.status
    out_from_head(out, res, data)
    if unlikely(x.attempt.codec != NULL) and is_members and (
            x.member.protocol == PROTOCOL_FCGI or x.member.protocol == PROTOCOL_SCGI):
        out_of_program(out)
    if unlikely(not is_members):
        out_add_digest(x, out, res.status)
    out_add_challenge(x, out, True)     # of a 401 whose page a member has
    for i in range(out.count):
        field_mend(x, &out.fields[i])
    if unlikely(x.facts.forced_type.data != NULL):
        out_add_type(x, out, res.status)
    if unlikely(labels):
        labels_begin(x, out, x.facts.status, &found, is_members)
    if unlikely(x.facts.cookies != NULL or x.question.cookies != NULL):
        out_add_cookies(out, x.question.cookies)
        out_add_cookies(out, x.facts.cookies)
        out_always_first(out)
    if unlikely(x.choice.session.is_due):
        session_say(x, out)
    if unlikely(x.facts.vhost.any_filter):
        rc = filters_on_head(
            x, out, x.facts.status,
            x.res.framing.length if x.res.framing.kind == BODY_LENGTH
            else foreseen_length,
            not (x.head_request or x.res.framing.kind == BODY_NONE))
        if rc < 0:
            return rc
    if has_rules(x, True):
        # What is early and not `always` is gone when an answer takes its place.
        rules_headers(&x.facts, out, True, 2, True)
        rules_headers(&x.facts, out, True, 3, False)
        out_always_first(out)
    if unlikely(x.facts.vhost.any_filter):
        vary_mend(&x.facts, out)
    if unlikely(labels):
        labels_end(x, out, x.facts.status, &found, is_members)
    if unlikely(out.overflow or x.facts.arena.starved):
        return -502
    if response_field_count:
        remember_response_fields(x, out)
    if unlikely(x.local.overridden):
        # The page is another member's, the status is the one that was overridden.
        reason = reason_of(x.local.error_status, &reason_length)
        put_status_line(x, w, x.local.error_status, reason, reason_length)
    else:
        if unlikely(reason_length == 0 and x.attempt.codec != NULL) \
                and x.attempt.codec.is_script:
            reason = reason_known(res.status, &reason_length)
        put_status_line(x, w, res.status, reason, reason_length)
    if out_by_id(out, FIELD_DATE) == NULL:
        put_field(w, b"Date: ", 6, http_date(), 29)
    if out_by_id(out, FIELD_SERVER) == NULL:
        put_field(w, b"Server: ", 8, x.facts.vhost.server_header.data,
                  x.facts.vhost.server_header.length)
    out_write(out, w, ours)
    if via_is_added(x) and x.attempt.codec == NULL:
        put_via(x, w, NULL, x.facts.req.minor)
    if unlikely(x.filters != NULL and x.res.content_length < 0):
        x.filters.framing_at = head_at(x, w)
    elif x.res.chunked_out:
        put(w, b"Transfer-Encoding: chunked\r\n", 28)
        if unlikely(res.seen >> FIELD_TRAILER & 1):
            put_trailer_names(x, w, res, data)
    elif x.res.content_length >= 0:
        put_number_field(w, b"Content-Length: ", 16, x.res.content_length)
    if unlikely(res.status == 426):
        f = head_field(res, FIELD_UPGRADE)
        if f != NULL:
            put_upgrade(w, data + f.value, f.value_length)
    put_connection(x, w)
    put(w, b"\r\n", 2)
    return 0


cdef inline int head_room(
        exchange *x, writer *w, int size_class, buffer *earlier) noexcept nogil:
    """Begin a head in a buffer of that size, behind interim heads that wait."""
    if writer_on(w, &x.down.output, size_class) < 0:
        return FAILED
    if earlier != NULL:
        put(w, &earlier.data[earlier.start], buffer_held(earlier))
    return 0


cdef int rewrite_response(exchange *x, head *res, const char *data) noexcept nogil:
    """Compose the final response head into x.down.output from res (parsed from data).

    Settles keep-alive and the framing towards the client. The rules that ran before may
    be run again when the head needs a larger buffer; they read the member's head anew
    each time. returns 0, -502, or -503: its body cannot pass filters now.
    """
    cdef writer w
    cdef int size_class
    cdef int rc = -502
    cdef field *f
    cdef buffer *earlier
    x.res.chunked_out = False
    x.res.close_delimited = False
    x.res.content_length = -1
    if x.res.framing.kind == BODY_LENGTH:
        x.res.content_length = x.res.framing.length
    elif x.res.framing.kind == BODY_CHUNKED or x.res.framing.kind == BODY_UNTIL_CLOSE:
        if x.facts.req.minor == 1 and not is_downgraded(x):
            x.res.chunked_out = True
        else:
            x.res.close_delimited = True
            x.keepalive = False
    elif x.head_request or res.status == 304:
        # No body follows, but its length is a fact worth keeping (RFC 9110 8.6).
        f = head_field(res, FIELD_CONTENT_LENGTH)
        if f != NULL:
            x.res.content_length = decimal_of(data + f.value, f.value_length)
    if x.local.overridden and status_drops_connection(x.local.error_status):
        x.keepalive = False
    keepalive_decide(x)
    # Interim heads that have not gone yet go before it.
    earlier = x.down.output
    x.down.output = NULL
    for size_class in range(BUFFER_CLASSES):
        if head_room(x, &w, size_class, earlier) < 0:
            break
        rc = response_head_write(x, &w, res, data)
        if rc < 0 or not w.full:
            break
    buffer_give(earlier)
    if rc < 0:
        return rc
    if unlikely(w.full):
        return -502         # no buffer is large enough, or there is no memory for it
    if x.facts.req.minor != 9:    # HTTP/0.9 has no head
        writer_into(&w, x.down.output)
    return 0


cdef int rewrite_interim(exchange *x, head *res, const char *data) noexcept nogil:
    """A 1xx head as it is passed on. returns 0 or -502."""
    cdef writer w
    cdef hop_facts unused
    cdef out_list *out = &out_scratch
    cdef unsigned int reason_length
    cdef const char *reason
    cdef field *f
    cdef int i
    if x.down.output != NULL:
        # The last interim head has not gone yet: add to it.
        writer_behind(&w, x.down.output)
    elif writer_on(&w, &x.down.output, BUFFER_SMALL) < 0:
        return -502
    if head_drop_hop_by_hop(res, data, &unused) < 0:
        return -502
    out_from_head(out, res, data)
    reason = reason_said(res, data, &reason_length)
    put_status_line(x, &w, res.status, reason, reason_length)
    for i in range(out.count):
        if out.fields[i].id == FIELD_SET_COOKIE:
            rewrite_cookie(&x.facts, &out.fields[i])
    if unlikely(res.status == 101 and x.choice.session.is_due):
        session_say(x, out)
    out_write(out, &w, bit(FIELD_CONTENT_LENGTH))
    if via_is_added(x):
        put_via(x, &w, NULL, x.facts.req.minor)
    if res.status == 101:
        f = head_field(res, FIELD_UPGRADE)
        put_upgrade(&w, data + f.value, f.value_length)
    put(&w, b"\r\n", 2)
    if w.full or x.facts.arena.starved:
        return -502
    writer_into(&w, x.down.output)
    return 0


cdef int local_head_write(
        exchange *x, writer *w, int status, const char *reason,
        unsigned int reason_length, const char *content_type,
        long long content_length) noexcept nogil:
    cdef out_list *out = &out_scratch
    cdef bint is_file = x.facts.file != NULL and x.facts.file.entity != NULL
    cdef int tables = 3 if status < 300 or is_file else 2
    cdef unsigned int labels = x.facts.vhost.labels
    cdef mime_found found
    cdef int rc
    x.facts.status = status
    out.count = 0
    out.overflow = False
    if x.local.location.data != NULL:
        out_add(out, b"Location", 8, x.local.location.data, x.local.location.length,
                FIELD_LOCATION, False)
    if unlikely(x.local.overloaded):
        out_add(out, b"Retry-After", 11, RETRY_AFTER_S,
                <unsigned int>strlen(RETRY_AFTER_S), FIELD_OTHER, False)
    if content_type != NULL:
        out_add(out, b"Content-Type", 12, content_type,
                <unsigned int>strlen(content_type), FIELD_CONTENT_TYPE, False)
    out_add_pairs(out, x.local.more_fields)     # a handler's
    out_add_digest(x, out, status)
    out_add_cookies(out, x.question.cookies)
    out_add_cookies(out, x.facts.cookies)
    if is_file:
        entity_fields(x, out, x.facts.file.entity)
    elif unlikely(labels):
        labels_begin(x, out, status, &found, False)
    if unlikely(x.facts.vhost.any_filter and is_file
                and x.facts.file.entity.status == 200):
        x.res.content_length = content_length
        x.res.chunked_out = False
        rc = filters_on_head(x, out, status, content_length, True)
        if rc < 0:
            return rc
        content_length = x.res.content_length
    elif unlikely(x.facts.vhost.any_filter and is_file
                  and x.facts.file.entity.status == 206):
        filters_give(x)
        rc = filters_on_part(
            x, out, content_length, x.facts.file.entity.part_count == 1)
        if rc:
            return rc
    elif unlikely(is_file and x.facts.file.entity.status == 304):
        if x.facts.vhost.any_filter:
            rc = filters_on_head(x, out, 304, -1, False)
            if rc < 0:
                return rc
        entity_unsaid(out, x.facts.file.entity)
    # Handlers' answers are ordinary responses, and so is the file of an ErrorDocument;
    # errors keep only `always`.
    rules_headers(&x.facts, out, True, tables, True)
    rules_headers(&x.facts, out, True, tables, False)
    if is_file:
        entity_frame(x, out, x.facts.file.entity)
        if x.facts.file.entity.part_count > 1:
            content_length = x.facts.file.entity.length
    elif unlikely(labels):
        labels_end(x, out, status, &found, False)
    # No rule sees it, in httpd.
    if x.local.challenge.data != NULL and x.facts.req.method_id == METHOD_CONNECT:
        out_add(out, b"Proxy-Authenticate", 18, x.local.challenge.data,
                x.local.challenge.length, FIELD_PROXY_AUTHENTICATE, False)
    else:
        out_add_challenge(x, out, False)
    put_status_line(x, w, status, reason, reason_length)
    put_field(w, b"Date: ", 6, http_date(), 29)
    put_field(w, b"Server: ", 8, x.facts.vhost.server_header.data,
              x.facts.vhost.server_header.length)
    if x.local.allow != NULL:
        put_field(w, b"Allow: ", 7, x.local.allow, strlen(x.local.allow))
    elif status == 405 or status == 501:
        # Apache tells what its proxy handler takes: nothing but TRACE, if that.
        put_field(w, b"Allow: ", 7, b"TRACE",
                  5 if x.facts.vhost.said.trace_enable else 0)
    if unlikely(x.facts.vhost.any_filter):
        vary_mend(&x.facts, out)
    out_write(out, w, 0)
    if unlikely(x.filters != NULL and content_length < 0):
        x.filters.framing_at = head_at(x, w)
    elif content_length >= 0 and not (
            x.head_request and content_length and not is_file):
        put_number_field(w, b"Content-Length: ", 16, content_length)
    if unlikely(status == 426 and x.attempt.upgrade.length):
        put_upgrade(w, x.attempt.upgrade.data, x.attempt.upgrade.length)
    put_connection(x, w)
    put(w, b"\r\n", 2)
    if response_field_count:
        remember_response_fields(x, out)
    return 0


cdef bint answer_has_parts(exchange *x) noexcept nogil:
    """Of x.facts.file, whose ranges none holds: is its own length the body's?"""
    cdef out_list *out = &out_scratch
    cdef filter_choice choice
    if likely(not x.facts.vhost.any_filter):
        return True
    out.count = 0
    out.overflow = False
    entity_fields(x, out, x.facts.file.entity)
    return filters_keep_file(x, out, True, &choice)


cdef int rewrite_local(
        exchange *x, int status, const char *reason, unsigned int reason_length,
        const char *content_type, long long content_length) noexcept nogil:
    """The head of an answer made here. content_length < 0: no body at all (204, 304).
    returns 0 or FAILED; with nothing composed -503: its body cannot pass filters now,
    or 1: there are no parts of what filters make of it."""
    cdef writer w
    cdef int size_class, rc
    cdef buffer *earlier = x.down.output    # interim heads
    if status_drops_connection(status):
        x.keepalive = False
    keepalive_decide(x)
    x.down.output = NULL
    for size_class in range(BUFFER_CLASSES):
        if head_room(x, &w, size_class, earlier) < 0:
            break
        rc = local_head_write(x, &w, status, reason, reason_length, content_type,
                              content_length)
        if unlikely(rc):
            buffer_drop(&x.down.output)
            x.down.output = earlier
            filters_give(x)
            return rc
        if not w.full:
            buffer_give(earlier)
            if x.facts.req.minor != 9:
                writer_into(&w, x.down.output)
            return 0
    buffer_give(earlier)
    return FAILED
