"""What is said of an answer beside what its maker says (plan/labels_plan.pxd).

    labels_begin    before rules: a type for what has none, Expires and Cache-Control
    labels_end      behind them: charset, Content-Encoding, Content-Language

The order is httpd's, and so is what wins: a member's type stays, its encoding does not.
A host of which nothing is said has no bits, and none of this is called.
"""
# uses: ground/chartable, ground/text, ground/list, io/writer, ground/arena, io/date,
#       http/fields, http/dates, plan/labels_plan, plan/plan, plan/out_fields,
#       plan/entity, plan/facts, plan/target, plan/mime, plan/expires, flow/exchange

cdef enum:
    MIME_BITS = 31


cdef value labels_name(exchange *x) noexcept nogil:
    """The last part of the path that the member was asked for, as httpd looks at it: an
    escape is undone where it would be in the URL of a target."""
    cdef value path = x.facts.target
    cdef unsigned int at
    cdef writer w
    if path.data == NULL:
        return value(NULL, 0)
    path.length = <unsigned int>(
        <const char *>memchr_or_end(path.data, c'?', path.length) - path.data)
    at = path.length
    while at and byte_before(path.data, at) != c'/':
        at -= 1
    path = value(path.data + at, path.length - at)
    if memchr(path.data, c'%', path.length) == NULL or x.facts.mapping == NULL or (
            x.facts.mapping.nocanon and not x.facts.reduced):
        return path
    arena_write(&x.facts.arena, &w)
    put_decoded(
        &w, path.data, path.length,
        x.facts.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE)
    return arena_written(&x.facts.arena, &w)


cdef value labels_forced(request_facts *r) noexcept nogil:
    """ForceType of the innermost section that says it; length 0: none."""
    cdef int i
    cdef plan_labels *labels
    for i in range(r.conf_count - 1, -1, -1):
        labels = r.confs[i].labels
        if labels != NULL and labels.says_type:
            return value(labels.forced_type.data, labels.forced_type.length)
    return value(NULL, 0)


cdef void labels_begin(
        exchange *x, out_list *out, int status, mime_found *found,
        bint of_member) noexcept nogil:
    """found: out, for labels_end; of_member: an answer made here has a type if it has a
    body"""
    cdef unsigned int bits = x.facts.vhost.labels
    cdef value name
    cdef value forced
    cdef out_field *type
    cdef bint typed = out_by_id(out, FIELD_CONTENT_TYPE) != NULL
    memset(found, 0, sizeof(mime_found))
    if of_member and status != 204 and status != 304:
        if bits & ((1 << MIME_ENCODING | 1 << MIME_LANGUAGE) if typed else MIME_BITS):
            name = labels_name(x)
            mime_of(&x.facts, name.data, name.length, found)
        if not typed:
            if bits & LABEL_FORCED:
                forced = labels_forced(&x.facts)
                if forced.length:
                    found.type = forced
            if found.type.length:
                out_add(out, b"Content-Type", 12, found.type.data, found.type.length,
                        FIELD_CONTENT_TYPE, False)
    if bits & LABEL_EXPIRES and status < 400 and x.local.error_status == 0:
        type = out_by_id(out, FIELD_CONTENT_TYPE)
        if type == NULL:
            labels_keep(x, out, expires_for(&x.facts, NULL, 0), -1)
        else:
            labels_keep(
                x, out, expires_for(&x.facts, type.value, type.value_length), -1)


cdef void labels_keep(
        exchange *x, out_list *out, const plan_expiry *expiry,
        long long changed_s) noexcept nogil:
    """Expires, and max-age joined to Cache-Control. changed_s: when the file was, since
    1970; < 0: it is no file."""
    cdef long long now = (x.facts.started_us + wall_offset_us) // 1000000
    cdef long long until = now
    cdef out_field *f
    cdef writer w
    cdef value made
    if expiry == NULL or out_by_id(out, FIELD_EXPIRES) != NULL:
        return
    if expiry.of_file:
        if changed_s < 0:
            return
        until = changed_s
    until += expiry.seconds
    if until < now:
        until = now
    arena_write(&x.facts.arena, &w)
    f = out_found(out, b"Cache-Control", 13)
    if f != NULL:
        put(&w, f.value, f.value_length)
        put(&w, b", ", 2)
    put(&w, b"max-age=", 8)
    put_number(&w, until - now)
    made = arena_written(&x.facts.arena, &w)
    if f != NULL:
        out_set(f, made)
    else:
        out_add(out, b"Cache-Control", 13, made.data, made.length, FIELD_OTHER, False)
    arena_write(&x.facts.arena, &w)
    put_date(&w, until)
    made = arena_written(&x.facts.arena, &w)
    out_add(out, b"Expires", 7, made.data, made.length, FIELD_EXPIRES, False)


cdef value labels_charset(request_facts *r) noexcept nogil:
    """AddDefaultCharset of the innermost section that says it; length 0: none."""
    cdef int i
    cdef plan_labels *labels
    for i in range(r.conf_count - 1, -1, -1):
        labels = r.confs[i].labels
        if labels != NULL and labels.says_charset:
            return value(labels.charset.data, labels.charset.length)
    return value(NULL, 0)


cdef bint holds_word(
        const char *data, unsigned int length, const char *word,
        unsigned int size) noexcept nogil:
    """Does the text hold the word anywhere, in any case?"""
    cdef unsigned int i
    if length < size:
        return False
    for i in range(length - size + 1):
        if bytes_equal_nocase(data + i, word, size):
            return True
    return False


cdef bint is_page_without_charset(exchange *x, int status) noexcept nogil:
    """suppress-error-charset: of pages that we make, for clients that take the charset
    of a page for that of what follows."""
    return status >= 300 and x.facts.env[ENV_SUPPRESS_ERROR_CHARSET].data != NULL


cdef const char *page_type(exchange *x) noexcept nogil:
    """Of a page that says what has become of a request."""
    if is_page_without_charset(x, x.status):
        return b"text/html"
    return b"text/html; charset=iso-8859-1"


cdef void labels_end(
        exchange *x, out_list *out, int status, const mime_found *found,
        bint of_member) noexcept nogil:
    cdef value charset
    cdef value made
    cdef writer w
    cdef out_field *f
    if status == 204 or status == 304:
        return
    if x.facts.vhost.labels & LABEL_CHARSET and (
            of_member or not is_page_without_charset(x, status)):
        f = out_by_id(out, FIELD_CONTENT_TYPE)
        charset = labels_charset(&x.facts)
        if f != NULL and charset.length \
                and not holds_word(f.value, f.value_length, b"charset=", 8) and (
                    holds_word(f.value, f.value_length, b"text/plain", 10)
                    or holds_word(f.value, f.value_length, b"text/html", 9)):
            arena_write(&x.facts.arena, &w)
            put(&w, f.value, f.value_length)
            put(&w, b"; charset=", 10)
            put(&w, charset.data, charset.length)
            out_set(f, arena_written(&x.facts.arena, &w))
    if found.encoding.data != NULL:
        out_say(out, b"Content-Encoding", 16, found.encoding)
    if found.language.data != NULL:
        made = labels_languages(x, out, found.language)
        out_say(out, b"Content-Language", 16, made)


cdef value labels_languages(exchange *x, out_list *out, value ours) noexcept nogil:
    """Ours, and behind them what the answer says itself and we do not."""
    cdef out_field *f = out_found(out, b"Content-Language", 16)
    cdef const char *p
    cdef const char *begin
    cdef unsigned int size
    cdef writer w
    if f == NULL:
        return ours
    arena_write(&x.facts.arena, &w)
    put(&w, ours.data, ours.length)
    p = f.value
    while next_list_member(&p, f.value + f.value_length, &begin, &size):
        if not language_is_in(ours, begin, size):
            put_byte(&w, c',')
            put_lower(&w, begin, size)
    return arena_written(&x.facts.arena, &w)


cdef bint language_is_in(
        value list, const char *word, unsigned int length) noexcept nogil:
    cdef const char *p = list.data
    cdef const char *begin
    cdef unsigned int size
    while next_list_member(&p, list.data + list.length, &begin, &size):
        if size == length and bytes_equal_nocase(begin, word, length):
            return True
    return False
