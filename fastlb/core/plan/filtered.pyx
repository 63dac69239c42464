"""Which filters an answer passes, and what they make of its head (filtered.pxd).

A worker has only so many coders. Who comes beyond them goes uncompressed, which every
client can read; what is packed stays so for a client that takes it. A client that does
not, and a body in which something is to be substituted, have no such way: 503. More
filters than one answer passes, by all the sections of its request, are 500.

Decided while the head is composed, before rules of mod_headers see it: in httpd these
come behind every filter that codes a body.
"""
# uses: ground/chartable, ground/text, ground/list, io/writer, ground/arena,
#       http/fields, filters/stage, filters/lines, filters/substitute, plan/html_plan,
#       plan/filter_plan, plan/out_fields, plan/facts, plan/expr, plan/html_said

cdef struct listed_filter:
    unsigned char rank
    unsigned char filter        # FILTER_*; of no smart filter
    const smart_filter *smart   # NULL: filter is what runs

cdef struct listed_filters:
    int count
    bint overflow               # there were more
    listed_filter items[FILTERS_LISTED_MAX]

cdef bint env_is_set(const request_facts *r, int number) noexcept nogil:
    return number >= 0 and r.env[number].data != NULL


# What one answer substitutes, while its chain is begun.
cdef substitute_state substitute_scratch

# The list --------------------------------------------------------------------------

cdef unsigned char filter_rank(int filter) noexcept nogil:
    """Where it stands in a chain, as httpd registers it: lower ones come first."""
    if filter == FILTER_INFLATE:
        return 9
    if filter == FILTER_SUBSTITUTE or filter == FILTER_INCLUDES \
            or filter == FILTER_HTML:
        return 10
    return 49 if filter == FILTER_RATE_LIMIT else 20


cdef void list_add(
        listed_filters *l, unsigned char rank, unsigned char filter,
        const smart_filter *smart) noexcept nogil:
    """Behind all of its rank and of lower ones."""
    cdef int i, place = 0
    cdef listed_filter moved, one = listed_filter(rank, filter, smart)
    if l.count == FILTERS_LISTED_MAX:
        l.overflow = True
        return
    while place < l.count and l.items[place].rank <= rank:
        place += 1
    l.count += 1
    for i in range(place, l.count):
        moved = l.items[i]
        l.items[i] = one
        one = moved


cdef const smart_filter *smart_of(const request_facts *r, int name) noexcept nogil:
    """The last section that declares it says all of it; NULL: nobody does."""
    cdef int i, j
    cdef const plan_filters *f
    for i in range(r.conf_count - 1, -1, -1):
        f = r.confs[i].filters
        if f == NULL:
            continue
        for j in range(f.smart_count - 1, -1, -1):
            if f.smarts[j].name == name:
                return &f.smarts[j]
    return NULL


cdef void list_endings(const request_facts *r, listed_filters *l) noexcept nogil:
    """AddOutputFilter for each ending of the file that is served, as mod_mime finds
    them: behind the first dot of its name."""
    cdef value name = value(r.file.name.data, r.file.end)
    cdef unsigned int i, begin = 0
    cdef bint is_ending = False
    for i in range(name.length):
        if name.data[i] == c'/':
            begin = i + 1
    for i in range(begin, name.length + 1):
        if i < name.length and name.data[i] != c'.':
            continue
        if is_ending:
            list_ending(r, l, value(name.data + begin, i - begin))
        is_ending = True
        begin = i + 1


cdef void list_ending(
        const request_facts *r, listed_filters *l, value ending) noexcept nogil:
    cdef int i, j, k
    cdef const plan_filters *f
    for i in range(r.conf_count - 1, -1, -1):
        f = r.confs[i].filters
        if f == NULL:
            continue
        for j in range(f.ending_count - 1, -1, -1):
            if f.endings[j].ending.length != ending.length or not bytes_equal_nocase(
                    f.endings[j].ending.data, ending.data, ending.length):
                continue
            for k in range(f.endings[j].count):
                list_add(l, filter_rank(f.endings[j].filters[k]),
                         f.endings[j].filters[k], NULL)
            return


cdef void filters_list(const request_facts *r, listed_filters *l) noexcept nogil:
    """All that might run: SetOutputFilter of the last section that has one, then the
    chains of all sections."""
    cdef int i, j
    cdef int names = 0
    cdef int[FILTERS_LISTED_MAX] chain
    cdef const plan_filters *f
    cdef const smart_filter *smart
    l.count = 0
    l.overflow = False
    if r.file != NULL and r.file.fd >= 0:
        list_endings(r, l)
    for i in range(r.conf_count - 1, -1, -1):
        f = r.confs[i].filters
        if f != NULL and f.says_set:
            for j in range(f.set_count):
                list_add(l, filter_rank(f.set[j]), f.set[j], NULL)
            break
    for i in range(r.conf_count):
        f = r.confs[i].filters
        if f == NULL:
            continue
        for j in range(f.chain_count):
            if f.chain[j] == CHAIN_RESET:
                names = 0
            elif names < FILTERS_LISTED_MAX:
                chain[names] = f.chain[j]
                names += 1
            else:
                l.overflow = True
    for i in range(names):
        smart = smart_of(r, chain[i])
        if smart != NULL:
            list_add(l, smart.rank, FILTER_NONE, smart)
    if html_switches(r) & HTML_ENABLED:
        list_add(l, filter_rank(FILTER_HTML), FILTER_HTML, NULL)


cdef bint type_is(value type, const text *wanted) noexcept nogil:
    """Letters count in their case, parameters do not count."""
    cdef unsigned int i = 0
    while i < type.length and type.data[i] != c';' and type.data[i] != c' ' \
            and type.data[i] != c'\t':
        i += 1
    return i == wanted.length and memcmp(type.data, wanted.data, i) == 0


cdef int smart_provider(
        request_facts *r, const out_list *out, const smart_filter *smart,
        int status) noexcept nogil:
    """The filter (FILTER_*) that does its work for this answer; FILTER_NONE: none."""
    cdef int i, j
    cdef const filter_provider *p
    cdef value type = out_value(out, FIELD_CONTENT_TYPE)
    if status != 200 and not env_is_set(r, filter_env.on_errors):
        return FILTER_NONE
    for i in range(smart.provider_count):
        p = &smart.providers[i]
        if p.expr >= 0:
            r.out = out
            r.out_is_answer = True
            j = expr_holds(r, p.expr, NULL)
            r.out = NULL
            if j > 0:
                return p.filter
            continue
        if type.data == NULL:
            continue
        for j in range(p.type_count):
            if type_is(type, &p.types[j]):
                return p.filter
    return FILTER_NONE


# Fields of the answer ------------------------------------------------------------

cdef value out_value(const out_list *out, int id) noexcept nogil:
    cdef int i
    for i in range(out.count):
        if out.fields[i].id == id:
            return value(out.fields[i].value, out.fields[i].value_length)
    return value(NULL, 0)


cdef inline bint token_blank(char c) noexcept nogil:
    return c == c' ' or c == c'\t'


cdef value token_of(const char **p, const char *end, bint with_blanks) noexcept nogil:
    """The next token up to a comma or semicolon, as httpd takes one (ap_get_token);
    p: in and out, then at what ended it."""
    cdef const char *at = p[0]
    cdef value found
    while at < end and token_blank(at[0]):
        at += 1
    found.data = at
    while at < end and (with_blanks or not token_blank(at[0])) \
            and at[0] != c';' and at[0] != c',':
        if at[0] == c'"':
            at += 1
            while at < end and at[0] != c'"':
                at += 1
            if at == end:
                break
        at += 1
    found.length = <unsigned int>(at - found.data)
    while at < end and token_blank(at[0]):
        at += 1
    p[0] = at
    return found


cdef value field_joined(
        request_facts *r, const char *name, unsigned int length) noexcept nogil:
    """A field of the request, several of one name as one; data NULL: there is none."""
    cdef const char *data = request_bytes(r)
    cdef value found = value(NULL, 0)
    cdef field *f
    cdef int i
    cdef writer w
    for i in range(r.req.field_count):
        f = &r.req.fields[i]
        if f.name_length != length or not bytes_equal_nocase(
                data + f.name, name, length):
            continue
        if found.data == NULL:
            found = value(data + f.value, f.value_length)
            continue
        arena_write(&r.arena, &w)
        put(&w, found.data, found.length)
        put(&w, b", ", 2)
        put(&w, data + f.value, f.value_length)
        found = arena_written(&r.arena, &w)
        if found.data == NULL:
            break
    return found


cdef bint coding_is_accepted(
        request_facts *r, const char *name, unsigned int length) noexcept nogil:
    """Does Accept-Encoding name this coding, as httpd reads it? Neither * nor x-gzip
    means it, and only q=0 right behind it takes it away."""
    cdef value field = field_joined(r, b"Accept-Encoding", 15)
    cdef const char *p = field.data
    cdef const char *end
    cdef value token, q = value(b"", 0)
    if field.data == NULL:
        return False
    end = p + field.length
    token = token_of(&p, end, False)
    while token.length and not (
            token.length == length and bytes_equal_nocase(token.data, name, length)):
        while p < end and p[0] == c';':
            p += 1
            token_of(&p, end, True)
        if p < end and p[0] == c',':
            p += 1
        token = token_of(&p, end, False) if p < end else value(b"", 0)
    if token.length == 0:
        return False
    if p < end:
        while p < end and p[0] == c';':
            p += 1
        q = token_of(&p, end, True)
    return not (3 <= q.length <= 7 and memcmp(b"q=0.000", q.data, q.length) == 0)


cdef bint is_coded(const out_list *out) noexcept nogil:
    """Does Content-Encoding say that the body is coded already?"""
    cdef int i = out_named(out, b"Content-Encoding", 16, 0)
    cdef const char *p
    cdef const char *end
    cdef value token
    while i >= 0:
        p = out.fields[i].value
        end = p + out.fields[i].value_length
        while p < end:
            token = token_of(&p, end, False)
            if token.length == 0:
                break
            if not (value_is(token, b"identity", 8) or value_is(token, b"7bit", 4)
                    or value_is(token, b"8bit", 4) or value_is(token, b"binary", 6)):
                return True
            if p < end:
                p += 1
        i = out_named(out, b"Content-Encoding", 16, i + 1)
    return False


cdef bint value_is(value v, const char *word, unsigned int length) noexcept nogil:
    return v.length == length and memcmp(v.data, word, length) == 0


cdef void vary_on_encoding(request_facts *r, out_list *out) noexcept nogil:
    """Vary names Accept-Encoding, too."""
    cdef int i = out_named(out, b"Vary", 4, 0)
    cdef writer w
    if i < 0:
        out_add(out, b"Vary", 4, b"Accept-Encoding", 15, FIELD_OTHER, False)
        return
    arena_write(&r.arena, &w)
    put(&w, out.fields[i].value, out.fields[i].value_length)
    put(&w, b",Accept-Encoding", 16)
    out_set(&out.fields[i], arena_written(&r.arena, &w))


cdef void vary_mend(request_facts *r, out_list *out) noexcept nogil:
    """One Vary, which names everything once, written as httpd writes it."""
    cdef int first = out_named(out, b"Vary", 4, 0)
    cdef int i
    cdef const char *p
    cdef const char *begin
    cdef unsigned int size
    cdef writer w
    if first < 0:
        return
    arena_write(&r.arena, &w)
    i = first
    while i >= 0:
        p = out.fields[i].value
        while next_list_member(
                &p, out.fields[i].value + out.fields[i].value_length, &begin, &size):
            if is_member(value(w.begin, writer_held(&w)), begin, size):
                continue
            if writer_held(&w):
                put(&w, b",", 1)
            put(&w, begin, size)
        i = out_named(out, b"Vary", 4, i + 1)
    out_set(&out.fields[first], arena_written(&r.arena, &w))
    i = out_named(out, b"Vary", 4, first + 1)
    while i >= 0:
        out_remove_at(out, i)
        i = out_named(out, b"Vary", 4, i)


cdef bint is_member(
        value list, const char *name, unsigned int length) noexcept nogil:
    cdef const char *p = list.data
    cdef const char *begin
    cdef unsigned int size
    while next_list_member(&p, list.data + list.length, &begin, &size):
        if size == length and bytes_equal_nocase(begin, name, length):
            return True
    return False


cdef void etag_alter(
        request_facts *r, out_list *out, int how, const char *suffix,
        unsigned int length) noexcept nogil:
    """"tag" becomes "tag-gzip": another body, another tag (RFC 9110 8.8.3)."""
    cdef int i = out_named(out, b"ETag", 4, 0)
    cdef out_field *f
    cdef writer w
    if i < 0 or how == ETAG_NO_CHANGE:
        return
    if how == ETAG_REMOVE:
        out_unset(out, b"ETag", 4)
        return
    f = &out.fields[i]
    if f.value_length <= 2 or byte_before(f.value, f.value_length) != c'"':
        return
    arena_write(&r.arena, &w)
    put(&w, f.value, f.value_length - 1)
    put(&w, b"-", 1)
    put(&w, suffix, length)
    put(&w, b"\"", 1)
    out_set(f, arena_written(&r.arena, &w))


# Each filter's word ----------------------------------------------------------------

cdef bint coder_is_left(filter_choice *choice, bint is_brotli) noexcept nogil:
    """Is there one for this answer? Then it is the answer's."""
    if choice.coders <= 0 or (is_brotli and choice.brotlis <= 0):
        choice.is_short = True
        return False
    choice.coders -= 1
    choice.brotlis -= is_brotli
    return True


cdef bint deflate_takes(
        request_facts *r, out_list *out, int status, long long length,
        bint has_body, filter_choice *choice) noexcept nogil:
    """Is the body compressed? Then the head says so already."""
    cdef value type
    cdef value only
    if not has_body or 0 <= length <= CODED_BYTES_MIN or status == 204 \
            or env_is_set(r, filter_env.no_gzip) \
            or out_named(out, b"Content-Range", 13, 0) >= 0:
        return False
    if env_is_set(r, filter_env.gzip_only):
        type = out_value(out, FIELD_CONTENT_TYPE)
        only = r.env[filter_env.gzip_only]
        if value_is(only, b"1", 1) and not (
                type.length >= 9 and memcmp(type.data, b"text/html", 9) == 0):
            return False
    if is_coded(out):
        return False
    vary_on_encoding(r, out)
    if not env_is_set(r, filter_env.force_gzip) \
            and not coding_is_accepted(r, b"gzip", 4):
        return False
    if not coder_is_left(choice, False):
        return False
    coding_add(r, out, b"gzip", 4)
    etag_alter(r, out, r.vhost.said.deflate_etag, b"gzip", 4)
    return True


cdef void coding_add(
        request_facts *r, out_list *out, const char *name,
        unsigned int length) noexcept nogil:
    """The body will be coded: in the place of "identity", or behind what is said."""
    cdef int i = out_named(out, b"Content-Encoding", 16, 0)
    cdef writer w
    if i >= 0 and not (out.fields[i].value_length == 8 and bytes_equal_nocase(
            out.fields[i].value, b"identity", 8)):
        arena_write(&r.arena, &w)
        put(&w, out.fields[i].value, out.fields[i].value_length)
        put(&w, b", ", 2)
        put(&w, name, length)
        out_set(&out.fields[i], arena_written(&r.arena, &w))
    else:
        out_unset(out, b"Content-Encoding", 16)
        out_add(out, b"Content-Encoding", 16, name, length, FIELD_OTHER, False)
    out_unset(out, b"Content-MD5", 11)


cdef bint brotli_takes(
        request_facts *r, out_list *out, int status, bint has_body,
        filter_choice *choice) noexcept nogil:
    """As deflate_takes. httpd judges no length here, and heads without a body too."""
    if status == 204 or env_is_set(r, filter_env.no_brotli) \
            or out_named(out, b"Content-Range", 13, 0) >= 0 or is_coded(out):
        return False
    vary_on_encoding(r, out)
    if not coding_is_accepted(r, b"br", 2):
        return False
    if has_body and not coder_is_left(choice, True):
        return False
    coding_add(r, out, b"br", 2)
    etag_alter(r, out, r.vhost.said.brotli_etag, b"br", 2)
    return True


cdef long long kib_of(const request_facts *r, int variable) noexcept nogil:
    """A number of KiB that begins a variable, in bytes, as httpd reads it; 0: none."""
    cdef value v
    cdef long long number = 0
    cdef unsigned int i = 0
    if not env_is_set(r, variable):
        return 0
    v = r.env[variable]
    while i < v.length and c'0' <= v.data[i] <= c'9' and number < RATE_MAX:
        number = 10 * number + v.data[i] - c'0'
        i += 1
    number *= 1024
    return number if number < RATE_MAX else 0


cdef bint substitute_choose(
        const request_facts *r, substitute_state *s) noexcept nogil:
    """What is substituted. No rule need be there. False: too many are."""
    cdef int i, j, first
    cdef int before = 0
    cdef const plan_filters *f
    s.count = 0
    s.most = SUBSTITUTE_LINE_USUAL
    for i in range(r.conf_count):
        f = r.confs[i].filters
        if f == NULL:
            continue
        if f.inherit_before >= 0:
            before = f.inherit_before
        if f.line_bytes >= 0:
            s.most = <unsigned int>f.line_bytes
        first = s.count
        for j in range(f.substitution_count):
            if s.count == SUBSTITUTIONS_MAX:
                return False
            s.rules[s.count] = &f.substitutions[j]
            s.count += 1
        if not before:
            substitutions_turn(s, first)
    return True


cdef void substitutions_turn(substitute_state *s, int first) noexcept nogil:
    """Those from `first` on come before the others."""
    cdef int i, j
    cdef const substitution *one
    cdef const substitution *moved
    for i in range(s.count - first):
        one = s.rules[first + i]
        for j in range(i, first + i + 1):
            moved = s.rules[j]
            s.rules[j] = one
            one = moved


cdef bint html_takes(
        request_facts *r, const out_list *out, int status,
        filter_choice *choice) noexcept nogil:
    """Is it a page of a member that would become another, and can be read? A part of
    one cannot, since what it is part of has another length here; nor what is coded, of
    which the log is told."""
    cdef value type = out_value(out, FIELD_CONTENT_TYPE)
    cdef bint is_xml = html_type(type, b"application/xhtml+xml", 21)
    if not env_is_set(r, filter_env.force_html) and (
            r.file != NULL and r.file.fd >= 0
            or not (is_xml or html_type(type, b"text/html", 9))):
        return False
    if status == 204 or not html_charset_is_read(type) \
            or out_named(out, b"Content-Range", 13, 0) >= 0:
        return False
    if not html_choose(r, &html_scratch, is_xml):
        choice.refused = 500
    if not html_has_work(&html_scratch):
        return False
    choice.is_coded_page = is_coded(out)
    return not choice.is_coded_page


cdef bint pages_are_changed(const request_facts *r) noexcept nogil:
    """May the answer be a page in which links are changed? A part of it could not be
    read, so that all of it is asked for."""
    cdef listed_filters l
    cdef int i, j
    if not r.vhost.any_filter or not html_may_work(r):
        return False
    filters_list(r, &l)
    for i in range(l.count):
        if l.items[i].smart == NULL:
            if l.items[i].filter == FILTER_HTML:
                return True
            continue
        for j in range(l.items[i].smart.provider_count):
            if l.items[i].smart.providers[j].filter == FILTER_HTML:
                return True
    return False


cdef bint inflate_takes(
        request_facts *r, out_list *out, int status, bint has_body,
        filter_choice *choice) noexcept nogil:
    """Is the body unpacked? gzip must be its last coding, which is taken away. The head
    says so where no body follows, too."""
    cdef int i, last = -1
    cdef out_field *f
    cdef const char *p
    cdef const char *begin
    cdef const char *name = NULL
    cdef unsigned int size, length = 0, before = 0
    if status == 204 or out_named(out, b"Content-Range", 13, 0) >= 0:
        return False
    i = out_named(out, b"Content-Encoding", 16, 0)
    while i >= 0:
        last = i
        i = out_named(out, b"Content-Encoding", 16, i + 1)
    if last < 0:
        return False
    f = &out.fields[last]
    p = f.value
    while next_list_member(&p, f.value + f.value_length, &begin, &size):
        if name != NULL:
            before = <unsigned int>(name + length - f.value)
        name = begin
        length = size
    if not (length == 4 and bytes_equal_nocase(name, b"gzip", 4)
            or length == 6 and bytes_equal_nocase(name, b"x-gzip", 6)):
        return False
    if has_body and not coder_is_left(choice, False):
        choice.stays_coded = True
        if not coding_is_accepted(r, b"gzip", 4):
            choice.refused = 503
        return False
    if before:
        out_set(f, value(f.value, before))
    else:
        out_remove_at(out, last)
    out_unset(out, b"Content-MD5", 11)
    etag_alter(r, out, r.vhost.said.deflate_etag, b"gunzip", 6)
    return True


cdef void filters_choose(
        request_facts *r, out_list *out, int status, long long length, bint has_body,
        filter_choice *choice) noexcept nogil:
    """length: of the body, -1: it is not known; has_body False: none follows (HEAD,
    304)."""
    cdef listed_filters l
    cdef int i
    cdef int filter
    cdef bint takes
    filters_list(r, &l)
    if l.overflow:
        choice.refused = 500
    for i in range(l.count):
        filter = l.items[i].filter
        if l.items[i].smart != NULL:
            filter = smart_provider(r, out, l.items[i].smart, status)
        takes = False
        if filter == FILTER_DEFLATE:
            takes = deflate_takes(r, out, status, length, has_body, choice)
        elif filter == FILTER_INFLATE:
            takes = inflate_takes(r, out, status, has_body, choice)
        elif filter == FILTER_BROTLI:
            takes = brotli_takes(r, out, status, has_body, choice)
        elif filter == FILTER_SUBSTITUTE:
            takes = True
            if not substitute_choose(r, &substitute_scratch):
                choice.refused = 500
            elif has_body and not lines_are_free():
                choice.is_short = True
                choice.refused = 503
            elif has_body and choice.stays_coded:
                choice.refused = 503
        elif filter == FILTER_HTML:
            takes = html_takes(r, out, status, choice)
            if takes and has_body and not lines_are_free():
                choice.is_short = True
                choice.refused = 503
            elif has_body and choice.stays_coded and choice.is_coded_page:
                choice.refused = 503
        choice.is_changed |= takes
        if filter == FILTER_RATE_LIMIT:
            takes = kib_of(r, filter_env.rate_limit) > 0
        if takes and has_body and choice.count == FILTERS_MAX:
            choice.refused = 500
        elif takes and has_body:
            choice.filters[choice.count] = <unsigned char>filter
            choice.count += 1
            length = -1


cdef void filter_settings_of(
        const request_facts *r, filter_settings *said) noexcept nogil:
    cdef int i
    said.level = r.vhost.said.deflate_level
    said.window = max(r.vhost.said.deflate_window, DEFLATE_WINDOW_MIN)
    said.memory = r.vhost.said.deflate_memory
    said.piece = r.vhost.said.deflate_buffer
    said.brotli_quality = r.vhost.said.brotli_quality
    said.brotli_window = r.vhost.said.brotli_window
    said.brotli_block = r.vhost.said.brotli_block
    said.rate = kib_of(r, filter_env.rate_limit)
    said.burst = kib_of(r, filter_env.rate_burst)
    said.substitutions = &substitute_scratch
    said.html = &html_scratch
    said.ratio_limit = 200
    said.ratio_burst = 3
    for i in range(r.conf_count):
        if r.confs[i].inflate_ratio_limit >= 0:
            said.ratio_limit = r.confs[i].inflate_ratio_limit
        if r.confs[i].inflate_ratio_burst >= 0:
            said.ratio_burst = r.confs[i].inflate_ratio_burst


cdef bint filter_includes(const request_facts *r, value type) noexcept nogil:
    """Would mod_include look at a file, of that type, for what to put into it? It does
    under Options Includes. An expression that chooses it is taken to hold."""
    cdef listed_filters l
    cdef const filter_provider *p
    cdef int i, j, k
    filters_list(r, &l)
    for i in range(l.count):
        if l.items[i].smart == NULL:
            if l.items[i].filter == FILTER_INCLUDES:
                return True
            continue
        for j in range(l.items[i].smart.provider_count):
            p = &l.items[i].smart.providers[j]
            if p.filter != FILTER_INCLUDES:
                continue
            if p.expr >= 0:
                return True
            for k in range(p.type_count):
                if type_is(type, &p.types[k]):
                    return True
    return False
