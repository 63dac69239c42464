"""Rendering access-log lines (logline.pxd; Apache: mod_log_config, mod_logio).

What a client sent is escaped: control bytes, quotes and backslashes (CVE-2024-47252).
"""
# uses: ground/text, ground/number, io/writer, ground/address, io/watch, io/date,
#       http/fields, plan/client_names, plan/build, plan/template, plan/letters,
#       plan/variable_names, plan/plan, plan/client, plan/facts, plan/trailing,
#       plan/path, plan/tls_variables, plan/own_name, plan/variables, plan/unique_id,
#       plan/expr, plan/logged, plan/json_line

cdef log_buffer **log_buffers = NULL
cdef int log_buffer_count = 0
cdef bint logs_dirty = False
cdef bint logline_wants_source_port = False
cdef client_name *line_name = NULL      # what the line that is being made waits for
cdef unsigned int[NAMES_PER_LINE_MAX] line_places
cdef int line_place_count = 0
cdef long log_lines_lost = 0    # flushes or lines that could not be written
cdef response_field[ENV_COUNT_MAX] response_fields
cdef int response_field_count = 0
cdef long long clf_second = -1
cdef char[CLF_TIME_BYTES] clf_text
cdef unsigned int clf_length = 0


cdef object logline_begin(object log_fds):
    """Buffers for the logs of this worker."""
    global log_buffers, log_buffer_count, response_field_count
    cdef int i
    log_buffer_count = len(log_fds)
    log_buffers = <log_buffer **>plan_alloc(sizeof(void *) * log_buffer_count)
    for i, fd in enumerate(log_fds):
        log_buffers[i] = <log_buffer *>plan_alloc(sizeof(log_buffer))
        log_open(log_buffers[i], fd)


cdef void log_open(log_buffer *b, int fd) noexcept nogil:
    b.fd = fd
    b.is_pipe = file_is_pipe(fd)
    b.is_socket = file_is_socket(fd)


cdef object logline_fields(object model):
    """Make variables of the response fields and notes that formats name."""
    global response_field_count, logline_wants_source_port
    cdef int i, j, k
    cdef plan_format *format
    cdef plan_piece *p
    cdef response_field *wanted
    fields_kept = set()
    response_field_count = 0
    logline_wants_source_port = False
    for i in range(plan_variable_count):
        if plan_variables[i].kind == VAR_ANSWER_FIELD:
            wanted = &response_fields[response_field_count]
            wanted.name = plan_variables[i].name
            wanted.variable = plan_variables[i].number
            response_field_count += 1
            fields_kept.add(wanted.variable)
    for i in range(plan.vhost_count):
        for j in range(plan.vhosts[i].log_count):
            format = &plan.vhosts[i].logs[j].format
            for k in range(format.count):
                p = &format.pieces[k]
                name = p.literal.data[:p.literal.length].decode("latin-1")
                if p.kind == c'o':
                    key = ENV_OF_FIELD + name.lower()
                    p.env = plan_env(key)
                    if p.env not in fields_kept:
                        fields_kept.add(p.env)
                        wanted = &response_fields[response_field_count]
                        wanted.name = p.literal
                        wanted.variable = p.env
                        response_field_count += 1
                elif p.kind == c'n':
                    p.env = plan_env(ENV_OF_NOTE + name.lower())
                elif p.kind == LOG_SOURCE_PORT:
                    logline_wants_source_port = True


cdef unsigned int log_next(log_buffer *b, unsigned int at) noexcept nogil:
    """Bytes to write from there: all, or whole lines that a pipe takes at once.

    Other workers write to the same pipe, between two pieces of a line if it had two.
    """
    cdef unsigned int end = at
    cdef const char *found
    if likely(not b.is_pipe):
        return b.used - at
    while end < b.used:
        found = <const char *>memchr(&b.data[end], c'\n', b.used - end)
        if found == NULL:
            return b.used - at
        if end > at and <unsigned int>(found - &b.data[at]) >= PIPE_WHOLE:
            break
        end = <unsigned int>(found - &b.data[0]) + 1
    return end - at


cdef void log_mend(log_buffer *b, unsigned int at) noexcept nogil:
    """The disk was full within a line: take its beginning back, or whoever writes next
    would write behind it."""
    cdef unsigned int begin = 0
    cdef const char *found
    while begin < at:
        found = <const char *>memchr(&b.data[begin], c'\n', at - begin)
        if found == NULL:
            file_take_back(b.fd, at - begin)
            return
        begin = <unsigned int>(found - &b.data[0]) + 1


cdef void log_lost(log_buffer *b, unsigned int count, int error) noexcept nogil:
    global log_lines_lost
    log_lines_lost += count
    b.lost_count += count
    b.lost_error = error
    b.lost_us = watch.now_us


cdef unsigned int log_lines_from(log_buffer *b, unsigned int at) noexcept nogil:
    """How many lines end there or behind."""
    cdef unsigned int count = 0
    while at < b.used:
        count += b.data[at] == c'\n'
        at += 1
    return count


cdef void log_write(log_buffer *b) noexcept nogil:
    global logs_dirty
    cdef ssize_t n
    cdef unsigned int at = 0
    while at < b.used:
        n = file_write(b.fd, b.is_socket, &b.data[at], log_next(b, at))
        if n < 0 and errno == EINTR:
            continue
        if n < 0 and errno == EAGAIN:
            # A log program that is behind: what it did not take stays for the
            # next turn, and lines that find no room are counted and dropped.
            logs_dirty = True
            break
        if n <= 0:
            # A full disk or a dead pipe must not stop traffic.
            log_lost(b, log_lines_from(b, at), errno if n < 0 else ENOSPC)
            log_mend(b, at)
            at = b.used
            break
        at += <unsigned int>n
        b.lost_error = 0
    b.used -= at
    if b.used and at:
        memmove(&b.data[0], &b.data[at], b.used)


cdef void logs_flush() noexcept nogil:
    global logs_dirty
    cdef int i
    if not logs_dirty:
        return
    logs_dirty = False
    for i in range(log_buffer_count):
        log_write(log_buffers[i])


cdef void logs_flush_turn() noexcept nogil:
    """At the end of a turn: under BufferedLogs only what fills a write."""
    cdef int i
    if likely(not plan.buffered_logs):
        logs_flush()
    elif logs_dirty:
        for i in range(log_buffer_count):
            if log_buffers[i].used >= PIPE_WHOLE:
                log_write(log_buffers[i])


cdef void put_escaped(writer *w, const char *p, unsigned int length) noexcept nogil:
    cdef unsigned int i, begin = 0
    cdef unsigned char c
    cdef char[4] escaped
    for i in range(length):
        c = p[i]
        if likely(32 <= c < 127 and c != c'"' and c != c'\\'):
            continue
        put(w, p + begin, i - begin)
        begin = i + 1
        escaped[0] = c'\\'
        if c == c'"' or c == c'\\':
            escaped[1] = c
        elif c == 8:
            escaped[1] = c'b'
        elif c == c'\n':
            escaped[1] = c'n'
        elif c == c'\r':
            escaped[1] = c'r'
        elif c == c'\t':
            escaped[1] = c't'
        elif c == 11:
            escaped[1] = c'v'
        else:
            escaped[1] = c'x'
            escaped[2] = HEX_LOWER[c >> 4]
            escaped[3] = HEX_LOWER[c & 15]
            put(w, &escaped[0], 4)
            continue
        put(w, &escaped[0], 2)
    put(w, p + begin, length - begin)


cdef void put_own_name(request_facts *r, writer *w) noexcept nogil:
    """%V: the name that self_name gives, without brackets."""
    cdef value name = self_name(r)
    if name.length > 2 and name.data[0] == c'[':
        name.data += 1
        name.length -= 2
    # HttpProtocolOptions Unsafe lets a Host hold quotes and backslashes.
    put_escaped(w, name.data, name.length)


cdef void put_or_dash(writer *w, const char *p, unsigned int length) noexcept nogil:
    if p == NULL or length == 0:
        put(w, b"-", 1)
    else:
        put_escaped(w, p, length)


cdef void put_if_there(writer *w, value v) noexcept nogil:
    """An empty field or variable is there, and has no dash."""
    if v.data == NULL:
        put(w, b"-", 1)
    else:
        put_escaped(w, v.data, v.length)


cdef void put_padded(writer *w, long long number, int digits) noexcept nogil:
    cdef long long scale = 1
    cdef int _
    for _ in range(digits - 1):
        scale *= 10
    while scale > 1 and number < scale:
        put(w, b"0", 1)
        scale //= 10
    put_number(w, number)


cdef void put_time(request_facts *r, writer *w, plan_piece *p) noexcept nogil:
    global clf_second, clf_length
    cdef long long wall = r.started_us + wall_offset_us
    cdef int variant = p.sub & 15
    cdef tm parts
    cdef time_t second
    cdef char[TIME_TEXT_BYTES] text_out
    cdef const char *format
    if p.sub & TIME_END:
        wall = clock_us() + wall_offset_us
    second = wall // 1000000
    if variant == TIME_CLF:
        if second != clf_second:
            localtime_r(&second, &parts)
            clf_length = <unsigned int>strftime(
                &clf_text[0], CLF_TIME_BYTES, b"[%d/%b/%Y:%H:%M:%S %z]", &parts)
            clf_second = second
        put(w, &clf_text[0], clf_length)
    elif variant == TIME_SEC:
        put_number(w, second)
    elif variant == TIME_MSEC:
        put_number(w, wall // 1000)
    elif variant == TIME_USEC:
        put_number(w, wall)
    elif variant == TIME_MSEC_FRAC:
        put_padded(w, wall // 1000 % 1000, 3)
    elif variant == TIME_USEC_FRAC:
        put_padded(w, wall % 1000000, 6)
    else:
        localtime_r(&second, &parts)
        format = p.literal.data
        if p.literal.length > 4 and memcmp(format, b"end:", 4) == 0:
            format += 4
        elif p.literal.length > 6 and memcmp(format, b"begin:", 6) == 0:
            format += 6
        put(w, &text_out[0], strftime(
            &text_out[0], TIME_TEXT_BYTES, format, &parts))


cdef void put_cookie(request_facts *r, writer *w, plan_piece *p) noexcept nogil:
    """The value of a request cookie with that name."""
    cdef field *f = head_field(&r.req, FIELD_COOKIE)
    cdef const char *at
    cdef const char *end
    cdef const char *semicolon
    if f != NULL:
        at = request_bytes(r) + f.value
        end = at + f.value_length
        while at < end:
            while at < end and (at[0] == c' ' or at[0] == c';'):
                at += 1
            semicolon = <const char *>memchr_or_end(at, c';', end - at)
            if <unsigned int>(semicolon - at) > p.literal.length and \
                    at[p.literal.length] == c'=' and memcmp(
                        at, p.literal.data, p.literal.length) == 0:
                at += p.literal.length + 1
                put_or_dash(w, at, <unsigned int>(semicolon - at))
                return
            at = semicolon
    put(w, b"-", 1)


cdef void put_request_line(request_facts *r, writer *w) noexcept nogil:
    cdef const char *data = request_bytes(r)
    cdef value line
    if r.req.method.length == 0:
        line = request_first_line(r)
        put_or_dash(w, line.data, line.length)
        return
    put_escaped(w, data + r.req.method.offset, r.req.method.length)
    put(w, b" ", 1)
    put_escaped(w, data + r.req.target.offset, r.req.target.length)
    if r.req.minor != 9:
        put(w, b" HTTP/1.1" if r.req.minor else b" HTTP/1.0", 9)


cdef void put_target_name(request_facts *r, const logged *l, writer *w) noexcept nogil:
    """%f: the name of the file; of a proxied request proxy:http://h:80/path"""
    if l.member == NULL:
        if r.file != NULL:
            put_escaped(w, r.file.name.data, r.file.end)
        else:
            put(w, b"-", 1)
        return
    put(w, b"proxy:", 6)
    put_escaped(w, l.member.origin.data, l.member.origin.length)
    put_escaped(w, r.target.data, r.target.length)


cdef void put_user(request_facts *r, writer *w) noexcept nogil:
    """Who the client says it is, believed or not; "" is a name, too."""
    if likely(r.user.data == NULL):
        put(w, b"-", 1)
    elif r.user.length == 0:
        put(w, b'""', 2)
    else:
        put_escaped(w, r.user.data, r.user.length)


cdef void put_log_id(request_facts *r, writer *w, plan_piece *p) noexcept nogil:
    """By which the error log tells of it; "-": it does not."""
    if p.sub == 1 and r.client.has_error_line:
        put_connection_id(w, r.client)
    elif p.sub == 0 and r.has_error_line:
        put_if_there(w, env_of(r, p.env))
    else:
        put(w, b"-", 1)


cdef void put_client_address(
        request_facts *r, writer *w, bint of_connection) noexcept nogil:
    cdef char[ADDRESS_TEXT_BYTES] peer
    if unlikely(of_connection and r.client.replaced != REPLACED_NOT):
        put(w, &peer[0], address_text(client_peer(r.client), &peer[0]))
        return
    client_learn_remote(r.client)
    put(w, &r.client.remote_text[0], r.client.remote_text_length)


cdef void put_client_name(
        request_facts *r, writer *w, bint of_connection) noexcept nogil:
    """HostnameLookups: the name, the address, or nothing and a note of the place."""
    global line_name, line_place_count
    cdef int how = hostname_lookups(r)
    cdef client_name *n = NULL
    if how != NAME_LOOKUPS_OFF:
        n = client_name_find(
            client_peer(r.client) if of_connection else &r.client.remote[0],
            how == NAME_LOOKUPS_DOUBLE, watch.now_us)
    if n == NULL or (n.state == NAME_KNOWN and n.length == 0):
        put_client_address(r, w, of_connection)
    elif n.state == NAME_KNOWN:
        put_escaped(w, &n.name[0], n.length)
    elif line_place_count < NAMES_PER_LINE_MAX and line_may_wait():
        line_name = n
        line_places[line_place_count] = writer_held(w)
        line_place_count += 1
    else:
        put_client_address(r, w, of_connection)


cdef int hostname_lookups(request_facts *r) noexcept nogil:
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].hostname_lookups >= 0:
            return r.confs[i].hostname_lookups
    return NAME_LOOKUPS_OFF


cdef void put_piece(
        request_facts *r, const logged *l, writer *w, plan_piece *p) noexcept nogil:
    cdef value v
    cdef long long now
    cdef char[ADDRESS_TEXT_BYTES] address
    cdef unsigned char k = p.kind
    if unlikely(k == LOG_JSON):
        put_json(r, l, w, p)
    elif k == c'h' and unlikely(client_names_wanted):
        put_client_name(r, w, p.sub == 1)
    elif k == c'h' or k == c'a':
        put_client_address(r, w, p.sub == 1)
    elif k == c'u':
        put_user(r, w)
    elif k == c'L':
        put_log_id(r, w, p)
    elif k == c'l':
        put(w, b"-", 1)
    elif k == c't':
        put_time(r, w, p)
    elif k == c'r':
        put_request_line(r, w)
    elif k == c's':
        put_number(w, l.status)
    elif k == c'b':
        if l.record.body_bytes_out:
            put_number(w, l.record.body_bytes_out)
        else:
            put(w, b"-", 1)
    elif k == c'B':
        put_number(w, l.record.body_bytes_out)
    elif k == c'O':
        put_number(w, l.record.bytes_out)
    elif k == c'I':
        put_number(w, r.req.length + l.bytes_in)
    elif k == c'S':
        put_number(w, l.record.bytes_out + r.req.length + l.bytes_in)
    elif k == c'i':
        put_if_there(w, request_field(r, &p.literal))
    elif k == c'x' or k == c'c':
        v = tls_variable(r.client, p.env)
        put_or_dash(w, v.data, v.length)
    elif k == c'e' or k == c'o' or k == c'n':
        put_if_there(w, r.env[p.env])
    elif k == c'D' or k == c'T':
        now = clock_us() - r.started_us
        if k == c'T':
            now = now // 1000000 if p.sub == 0 else (
                now // 1000 if p.sub == 1 else now)
        put_number(w, now)
    elif k == c'm':
        put_or_dash(w, request_bytes(r) + r.req.method.offset,
                    r.req.method.length)
    elif k == c'U':
        put_or_dash(w, r.decoded.data, r.decoded.length)
    elif k == c'q':
        if r.path.length:
            v = query_of(r)
            put_escaped(w, v.data, v.length)
    elif k == c'H':
        put(w, b"HTTP/0.9" if r.req.minor == 9 else (
            b"HTTP/1.1" if r.req.minor else b"HTTP/1.0"), 8)
    elif k == c'f':
        put_target_name(r, l, w)
    elif k == c'R':
        if l.handler != NULL:
            put_escaped(w, l.handler.data, l.handler.length)
        elif r.mapping != NULL:
            put(w, b"proxy-server", 12)
        else:
            put(w, b"-", 1)
    elif k == c'v':
        put_escaped(w, r.vhost.server_name.data, r.vhost.server_name.length)
    elif k == c'V':
        put_own_name(r, w)
    elif k == c'k':
        put_number(w, r.client.requests)
    elif k == c'p':
        if p.sub == 2:
            client_learn_remote(r.client)
            put_number(w, r.client.remote_port)
        elif p.sub == 1:
            put_number(w, r.client.listener.port)
        else:
            put_number(w, r.vhost.port if r.vhost.port else port_of_scheme(r))
    elif k == c'P':
        if p.sub:
            put_hex(w, <unsigned long>getpid())
        else:
            put_number(w, getpid())     # one thread: its id is the process's
    elif k == c'A':
        client_learn_local(r.client)
        put(w, &address[0], address_text(&r.client.local[0], &address[0]))
    elif k == c'X':
        put(w, b"X" if l.record.aborted else (b"+" if l.keepalive else b"-"), 1)
    elif k == c'C':
        put_cookie(r, w, p)
    elif k == LOG_FIRST_BYTE and l.record.first_byte_us \
            and conf_flag(r, CONF_TRACK_FIRST_BYTE, False):
        put_number(w, l.record.first_byte_us - r.started_us)
    elif k == LOG_TRAILER and r.trailers != NULL:
        put_if_there(w, trailer_value(
            r, &r.trailers.answer if p.sub else &r.trailers.request, &p.literal))
    elif k == LOG_PROXY_STATUS and l.record.member_status:
        put_number(w, l.record.member_status)
    elif k == LOG_SOURCE_PORT and l.record.source_port:
        put_number(w, l.record.source_port)
    else:
        put(w, b"-", 1)


cdef bint piece_applies(const logged *l, plan_piece *p) noexcept nogil:
    """%400,501{..}i and %!200{..}i: is the status one of those?"""
    cdef int i
    if p.status_count == 0:
        return True
    for i in range(p.status_count):
        if p.statuses[i] == l.status:
            return not p.negated
    return p.negated


cdef bint log_has_room(log_buffer *b) noexcept nogil:
    """... for a line. False: a log program is behind, and the line counts as lost."""
    global logs_dirty
    if likely(b.used + LOG_LINE_BYTES_MAX <= sizeof(b.data)):
        return True
    logs_dirty = True
    logs_flush()
    if b.used + LOG_LINE_BYTES_MAX <= sizeof(b.data):
        return True
    log_lost(b, 1, EAGAIN)
    return False


cdef void logline_write(request_facts *r, const logged *l) noexcept nogil:
    global logs_dirty, line_place_count
    cdef int i, j
    cdef plan_log *log
    cdef plan_piece *p
    cdef log_buffer *b
    cdef writer w
    r.status = l.status
    for i in range(r.vhost.log_count):
        log = &r.vhost.logs[i]
        if log.condition >= 0 and (
                (r.env[log.condition].data == NULL) != log.condition_negated):
            continue
        if unlikely(log.expr >= 0) and expr_holds(r, log.expr, NULL) <= 0:
            continue
        b = log_buffers[log.target]
        if not log_has_room(b):
            continue
        line_place_count = 0
        # One byte less, so that the line's end always finds room.
        writer_begin(&w, &b.data[b.used], LOG_LINE_BYTES_MAX - 1)
        for j in range(log.format.count):
            p = &log.format.pieces[j]
            if p.kind == PIECE_LITERAL:
                put(&w, p.literal.data, p.literal.length)
            elif piece_applies(l, p):
                put_piece(r, l, &w, p)
            else:
                put(&w, b"-", 1)
        if unlikely(line_place_count):
            if not line_set_aside(line_name, log.target, &b.data[b.used],
                                  writer_held(&w), &line_places[0], line_place_count):
                log_lost(b, 1, ENOMEM)
            continue
        w.end += 1
        put_byte(&w, c'\n')
        b.used += writer_held(&w)
        logs_dirty = True
