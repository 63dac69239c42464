"""Values of server variables (variables.pxd; Apache: ap_expr, mod_rewrite).

What a proxy does not have is empty, as there: the remote user's login on its machine,
an owner of a script, the numbers of log lines.
"""
# uses: ground/chartable, ground/text, io/writer, ground/address, ground/arena,
#       io/date, http/fields, plan/variable_names, plan/access_plan, plan/plan,
#       plan/out_fields, plan/client, plan/facts, plan/trailing, plan/path,
#       plan/tls_variables, plan/own_name, plan/target

cdef value field_going_out(
        request_facts *r, const text *name, bint joined) noexcept nogil:
    """A field of the list that rules look at: the first, or all that are of one name.

    Of an answer httpd looks into the table of ordinary fields before the other one.
    """
    cdef int i, always
    cdef const out_field *o
    cdef value found = value(NULL, 0)
    cdef writer w
    cdef bint open = False
    for always in range(2):
        for i in range(r.out.count):
            o = &r.out.fields[i]
            if o.always != always or o.name_length != name.length \
                    or not bytes_equal_nocase(o.name, name.data, name.length):
                continue
            if found.data == NULL:
                found = value(o.value, o.value_length)
                if not joined:
                    return found
                continue
            if not open:
                open = True
                arena_write(&r.arena, &w)
                put(&w, found.data, found.length)
            put(&w, b", ", 2)
            put(&w, o.value, o.value_length)
    return arena_written(&r.arena, &w) if open else found


cdef value answer_field(
        request_facts *r, const text *name, int variable) noexcept nogil:
    """Of the answer, while it is composed; behind that (logs) as it was kept then.

    variable: where it is kept for logs, -1 nowhere
    """
    if r.out != NULL and r.out_is_answer:
        return field_going_out(r, name, False)
    return r.env[variable] if variable >= 0 else value(NULL, 0)


cdef inline bint text_is_nocase(const text *a, const text *b) noexcept nogil:
    return a.length == b.length and bytes_equal_nocase(a.data, b.data, a.length)


# The value of a request's field; several of one name are joined by ", ". NULL: none.
# While RequestHeader is at work it is the field as it will go out.
cdef value request_field(request_facts *r, const text *name) noexcept nogil:
    if unlikely(r.out != NULL and not r.out_is_answer):
        return field_going_out(r, name, True)
    if unlikely(trailer_is_merged(r, name.data, name.length)):
        return field_or_trailer(r, name)
    return field_as_sent(r, name)


cdef value field_or_trailer(request_facts *r, const text *name) noexcept nogil:
    """MergeTrailers: what came behind the body is one of the head's fields, for who
    asks then. A member has got the head before."""
    cdef value sent = field_as_sent(r, name)
    cdef value behind = trailer_value(r, &r.trailers.request, name)
    cdef writer w
    if sent.data == NULL or behind.data == NULL:
        return behind if sent.data == NULL else sent
    arena_write(&r.arena, &w)
    put(&w, sent.data, sent.length)
    put(&w, b", ", 2)
    put(&w, behind.data, behind.length)
    return arena_written(&r.arena, &w)


cdef value field_as_sent(request_facts *r, const text *name) noexcept nogil:
    cdef int i
    cdef field *f
    cdef value out = value(NULL, 0)
    cdef bint joined = False
    cdef writer w
    cdef const char *data = request_bytes(r)
    if unlikely(r.proxies.data != NULL) and text_is_nocase(
            &r.vhost.remote_ip.proxies_header, name):
        return r.proxies
    for i in range(r.req.field_count):
        f = &r.req.fields[i]
        if f.name_length != name.length or not bytes_equal_nocase(
                data + f.name, name.data, name.length):
            continue
        if likely(out.data == NULL):
            out = value(data + f.value, f.value_length)
            continue
        if not joined:
            joined = True
            arena_write(&r.arena, &w)
            put(&w, out.data, out.length)
        put(&w, b", ", 2)
        put(&w, data + f.value, f.value_length)
    if unlikely(joined):
        return arena_written(&r.arena, &w)
    return out


cdef value field_by_id(
        request_facts *r, int id, const char *name, unsigned int length) noexcept nogil:
    """A field that may stand there several times; what is not seen costs nothing."""
    cdef text wanted
    if r.out == NULL and head_field(&r.req, id) == NULL:
        return value(NULL, 0)
    wanted.data = name
    wanted.length = length
    return request_field(r, &wanted)


cdef value field_named(
        request_facts *r, const char *name, unsigned int length) noexcept nogil:
    cdef text wanted
    wanted.data = name
    wanted.length = length
    return request_field(r, &wanted)


cdef value variable_of_text(const text *t) noexcept nogil:
    return value(t.data, t.length)


cdef value variable_of_number(
        request_facts *r, long long number, int digits) noexcept nogil:
    """In decimal, with so many digits at least."""
    cdef long long scale = 1
    cdef int _
    cdef writer w
    for _ in range(digits - 1):
        scale *= 10
    arena_write(&r.arena, &w)
    while scale > 1 and number < scale:
        put_byte(&w, c'0')
        scale //= 10
    put_number(&w, number)
    return arena_written(&r.arena, &w)


cdef value address_value(
        request_facts *r, const unsigned char *address) noexcept nogil:
    cdef char[ADDRESS_TEXT_BYTES] told
    return arena_copy(&r.arena, &told[0], address_text(address, &told[0]))


cdef value first_line(request_facts *r) noexcept nogil:
    """The request line as it was received, without its end."""
    cdef const char *data = request_bytes(r)
    cdef unsigned int end = r.req.fields_at
    while end > r.req.method.offset and (
            byte_before(data, end) == c'\n' or byte_before(data, end) == c'\r'):
        end -= 1
    return value(data + r.req.method.offset, end - r.req.method.offset)


cdef value query_text(request_facts *r) noexcept nogil:
    """Without its "?"."""
    cdef value query
    if r.path.length == 0:
        return value(NULL, 0)
    query = query_of(r)
    if query.length:
        query.data += 1
        query.length -= 1
    return query


cdef value file_name(request_facts *r) noexcept nogil:
    """What mod_proxy calls the file of a request: the URL that a member is asked for;
    of one that is for nobody, where the file would lie."""
    cdef writer w
    if r.file != NULL:
        return value(r.file.name.data, r.file.end)
    if r.mapping != NULL and page_asked(r) == NULL:
        if r.target.data == NULL and match_target(r) < 0:
            return value(NULL, 0)
        arena_write(&r.arena, &w)
        put(&w, b"proxy:", 6)
        put(&w, r.mapping.base.data, r.mapping.base.length)
        put(&w, r.target.data, r.target.length)
        return arena_written(&r.arena, &w)
    arena_write(&r.arena, &w)
    put(&w, r.vhost.document_root.data, r.vhost.document_root.length)
    put(&w, r.decoded.data, r.decoded.length)
    return arena_written(&r.arena, &w)


cdef value time_part(request_facts *r, int kind) noexcept nogil:
    """Of the time when the request came, here."""
    cdef time_t second = (r.started_us + wall_offset_us) // 1000000
    cdef tm parts
    cdef char[TIME_DIGITS_BYTES] told
    localtime_r(&second, &parts)
    if kind == VAR_TIME:
        return arena_copy(&r.arena, &told[0], <unsigned int>strftime(
            &told[0], sizeof(told), b"%Y%m%d%H%M%S", &parts))
    if kind == VAR_TIME_YEAR:
        return variable_of_number(r, parts.tm_year + 1900, 4)
    if kind == VAR_TIME_MON:
        return variable_of_number(r, parts.tm_mon + 1, 2)
    if kind == VAR_TIME_DAY:
        return variable_of_number(r, parts.tm_mday, 2)
    if kind == VAR_TIME_HOUR:
        return variable_of_number(r, parts.tm_hour, 2)
    if kind == VAR_TIME_MIN:
        return variable_of_number(r, parts.tm_min, 2)
    if kind == VAR_TIME_SEC:
        return variable_of_number(r, parts.tm_sec, 2)
    return variable_of_number(r, parts.tm_wday, 1)


cdef value handler_name(request_facts *r) noexcept nogil:
    cdef int i
    cdef plan_conf *c
    for i in range(r.conf_count - 1, -1, -1):
        c = r.confs[i]
        if c.says_handler and c.handler.length and (
                r.mapping == NULL or r.mapping == c.handler_mapping
                or page_asked(r) != NULL):
            return variable_of_text(&c.handler)
    if r.mapping != NULL:
        return value(b"proxy-server", 12)
    return value(NULL, 0)


cdef value auth_type_name(request_facts *r) noexcept nogil:
    """Of who has said who it is, by the last section that asks."""
    cdef int i
    if r.user.data == NULL:
        return value(NULL, 0)
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].auth != NULL and r.confs[i].auth.kind > AUTH_NONE:
            if r.confs[i].auth.kind == AUTH_DIGEST:
                return value(b"Digest", 6)
            break
    return value(b"Basic", 5)


# A row of the table by VAR_*, below VAR_FIELD.
cdef value server_variable(request_facts *r, int kind) noexcept nogil:
    cdef const char *data = request_bytes(r)
    if kind == VAR_REQUEST_URI or kind == VAR_DOCUMENT_URI:
        return r.decoded if r.request_uri.data == NULL else r.request_uri
    if kind == VAR_HTTP_HOST:
        return host_field_of(r)
    if kind == VAR_QUERY_STRING:
        return query_text(r)
    if kind == VAR_HTTPS:
        if r.client.tls_vhost != NULL:
            return value(b"on", 2)
        return value(b"off", 3)
    if unlikely(kind == VAR_CONN_REMOTE_ADDR and r.client.replaced):
        return address_value(r, client_peer(r.client))
    if kind == VAR_REMOTE_ADDR or kind == VAR_CONN_REMOTE_ADDR \
            or kind == VAR_REMOTE_HOST:
        client_learn_remote(r.client)
        return value(&r.client.remote_text[0], r.client.remote_text_length)
    if kind == VAR_REQUEST_METHOD:
        return value(data + r.req.method.offset, r.req.method.length)
    if kind == VAR_THE_REQUEST:
        return first_line(r)
    if kind == VAR_HTTP_USER_AGENT:
        return field_by_id(r, FIELD_USER_AGENT, b"User-Agent", 10)
    if kind == VAR_HTTP_COOKIE:
        return field_by_id(r, FIELD_COOKIE, b"Cookie", 6)
    if kind == VAR_HTTP_REFERER:
        return field_by_id(r, FIELD_REFERER, b"Referer", 7)
    if kind == VAR_HTTP_PROXY_CONNECTION:
        return field_by_id(r, FIELD_PROXY_CONNECTION, b"Proxy-Connection", 16)
    if kind == VAR_HTTP_ACCEPT:
        return field_named(r, b"Accept", 6)
    if kind == VAR_HTTP_FORWARDED:
        return field_named(r, b"Forwarded", 9)
    if kind == VAR_SERVER_NAME:
        return self_name(r)
    if kind == VAR_SERVER_PORT:
        return variable_of_number(r, self_port(r), 1)
    if kind == VAR_REQUEST_SCHEME:
        if client_speaks_tls(r):
            return value(b"https", 5)
        return value(b"http", 4)
    if kind == VAR_SERVER_PROTOCOL:
        return value(b"HTTP/0.9" if r.req.minor == 9 else (
            b"HTTP/1.1" if r.req.minor else b"HTTP/1.0"), 8)
    if kind == VAR_REQUEST_STATUS:
        return variable_of_number(r, r.status if r.status else 200, 3)
    if kind == VAR_REMOTE_PORT:
        client_learn_remote(r.client)
        return variable_of_number(r, r.client.remote_port, 1)
    if kind == VAR_REMOTE_USER:
        return r.user
    if kind == VAR_AUTH_TYPE:
        return auth_type_name(r)
    if kind == VAR_SERVER_ADDR:
        client_learn_local(r.client)
        return address_value(r, &r.client.local[0])
    if kind == VAR_REQUEST_FILENAME or kind == VAR_SCRIPT_FILENAME:
        return file_name(r)
    if VAR_TIME_YEAR <= kind <= VAR_TIME:
        return time_part(r, kind)
    return server_constant(r, kind)


cdef value server_constant(request_facts *r, int kind) noexcept nogil:
    """What does not hang on the client."""
    cdef const file_alias *alias
    if kind == VAR_SERVER_ADMIN:
        return variable_of_text(&r.vhost.server_admin)
    if (kind == VAR_CONTEXT_PREFIX or kind == VAR_CONTEXT_DOCUMENT_ROOT) \
            and r.file != NULL and r.file.alias >= 0:
        alias = &r.vhost.aliases[r.file.alias]
        if alias.regex < 0:
            return variable_of_text(
                &alias.path if kind == VAR_CONTEXT_PREFIX else &alias.target)
    if kind == VAR_DOCUMENT_ROOT or kind == VAR_CONTEXT_DOCUMENT_ROOT:
        return variable_of_text(&r.vhost.document_root)
    if kind == VAR_SERVER_SOFTWARE:
        return variable_of_text(&r.vhost.server_header)
    if kind == VAR_HANDLER:
        return handler_name(r)
    if kind == VAR_IS_SUBREQ:
        return value(b"true", 4) if r.is_subrequest else value(b"false", 5)
    if kind == VAR_IPV6:
        if memcmp(&r.client.remote[0], b"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0:
            return value(b"off", 3)
        return value(b"on", 2)
    if kind == VAR_HTTP2:
        return value(b"off", 3)
    if kind == VAR_API_VERSION:
        return value(b"20120211", 8)
    if kind == VAR_REWRITE_API_VERSION:
        return value(b"20120211:142", 12)
    if kind == VAR_REWRITE_SCRIPT_USER or kind == VAR_REWRITE_SCRIPT_GROUP:
        return value(b"<unknown>", 9)
    if kind == VAR_LAST_MODIFIED:
        return value(b"19700101000000", 14)     # of no file
    if kind == VAR_REMOTE_IDENT or kind == VAR_CONTEXT_PREFIX:
        return value(b"", 0)
    return value(NULL, 0)


cdef value variable_value(request_facts *r, int number) noexcept nogil:
    cdef const plan_variable *v = &plan_variables[number]
    if likely(v.kind < VAR_FIELD):
        return server_variable(r, v.kind)
    if v.kind == VAR_FIELD:
        return request_field(r, &v.name)
    if v.kind == VAR_ENV:
        return r.env[v.number]
    if v.kind == VAR_ANSWER_FIELD:
        return answer_field(r, &v.name, v.number)
    if v.kind == VAR_TLS:
        return tls_variable(r.client, v.number)
    return value(NULL, 0)
