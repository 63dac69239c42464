"""Header and environment rules over spans (rules.pxd; mod_headers, mod_setenvif).

An op list is run as it was compiled; what a value needs (a variable, the time) is
looked up when it is met.
"""
# uses: ground/chartable, ground/text, ground/list, io/writer, ground/address,
#       ground/arena, io/watch, io/date, http/fields, http/exit, http/trailers,
#       plan/template, plan/expr_ops, plan/plan, plan/out_fields, plan/client,
#       plan/facts, plan/trailing, plan/undecided, plan/variables, plan/expr

# Variables -----------------------------------------------------------------------

cdef value env_attribute(request_facts *r, env_op *op) noexcept nogil:
    cdef value out
    cdef const char *data = request_bytes(r)
    cdef char[ADDRESS_TEXT_BYTES] address
    out.data = b""
    out.length = 0
    if op.attribute == ATTR_FIELD:
        out = request_field(r, &op.name)
        if out.data == NULL:
            out.data = b""
    elif op.attribute == ATTR_REMOTE_ADDR:
        client_learn_remote(r.client)
        out.data = &r.client.remote_text[0]
        out.length = r.client.remote_text_length
    elif op.attribute == ATTR_SERVER_ADDR:
        client_learn_local(r.client)
        out = arena_copy(
            &r.arena, &address[0], address_text(&r.client.local[0], &address[0]))
    elif op.attribute == ATTR_REQUEST_METHOD:
        out.data = data + r.req.method.offset
        out.length = r.req.method.length
    elif op.attribute == ATTR_REQUEST_PROTOCOL:
        out.data = b"HTTP/1.1" if r.req.minor == 1 else b"HTTP/1.0"
        out.length = 8
    elif op.attribute == ATTR_REQUEST_URI:
        out = r.decoded if r.request_uri.data == NULL else r.request_uri
    elif op.attribute == ATTR_ENV:
        # A field of that name comes first, as in httpd.
        out = request_field(r, &op.name)
        if out.data == NULL:
            out = r.env[op.attribute_env]
        if out.data == NULL:
            out.data = b""
    return out


cdef value proxies_name(request_facts *r) noexcept nogil:
    return value(r.vhost.remote_ip.proxies_header.data,
                 r.vhost.remote_ip.proxies_header.length)


cdef bint field_hits(
        request_facts *r, env_op *op, value name, value content,
        int *groups) noexcept nogil:
    """A pattern in the place of SetEnvIf's attribute: does it mean this field?"""
    return request_matches(
        r, op.attribute_env, op.decides, name.data, name.length, NULL) \
        and request_matches(
            r, op.regex, op.decides, content.data, content.length, groups)


cdef void env_apply(request_facts *r, env_op *op) noexcept nogil:
    cdef expr_groups taken
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef value subject = value(NULL, 0)
    cdef value made
    cdef int i
    cdef writer w
    cdef bint hit = op.attribute == ATTR_NONE
    cdef field *f
    cdef const char *data = request_bytes(r)
    if op.attribute == ATTR_FIELD_REGEX:
        for i in range(r.req.field_count):
            f = &r.req.fields[i]
            subject = value(data + f.value, f.value_length)
            hit = field_hits(
                r, op, value(data + f.name, f.name_length), subject, &groups[0])
            if hit:
                break
        if unlikely(not hit and r.proxies.data != NULL):
            subject = r.proxies
            hit = field_hits(r, op, proxies_name(r), subject, &groups[0])
    elif op.attribute == ATTR_EXPR:
        taken.subject = value(NULL, 0)
        hit = expr_holds(r, op.expr, &taken) > 0
        subject = taken.subject
        if subject.data != NULL:
            memcpy(&groups[0], &taken.pairs[0], sizeof(taken.pairs))
        else:
            memset(&groups[0], 0xFF, sizeof(taken.pairs))
    elif not hit:
        subject = env_attribute(r, op)
        hit = request_matches(
            r, op.regex, op.decides, subject.data, subject.length, &groups[0]) > 0
    if not hit:
        return
    if op.unset:
        r.env[op.variable].data = NULL
        r.env[op.variable].length = 0
        return
    if op.value.count == 0:
        env_set(r, op.variable, b"", 0)
        return
    if op.value.count == 1 and op.value.pieces[0].kind == PIECE_LITERAL:
        env_set(r, op.variable, op.value.pieces[0].literal.data,
                op.value.pieces[0].literal.length)
        return
    arena_write(&r.arena, &w)
    put_template(&r.env[0], &w, &op.value, &groups[0], subject, PATH_AS_IS)
    made = arena_written(&r.arena, &w)
    env_set(r, op.variable, made.data, made.length)


cdef void rules_env_if(request_facts *r, int first, int last) noexcept nogil:
    cdef int i, j
    for i in range(first, last):
        for j in range(r.confs[i].env_if_count):
            env_apply(r, &r.confs[i].env_ifs[j])


cdef void rules_env(request_facts *r) noexcept nogil:
    cdef int i, j
    for i in range(r.conf_count):
        for j in range(r.confs[i].env_count):
            env_apply(r, &r.confs[i].envs[j])


# Values --------------------------------------------------------------------------

cdef value format_render(request_facts *r, plan_format *format) noexcept nogil:
    """The value of a header rule for this request.

    Variables are made one line here already, as httpd does, so that a rule that edits
    or joins values, and the log, see what will be sent.
    """
    cdef int i
    cdef writer w
    cdef plan_piece *p
    if format.count == 1 and format.pieces[0].kind == PIECE_LITERAL:
        return value(format.pieces[0].literal.data, format.pieces[0].literal.length)
    arena_write(&r.arena, &w)
    for i in range(format.count):
        p = &format.pieces[i]
        if p.kind == PIECE_LITERAL:
            put(&w, p.literal.data, p.literal.length)
        elif p.kind == c'e':
            put_variable(&w, r.env[p.env], False)
        elif p.kind == c't':
            put(&w, b"t=", 2)
            put_number(&w, r.started_us + wall_offset_us)
        elif p.kind == c'D':
            put(&w, b"D=", 2)
            put_number(&w, clock_us() - r.started_us)
        elif p.kind == c'l':
            put(&w, b"l=0", 3)
        elif p.kind == c'i':
            put(&w, b"i=0", 3)
        elif p.kind == c'b':
            put(&w, b"b=0", 3)
        elif p.kind == c's':
            put_variable(&w, variable_value(r, p.env), True)
        else:
            put(&w, b"(null)", 6)
    return arena_written(&r.arena, &w)


cdef value header_value(request_facts *r, header_op *op) noexcept nogil:
    """What cannot be worked out is empty, as in httpd."""
    cdef value found
    if likely(op.composed < 0):
        return format_render(r, &op.value)
    found = expr_text(r, op.composed, NULL)
    if found.data == NULL:
        return value(b"", 0)
    # It may lie in the head, which is good for this step; so is the list.
    return found


cdef void put_variable(writer *w, value v, bint empty_is_none) noexcept nogil:
    if v.data == NULL or (v.length == 0 and empty_is_none):
        put(w, b"(null)", 6)
    else:
        put_value(w, v.data, v.length)


# Header rules --------------------------------------------------------------------

cdef bint out_is(out_field *o, header_op *op) noexcept nogil:
    return o.name_length == op.name.length and bytes_equal_nocase(
        o.name, op.name.data, op.name.length)


cdef int out_find(out_list *out, header_op *op, bint always, int first) noexcept nogil:
    cdef int i
    for i in range(first, out.count):
        if out.fields[i].always == always and out_is(&out.fields[i], op):
            return i
    return -1


cdef bint value_in_list(out_field *o, value *v) noexcept nogil:
    """Is v one of the comma-separated elements of the field (mod_headers merge)?"""
    cdef const char *p = o.value
    cdef const char *begin
    cdef unsigned int size
    while next_list_member(&p, o.value + o.value_length, &begin, &size):
        if size == v.length and memcmp(begin, v.data, size) == 0:
            return True
    return False


cdef void header_join(
        request_facts *r, out_field *o, value *v) noexcept nogil:
    """Append ", value" to a field."""
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, o.value, o.value_length)
    put(&w, b", ", 2)
    put(&w, v.data, v.length)
    out_set(o, arena_written(&r.arena, &w))


cdef void header_edit(
        request_facts *r, out_field *o, header_op *op) noexcept nogil:
    """Replace the first match (edit) or every one (edit*) in a field's value.

    A result longer than EDITED_VALUE_BYTES_MAX is an error, and not the field as it
    was: a rule may be what takes something out.
    """
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef value replacement
    cdef value edited
    cdef unsigned int at = 0
    cdef writer w
    if not request_matches(
            r, op.regex, False, o.value, o.value_length, &groups[0]):
        return
    replacement = header_value(r, op)
    arena_write(&r.arena, &w)
    while True:
        put(&w, o.value + at, groups[0])
        put_replacement(
            &w, replacement, value(o.value + at, o.value_length - at), &groups[0])
        if groups[1] == groups[0]:
            # An empty match: step over one byte so that the search ends.
            if at + groups[0] >= o.value_length:
                at = o.value_length
                break
            put_byte(&w, o.value[at + groups[0]])
            at += groups[0] + 1
        else:
            at += groups[1]
        if op.action != HEADER_EDIT_ALL or writer_held(&w) > EDITED_VALUE_BYTES_MAX \
                or not request_matches(
                    r, op.regex, False, o.value + at, o.value_length - at, &groups[0]):
            break
    put(&w, o.value + at, o.value_length - at)
    edited = arena_written(&r.arena, &w)
    if unlikely(edited.length > EDITED_VALUE_BYTES_MAX):
        r.arena.starved = True
    out_set(o, edited)


cdef void put_replacement(
        writer *w, value replacement, value subject, const int *groups) noexcept nogil:
    """The groups that a rendered replacement names; any other "$" is one."""
    cdef unsigned int i = 0
    while i < replacement.length:
        if (replacement.data[i] == c'$' and i + 1 < replacement.length
                and c'0' <= replacement.data[i + 1] <= c'9'):
            put_group(
                w, subject, groups, replacement.data[i + 1] - c'0', PATH_AS_IS)
            i += 2
            continue
        put_byte(w, replacement.data[i])
        i += 1


cdef bint field_came_before(
        request_facts *r, int index, const text *name) noexcept nogil:
    """Has another field of the request, in front of that one, the name?"""
    cdef const char *data = request_bytes(r)
    cdef int i
    for i in range(index):
        if r.req.fields[i].name_length == name.length and bytes_equal_nocase(
                data + r.req.fields[i].name, name.data, name.length):
            return True
    return False


cdef void header_echo(request_facts *r, out_list *out, header_op *op) noexcept nogil:
    """Fields of one name are one, under the name that came first, as httpd reads
    them."""
    cdef int i
    cdef field *f
    cdef const char *data = request_bytes(r)
    cdef text name
    cdef value joined
    for i in range(r.req.field_count):
        f = &r.req.fields[i]
        name.data = data + f.name
        name.length = f.name_length
        if field_came_before(r, i, &name) or not request_matches(
                r, op.regex, False, name.data, name.length, NULL):
            continue
        joined = field_as_sent(r, &name)
        out_add(out, name.data, name.length, joined.data, joined.length,
                FIELD_OTHER, op.always)
    if unlikely(r.trailers != NULL and r.vhost.said.merge_trailers):
        trailers_echo(r, out, op)
    if unlikely(r.proxies.data != NULL) and request_matches(
            r, op.regex, False, proxies_name(r).data, proxies_name(r).length, NULL):
        out_add(out, proxies_name(r).data, proxies_name(r).length, r.proxies.data,
                r.proxies.length, FIELD_OTHER, op.always)


cdef void trailers_echo(
        request_facts *r, out_list *out, header_op *op) noexcept nogil:
    """MergeTrailers: they are fields of the request by now, joined if of one name."""
    cdef trailer_section *s = &r.trailers.request
    cdef const char *at = s.lines
    cdef const char *end = at + s.length
    cdef trailer_section before
    cdef text name
    cdef trailer t
    cdef value joined
    before.lines = s.lines
    before.length = 0
    while next_trailer(&at, end, &t):
        name.data = t.name
        name.length = t.name_length
        if trailer_is_merged(r, t.name, t.name_length) and trailer_value(
                r, &before, &name).data == NULL and request_matches(
                r, op.regex, False, t.name, t.name_length, NULL):
            joined = trailer_value(r, s, &name)
            out_add(out, t.name, t.name_length, joined.data, joined.length,
                    FIELD_OTHER, op.always)
        before.length = <unsigned int>(at - s.lines)


cdef void header_apply(
        request_facts *r, out_list *out, header_op *op, bint response) noexcept nogil:
    cdef int i, j
    cdef value v
    if op.condition >= 0 and (
            (r.env[op.condition].data == NULL) != op.condition_negated):
        return
    # One that fails is said in the log, and the rule applies, as in httpd.
    if unlikely(op.expr >= 0) and expr_holds(r, op.expr, NULL) == 0:
        return
    if op.action == HEADER_ECHO:
        header_echo(r, out, op)
        return
    i = out_find(out, op, op.always, 0)
    if op.action == HEADER_UNSET:
        while i >= 0:
            out_remove_at(out, i)
            i = out_find(out, op, op.always, i)
        return
    if op.action == HEADER_EDIT or op.action == HEADER_EDIT_ALL:
        if i >= 0 and not response:
            # Apache joins a request's fields of one name when it reads them.
            j = out_find(out, op, op.always, i + 1)
            while j >= 0:
                v.data = out.fields[j].value
                v.length = out.fields[j].value_length
                header_join(r, &out.fields[i], &v)
                out_remove_at(out, j)
                j = out_find(out, op, op.always, j)
        while i >= 0:
            header_edit(r, &out.fields[i], op)
            i = out_find(out, op, op.always, i + 1)
        return
    if op.action == HEADER_SETIFEMPTY and i >= 0:
        return
    if op.action == HEADER_NOTE:
        if i >= 0:
            r.env[op.note] = arena_copy(
                &r.arena, out.fields[i].value, out.fields[i].value_length)
        return
    v = header_value(r, op)
    if op.action == HEADER_SET and i >= 0:
        # One field is left, in the place of the first.
        j = out_find(out, op, op.always, i + 1)
        while j >= 0:
            out_remove_at(out, j)
            j = out_find(out, op, op.always, j)
        out.fields[i].name = op.name.data
        out_set(&out.fields[i], v)
        return
    if i >= 0 and (op.action == HEADER_APPEND or op.action == HEADER_MERGE):
        if op.action == HEADER_MERGE and value_in_list(&out.fields[i], &v):
            return
        header_join(r, &out.fields[i], &v)
        return
    out_add(out, op.name.data, op.name.length, v.data, v.length,
            <unsigned char>field_number(op.name.data, op.name.length), op.always)


# Ask what conditions of Header and RequestHeader will ask about other requests: when
# they apply it is too late to find it out.
cdef void headers_look(request_facts *r) noexcept nogil:
    cdef int i
    for i in range(r.conf_count):
        headers_of_one_look(r, r.confs[i].headers, r.confs[i].header_count)
        headers_of_one_look(
            r, r.confs[i].request_headers, r.confs[i].request_header_count)


cdef void headers_of_one_look(
        request_facts *r, const header_op *ops, int count) noexcept nogil:
    cdef int i
    for i in range(count):
        if ops[i].expr >= 0 and plan_exprs[ops[i].expr].looks:
            expr_holds(r, ops[i].expr, NULL)


# Header (response=True) or RequestHeader of all sections.
# tables: 1 onsuccess, 2 always, 3 both
cdef void rules_headers(
        request_facts *r, out_list *out, bint response, int tables,
        bint early) noexcept nogil:
    r.out = out
    r.out_is_answer = response
    if response and tables == 3:
        # The table that errors keep comes first, as in httpd: an expression may ask.
        rules_of_table(r, out, True, 2, early)
        tables = 1
    rules_of_table(r, out, response, tables, early)
    r.out = NULL


cdef void rules_of_table(
        request_facts *r, out_list *out, bint response, int table,
        bint early) noexcept nogil:
    cdef int i, j, count
    cdef header_op *ops
    for i in range(r.conf_count):
        if response:
            count = r.confs[i].header_count
            ops = r.confs[i].headers
        else:
            count = r.confs[i].request_header_count
            ops = r.confs[i].request_headers
        for j in range(count):
            if ops[j].early == early and (table & (2 if ops[j].always else 1)):
                header_apply(r, out, &ops[j], response)
