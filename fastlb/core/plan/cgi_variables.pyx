"""What an application behind a gateway is told of a request: the variables of CGI/1.1.

As httpd's ap_add_common_vars and ap_add_cgi_vars, mod_proxy_fcgi and mod_proxy_uwsgi:
the fields of the head, what the server knows, then the request's environment (SetEnv,
SSL_*, BALANCER_*). A variable of the server's is never replaced by one of the
environment; ProxyFCGISetEnvIf alone, which comes last, changes what stands there.
"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena,
#       http/fields, http/hops, codecs/cgi_pairs, plan/build, plan/variable_names,
#       plan/plan, plan/out_fields, plan/client, plan/facts, plan/own_name,
#       plan/variables, plan/expr, plan/handled

cdef enum:
    CGI_NO_BODY = -2
    CGI_UNKNOWN_BODY = -1


cdef inline void cgi_tell(
        cgi_list *all, const char *name, unsigned int length, value content
) noexcept nogil:
    """One that every request has: nothing of that name can be there yet."""
    cgi_add(all, name, length, content.data, content.length)


cdef inline void cgi_tell_text(
        cgi_list *all, const char *name, unsigned int length, text content
) noexcept nogil:
    cgi_add(all, name, length, content.data, content.length)


cdef int cgi_variables(
        request_facts *r, const out_list *fields, const plan_member *member,
        value method, long long body, cgi_list *all) noexcept nogil:
    """Fill in `all` (RFC 3875 4.1).

    fields  of the request as rules have left them, without those that end here
    method  that the member is asked with: an ErrorDocument is fetched by GET
    body    bytes that follow, or CGI_UNKNOWN_BODY, CGI_NO_BODY
    returns 0, or -500: more than the list takes, no memory, or a condition that could
    not be worked out
    """
    all.count = 0
    all.overflow = False
    cgi_fields(r, fields, member, body, all)
    cgi_server(r, all)
    cgi_request(r, member, method, all)
    if unlikely(member.protocol == PROTOCOL_UWSGI):
        cgi_of_uwsgi(r, member, all)
    cgi_environment(r, all)
    if unlikely(member.protocol == PROTOCOL_FCGI) and not cgi_set_env_if(r, all):
        return -500
    return -500 if unlikely(all.overflow or r.arena.starved) else 0


# --- fields -----------------------------------------------------------------------

cdef bint cgi_takes_field(
        request_facts *r, const plan_member *member, unsigned char id,
        const char *name, unsigned int length) noexcept nogil:
    """Passwords are the server's, unless CGIPassAuth hands them on; uWSGI is trusted
    with them, as httpd does it."""
    if id == FIELD_PROXY_AUTHORIZATION:
        return conf_flag(r, CONF_CGI_PASS_AUTH, False)
    if id == FIELD_OTHER and length == 13 and bytes_equal_nocase(
            name, b"authorization", 13):
        return member.protocol == PROTOCOL_UWSGI \
            or conf_flag(r, CONF_CGI_PASS_AUTH, False)
    # What is said of the body's framing is ours.
    return id != FIELD_CONTENT_LENGTH and id != FIELD_TRANSFER_ENCODING


cdef void cgi_field(
        request_facts *r, const plan_member *member, cgi_list *all, int first,
        unsigned char id, value name, value content) noexcept nogil:
    """first: where the fields begin; several of one name are joined by ", "."""
    cdef int i
    cdef cgi_pair *p
    cdef writer w
    cdef value joined
    if not cgi_takes_field(r, member, id, name.data, name.length):
        return
    if id == FIELD_CONTENT_TYPE:
        cgi_set(all, b"CONTENT_TYPE", 12, content.data, content.length)
        return
    for i in range(first, all.count):
        p = &all.pairs[i]
        if likely(p.name_length != name.length + 5 or not p.is_field
                  or not bytes_equal_nocase(p.name, name.data, name.length)):
            continue
        arena_write(&r.arena, &w)
        put(&w, p.content, p.content_length)
        put(&w, b", ", 2)
        put(&w, content.data, content.length)
        joined = arena_written(&r.arena, &w)
        p.content = joined.data
        p.content_length = joined.length
        return
    cgi_add_field(all, name.data, name.length, content.data, content.length)


cdef void cgi_out_hops(request_facts *r, out_list *out) noexcept nogil:
    """An application is no next hop: it may see how the client speaks to us. Rules
    come behind this, so that they hold for these fields too. What only Connection names
    stays out: a client could bring back by it what rules and services decide on."""
    cdef int i
    cdef field *f
    cdef const char *data = request_bytes(r)
    if likely(not r.req.seen & HOP_BY_HOP_IDS):
        return
    for i in range(r.req.field_count):
        f = &r.req.fields[i]
        if f.dropped and f.id < 32 and <unsigned int>1 << f.id & HOP_BY_HOP_IDS:
            out_add(out, data + f.name, f.name_length, data + f.value, f.value_length,
                    f.id, False)


cdef void cgi_fields(
        request_facts *r, const out_list *fields, const plan_member *member,
        long long body, cgi_list *all) noexcept nogil:
    cdef int i
    cdef const out_field *o
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char *begin
    cdef value number
    for i in range(fields.count):
        o = &fields.fields[i]
        if o.name_length:
            cgi_field(r, member, all, 0, o.id, value(o.name, o.name_length),
                      value(o.value, o.value_length))
    if body == CGI_UNKNOWN_BODY:
        cgi_add_field(all, b"Transfer-Encoding", 17, b"chunked", 7)
    elif body != CGI_NO_BODY:
        begin = decimal_before(&digits[NUMBER_DIGITS_MAX], <unsigned long long>body)
        number = arena_copy(&r.arena, begin, <unsigned int>(
            &digits[NUMBER_DIGITS_MAX] - begin))
        cgi_tell(all, b"CONTENT_LENGTH", 14, number)


# --- what the server knows ---------------------------------------------------------

cdef const char *cgi_path = NULL    # PATH of this process, or a usual one


cdef value cgi_programs() noexcept nogil:
    """Where an application finds programs."""
    global cgi_path
    if cgi_path == NULL:
        cgi_path = getenv(b"PATH")
    if cgi_path == NULL:
        cgi_path = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return value(cgi_path, <unsigned int>strlen(cgi_path))


cdef void cgi_server(request_facts *r, cgi_list *all) noexcept nogil:
    cdef value root = value(r.vhost.document_root.data, r.vhost.document_root.length)
    cdef value place = root
    cdef value prefix = value(b"", 0)
    cdef value nothing = value(b"", 0)
    cdef const file_alias *alias
    client_learn_remote(r.client)
    cgi_tell(all, b"PATH", 4, cgi_programs())
    cgi_tell(all, b"SERVER_SIGNATURE", 16, nothing)
    cgi_tell_text(all, b"SERVER_SOFTWARE", 15, r.vhost.server_header)
    cgi_tell(all, b"SERVER_NAME", 11, self_name(r))
    cgi_tell(all, b"SERVER_ADDR", 11, server_variable(r, VAR_SERVER_ADDR))
    cgi_tell(all, b"SERVER_PORT", 11, variable_of_number(r, self_port(r), 1))
    cgi_tell(all, b"REMOTE_ADDR", 11, value(
        &r.client.remote_text[0], r.client.remote_text_length))
    if r.file != NULL and r.file.alias >= 0:
        alias = &r.vhost.aliases[r.file.alias]
        if alias.regex < 0:
            prefix = value(alias.path.data, alias.path.length)
            place = value(alias.target.data, alias.target.length)
    cgi_tell(all, b"DOCUMENT_ROOT", 13, root)
    cgi_tell(all, b"REQUEST_SCHEME", 14, server_variable(r, VAR_REQUEST_SCHEME))
    cgi_tell(all, b"CONTEXT_PREFIX", 14, prefix)
    cgi_tell(all, b"CONTEXT_DOCUMENT_ROOT", 21, place)
    cgi_tell_text(all, b"SERVER_ADMIN", 12, r.vhost.server_admin)
    cgi_tell(all, b"REMOTE_PORT", 11, variable_of_number(r, r.client.remote_port, 1))
    if r.user.data != NULL:
        cgi_tell(all, b"REMOTE_USER", 11, r.user)
        cgi_tell(all, b"AUTH_TYPE", 9, auth_type_name(r))


# --- the request -------------------------------------------------------------------

cdef value target_file(const request_facts *r) noexcept nogil:
    """What a member is asked for, without a query."""
    cdef value file = r.target
    cdef const char *query = <const char *>memchr_or_end(
        file.data, c'?', file.length)
    file.length = <unsigned int>(query - file.data)
    return file


cdef void put_member_origin(writer *w, const plan_member *m) noexcept nogil:
    """"proxy:fcgi://host:8000", as httpd names the file: behind a unix socket without
    the port that nobody connects to, and uwsgi's own port is left out."""
    cdef const char *url = m.origin.data
    # Of a balancer's member it has the path, which is for what is asked for.
    cdef const char *end = url + m.origin.length - m.path.length
    cdef const char *stop
    put(w, b"proxy:", 6)
    if m.unix_path.length:
        stop = <const char *>memchr_or_end(url, c'|', m.origin.length)
        if stop < end:
            url = stop + 1
    put(w, url, <size_t>(end - url))
    if m.protocol != PROTOCOL_UWSGI:
        put(w, m.usual_port.data, m.usual_port.length)


cdef const plan_conf *cgi_handler(request_facts *r) noexcept nogil:
    """SetHandler "proxy:...", if that sends the request; else NULL."""
    cdef const plan_conf *c = handler_said(r)
    if likely(c == NULL or r.rewritten != REWRITTEN_TARGET
              or c.handler_mapping != r.mapping):
        return NULL
    return c


cdef value cgi_file(
        request_facts *r, const plan_member *member, const plan_conf *handler
) noexcept nogil:
    """SCRIPT_FILENAME: a URL for php-fpm, which knows that form; a path where
    ProxyFCGIBackendType says GENERIC."""
    cdef value file = target_file(r)
    cdef value name
    cdef writer w
    cdef bint is_path = member.protocol == PROTOCOL_FCGI and cgi_is_generic(r)
    arena_write(&r.arena, &w)
    if handler != NULL:
        name = handler_text(r, handler)
        if not is_path:
            put(&w, b"proxy:", 6)
            put_handler_url(&w, name)
        elif name.length > handler.handler_head.length:
            put(&w, name.data + handler.handler_head.length,
                name.length - handler.handler_head.length)
        file = handler_file(r)
        put(&w, file.data, file.length - (r.decoded.length - cgi_file_end(r)))
        return arena_written(&r.arena, &w)
    if not is_path:
        put_member_origin(&w, member)
    if page_asked(r) != NULL:
        put(&w, r.vhost.page_head.data, r.vhost.page_head.length)
        put(&w, r.page.data, r.page.length)
        return arena_written(&r.arena, &w)
    put(&w, member.path.data, member.path.length)
    if member.protocol == PROTOCOL_UWSGI:
        put_unescaped(&w, file)
    else:
        put(&w, file.data, file.length)
    return arena_written(&r.arena, &w)


cdef void put_handler_url(writer *w, value name) noexcept nogil:
    """"proxy:unix:/socket|fcgi://localhost" from its scheme on."""
    cdef const char *begin = <const char *>memchr_or_end(
        name.data, c'|', name.length)
    if begin < name.data + name.length:
        begin += 1
    else:
        begin = name.data + 6
    put(w, begin, <size_t>(name.data + name.length - begin))


cdef unsigned int cgi_file_end(const request_facts *r) noexcept nogil:
    """Bytes of the path that name the file of a handler; the rest is PATH_INFO."""
    return r.rest_at if r.rest_at else r.decoded.length


cdef void put_unescaped(writer *w, value path) noexcept nogil:
    cdef unsigned int i = 0
    cdef int byte
    while i < path.length:
        byte = -1
        if path.data[i] == c'%' and i + 2 < path.length:
            byte = hex_pair(path.data + i + 1)
        if byte > 0:
            put_byte(w, <char>byte)
            i += 3
        else:
            put_byte(w, path.data[i])
            i += 1


cdef void cgi_request(
        request_facts *r, const plan_member *member, value method,
        cgi_list *all) noexcept nogil:
    cdef const plan_conf *handler = cgi_handler(r)
    cdef value query = query_text(r)
    cdef value script = r.decoded
    cdef value info = value(b"", 0)
    cgi_tell(all, b"SCRIPT_FILENAME", 15, cgi_file(r, member, handler))
    cgi_tell(all, b"GATEWAY_INTERFACE", 17, value(b"CGI/1.1", 7))
    cgi_tell(all, b"SERVER_PROTOCOL", 15, server_variable(r, VAR_SERVER_PROTOCOL))
    cgi_tell(all, b"REQUEST_METHOD", 14, method)
    cgi_tell(all, b"QUERY_STRING", 12, query)
    cgi_tell(all, b"REQUEST_URI", 11, request_part(r, r.req.target))
    if handler != NULL or page_asked(r) != NULL:
        script.length = cgi_file_end(r)
        info = value(r.decoded.data + script.length, r.decoded.length - script.length)
    elif member.protocol == PROTOCOL_FCGI:
        cgi_path_info(r, member, r.env[ENV_FCGI_PATHINFO], &script, &info)
    elif member.protocol == PROTOCOL_SCGI and r.env[ENV_SCGI_PATHINFO].data != NULL:
        cgi_path_info(r, member, value(b"1", 1), &script, &info)
    cgi_tell(all, b"SCRIPT_NAME", 11, script)
    if info.length:
        cgi_tell(all, b"PATH_INFO", 9, info)
        cgi_tell(all, b"PATH_TRANSLATED", 15, cgi_translated(r, info))
    if unlikely(r.redirects):
        cgi_redirected(r, all)


cdef value cgi_translated(request_facts *r, value info) noexcept nogil:
    """Where PATH_INFO would lie, were it a path of its own."""
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, r.vhost.document_root.data, r.vhost.document_root.length)
    put(&w, info.data, info.length)
    return arena_written(&r.arena, &w)


cdef void cgi_path_info(
        request_facts *r, const plan_member *member, value wish, value *script,
        value *info) noexcept nogil:
    """proxy-fcgi-pathinfo, and proxy-scgi-pathinfo whatever it is."""
    cdef value path = target_file(r)
    cdef unsigned int at, dot
    cdef writer w
    if likely(wish.data == NULL):
        return
    arena_write(&r.arena, &w)
    put(&w, member.path.data, member.path.length)
    if wish.length == 8 and bytes_equal_nocase(wish.data, b"unescape", 8):
        put_unescaped(&w, path)
    else:
        put(&w, path.data, path.length)
    path = arena_written(&r.arena, &w)
    if wish.length == 4 and bytes_equal_nocase(wish.data, b"full", 4):
        return              # no file is looked for
    if wish.length == 9 and bytes_equal_nocase(wish.data, b"first-dot", 9):
        dot = <unsigned int>(<const char *>memchr_or_end(
            path.data, c'.', path.length) - path.data)
    elif wish.length == 8 and bytes_equal_nocase(wish.data, b"last-dot", 8):
        dot = path.length
        while dot and byte_before(path.data, dot) != c'.':
            dot -= 1
        dot = dot - 1 if dot else path.length
    else:
        info[0] = path
        script.length = cgi_script_end(script[0], path)
        return
    at = dot
    while at < path.length and path.data[at] != c'/':
        at += 1
    if at < path.length:
        # Unescaped as the whole path is, so that SCRIPT_NAME ends where it begins.
        arena_write(&r.arena, &w)
        put_unescaped(&w, value(path.data + at, path.length - at))
        info[0] = arena_written(&r.arena, &w)
        script.length = cgi_script_end(script[0], info[0])


cdef unsigned int cgi_script_end(value path, value info) noexcept nogil:
    """As httpd's ap_find_path_info: what both end with is not the script's, up to the
    next slash."""
    cdef unsigned int at = path.length
    cdef unsigned int left = info.length
    while at and left and byte_before(path.data, at) == byte_before(info.data, left):
        at -= 1
        left -= 1
    if at and left:
        at -= 1
    while at < path.length and path.data[at] != c'/':
        at += 1
    return at


cdef void cgi_redirected(request_facts *r, cgi_list *all) noexcept nogil:
    """A rule of a section has made another path: what was asked for."""
    cdef value sent = request_part(r, r.path)
    cdef const char *query = <const char *>memchr_or_end(
        sent.data, c'?', sent.length)
    cdef writer w
    if query + 1 < sent.data + sent.length:
        cgi_tell(all, b"REDIRECT_QUERY_STRING", 21, value(
            query + 1, <unsigned int>(sent.data + sent.length - query - 1)))
    sent.length = <unsigned int>(query - sent.data)
    arena_write(&r.arena, &w)
    put_unescaped(&w, sent)
    cgi_tell(all, b"REDIRECT_URL", 12, arena_written(&r.arena, &w))
    cgi_tell(all, b"REDIRECT_STATUS", 15, value(b"200", 3))


cdef void cgi_of_uwsgi(
        request_facts *r, const plan_member *member, cgi_list *all) noexcept nogil:
    """PATH_INFO is the path that the member is asked for, and SCRIPT_NAME what of the
    client's path is longer."""
    cdef cgi_pair *script = cgi_find(all, b"SCRIPT_NAME", 11)
    cdef value path = target_file(r)
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, member.path.data, member.path.length)
    put_unescaped(&w, path)
    path = arena_written(&r.arena, &w)
    while path.length > 1 and path.data[1] == c'/':
        path = value(path.data + 1, path.length - 1)
    if path.length == 0:
        path = value(b"/", 1)
    cgi_set(all, b"PATH_INFO", 9, path.data, path.length)
    if script == NULL:
        return
    if path.length == 1:
        if script.content_length == 1:
            script.content_length = 0
    elif script.content_length >= path.length:
        script.content_length -= path.length


# --- the environment ---------------------------------------------------------------

cdef void cgi_environment(request_facts *r, cgi_list *all) noexcept nogil:
    cdef int i
    cdef text name
    for i in range(plan.env_count):
        if likely(r.env[i].data == NULL):
            continue
        name = plan_env_names[i]
        if name.length == 0 or name.data[0] == 0 or cgi_find(
                all, name.data, name.length) != NULL:
            continue
        cgi_add(all, name.data, name.length, r.env[i].data, r.env[i].length)


cdef bint cgi_is_generic(const request_facts *r) noexcept nogil:
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].fcgi_backend:
            return r.confs[i].fcgi_backend == FCGI_BACKEND_GENERIC
    return False


cdef bint cgi_set_env_if(request_facts *r, cgi_list *all) noexcept nogil:
    """ProxyFCGISetEnvIf. False: one could not be worked out

    What conditions ask for by reqenv() is what stands in the list. Behind that the
    request has again what it had, and what was said here: the list is of this try.
    """
    cdef value[ENV_COUNT_MAX] before
    cdef bint done = True
    cdef int i, j
    for i in range(r.conf_count):
        if r.confs[i].cgi_env_count:
            break
    else:
        return True
    memcpy(&before[0], r.env, plan.env_count * sizeof(value))
    for i in range(plan.env_count):
        cgi_env_learn(r, i, all)
    for i in range(r.conf_count):
        for j in range(r.confs[i].cgi_env_count):
            done = done and cgi_env_apply(
                r, &r.confs[i].cgi_envs[j], all, &before[0])
    memcpy(r.env, &before[0], plan.env_count * sizeof(value))
    return done


cdef void cgi_env_learn(request_facts *r, int number, cgi_list *all) noexcept nogil:
    cdef text name = plan_env_names[number]
    cdef cgi_pair *p
    if name.length == 0 or name.data[0] == 0:
        return          # a note, or a field of the answer
    p = cgi_find(all, name.data, name.length)
    r.env[number] = value(NULL, 0) if p == NULL else value(
        p.content, p.content_length)


cdef bint cgi_env_apply(
        request_facts *r, const cgi_env_op *op, cgi_list *all, value *before
) noexcept nogil:
    cdef expr_groups groups
    cdef value made = value(NULL, 0)
    cdef int number
    cdef int holds
    memset(&groups, 0, sizeof(groups))
    holds = expr_holds(r, op.condition, &groups)
    if holds < 0:
        return False
    if holds == 0:
        return True
    if op.unset:
        cgi_unset(all, op.name.data, op.name.length)
    else:
        made = value(b"", 0)
        if op.content >= 0:
            made = expr_text(r, op.content, &groups)
            if made.data == NULL:
                return False
        made = arena_copy(&r.arena, made.data, made.length)
        cgi_set(all, op.name.data, op.name.length, made.data, made.length)
    number = plan_env_find(value(op.name.data, op.name.length))
    if number >= 0:
        r.env[number] = made
        before[number] = made
    return True
