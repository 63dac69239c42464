"""The answer that is a file: its head, and how its bytes set out.

file_answer is the one place where a file that is open becomes an answer.
"""
# uses: ground/chartable, ground/text, io/buffer, io/stream, filters/chain, plan/plan,
#       plan/entity, plan/facts, plan/file_names, plan/handled, plan/filtered,
#       plan/reasons, flow/exchange, flow/states, flow/log_rows, flow/service_log,
#       flow/labels, flow/entity, flow/file_send, flow/settle, flow/rewrite_answer,
#       flow/request, flow/response

cdef bint type_is_run(value type) noexcept nogil:
    """Does httpd take it for the name of a handler: PHP's types, those of CGI?"""
    return type.length > 20 and bytes_equal_nocase(
        type.data, b"application/x-httpd-", 20)


cdef bint file_is_run(request_facts *r, const mime_found *said) noexcept nogil:
    """Would httpd have somebody run it: by SetHandler, AddHandler, or else by its type,
    whoever says that? What it is made of is nobody's business, so it is not sent."""
    cdef const plan_conf *c = handler_said(r)
    cdef value name = value(b"", 0)
    cdef value forced
    if handler_is_default(r.forced_handler):
        return False            # a rule's [H] comes before sections (as httpd)
    if c != NULL:
        # Whoever decided has asked for it already; a way past that opens no source.
        name = handler_text(r, c)
        if name.data == NULL:
            return True
    if name.length == 0 and said.handler.data != NULL:
        name = said.handler
    if name.length:
        return not handler_is_default(name)
    forced = labels_forced(r)
    if type_is_run(r.forced_type) or type_is_run(forced):
        return True
    return r.forced_type.length == 0 and forced.length == 0 and type_is_run(said.type)


cdef bint file_is_composed(request_facts *r, const mime_found *said) noexcept nogil:
    """Is it a page that would include others? What stands in it is for mod_include."""
    if likely(not file_options_of(r) & FILES_INCLUDES):
        return False
    return filter_includes(r, type_of_file(r, said))


cdef bint file_is_kept(request_facts *r, const mime_found *said) noexcept nogil:
    """Is what stands in it for somebody who is not here?"""
    return file_is_run(r, said) or file_is_composed(r, said)


# Answer with x.facts.file, which is open. An ErrorDocument keeps the error's status.
# returns 0, or the status of the error to be told
cdef int file_answer(exchange *x) noexcept nogil:
    cdef file_facts *f = x.facts.file
    f.entity = entity_decide(x)
    if unlikely(f.entity == NULL):
        file_close(x)
        return 500
    if unlikely(file_is_kept(&x.facts, &f.entity.said)):
        file_close(x)
        f.entity = NULL
        say(x, &SAY_FILE_IS_RUN)
        return 403
    if unlikely(f.entity.status == 416) and not answer_has_parts(x):
        entity_whole(f.entity, f.about.st_size)
    if unlikely(f.entity.status == 416):
        file_close(x)
        f.entity = NULL
        return 416
    return file_head(x)


cdef int file_head(exchange *x) noexcept nogil:
    """What is said of it is known: answer. returns as file_answer"""
    cdef file_facts *f = x.facts.file
    cdef unsigned int reason_length = 0
    cdef const char *reason
    cdef int rc
    x.status = x.local.error_status if x.local.error_status else f.entity.status
    reason = reason_of(x.status, &reason_length)
    if not x.body.done and not request_drop_body(x):
        x.keepalive = False
    rc = rewrite_local(x, x.status, reason, reason_length, NULL, f.entity.length)
    if unlikely(rc == 1):
        entity_whole(f.entity, f.about.st_size)
        x.status = 200
        reason = reason_of(x.status, &reason_length)
        rc = rewrite_local(x, x.status, reason, reason_length, NULL, f.entity.length)
    f.at = 0
    f.left = 0
    if f.entity.part_count == 1:
        f.at = f.entity.parts[0].at
        f.left = f.entity.parts[0].length
    elif f.entity.status == 200:
        f.left = f.about.st_size
    if unlikely(rc < 0 and rc != FAILED):
        file_close(x)
        f.entity = NULL
        memset(&x.res, 0, sizeof(response_side))
        return -rc
    exchange_enter(x, X_LOCAL)
    if rc < 0 or x.facts.arena.starved:
        exchange_abort(x)
        return 0
    file_set_out(x)
    return 0


cdef void file_set_out(exchange *x) noexcept nogil:
    """The head is in x.down.output: let it go, with the whole of a small file."""
    cdef file_facts *f = x.facts.file
    cdef buffer *b = x.down.output
    cdef ssize_t n
    if x.head_request or (f.left == 0 and f.entity.part_count == 0):
        if unlikely(x.filters != NULL):
            chain_finish(x.filters)
        file_close(x)
    elif unlikely(x.filters != NULL or f.entity.part_count > 1):
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
            if f.left > FILE_CORK_BYTES:
                stream_cork(&x.down.c, True)
                f.corked = True
            n = stream_send_more(&x.down.c, &b.data[b.start], buffer_held(b))
            if n > 0:
                b.start += <unsigned int>n
                x.record.bytes_out += n
    response_pump(x)
