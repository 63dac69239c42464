"""Composing heads (rewrite.pxd).

Hop-by-hop fields are taken out before anything of ours is put in (CVE-2022-31813), and
framing is always our own: what a peer said about the length of a message is consumed
when it is parsed, and framed anew when it goes out.
"""
# uses: ground/chartable, ground/text, ground/number, io/buffer, io/writer,
#       ground/arena, io/date, http/fields, http/exit, http/hops, http/framing,
#       plan/build, plan/plan, plan/client, plan/facts, plan/rules, plan/reverse,
#       plan/logline, flow/exchange, flow/engine, flow/services

cdef struct status_reason:
    int status
    const char *text

cdef status_reason[REASONS_MAX] reasons
cdef int reason_count = 0


cdef void reasons_begin(dict texts) except *:
    """Take over the usual phrases, in memory that lives as long as the process."""
    global reason_count
    cdef int n = 0
    cdef text copy
    if len(texts) > REASONS_MAX:
        raise ValueError(f"more than {REASONS_MAX} phrases of status codes")
    for status, phrase in sorted(texts.items()):
        copy = plan_text(phrase)
        reasons[n].status = status
        reasons[n].text = copy.data
        n += 1
    reason_count = n


cdef const char *reason_of(int status, unsigned int *length) noexcept nogil:
    cdef int i
    for i in range(reason_count):
        if reasons[i].status == status:
            length[0] = <unsigned int>strlen(reasons[i].text)
            return reasons[i].text
    length[0] = 7
    return b"Unknown"


cdef const char *reason_said(
        const head *res, const char *data, unsigned int *length) noexcept nogil:
    """A member's phrase as it came, be it empty or none; the usual one in the place of
    one that holds controls."""
    if unlikely(res.reason.offset and res.reason.length == 0):
        return reason_of(res.status, length)
    length[0] = res.reason.length
    return data + res.reason.offset


# Towards the member --------------------------------------------------------------

cdef out_field *out_by_id(out_list *out, int id) noexcept nogil:
    cdef int i
    for i in range(out.count):
        if out.fields[i].id == id:
            return &out.fields[i]
    return NULL


cdef void put_forwarded(
        writer *w, out_list *out, int id, const char *name, size_t name_length,
        const char *mine, size_t mine_length) noexcept nogil:
    """One X-Forwarded field: ours behind what the client (or a rule) already said."""
    cdef int i
    cdef bint first = True
    put(w, name, name_length)
    for i in range(out.count):
        if out.fields[i].id == id:
            if not first:
                put(w, b", ", 2)
            put_value(w, out.fields[i].value, out.fields[i].value_length)
            first = False
    if not first:
        put(w, b", ", 2)
    put_value(w, mine, mine_length)
    put(w, b"\r\n", 2)


cdef bint via_is_added(exchange *x) noexcept nogil:
    cdef int via = x.facts.vhost.said.proxy_via
    return via == VIA_ON or via == VIA_FULL


cdef void put_via(exchange *x, writer *w, out_list *out, int minor) noexcept nogil:
    cdef plan_vhost *v = x.facts.vhost
    cdef int i
    put(w, b"Via: ", 5)
    if out != NULL:
        for i in range(out.count):
            if out.fields[i].id == FIELD_VIA:
                put_value(w, out.fields[i].value, out.fields[i].value_length)
                put(w, b", ", 2)
    put(w, b"1.1 " if minor else b"1.0 ", 4)
    put_value(w, v.server_name.data, v.server_name.length)
    put(w, v.server_port.data, v.server_port.length)
    if v.said.proxy_via == VIA_FULL:
        put(w, b" (", 2)
        put_value(w, v.server_header.data, v.server_header.length)
        put(w, b")", 1)
    put(w, b"\r\n", 2)


cdef void out_replace_host(exchange *x, out_list *out) noexcept nogil:
    """An absolute-form target's authority is what Host says (RFC 9112 3.2.2)."""
    cdef out_field *f = out_by_id(out, FIELD_HOST)
    cdef value asked = request_part(&x.facts, x.facts.authority)
    if f == NULL:
        out_add(out, b"Host", 4, asked.data, asked.length, FIELD_HOST, False)
        return
    f.value = asked.data
    f.value_length = asked.length
    f.raw = NULL


cdef unsigned long long bit(int id) noexcept nogil:
    return (<unsigned long long>1) << id


cdef int request_head_write(exchange *x, writer *w) noexcept nogil:
    cdef const char *data = request_bytes(&x.facts)
    cdef out_list *out = &out_scratch
    cdef plan_member *m = x.member
    cdef out_field *f
    cdef value host
    cdef long long forwards = -1
    cdef bint old = x.facts.env[ENV_FORCE_PROXY_10].data != NULL
    cdef unsigned long long ours = (
        bit(FIELD_HOST) | bit(FIELD_CONTENT_LENGTH) | bit(FIELD_EXPECT)
        | bit(FIELD_MAX_FORWARDS) | bit(FIELD_UPGRADE))
    out_from_head(out, &x.facts.req, data)
    if unlikely(x.attempt.upgrade.length):
        out_add(out, b"Upgrade", 7, x.attempt.upgrade.data, x.attempt.upgrade.length,
                FIELD_UPGRADE, False)
    if has_request_rules(x):
        rules_headers(&x.facts, out, False, 3, True)
        rules_headers(&x.facts, out, False, 3, False)
        if unlikely(x.attempt.upgrade.length) and out_by_id(out, FIELD_UPGRADE) == NULL:
            x.attempt.upgrade.length = 0        # a rule took it out
    if unlikely(out.overflow or x.facts.arena.starved):
        return -500
    if likely(not x.local.internal):
        put(w, data + x.facts.req.method.offset, x.facts.req.method.length)
    else:
        put(w, b"GET", 3)
    put(w, b" ", 1)
    put_target(w, m.path.data, m.path.length)
    put_target(w, x.facts.target.data, x.facts.target.length)
    put(w, b" HTTP/1.0\r\n" if old else b" HTTP/1.1\r\n", 11)
    # Host first; then what the client sent, less what must not travel.
    host.data = m.host_field.data
    host.length = m.host_field.length
    if unlikely(x.facts.authority.length):
        out_replace_host(x, out)
    if conf_flag(&x.facts, CONF_PRESERVE_HOST, False):
        f = out_by_id(out, FIELD_HOST)
        if f != NULL:
            host.data = f.value
            host.length = f.value_length
        else:
            host.data = x.facts.vhost.server_name.data
            host.length = x.facts.vhost.server_name.length
    put_field(w, b"Host: ", 6, host.data, host.length)
    f = out_by_id(out, FIELD_MAX_FORWARDS)
    if f != NULL:
        forwards = decimal_of(f.value, f.value_length) - 1
        if not 0 <= forwards < MAX_FORWARDS_MAX:
            return -400
    elif x.facts.vhost.said.proxy_max_forwards >= 0:
        forwards = x.facts.vhost.said.proxy_max_forwards
    if conf_flag(&x.facts, CONF_ADD_HEADERS, True):
        ours |= (bit(FIELD_X_FORWARDED_FOR) | bit(FIELD_X_FORWARDED_HOST)
                 | bit(FIELD_X_FORWARDED_SERVER))
    if x.facts.vhost.said.proxy_via:
        ours |= bit(FIELD_VIA)
    out_write(out, w, ours)
    if ours & bit(FIELD_X_FORWARDED_FOR):
        client_learn_remote(&x.down.client)
        put_forwarded(w, out, FIELD_X_FORWARDED_FOR, b"X-Forwarded-For: ", 17,
                      &x.down.client.remote_text[0], x.down.client.remote_text_length)
        f = out_by_id(out, FIELD_HOST)
        if f != NULL:
            put_forwarded(w, out, FIELD_X_FORWARDED_HOST, b"X-Forwarded-Host: ", 18,
                          f.value, f.value_length)
        put_forwarded(
            w, out, FIELD_X_FORWARDED_SERVER, b"X-Forwarded-Server: ", 20,
            x.facts.vhost.server_name.data, x.facts.vhost.server_name.length)
    if via_is_added(x):
        put_via(x, w, out, x.facts.req.minor)
    if forwards >= 0:
        put(w, b"Max-Forwards: ", 14)
        put_number(w, forwards)
        put(w, b"\r\n", 2)
    if x.attempt.expect_sent:
        request_expect_write(x, w, out)
    # Framing is ours.
    if x.body.chunked_out:
        put(w, b"Transfer-Encoding: chunked\r\n", 28)
    elif x.body.framing.kind != BODY_NONE:
        put(w, b"Content-Length: ", 16)
        put_number(w, x.body.framing.length)
        put(w, b"\r\n", 2)
    if old:
        put(w, b"\r\n", 2)
    elif unlikely(x.attempt.upgrade.length):
        put_upgrade(w, x.attempt.upgrade.data, x.attempt.upgrade.length)
        put(w, b"\r\n", 2)
    elif m.said.disable_reuse or x.facts.env[ENV_PROXY_NOKEEPALIVE].data != NULL:
        put(w, b"Connection: close\r\n\r\n", 21)
    else:
        put(w, b"Connection: Keep-Alive\r\n\r\n", 26)
    return 0


cdef void request_expect_write(exchange *x, writer *w, out_list *out) noexcept nogil:
    """Expect as the client wrote it: some members compare it letter by letter. A rule
    may have taken it out; then it is we who tell the client to go on."""
    cdef out_field *f = out_by_id(out, FIELD_EXPECT)
    if x.attempt.ping_sent:
        put(w, b"Expect: 100-continue\r\n", 22)
    elif f != NULL:
        put_field(w, b"Expect: ", 8, f.value, f.value_length)
    else:
        x.attempt.expect_sent = False
        x.attempt.await_continue = False


cdef int writer_on(writer *w, buffer **b, int size_class) noexcept nogil:
    """Begin to compose in an empty buffer of that class. returns 0 or FAILED."""
    if b[0] != NULL:
        buffer_give(b[0])
    b[0] = buffer_take(size_class)
    if b[0] == NULL:
        return FAILED
    writer_behind(w, b[0])
    return 0


cdef void writer_behind(writer *w, buffer *b) noexcept nogil:
    """Compose behind what a buffer holds."""
    writer_begin(w, &b.data[b.end], buffer_room(b))


cdef void writer_into(writer *w, buffer *b) noexcept nogil:
    """The buffer holds what was written behind what it held."""
    b.end += writer_held(w)


cdef int rewrite_request(exchange *x) noexcept nogil:
    cdef writer w
    cdef int size_class, rc
    cdef unsigned int kept
    for size_class in range(BUFFER_CLASSES):
        if writer_on(&w, &x.up.output, size_class) < 0:
            return -500
        rc = request_head_write(x, &w)
        if rc < 0:
            return rc
        if not w.full:
            break
    else:
        return -400
    # A small body goes with the head in one segment.
    kept = x.body.kept
    if kept and not x.body.chunked_out and not x.attempt.await_continue and \
            writer_room(&w) >= kept and kept <= BODY_WITH_HEAD_MAX:
        put(&w, request_kept(x), kept)
        x.attempt.body_sent = kept
    writer_into(&w, x.up.output)
    return 0


# Towards the client --------------------------------------------------------------

cdef bint has_reverse(exchange *x) noexcept nogil:
    cdef int i
    for i in range(x.facts.conf_count):
        if x.facts.confs[i].reverse_count:
            return True
    return False


cdef bint has_cookie_maps(exchange *x) noexcept nogil:
    cdef int i
    for i in range(x.facts.conf_count):
        if x.facts.confs[i].cookie_domain_count or x.facts.confs[i].cookie_path_count:
            return True
    return False


cdef bint has_request_rules(exchange *x) noexcept nogil:
    cdef int i
    for i in range(x.facts.conf_count):
        if x.facts.confs[i].request_header_count:
            return True
    return False


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


cdef bint has_header_rules(exchange *x) noexcept nogil:
    cdef int i
    for i in range(x.facts.conf_count):
        if x.facts.confs[i].header_count:
            return True
    return False


cdef bint answers_as_10(exchange *x) noexcept nogil:
    """force-response-1.0: for clients that stumble over a 1.1 behind their 1.0."""
    return x.facts.req.minor == 0 and x.facts.env[ENV_FORCE_RESPONSE_10].data != NULL


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


cdef void put_upgrade(
        writer *w, const char *protocol, unsigned int length) noexcept nogil:
    """What a 101 changes to, and what a 426 asks for (RFC 9110 15.5.22)."""
    put(w, b"Connection: Upgrade\r\n", 21)
    put_field(w, b"Upgrade: ", 9, protocol, length)


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
            or answers_as_10(x)
            or (v.said.max_keepalive_requests
                and x.down.client.requests >= v.said.max_keepalive_requests)):
        x.keepalive = False


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


cdef int response_head_write(
        exchange *x, writer *w, head *res, const char *data) noexcept nogil:
    cdef out_list *out = &out_scratch
    cdef int i
    cdef int id
    cdef field *f
    cdef unsigned long long ours = (
        bit(FIELD_CONTENT_LENGTH) | bit(FIELD_PROXY_AUTHENTICATE))
    cdef unsigned int reason_length
    cdef const char *reason = reason_said(res, data, &reason_length)
    out_from_head(out, res, data)
    for i in range(out.count):
        id = out.fields[i].id
        if (id == FIELD_DATE or id == FIELD_LAST_MODIFIED or id == FIELD_EXPIRES) \
                and not date_is_canonical(&out.fields[i]):
            service_date(x, &out.fields[i])
    if has_reverse(x):
        for i in range(out.count):
            id = out.fields[i].id
            if id == FIELD_LOCATION or id == FIELD_CONTENT_LOCATION or \
                    id == FIELD_URI or id == FIELD_DESTINATION:
                rewrite_location(&x.facts, &out.fields[i])
    if has_cookie_maps(x):
        for i in range(out.count):
            if out.fields[i].id == FIELD_SET_COOKIE:
                rewrite_cookie(&x.facts, &out.fields[i])
    if has_header_rules(x):
        rules_headers(&x.facts, out, True, 3, True)
        rules_headers(&x.facts, out, True, 3, False)
        out_always_first(out)
    if unlikely(out.overflow or x.facts.arena.starved):
        return -502
    if response_field_count:
        remember_response_fields(x, out)
    if unlikely(x.local.overridden):
        # The page is another member's, the status is the one that was overridden.
        reason = reason_of(x.local.error_status, &reason_length)
        put_status_line(x, w, x.local.error_status, reason, reason_length)
    else:
        put_status_line(x, w, res.status, reason, reason_length)
    if out_by_id(out, FIELD_DATE) == NULL:
        put_field(w, b"Date: ", 6, http_date(), 29)
    if out_by_id(out, FIELD_SERVER) == NULL:
        put_field(w, b"Server: ", 8, x.facts.vhost.server_header.data,
                  x.facts.vhost.server_header.length)
    out_write(out, w, ours)
    if via_is_added(x):
        put_via(x, w, NULL, x.facts.req.minor)
    if x.res.chunked_out:
        put(w, b"Transfer-Encoding: chunked\r\n", 28)
    elif x.res.content_length >= 0:
        put(w, b"Content-Length: ", 16)
        put_number(w, x.res.content_length)
        put(w, b"\r\n", 2)
    if unlikely(res.status == 426):
        f = head_field(res, FIELD_UPGRADE)
        if f != NULL:
            put_upgrade(w, data + f.value, f.value_length)
    put_connection(x, w)
    put(w, b"\r\n", 2)
    return 0


cdef int rewrite_response(exchange *x, head *res, const char *data) noexcept nogil:
    """Decide the framing towards the client, then write the head.

    The rules that ran before may be run again when the head needs a larger buffer; they
    read the member's head anew each time.
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
        if x.facts.req.minor == 1:
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
        if writer_on(&w, &x.down.output, size_class) < 0:
            break
        if earlier != NULL:
            put(&w, &earlier.data[earlier.start], buffer_held(earlier))
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
    if has_cookie_maps(x):
        for i in range(out.count):
            if out.fields[i].id == FIELD_SET_COOKIE:
                rewrite_cookie(&x.facts, &out.fields[i])
    out_write(out, &w, bit(FIELD_CONTENT_LENGTH))
    if res.status == 101:
        f = head_field(res, FIELD_UPGRADE)
        put_upgrade(&w, data + f.value, f.value_length)
    put(&w, b"\r\n", 2)
    if w.full:
        return -502
    writer_into(&w, x.down.output)
    return 0


cdef void out_add_more(out_list *out, value more) noexcept nogil:
    """The fields that a handler adds to its answer."""
    cdef const char *name = more.data
    cdef const char *end = more.data + more.length
    cdef const char *content
    cdef unsigned int length
    while name < end:
        length = <unsigned int>strlen(name)
        content = name + length + 1
        out_add(out, name, length, content, <unsigned int>strlen(content),
                FIELD_OTHER, False)
        name = content + strlen(content) + 1


cdef int local_head_write(
        exchange *x, writer *w, int status, const char *reason,
        unsigned int reason_length, const char *content_type,
        long long content_length) noexcept nogil:
    cdef out_list *out = &out_scratch
    out.count = 0
    out.overflow = False
    if x.local.challenge.data != NULL:
        out_add(out, b"WWW-Authenticate", 16, x.local.challenge.data,
                x.local.challenge.length, FIELD_WWW_AUTHENTICATE, False)
    if x.local.location.data != NULL:
        out_add(out, b"Location", 8, x.local.location.data, x.local.location.length,
                FIELD_LOCATION, False)
    if content_type != NULL:
        out_add(out, b"Content-Type", 12, content_type,
                <unsigned int>strlen(content_type), FIELD_CONTENT_TYPE, False)
    out_add_more(out, x.local.more_fields)
    # Handlers' answers are ordinary responses; errors keep only `always`.
    rules_headers(&x.facts, out, True, 3 if status < 300 else 2, False)
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
    out_write(out, w, 0)
    if content_length >= 0 and not (x.head_request and content_length):
        put(w, b"Content-Length: ", 16)
        put_number(w, content_length)
        put(w, b"\r\n", 2)
    if unlikely(status == 426 and x.attempt.upgrade.length):
        put_upgrade(w, x.attempt.upgrade.data, x.attempt.upgrade.length)
    put_connection(x, w)
    put(w, b"\r\n", 2)
    if response_field_count:
        remember_response_fields(x, out)
    return 0


cdef int rewrite_local(
        exchange *x, int status, const char *reason, unsigned int reason_length,
        const char *content_type, long long content_length) noexcept nogil:
    cdef writer w
    cdef int size_class
    cdef buffer *earlier = x.down.output    # interim heads
    if status_drops_connection(status):
        x.keepalive = False
    keepalive_decide(x)
    x.down.output = NULL
    for size_class in range(BUFFER_CLASSES):
        if writer_on(&w, &x.down.output, size_class) < 0:
            break
        if earlier != NULL:
            put(&w, &earlier.data[earlier.start], buffer_held(earlier))
        local_head_write(x, &w, status, reason, reason_length, content_type,
                         content_length)
        if not w.full:
            buffer_give(earlier)
            if x.facts.req.minor != 9:
                writer_into(&w, x.down.output)
            return 0
    buffer_give(earlier)
    return FAILED
