"""The answer that is a file: its head, and how its bytes set out.

file_answer is the one place where a file that is open becomes an answer.
"""
# uses: io/buffer, io/writer, ground/arena, io/stream, filters/chain, plan/facts,
#       plan/reasons, flow/exchange, flow/states, flow/log_rows, flow/service_log,
#       flow/file_send, flow/settle, flow/rewrite_answer, flow/request, flow/response

cdef const char *file_type(const file_facts *f) noexcept nogil:
    """By the end of its name; NULL: nobody says."""
    cdef const char **types = [
        b".html", b"text/html", b".htm", b"text/html", b".css", b"text/css",
        b".js", b"text/javascript", b".json", b"application/json",
        b".txt", b"text/plain", b".xml", b"application/xml", b".png", b"image/png",
        b".jpg", b"image/jpeg", b".gif", b"image/gif", b".svg", b"image/svg+xml",
        b".ico", b"image/vnd.microsoft.icon", b".woff2", b"font/woff2", NULL]
    cdef int i = 0
    cdef unsigned int length
    while types[i] != NULL:
        length = <unsigned int>strlen(types[i])
        if f.end > length and memcmp(
                f.name.data + f.end - length, types[i], length) == 0:
            return types[i + 1]
        i += 2
    return NULL


cdef void file_fields(exchange *x) noexcept nogil:
    """Last-Modified, ETag, Accept-Ranges."""
    cdef file_facts *f = x.facts.file
    cdef char[HTTP_DATE_BYTES] date
    cdef tm parts
    cdef writer w
    gmtime_r(&f.about.st_mtim.tv_sec, &parts)
    strftime(&date[0], HTTP_DATE_BYTES, b"%a, %d %b %Y %H:%M:%S GMT", &parts)
    arena_write(&x.facts.arena, &w)
    put(&w, x.local.more_fields.data, x.local.more_fields.length)
    put(&w, b"Last-Modified\0", 14)
    put(&w, &date[0], 30)
    put(&w, b"ETag\0\"", 6)
    put_hex(&w, <unsigned long>f.about.st_size)
    put_byte(&w, c'-')
    put_hex(&w, <unsigned long>(
        f.about.st_mtim.tv_sec * 1000000 + f.about.st_mtim.tv_nsec // 1000))
    put(&w, b"\"\0Accept-Ranges\0bytes\0", 22)
    x.local.more_fields = arena_written(&x.facts.arena, &w)


# Answer with x.facts.file, which is open. An ErrorDocument keeps the error's status.
cdef void file_answer(exchange *x) noexcept nogil:
    cdef file_facts *f = x.facts.file
    cdef unsigned int reason_length = 0
    cdef const char *reason
    exchange_enter(x, X_LOCAL)
    x.status = x.local.error_status if x.local.error_status else 200
    reason = reason_of(x.status, &reason_length)
    if not x.body.done and not request_drop_body(x):
        x.keepalive = False
    file_fields(x)
    f.at = 0
    f.left = f.about.st_size
    if rewrite_local(
            x, x.status, reason, reason_length, file_type(f), f.left) < 0 \
            or x.facts.arena.starved:
        exchange_abort(x)
        return
    file_set_out(x)


cdef void file_set_out(exchange *x) noexcept nogil:
    """The head is in x.down.output: let it go, with the whole of a small file."""
    cdef file_facts *f = x.facts.file
    cdef buffer *b = x.down.output
    cdef ssize_t n
    if x.head_request or f.left == 0:
        if unlikely(x.filters != NULL):
            chain_finish(x.filters)
        file_close(x)
    elif unlikely(x.filters != NULL):
        f.sends = True
    elif f.left <= <long long>buffer_room(b):
        while f.left:
            n = file_append(f, b)
            if n < 0:
                say(x, &SAY_FILE_SHORT)
                exchange_abort(x)       # nothing has gone out
                return
            x.record.body_bytes_out += n
        file_close(x)
    else:
        f.sends = True
        if x.down.c.tls == NULL and buffer_held(b):
            # Head and file share their packets.
            n = stream_send_more(&x.down.c, &b.data[b.start], buffer_held(b))
            if n > 0:
                b.start += <unsigned int>n
                x.record.bytes_out += n
    response_pump(x)
