"""Composing the heads that go out to the member.

Hop-by-hop fields are taken out before anything of ours is put in (CVE-2022-31813), and
framing is always our own: what a peer said about the length of a message is consumed
when it is parsed, and framed anew when it goes out.
"""
# uses: ground/chartable, ground/text, ground/number, ground/list, io/buffer,
#       io/writer, ground/arena, http/fields, http/head, http/exit, http/hops,
#       http/framing, plan/build, plan/plan, plan/out_fields, plan/client, plan/facts,
#       plan/own_name, plan/expr_words, plan/expr, plan/rules, plan/cgi_variables,
#       plan/filtered, plan/tls_access, flow/exchange, flow/session, flow/trailers

# Fields of a request that who is asked about it does not get (AuthRequest).
cdef const char *NOT_OF_A_QUESTION = (
    b"range if-range if-match if-none-match if-modified-since if-unmodified-since "
    b"x-original-uri x-original-url x-original-method x-forwarded-method "
    b"x-forwarded-proto x-forwarded-host x-forwarded-uri")

cdef head asked_head            # of a question; one is read at a time


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


cdef void put_number_field(
        writer *w, const char *name, size_t name_length, long long n) noexcept nogil:
    put(w, name, name_length)
    put_number(w, n)
    put(w, b"\r\n", 2)


cdef bint via_is_added(exchange *x) noexcept nogil:
    cdef int via = x.facts.vhost.said.proxy_via
    return via == VIA_ON or via == VIA_FULL


cdef void put_via(exchange *x, writer *w, out_list *out, int minor) noexcept nogil:
    cdef plan_vhost *v = x.facts.vhost
    cdef int port = self_port(&x.facts)
    cdef int i
    put(w, b"Via: ", 5)
    if out != NULL:
        for i in range(out.count):
            if out.fields[i].id == FIELD_VIA:
                put_value(w, out.fields[i].value, out.fields[i].value_length)
                put(w, b", ", 2)
    put(w, b"1.1 " if minor else b"1.0 ", 4)
    put_value(w, v.server_name.data, v.server_name.length)
    if port != port_of_scheme(&x.facts):
        # The port that the client asked for, beside the name that is written: as httpd
        put_byte(w, c':')
        put_number(w, port)
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
    else:
        out_set(f, asked)


cdef void out_drop_named(out_list *out) noexcept nogil:
    """A rule has set Connection: what it names goes no further. The field itself is
    never sent: Connection towards a member is ours, and there is one of it."""
    cdef const char *p
    cdef const char *end
    cdef const char *begin
    cdef unsigned int size
    cdef int i, j
    cdef out_field *f
    for i in range(out.count):
        if out.fields[i].id != FIELD_CONNECTION:
            continue
        p = out.fields[i].value
        end = p + out.fields[i].value_length
        while next_list_member(&p, end, &begin, &size):
            for j in range(out.count):
                f = &out.fields[j]
                if f.name_length == size and f.id != FIELD_HOST \
                        and f.id != FIELD_UPGRADE and bytes_equal_nocase(
                            f.name, begin, size):
                    f.id = FIELD_CONNECTION


cdef unsigned long long bit(int id) noexcept nogil:
    return (<unsigned long long>1) << id


cdef void out_add_proxies(exchange *x, out_list *out) noexcept nogil:
    """RemoteIPProxiesHeader; the client's own was taken out."""
    cdef text *name = &x.facts.vhost.remote_ip.proxies_header
    out_add(out, name.data, name.length, x.facts.proxies.data, x.facts.proxies.length,
            <unsigned char>field_number(name.data, name.length), False)


cdef void out_take(out_list *out, const char *name, unsigned int length) noexcept nogil:
    """No field of that name is passed on, and no rule finds it; X_User neither, which
    is X-User to members that make variables of names (CGI, WSGI)."""
    cdef int i
    for i in range(out.count):
        if out.fields[i].name_length == length and names_are_alike(
                out.fields[i].name, name, length):
            out.fields[i].id = FIELD_CONNECTION
            out.fields[i].name_length = 0


cdef void out_granted(request_facts *r, out_list *out) noexcept nogil:
    """AuthRequestHeader: what a member is told by who let the request in, and by nobody
    else."""
    cdef int i, j
    for i in range(r.conf_count):
        for j in range(r.confs[i].granted_count):
            out_take(out, r.confs[i].granted[j].data, r.confs[i].granted[j].length)
    out_add_pairs(out, r.granted)


cdef int out_fake_credentials(request_facts *r, out_list *out) noexcept nogil:
    """AuthBasicFake, FakeBasicAuth: what a member is told of who asks.

    returns 0 or -500
    """
    cdef plan_conf *c = NULL
    cdef value fake
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].fake.data != NULL:
            c = r.confs[i]
    if c == NULL:
        if r.user.data != NULL and tls_is_user(r):
            out_take(out, b"authorization", 13)
            fake = basic_field(r, r.user, FAKE_PASSWORD)
            out_add(
                out, b"Authorization", 13, fake.data, fake.length, FIELD_OTHER, False)
        return 0
    fake = value(c.fake.data, c.fake.length)
    if c.fake_user >= 0:
        if not fake_composed(r, c, &fake):
            return -500
    elif fake.length == 0:
        return 0
    out_take(out, b"authorization", 13)
    if fake.length:
        out_add(out, b"Authorization", 13, fake.data, fake.length, FIELD_OTHER, False)
    return 0


cdef bint fake_composed(
        request_facts *r, const plan_conf *c, value *fake) noexcept nogil:
    """Of two expressions; nothing where one of them is empty. False: they could not be
    worked out."""
    cdef value user = expr_text(r, c.fake_user, NULL)
    cdef value password = expr_text(r, c.fake_password, NULL)
    if user.data == NULL or password.data == NULL:
        return False
    if user.length == 0 or password.length == 0:
        return True
    fake[0] = basic_field(r, user, password)
    return True


cdef value basic_field(request_facts *r, value user, value password) noexcept nogil:
    """What stands in Authorization."""
    cdef value word
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, user.data, user.length)
    put_byte(&w, c':')
    put(&w, password.data, password.length)
    word = base64_of(r, arena_written(&r.arena, &w))
    arena_write(&r.arena, &w)
    put(&w, b"Basic ", 6)
    put(&w, word.data, word.length)
    return arena_written(&r.arena, &w)


cdef inline int request_fields(exchange *x, out_list *out) noexcept nogil:
    """What the client sent, less what must not travel, as rules leave it. returns 0 or
    -500"""
    cdef bint is_gateway = unlikely(
        x.attempt.codec != NULL) and x.member.protocol >= PROTOCOL_FCGI
    out_from_head(out, &x.facts.req, request_bytes(&x.facts))
    if unlikely(session_is_ours(x)):
        session_hide(x, out)
    if is_gateway:
        cgi_out_hops(&x.facts, out)
    if unlikely(x.facts.proxies.data != NULL):
        out_add_proxies(x, out)
    if unlikely(x.attempt.upgrade.length):
        out_add(out, b"Upgrade", 7, x.attempt.upgrade.data, x.attempt.upgrade.length,
                FIELD_UPGRADE, False)
    if unlikely(plan.any_fake) and out_fake_credentials(&x.facts, out) < 0:
        return -500
    if unlikely(plan.any_elsewhere):
        out_granted(&x.facts, out)
    if has_rules(x, False):
        rules_headers(&x.facts, out, False, 3, False)
        if unlikely(x.attempt.upgrade.length) and out_by_id(out, FIELD_UPGRADE) == NULL:
            x.attempt.upgrade.length = 0        # a rule took it out
        if unlikely(out_by_id(out, FIELD_CONNECTION) != NULL) and not is_gateway:
            out_drop_named(out)
    if unlikely(x.facts.vhost.any_filter) and pages_are_changed(&x.facts):
        out_take(out, b"range", 5)
        out_take(out, b"if-range", 8)
    return -500 if unlikely(out.overflow or x.facts.arena.starved) else 0


cdef inline int request_forwards(
        exchange *x, out_list *out, long long *forwards) noexcept nogil:
    """Max-Forwards that it goes out with; -1: none. returns 0 or -400"""
    cdef out_field *f = out_by_id(out, FIELD_MAX_FORWARDS)
    forwards[0] = -1
    if f != NULL:
        forwards[0] = decimal_of(f.value, f.value_length) - 1
        if not 0 <= forwards[0] < MAX_FORWARDS_MAX:
            return -400
    elif x.facts.vhost.said.proxy_max_forwards >= 0:
        forwards[0] = x.facts.vhost.said.proxy_max_forwards
    return 0


cdef int request_head_write(exchange *x, writer *w) noexcept nogil:
    cdef const char *data = request_bytes(&x.facts)
    cdef out_list *out = &out_scratch
    cdef plan_member *m = x.member
    cdef out_field *f
    cdef value host
    cdef long long forwards
    cdef bint old = x.facts.env[ENV_FORCE_PROXY_10].data != NULL
    cdef unsigned long long ours = (
        bit(FIELD_HOST) | bit(FIELD_CONTENT_LENGTH) | bit(FIELD_EXPECT)
        | bit(FIELD_MAX_FORWARDS) | HOP_BY_HOP_IDS)
    if request_fields(x, out) < 0:
        return -500
    if request_forwards(x, out, &forwards) < 0:
        return -400
    if likely(not x.local.internal):
        put(w, data + x.facts.req.method.offset, x.facts.req.method.length)
    else:
        put(w, b"GET", 3)
    put(w, b" ", 1)
    if unlikely(m.remote_origin.length):
        put_target(w, m.remote_origin.data, m.remote_origin.length)
    put_target(w, m.path.data, m.path.length)
    put_target(w, x.facts.target.data, x.facts.target.length)
    put(w, b" HTTP/1.0\r\n" if old else b" HTTP/1.1\r\n", 11)
    # Host first; then what the client sent, less what must not travel.
    host = value(m.host_field.data, m.host_field.length)
    if unlikely(x.facts.authority.length):
        out_replace_host(x, out)
    if conf_flag(&x.facts, CONF_PRESERVE_HOST, False):
        f = out_by_id(out, FIELD_HOST)
        if f != NULL:
            host = value(f.value, f.value_length)
        else:
            host = value(
                x.facts.vhost.server_name.data, x.facts.vhost.server_name.length)
    put_field(w, b"Host: ", 6, host.data, host.length)
    if conf_flag(&x.facts, CONF_ADD_HEADERS, True):
        ours |= (bit(FIELD_X_FORWARDED_FOR) | bit(FIELD_X_FORWARDED_HOST)
                 | bit(FIELD_X_FORWARDED_SERVER))
    if x.facts.vhost.said.proxy_via:
        ours |= bit(FIELD_VIA)
    if unlikely(m.remote_field.length):
        ours |= bit(FIELD_PROXY_AUTHORIZATION)
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
        put_number_field(w, b"Max-Forwards: ", 14, forwards)
    if x.attempt.expect_sent:
        request_expect_write(x, w, out)
    if unlikely(m.remote_field.length):
        put_field(w, b"Proxy-Authorization: ", 21, m.remote_field.data,
                  m.remote_field.length)
    # Framing is ours.
    if x.body.chunked_out:
        put(w, b"Transfer-Encoding: chunked\r\n", 28)
        if unlikely(x.facts.req.seen >> FIELD_TRAILER & 1) and not old:
            put_trailer_names(x, w, &x.facts.req, data)
    elif x.body.framing.kind != BODY_NONE:
        put_number_field(w, b"Content-Length: ", 16, x.body.framing.length)
    if old:
        put(w, b"\r\n", 2)
    elif unlikely(x.attempt.upgrade.length):
        put_upgrade(w, x.attempt.upgrade.data, x.attempt.upgrade.length)
        put(w, b"\r\n", 2)
    else:
        if unlikely(x.facts.req.seen >> FIELD_TE & 1) and trailers_are_wanted(x):
            put(w, b"TE: trailers\r\nConnection: TE, ", 30)
        else:
            put(w, b"Connection: ", 12)
        if m.said.disable_reuse or x.facts.env[ENV_PROXY_NOKEEPALIVE].data != NULL:
            put(w, b"close\r\n\r\n", 9)
        else:
            put(w, b"Keep-Alive\r\n\r\n", 14)
    return 0


cdef void question_leave_out(out_list *out) noexcept nogil:
    """What is of the client's connection, of its body or of a copy that it has, and
    what is written anew, however it is spelled."""
    cdef const char *name = NOT_OF_A_QUESTION
    cdef const char *end
    cdef int i
    while name[0] != 0:
        end = name
        while end[0] != 0 and end[0] != c' ':
            end += 1
        out_take(out, name, <unsigned int>(end - name))
        name = end + (end[0] != 0)
    for i in range(out.count):
        # X_Forwarded_For; what proxies in front have said stays.
        if out.fields[i].id == FIELD_OTHER and out.fields[i].name_length == 15 \
                and names_are_alike(out.fields[i].name, b"x-forwarded-for", 15):
            out.fields[i].id = FIELD_CONNECTION


cdef void question_put_id(
        const request_facts *r, out_list *out, writer *w, int id, const char *name,
        unsigned int length) noexcept nogil:
    """In the place of what the client says. id: ID_*, of one that is in force."""
    cdef value found = env_of(r, plan_ids[id])
    out_take(out, name, length)
    if found.data != NULL:
        put(w, name, length)
        put(w, b": ", 2)
        put_value(w, found.data, found.length)
        put(w, b"\r\n", 2)


cdef void question_put_ids(
        const request_facts *r, out_list *out, writer *w) noexcept nogil:
    """RequestID and TraceContext, as members get them (model/request_ids.py)."""
    cdef const text *name = &r.vhost.request_id_header
    if r.vhost.said.request_id != REQUEST_ID_OFF:
        question_put_id(r, out, w, ID_REQUEST, name.data, name.length)
    if r.vhost.said.trace_context:
        question_put_id(r, out, w, ID_TRACEPARENT, b"traceparent", 11)
        if env_of(r, plan_ids[<int>ID_TRACE_PARENT_ID]).data == NULL:
            out_take(out, b"tracestate", 10)


cdef int question_head_write(exchange *x, writer *w) noexcept nogil:
    """AuthRequest: a GET without a body that tells what is asked for, and by whom."""
    cdef request_facts *r = &x.facts
    cdef const char *data = request_bytes(r)
    cdef out_list *out = &out_scratch
    cdef plan_member *m = x.member
    cdef value host = host_field_of(r)
    cdef value uri = request_part(r, r.req.target)
    cdef value path = request_part(r, r.path)
    cdef unsigned long long ours = (
        bit(FIELD_HOST) | bit(FIELD_CONTENT_LENGTH) | bit(FIELD_EXPECT)
        | bit(FIELD_X_FORWARDED_FOR) | HOP_BY_HOP_IDS)
    if host.length == 0:
        host = self_reference(r)
    out_from_head(out, &r.req, data)
    if unlikely(session_is_ours(x)):
        session_hide(x, out)
    if unlikely(r.proxies.data != NULL):
        out_add_proxies(x, out)
    question_leave_out(out)
    if unlikely(out.overflow or r.arena.starved):
        return -500
    put(w, b"GET ", 4)
    if unlikely(m.remote_origin.length):
        put_target(w, m.remote_origin.data, m.remote_origin.length)
    put_target(w, m.path.data, m.path.length)
    put_target(w, r.target.data, r.target.length)
    put(w, b" HTTP/1.1\r\n", 11)
    put_field(w, b"Host: ", 6, m.host_field.data, m.host_field.length)
    put_field(w, b"X-Original-URI: ", 16, uri.data, uri.length)
    if path.length and path.data[0] == c'/':
        put(w, b"X-Original-URL: ", 16)
        put_own_scheme(r, w)
        put_value(w, host.data, host.length)
        put_value(w, path.data, path.length)
        put(w, b"\r\n", 2)
    put_field(w, b"X-Original-Method: ", 19, data + r.req.method.offset,
              r.req.method.length)
    put_field(w, b"X-Forwarded-Method: ", 20, data + r.req.method.offset,
              r.req.method.length)
    put_field(w, b"X-Forwarded-Proto: ", 19, b"https",
              5 if client_speaks_tls(r) else 4)
    put_field(w, b"X-Forwarded-Host: ", 18, host.data, host.length)
    put_field(w, b"X-Forwarded-Uri: ", 17, uri.data, uri.length)
    question_put_ids(r, out, w)
    client_learn_remote(&x.down.client)
    put_forwarded(w, out, FIELD_X_FORWARDED_FOR, b"X-Forwarded-For: ", 17,
                  &x.down.client.remote_text[0], x.down.client.remote_text_length)
    if unlikely(m.remote_field.length):
        ours |= bit(FIELD_PROXY_AUTHORIZATION)
    out_write(out, w, ours)
    if unlikely(m.remote_field.length):
        put_field(w, b"Proxy-Authorization: ", 21, m.remote_field.data,
                  m.remote_field.length)
    if m.said.disable_reuse:
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


cdef int question_fields(exchange *x, out_list *out) noexcept nogil:
    """Those of a question, for who does not speak HTTP: read from its head."""
    cdef head_limits limits = x.facts.vhost.limits
    cdef hop_facts unused
    cdef writer w
    cdef value made
    limits.field_count = FIELD_COUNT_MAX
    limits.line_bytes = limits.field_bytes = HEAD_BYTES_MAX
    arena_write(&x.facts.arena, &w)
    question_head_write(x, &w)
    made = arena_written(&x.facts.arena, &w)
    if made.data == NULL or head_parse_request(
            &asked_head, <char *>made.data, made.length, &limits) < 0 \
            or head_drop_hop_by_hop(&asked_head, made.data, &unused) < 0:
        return -500
    out_from_head(out, &asked_head, made.data)
    return 0


cdef int codec_head_write(exchange *x, writer *w) noexcept nogil:
    """The request as the member's own protocol has it."""
    cdef out_list *out = &out_scratch
    cdef out_field *f
    cdef long long forwards
    cdef int rc
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char *begin
    rc = question_fields(x, out) if unlikely(x.question.of != NULL) \
        else request_fields(x, out)
    if rc < 0:
        return rc
    if request_forwards(x, out, &forwards) < 0:
        return -400
    if unlikely(x.facts.authority.length and x.question.of == NULL):
        out_replace_host(x, out)
    if unlikely(forwards >= 0):
        begin = decimal_before(&digits[NUMBER_DIGITS_MAX], forwards)
        f = out_by_id(out, FIELD_MAX_FORWARDS)
        if f == NULL:
            out_add(out, b"Max-Forwards", 12, begin,
                    <unsigned int>(&digits[NUMBER_DIGITS_MAX] - begin),
                    FIELD_MAX_FORWARDS, False)
        else:
            out_set(f, value(begin, <unsigned int>(&digits[NUMBER_DIGITS_MAX] - begin)))
    return x.attempt.codec.of.head(x, out, w)


cdef int rewrite_request(exchange *x) noexcept nogil:
    """Compose the request head for x.member into x.up.output, with the part of a small
    body that is at hand. returns 0, or -400 (Max-Forwards), -500, or what the member's
    own protocol refuses."""
    cdef writer w
    cdef int size_class, rc
    cdef unsigned int kept
    for size_class in range(BUFFER_CLASSES):
        if writer_on(&w, &x.up.output, size_class) < 0:
            return -500
        if unlikely(x.attempt.codec != NULL):
            rc = codec_head_write(x, &w)
        elif likely(x.question.of == NULL):
            rc = request_head_write(x, &w)
        else:
            rc = question_head_write(x, &w)
        if rc < 0:
            return rc
        if not w.full:
            break
    else:
        return -400
    # A small body goes with the head in one segment.
    kept = x.body.kept
    if kept and not x.attempt.framed and not x.attempt.await_continue and \
            writer_room(&w) >= kept and kept <= BODY_WITH_HEAD_MAX and \
            x.question.of == NULL:
        put(&w, request_kept(x), kept)
        x.attempt.body_sent = kept
    writer_into(&w, x.up.output)
    return 0


cdef bint has_rules(exchange *x, bint response) noexcept nogil:
    """Header of this side, or RequestHeader of the other."""
    cdef int i
    for i in range(x.facts.conf_count):
        if x.facts.confs[i].header_count if response \
                else x.facts.confs[i].request_header_count:
            return True
    return False


cdef void put_upgrade(
        writer *w, const char *protocol, unsigned int length) noexcept nogil:
    """What a 101 changes to, and what a 426 asks for (RFC 9110 15.5.22)."""
    put(w, b"Connection: Upgrade\r\n", 21)
    put_field(w, b"Upgrade: ", 9, protocol, length)
