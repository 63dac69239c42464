"""Values of a line that is JSON (`LogFormat json`; docs/logs.md says what each is).

The keys are literals of the format, so each value is one step here: a string, a number,
true, false, or null where there is nothing.
"""
# uses: ground/text, io/writer, io/json, io/watch, io/date, http/fields,
#       plan/template, plan/letters, plan/plan, plan/client, plan/facts,
#       plan/tls_variables, plan/logged

cdef long long json_second = -1
cdef char[JSON_TIME_BYTES] json_second_text
cdef unsigned int json_second_length = 0


cdef void put_json_value(writer *w, value v, size_t most) noexcept nogil:
    if v.data == NULL:
        put(w, b"null", 4)
    else:
        put_json_text(w, v.data, v.length, most)


cdef void put_json_field(request_facts *r, writer *w, int id) noexcept nogil:
    cdef field *f = head_field(&r.req, id)
    if f == NULL:
        put(w, b"null", 4)
    else:
        put_json_text(
            w, request_bytes(r) + f.value, f.value_length, JSON_LONG_BYTES_MAX)


cdef void put_json_time(request_facts *r, writer *w) noexcept nogil:
    """When the request began: RFC 3339 with milliseconds, UTC."""
    global json_second, json_second_length
    cdef long long wall = r.started_us + wall_offset_us
    cdef time_t second = wall // 1000000
    cdef unsigned int millis = <unsigned int>(wall // 1000 % 1000)
    cdef char[3] digits
    cdef tm parts
    if second != json_second:
        gmtime_r(&second, &parts)
        json_second_length = <unsigned int>strftime(
            &json_second_text[0], JSON_TIME_BYTES, b'"%Y-%m-%dT%H:%M:%S.', &parts)
        json_second = second
    put(w, &json_second_text[0], json_second_length)
    digits[0] = <char>(c'0' + millis // 100)
    digits[1] = <char>(c'0' + millis // 10 % 10)
    digits[2] = <char>(c'0' + millis % 10)
    put(w, &digits[0], 3)
    put(w, b'Z"', 2)


cdef value asked_part(request_facts *r, bint is_query) noexcept nogil:
    """Path or query as they came, before any rule; data NULL: there is none."""
    cdef value whole = request_part(r, r.path if r.path.length else r.req.target)
    cdef const char *mark
    if whole.length == 0:
        return value(NULL, 0)
    mark = <const char *>memchr_or_end(whole.data, c'?', whole.length)
    if not is_query:
        return value(whole.data, mark - whole.data)
    if mark == whole.data + whole.length:
        return value(NULL, 0)
    return value(mark + 1, whole.data + whole.length - mark - 1)


cdef void put_json_member(
        request_facts *r, const logged *l, writer *w, int key) noexcept nogil:
    cdef value said = value(NULL, 0)
    if key == JSON_BALANCER:
        said = r.env[<int>ENV_BALANCER_NAME]
    elif l.member != NULL and key == JSON_MEMBER:
        said = value(l.member.url.data, l.member.url.length)
    elif l.member != NULL and l.member.route.length:
        said = value(l.member.route.data, l.member.route.length)
    put_json_value(w, said, JSON_SHORT_BYTES_MAX)


cdef void put_json_request(
        request_facts *r, const logged *l, writer *w, int key) noexcept nogil:
    """What the client has asked for."""
    if key == JSON_METHOD:
        put_json_value(
            w, request_part(r, r.req.method) if r.req.method.length
            else value(NULL, 0), JSON_SHORT_BYTES_MAX)
    elif key == JSON_PATH or key == JSON_QUERY:
        put_json_value(w, asked_part(r, key == JSON_QUERY), JSON_LONG_BYTES_MAX)
    elif key == JSON_HOST:
        put_json_value(
            w, host_field_of(r) if r.req.method.length else value(NULL, 0),
            JSON_SHORT_BYTES_MAX)
    elif key == JSON_PROTOCOL:
        put(w, b'"HTTP/0.9"' if r.req.minor == 9 else (
            b'"HTTP/1.1"' if r.req.minor else b'"HTTP/1.0"'), 10)
    elif key == JSON_USER_AGENT:
        put_json_field(r, w, FIELD_USER_AGENT)
    elif key == JSON_REFERER:
        put_json_field(r, w, FIELD_REFERER)
    else:
        put_json_value(
            w, request_first_line(r) if r.req.method.length == 0 else value(NULL, 0),
            JSON_LONG_BYTES_MAX)


cdef void put_json(
        request_facts *r, const logged *l, writer *w,
        const plan_piece *p) noexcept nogil:
    cdef int key = p.sub
    if key == JSON_TIME:
        put_json_time(r, w)
    elif key == JSON_CLIENT:
        client_learn_remote(r.client)
        put_json_text(w, &r.client.remote_text[0], r.client.remote_text_length,
                      JSON_SHORT_BYTES_MAX)
    elif key == JSON_USER:
        put_json_value(w, r.user, JSON_SHORT_BYTES_MAX)
    elif key == JSON_VHOST:
        put_json_text(w, r.vhost.server_name.data, r.vhost.server_name.length,
                      JSON_SHORT_BYTES_MAX)
    elif key == JSON_STATUS:
        put_number(w, l.status)
    elif key == JSON_BYTES_IN:
        put_number(w, r.req.length + l.bytes_in)
    elif key == JSON_BYTES_OUT:
        put_number(w, l.record.bytes_out)
    elif key == JSON_DURATION_US:
        put_number(w, clock_us() - r.started_us)
    elif key == JSON_FIRST_BYTE_US:
        if l.record.first_byte_us:
            put_number(w, l.record.first_byte_us - r.started_us)
        else:
            put(w, b"null", 4)
    elif key == JSON_RETRIES:
        put_number(w, l.retries)
    elif key == JSON_BALANCER or key == JSON_MEMBER or key == JSON_ROUTE:
        put_json_member(r, l, w, key)
    elif key == JSON_REQUEST_ID or key == JSON_TRACEPARENT or key == JSON_PARENT_ID:
        put_json_value(w, env_of(r, p.env), JSON_SHORT_BYTES_MAX)
    elif key == JSON_TLS:
        put_json_value(w, tls_variable(r.client, p.env), JSON_SHORT_BYTES_MAX)
    elif key == JSON_ABORTED:
        if l.record.aborted:
            put(w, b"true", 4)
        else:
            put(w, b"false", 5)
    else:
        put_json_request(r, l, w, key)
