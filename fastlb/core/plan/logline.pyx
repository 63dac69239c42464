"""Rendering access-log lines (logline.pxd; Apache: mod_log_config, mod_logio).

What a client sent is escaped: control bytes, quotes and backslashes (CVE-2024-47252).
"""
# uses: ground/chartable, ground/text, ground/number, io/buffer, io/writer,
#       ground/address, io/watch, io/date, http/fields, plan/client_names, plan/plan,
#       plan/path, plan/match, plan/own_name, plan/rules, flow/tls_variables,
#       flow/downstream, flow/exchange

cdef enum:
    LOG_TRAILER = 1             # %^ti, %^to: trailers are not kept
    LOG_FIRST_BYTE = 2          # %^FB
    LOG_PROXY_STATUS = 3        # %{proxy-status}n
    LOG_SOURCE_PORT = 4         # %{proxy-source-port}n
    TIME_CLF = 0
    TIME_SEC = 1
    TIME_MSEC = 2
    TIME_USEC = 3
    TIME_MSEC_FRAC = 4
    TIME_USEC_FRAC = 5
    TIME_STRFTIME = 6
    TIME_END = 16               # added: the moment of logging, not of the request

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


cdef tuple logline_letter(str kind, str arg):
    """(variant, code) of a piece; the code is its letter."""
    cdef str low = arg
    if kind in ("^ti", "^to"):
        return 0, LOG_TRAILER
    if kind == "^FB":
        return 0, LOG_FIRST_BYTE
    if kind == "t":
        sub = 0
        if low.startswith("end:"):
            sub = TIME_END
            low = low[4:]
        elif low.startswith("begin:"):
            low = low[6:]
        known = ["", "sec", "msec", "usec", "msec_frac", "usec_frac"]
        sub += known.index(low) if low in known else TIME_STRFTIME
        return sub, ord("t")
    if kind == "T":
        return {"": 0, "s": 0, "ms": 1, "us": 2}.get(arg, 0), ord("T")
    if kind == "p":
        return {"local": 1, "remote": 2}.get(arg, 0), ord("p")
    if kind == "n" and low.lower() == "proxy-status":
        return 0, LOG_PROXY_STATUS
    if kind == "n" and low.lower() == "proxy-source-port":
        return 0, LOG_SOURCE_PORT
    if kind == "P":
        return (1 if low.lower() == "hextid" else 0), ord("P")
    if kind == "a":
        return (1 if arg == "c" else 0), ord("a")
    return 0, ord(kind)


cdef object logline_begin(object log_fds):
    """Buffers for the logs of this worker."""
    global log_buffers, log_buffer_count, response_field_count
    cdef int i
    log_buffer_count = len(log_fds)
    log_buffers = <log_buffer **>plan_alloc(sizeof(void *) * log_buffer_count)
    for i, fd in enumerate(log_fds):
        log_buffers[i] = <log_buffer *>plan_alloc(sizeof(log_buffer))
        log_buffers[i].fd = fd
        log_buffers[i].is_pipe = file_is_pipe(fd)


cdef object logline_fields(object model):
    """Make variables of the response fields and notes that formats name."""
    global response_field_count, logline_wants_source_port
    cdef int i, j, k
    cdef plan_format *format
    cdef plan_piece *p
    cdef response_field *wanted
    response_field_count = 0
    logline_wants_source_port = False
    for i in range(plan.vhost_count):
        for j in range(plan.vhosts[i].log_count):
            format = &plan.vhosts[i].logs[j].format
            for k in range(format.count):
                p = &format.pieces[k]
                name = p.literal.data[:p.literal.length].decode("latin-1")
                if p.kind == c'o':
                    key = ENV_OF_FIELD + name.lower()
                    known = key in plan_envs
                    p.env = plan_env(key)
                    if not known:
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


cdef void logs_flush() noexcept nogil:
    global logs_dirty, log_lines_lost
    cdef int i
    cdef ssize_t n
    cdef unsigned int at
    cdef log_buffer *b
    if not logs_dirty:
        return
    logs_dirty = False
    for i in range(log_buffer_count):
        b = log_buffers[i]
        at = 0
        while at < b.used:
            n = write(b.fd, &b.data[at], log_next(b, at))
            if n < 0 and errno == EINTR:
                continue
            if n < 0 and errno == EAGAIN:
                # A log program that is behind: what it did not take stays for the
                # next turn, and lines that find no room are counted and dropped.
                logs_dirty = True
                break
            if n <= 0:
                log_mend(b, at)
                at = b.used     # a full disk or a dead pipe must not stop traffic
                log_lines_lost += 1
                break
            at += <unsigned int>n
        b.used -= at
        if b.used and at:
            memmove(&b.data[0], &b.data[at], b.used)


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


cdef void put_own_name(exchange *x, writer *w) noexcept nogil:
    """%V: the name that self_name gives, without brackets."""
    cdef value name = self_name(x)
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


cdef void put_padded(writer *w, long long number, int digits) noexcept nogil:
    cdef long long scale = 1
    cdef int _
    for _ in range(digits - 1):
        scale *= 10
    while scale > 1 and number < scale:
        put(w, b"0", 1)
        scale //= 10
    put_number(w, number)


cdef void put_time(exchange *x, writer *w, plan_piece *p) noexcept nogil:
    global clf_second, clf_length
    cdef long long wall = x.record.started_us + wall_offset_us
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


cdef void put_cookie(exchange *x, writer *w, plan_piece *p) noexcept nogil:
    """The value of a request cookie with that name."""
    cdef field *f = head_field(&x.req, FIELD_COOKIE)
    cdef const char *at
    cdef const char *end
    cdef const char *semicolon
    if f != NULL:
        at = request_bytes(x) + f.value
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


cdef void put_first_line(exchange *x, writer *w) noexcept nogil:
    """The first line of a head that was refused, as it came."""
    cdef buffer *b = x.down.input
    cdef const char *data
    cdef unsigned int length
    if b == NULL or b.end <= x.base:
        put(w, b"-", 1)
        return
    data = request_bytes(x)
    length = <unsigned int>(
        <const char *>memchr_or_end(data, c'\n', b.end - x.base) - data)
    if byte_before(data, length) == c'\r':
        length -= 1
    put_or_dash(w, data, length)


cdef void put_request_line(exchange *x, writer *w) noexcept nogil:
    cdef const char *data = request_bytes(x)
    if x.req.method.length == 0:
        put_first_line(x, w)
        return
    put_escaped(w, data + x.req.method.offset, x.req.method.length)
    put(w, b" ", 1)
    put_escaped(w, data + x.req.target.offset, x.req.target.length)
    if x.req.minor != 9:
        put(w, b" HTTP/1.1" if x.req.minor else b" HTTP/1.0", 9)


cdef void put_target_name(exchange *x, writer *w) noexcept nogil:
    """%f of a proxied request: proxy:http://h:80/path"""
    if x.member == NULL:
        put(w, b"-", 1)
        return
    put(w, b"proxy:", 6)
    put_escaped(w, x.member.origin.data, x.member.origin.length)
    put_escaped(w, x.target.data, x.target.length)


cdef void put_client_address(exchange *x, writer *w) noexcept nogil:
    downstream_learn_remote(x.down)
    put(w, &x.down.remote_text[0], x.down.remote_text_length)


cdef void put_client_name(exchange *x, writer *w) noexcept nogil:
    """HostnameLookups: the name, the address, or nothing and a note of the place."""
    global line_name, line_place_count
    cdef int how = hostname_lookups(x)
    cdef client_name *n = NULL
    if how != NAME_LOOKUPS_OFF:
        downstream_learn_remote(x.down)
        n = client_name_find(
            &x.down.remote[0], how == NAME_LOOKUPS_DOUBLE, watch.now_us)
    if n == NULL or (n.state == NAME_KNOWN and n.length == 0):
        put_client_address(x, w)
    elif n.state == NAME_KNOWN:
        put_escaped(w, &n.name[0], n.length)
    elif line_place_count < NAMES_PER_LINE_MAX and line_may_wait():
        line_name = n
        line_places[line_place_count] = writer_held(w)
        line_place_count += 1
    else:
        put_client_address(x, w)


cdef int hostname_lookups(exchange *x) noexcept nogil:
    cdef int i
    for i in range(x.conf_count - 1, -1, -1):
        if x.confs[i].hostname_lookups >= 0:
            return x.confs[i].hostname_lookups
    return NAME_LOOKUPS_OFF


cdef void put_piece(exchange *x, writer *w, plan_piece *p) noexcept nogil:
    cdef value v
    cdef long long now
    cdef char[ADDRESS_TEXT_BYTES] address
    cdef unsigned char k = p.kind
    if k == c'h' and unlikely(client_names_wanted):
        put_client_name(x, w)
    elif k == c'h' or k == c'a':
        put_client_address(x, w)
    elif k == c'l' or k == c'u' or k == c'L':
        put(w, b"-", 1)
    elif k == c't':
        put_time(x, w, p)
    elif k == c'r':
        put_request_line(x, w)
    elif k == c's':
        put_number(w, x.status)
    elif k == c'b':
        if x.record.body_bytes_out:
            put_number(w, x.record.body_bytes_out)
        else:
            put(w, b"-", 1)
    elif k == c'B':
        put_number(w, x.record.body_bytes_out)
    elif k == c'O':
        put_number(w, x.record.bytes_out)
    elif k == c'I':
        put_number(w, x.req.length + x.body.bytes_in)
    elif k == c'S':
        put_number(w, x.record.bytes_out + x.req.length + x.body.bytes_in)
    elif k == c'i':
        v = request_field(x, &p.literal)
        put_or_dash(w, v.data, v.length)
    elif k == c'x' or k == c'c':
        v = tls_variable(x.down, p.env)
        put_or_dash(w, v.data, v.length)
    elif k == c'e' or k == c'o' or k == c'n':
        v = x.env[p.env]
        put_or_dash(w, v.data, v.length)
    elif k == c'D' or k == c'T':
        now = clock_us() - x.record.started_us
        if k == c'T':
            now = now // 1000000 if p.sub == 0 else (
                now // 1000 if p.sub == 1 else now)
        put_number(w, now)
    elif k == c'm':
        put_or_dash(w, request_bytes(x) + x.req.method.offset,
                    x.req.method.length)
    elif k == c'U':
        put_or_dash(w, x.decoded.data, x.decoded.length)
    elif k == c'q':
        if x.path.length:
            v = query_of(x)
            put_escaped(w, v.data, v.length)
    elif k == c'H':
        put(w, b"HTTP/0.9" if x.req.minor == 9 else (
            b"HTTP/1.1" if x.req.minor else b"HTTP/1.0"), 8)
    elif k == c'f':
        put_target_name(x, w)
    elif k == c'R':
        if x.local.handler != NULL:
            put_escaped(w, x.local.handler.data, x.local.handler.length)
        elif x.mapping != NULL:
            put(w, b"proxy-server", 12)
        else:
            put(w, b"-", 1)
    elif k == c'v':
        put_escaped(w, x.vhost.server_name.data, x.vhost.server_name.length)
    elif k == c'V':
        put_own_name(x, w)
    elif k == c'k':
        put_number(w, x.down.requests)
    elif k == c'p':
        if p.sub == 2:
            downstream_learn_remote(x.down)
            put_number(w, x.down.remote_port)
        elif p.sub == 1:
            put_number(w, x.down.listener.port)
        else:
            put_number(w, x.vhost.port if x.vhost.port else port_of_scheme(x))
    elif k == c'P':
        if p.sub:
            put_hex(w, <unsigned long>getpid())
        else:
            put_number(w, getpid())     # one thread: its id is the process's
    elif k == c'A':
        downstream_learn_local(x.down)
        put(w, &address[0], address_text(&x.down.local[0], &address[0]))
    elif k == c'X':
        put(w, b"X" if x.record.aborted else (b"+" if x.keepalive else b"-"), 1)
    elif k == c'C':
        put_cookie(x, w, p)
    elif k == LOG_FIRST_BYTE and x.record.first_byte_us \
            and conf_flag(x, CONF_TRACK_FIRST_BYTE, False):
        put_number(w, x.record.first_byte_us - x.record.started_us)
    elif k == LOG_PROXY_STATUS and x.record.member_status:
        put_number(w, x.record.member_status)
    elif k == LOG_SOURCE_PORT and x.record.source_port:
        put_number(w, x.record.source_port)
    else:
        put(w, b"-", 1)


cdef bint piece_applies(exchange *x, plan_piece *p) noexcept nogil:
    """%400,501{..}i and %!200{..}i: is the status one of those?"""
    cdef int i
    if p.status_count == 0:
        return True
    for i in range(p.status_count):
        if p.statuses[i] == x.status:
            return not p.negated
    return p.negated


cdef bint log_has_room(log_buffer *b) noexcept nogil:
    """... for a line. False: a log program is behind, and the line counts as lost."""
    global logs_dirty, log_lines_lost
    if likely(b.used + LOG_LINE_BYTES_MAX <= sizeof(b.data)):
        return True
    logs_dirty = True
    logs_flush()
    if b.used + LOG_LINE_BYTES_MAX <= sizeof(b.data):
        return True
    log_lines_lost += 1
    return False


cdef void logline_write(exchange *x) noexcept nogil:
    global logs_dirty, log_lines_lost, line_place_count
    cdef int i, j
    cdef plan_log *log
    cdef plan_piece *p
    cdef log_buffer *b
    cdef writer w
    for i in range(x.vhost.log_count):
        log = &x.vhost.logs[i]
        if log.condition >= 0 and (
                (x.env[log.condition].data == NULL) != log.condition_negated):
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
            elif piece_applies(x, p):
                put_piece(x, &w, p)
            else:
                put(&w, b"-", 1)
        if unlikely(line_place_count):
            if not line_set_aside(line_name, log.target, &b.data[b.used],
                                  writer_held(&w), &line_places[0], line_place_count):
                log_lines_lost += 1
            continue
        w.end += 1
        put_byte(&w, c'\n')
        b.used += writer_held(&w)
        logs_dirty = True
