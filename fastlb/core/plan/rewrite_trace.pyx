"""LogLevel rewrite:traceN: what the rules do, in Apache's words.

Nothing is composed unless the virtual host asks for the level.
"""
# uses: ground/text, io/writer, ground/arena, seam, plan/client, plan/facts,
#       plan/rewrite_run, plan/own_name, plan/error_line

cdef void trace_more(
        rewriting *w, int level, bint with_dir, const char *form, value a, value b,
        value c, value d) noexcept nogil:
    """form: with up to four %s."""
    cdef writer out
    cdef value[4] said
    cdef value name
    cdef int used = 0
    cdef const char *at = form
    if w.trace < level or request_waits(w.r):
        return
    w.r.trace_at += 1
    if w.r.trace_at <= w.r.trace_told:
        return          # this is the same run once more, with what it has waited for
    w.r.trace_told = w.r.trace_at
    said[0] = a
    said[1] = b
    said[2] = c
    said[3] = d
    arena_write(&w.r.arena, &out)
    client_learn_remote(w.r.client)
    put(&out, &w.r.client.remote_text[0], w.r.client.remote_text_length)
    put(&out, b" - - [", 6)
    name = self_name(w.r)
    put(&out, name.data, name.length)
    put(&out, b"/sid#", 5)
    put_hex(&out, <unsigned long>w.r.vhost)
    put(&out, b"][rid#", 6)
    put_hex(&out, <unsigned long>w.r)
    if w.r.is_subrequest:
        put(&out, b"/subreq", 7)
    else:
        put(&out, b"/initial", 8)
    if w.r.redirects:
        put(&out, b"/redir#", 7)
        put_number(&out, w.r.redirects)
    put(&out, b"] ", 2)
    if with_dir and w.is_dir:
        put(&out, b"[perdir ", 8)
        put(&out, w.directory.data, w.directory.length)
        put(&out, b"] ", 2)
    while at[0]:
        if at[0] == c'%' and at[1] == c's' and used < 4:
            put(&out, said[used].data, said[used].length)
            used += 1
            at += 2
            continue
        put_byte(&out, at[0])
        at += 1
    trace_say(w, level, arena_written(&w.r.arena, &out))


cdef void trace_say(rewriting *w, int level, value line) noexcept nogil:
    if not seam_is_shut:
        with gil:
            error_line_say(
                f"trace{level}", "rewrite", w.r.vhost.index, w.r.client, w.r, 0,
                said_of(line.data, line.length))


cdef void trace_two(
        rewriting *w, int level, bint with_dir, const char *form, value a,
        value b) noexcept nogil:
    trace_more(w, level, with_dir, form, a, b, value(b"", 0), value(b"", 0))


cdef void trace_one(
        rewriting *w, int level, bint with_dir, const char *form,
        value a) noexcept nogil:
    trace_two(w, level, with_dir, form, a, value(b"", 0))


cdef value traced(const text *t) noexcept nogil:
    return value(t.data, t.length)


cdef value traced_number(rewriting *w, int number) noexcept nogil:
    cdef writer out
    arena_write(&w.r.arena, &out)
    put_number(&out, number)
    return arena_written(&w.r.arena, &out)
