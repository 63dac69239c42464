"""What is made out of strangers' bytes, under the fuzzer: it must be read in one way.

An exchange without connections goes the way of a real one, up to the composed head:
path, sections, rules, mapping, target, reverse maps, cookies, log line. The plan is
that of a configuration which has something of everything.
"""

from libc.stdint cimport uint8_t


cdef exchange *fuzz_exchange(const char *data, size_t size) noexcept nogil:
    """An exchange whose request is there; NULL when its head is refused."""
    cdef downstream *d = downstream_take()
    cdef exchange *x
    cdef int rc
    d.client.listener = &plan.listeners[0]
    d.client.set = d.client.listener.set
    d.vhost = &plan.vhosts[d.client.set.vhosts[0]]
    d.input = buffer_take(BUFFER_MEDIUM)
    if size > buffer_room(d.input):
        size = buffer_room(d.input)
    memcpy(&d.input.data[d.input.end], data, size)
    d.input.end += <unsigned int>size
    x = exchange_take(d)
    rc = head_parse_request(
        &x.facts.req, &d.input.data[x.facts.base], <unsigned int>size, &d.vhost.limits)
    if rc <= 0 or x.facts.req.method_id == METHOD_CONNECT or head_check_host(
            &x.facts.req, &d.input.data[x.facts.base], d.vhost.limits.strict,
            &x.facts.host, &x.facts.path) < 0:
        fuzz_end(x)
        return NULL
    x.head_request = x.facts.req.method_id == METHOD_HEAD
    head_drop_hop_by_hop(&x.facts.req, &d.input.data[x.facts.base], &x.hop)
    request_learn_authority(&x.facts)
    x.body.framing.kind = BODY_NONE
    x.body.done = True
    return x


cdef void fuzz_end(exchange *x) noexcept nogil:
    cdef downstream *d = x.down
    exchange_settle(x)
    downstream_close(d)
    watch_free_dead()


cdef void fuzz_file(request_facts *r) noexcept nogil:
    """The file that it names lies where the configuration says, whatever was sent."""
    cdef file_facts *f
    if file_find(r) != 0 or r.file == NULL:
        return
    f = r.file
    must(f.end <= f.name.length)
    must(not path_climbs(f.name.data, f.name.length))
    must(f.name.length >= 5 and (
        memcmp(f.name.data, b"/site", 5) == 0 or memcmp(f.name.data, b"/more", 5) == 0))
    must(f.name.length == 5 or f.name.data[5] == c'/' or f.alias > 0)
    match_file_sections(r)


cdef bint fuzz_route(exchange *x) noexcept nogil:
    """Up to the target of a mapping; False: it is not for a member."""
    cdef redirected moved
    cdef rewrite_outcome made
    cdef decision d
    cdef int because
    if decide_before(&x.facts, &d) != DECIDED_MEMBER:
        return False
    must(x.facts.decoded.length > 0)
    if not find_mapping(&x.facts):
        fuzz_file(&x.facts)
        return False
    if match_target(&x.facts) < 0 or not match_proxy_sections(&x.facts):
        return False
    must(x.facts.target.length > 0)
    if x.facts.vhost.any_if and not match_ifs_again(&x.facts):
        return False
    if request_admission(&x.facts, &because) == 0:
        readings_refuse(&x.facts, &because)
    if x.facts.vhost.rewrite != NULL and rewrite_in_sections(
            &x.facts, &made) != REWROTE_NOTHING:
        must(x.facts.decoded.length > 0)
        return False
    rules_env(&x.facts)
    return match_redirect(&x.facts, True, &moved) == 0


cdef upstream *fuzz_upstream(exchange *x) noexcept nogil:
    cdef upstream *u = upstream_take()
    u.x = x
    u.member = &plan.members[0]
    upstream_enter(u, UP_BUSY)
    pool_of(u.member).open_count += 1
    engine.upstream_count += 1
    x.member = u.member
    x.up = u
    return u


cdef void fuzz_followed(const exchange *x) noexcept nogil:
    """The step that was told last is one of this request, and has no more text than
    there is room for."""
    cdef const worker_follow *f = engine.view.follows + (
        engine.slot - engine.view.workers)
    cdef const follow_event *e = &f.events[(f.written - 1) % FOLLOW_EVENTS]
    must(e.number == f.written)
    must(e.request == x.followed)
    must(e.kind >= FOLLOW_BEGAN and e.kind <= FOLLOW_ENDED)
    must(e.unused0[0] == 0)


cdef int fuzz_request(const uint8_t *data, size_t size) noexcept nogil:
    """A request's head, and what a member gets of it."""
    cdef head_limits limits = fuzz_limits()
    cdef exchange *x = fuzz_exchange(<const char *>data, size)
    cdef upstream *u
    cdef buffer *b
    if x == NULL:
        return 0
    follow_began(x)
    fuzz_followed(x)
    if fuzz_route(x):
        follow_mapped(x)
        fuzz_followed(x)
        u = fuzz_upstream(x)
        if rewrite_request(x) == 0:
            b = u.output
            # One head and nothing else, in any reader's eyes.
            limits.line_bytes = limits.field_bytes = HEAD_BYTES_MAX
            limits.field_count = FIELD_COUNT_MAX
            must(head_parse_request(
                fuzz_head, &b.data[b.start], buffer_held(b),
                &limits) == <int>buffer_held(b))
            check_spans(fuzz_head, &b.data[b.start], <int>buffer_held(b))
    fuzz_end(x)
    return 0


cdef const char *json_text_end(const char *p, const char *end) noexcept nogil:
    """Behind the string that begins there."""
    cdef int step
    must(p < end and p[0] == c'"')
    p += 1
    while p < end and p[0] != c'"':
        must(<unsigned char>p[0] >= 32)
        if p[0] == c'\\':
            must(p + 1 < end)
            must(memchr(b'"\\nrtu', p[1], 6) != NULL)
            if p[1] == c'u':
                must(p + 6 <= end and p[2] == c'0' and p[3] == c'0')
                must(hex_value[<unsigned char>p[4]] < 16)
                must(hex_value[<unsigned char>p[5]] < 16)
                p += 4
            p += 2
        elif <unsigned char>p[0] < 0x80:
            p += 1
        else:
            step = utf8_length(<const unsigned char *>p, end - p)
            must(step > 0)
            p += step
    must(p < end)
    return p + 1


cdef void check_json_line(const char *p, const char *end) noexcept nogil:
    """An object of strings, numbers and the three words, as RFC 8259 has it."""
    cdef const char *begin
    must(end - p > 2 and p[0] == c'{' and byte_before(p, end - p) == c'}')
    end -= 1
    while p < end:
        p = json_text_end(p + 1, end)
        must(p + 1 < end and p[0] == c':')
        p += 1
        if p[0] == c'"':
            p = json_text_end(p, end)
        else:
            begin = p
            while p < end and p[0] != c',':
                must(memchr(b"0123456789nultrefas", p[0], 19) != NULL)
                p += 1
            must(p > begin)
        must(p == end or p[0] == c',')


cdef int fuzz_json_line(const uint8_t *data, size_t size) noexcept nogil:
    """A request, and its line of the log that is JSON (the second one)."""
    cdef log_buffer *b = log_buffers[1]
    cdef exchange *x
    cdef const char *line
    logs_flush()
    must(b.used == 0)
    x = fuzz_exchange(<const char *>data, size)
    if x != NULL:
        if fuzz_route(x):
            fuzz_upstream(x)
        fuzz_end(x)
    # Of the main server's log: a host with a log of its own writes none here.
    line = &b.data[0]
    if b.used:
        must(memchr(line, c'\n', b.used) == &b.data[b.used - 1])
        check_json_line(line, &b.data[b.used - 1])
    return 0


cdef exchange *exchange_begun_by(
        const char *asked, const uint8_t *data, size_t size) noexcept nogil:
    """A head that begins so and goes on with data. NULL: it is none, or too long."""
    cdef size_t length = strlen(asked)
    cdef exchange *x
    cdef char *head
    if size > 4096:
        return NULL
    head = <char *>malloc(length + size + 4)
    memcpy(head, asked, length)
    memcpy(head + length, data, size)
    memcpy(head + length + size, b"\r\n\r\n", 4)
    x = fuzz_exchange(head, length + size + 4)
    free(head)
    return x


cdef int fuzz_credentials(const uint8_t *data, size_t size) noexcept nogil:
    """The rest of a head behind Authorization: who is it?"""
    cdef const char *asked = (
        b"GET /in HTTP/1.1\r\nHost: a.example\r\nAuthorization: ")
    cdef value user, password
    cdef exchange *x
    x = exchange_begun_by(asked, data, size)
    if x == NULL:
        return 0
    if credentials_basic(&x.facts, &user, &password) == CREDENTIALS_FOUND:
        must(user.length <= USER_BYTES_MAX)
        must(password.length <= PASSWORD_BYTES_MAX)
        must(memchr(user.data, c':', user.length) == NULL)
        must(memchr(user.data, 0, user.length) == NULL)
        must(memchr(password.data, 0, password.length) == NULL)
    fuzz_end(x)
    return 0


cdef int fuzz_digest(const uint8_t *data, size_t size) noexcept nogil:
    """The rest of a head behind Authorization: Digest: who is it, and for what?"""
    cdef const char *asked = (
        b"GET /in?a=b%20c HTTP/1.1\r\nHost: a.example\r\nAuthorization: Digest ")
    cdef digest_login *login
    cdef char[MD5_LETTERS] proof
    cdef plan_auth said
    cdef exchange *x
    cdef int because = 0
    x = exchange_begun_by(asked, data, size)
    if x == NULL:
        return 0
    login = digest_read(&x.facts)
    if login != NULL and login.status == LOGIN_WHOLE:
        must(login.user.length <= USER_BYTES_MAX)
        must(login.nonce.length == NONCE_BYTES)
        must(login.response.length == MD5_LETTERS)
        must(memchr(login.user.data, 0, login.user.length) == NULL)
        must(memchr(login.uri.data, 0, login.uri.length) == NULL)
    memset(&said, 0, sizeof(said))
    said.kind = AUTH_DIGEST
    said.name = text(b"a realm", 7)
    said.user_file = -1
    said.digest = &digest_usual
    # Without a file of users nobody is let in, and the field is read to its end.
    must(authenticate_digest(&x.facts, &said, &because) != 0)
    if login != NULL and login.status == LOGIN_WHOLE:
        digest_uri_matches(&x.facts, login)
        digest_response(login, value(b"GET", 3), &proof[0])
        must(not nonce_is_ours(
            plan.nonces, login.nonce, False, login.opaque, said.name, &login.number))
    fuzz_end(x)
    return 0


cdef int fuzz_response(const uint8_t *data, size_t size) noexcept nogil:
    """A member's head, and what a client gets of it."""
    cdef const char *asked = b"GET /x/y?z HTTP/1.1\r\nHost: a.example\r\n\r\n"
    cdef head_limits limits = fuzz_limits()
    cdef exchange *x = fuzz_exchange(asked, strlen(asked))
    cdef upstream *u
    cdef buffer *b
    cdef hop_facts hop
    cdef char *p
    if fuzz_route(x):
        u = fuzz_upstream(x)
        u.input = buffer_take(BUFFER_MEDIUM)
        if size > buffer_room(u.input):
            size = buffer_room(u.input)
        p = &u.input.data[u.input.end]
        memcpy(p, data, size)
        u.input.end += <unsigned int>size
        if head_parse_response(
                &response_head, p, <unsigned int>size, &limits) > 0 and (
                response_head.status >= 200) and framing_of_response(
                &response_head, p, x.facts.req.method_id, &x.res.framing) == 0:
            head_drop_hop_by_hop(&response_head, p, &hop)
            x.record.member_status = x.status = response_head.status
            if rewrite_response(x, &response_head, p) == 0:
                b = x.down.output
                limits.field_bytes = HEAD_BYTES_MAX
                limits.field_count = FIELD_COUNT_MAX
                must(head_parse_response(
                    fuzz_head, &b.data[b.start], buffer_held(b),
                    &limits) == <int>buffer_held(b))
                check_spans(fuzz_head, &b.data[b.start], <int>buffer_held(b))
    fuzz_end(x)
    return 0


cdef int fuzz_reverse(const uint8_t *data, size_t size) noexcept nogil:
    """A Location and a Set-Cookie alone: a line each."""
    cdef const char *asked = b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n"
    cdef exchange *x = fuzz_exchange(asked, strlen(asked))
    cdef out_field f
    cdef size_t i
    cdef int round
    for i in range(size):
        if data[i] == c'\r' or data[i] == c'\n' or data[i] == 0:
            size = i
            break
    if fuzz_route(x):
        fuzz_upstream(x)
        for round in range(2):
            memset(&f, 0, sizeof(f))
            f.name = b"Location"
            f.name_length = 8
            f.value = exactly(data, size)
            f.value_length = <unsigned int>size
            asked = f.value
            if round:
                rewrite_cookie(&x.facts, &f)
            else:
                rewrite_location(&x.facts, &f)
            must(memchr(f.value, c'\n', f.value_length) == NULL)
            must(memchr(f.value, c'\r', f.value_length) == NULL)
            free(<void *>asked)
    fuzz_end(x)
    return 0


cdef int fuzz_cgi_pairs(const uint8_t *data, size_t size) noexcept nogil:
    """Names and values cut out of the bytes: what is packed can be taken apart."""
    cdef cgi_list *all = &cgi_scratch
    cdef size_t at = 1, room
    cdef unsigned int name, content
    cdef writer w
    cdef char *out
    if size < 2:
        return 0
    all.count = 0
    all.overflow = False
    while at + 2 < size:
        name = data[at] & 127
        content = data[at + 1]
        at += 2
        if at + name + content > size:
            break
        if data[at - 2] & 128:
            cgi_add_field(all, <const char *>data + at, name,
                          <const char *>data + at + name, content)
        else:
            cgi_set(all, <const char *>data + at, name,
                    <const char *>data + at + name, content)
        at += name + content
    room = <size_t>data[0] << 8
    out = <char *>malloc(room + 1)
    writer_begin(&w, out, room)
    if data[0] & 1:
        put_scgi(&w, all, size)
        must(w.full or byte_before(w.begin, writer_held(&w)) == c',')
    elif data[0] & 2:
        must(put_uwsgi(&w, all))
        must(w.full or writer_held(&w) == 4 + uwsgi_size(all))
    else:
        put_fastcgi_params(&w, all)
        fuzz_params(&w, all)
    must(writer_held(&w) <= room)
    free(out)
    return 0


cdef void fuzz_params(writer *w, const cgi_list *all) noexcept nogil:
    """Records one behind the other, the last of them empty."""
    cdef const uint8_t *p = <const uint8_t *>w.begin
    cdef const uint8_t *end = <const uint8_t *>w.p
    cdef unsigned int size = 1
    if w.full:
        return
    while p < end:
        must(end - p >= FASTCGI_HEAD and p[0] == 1 and p[1] == FASTCGI_PARAMS)
        size = p[4] << 8 | p[5]
        p += FASTCGI_HEAD + size
    must(p == end and size == 0)
