"""What the name of a file says of it (entity.pxd, labels_plan.pxd; mod_mime).

A name is read piece by piece: "page.fr.html.gz" is "page" with the extensions "fr",
"html" and "gz", in any order. The last one that says a type or a charset wins;
languages and encodings add up. For each extension and field the last section that
speaks of it decides, and behind all of them TypesConfig's table.

  a.html.fr     text/html, fr          .html        nothing: dots at the begin are the
  a.txt.gz      text/plain, x-gzip                  name's own
"""
# uses: ground/chartable, ground/text, ground/hash, io/writer, ground/arena,
#       plan/labels_plan, plan/entity, plan/facts

cdef enum:
    MIME_NOTHING_SAID = 0
    MIME_NOTHING_HOLDS = 255

# One field of a record; `said` MIME_NOTHING_SAID, MIME_NOTHING_HOLDS or the length + 1.
cdef struct mime_field:
    unsigned char said
    const unsigned char *at


cdef inline unsigned int mime_word(const unsigned char *at) noexcept nogil:
    cdef unsigned int word
    memcpy(&word, at, sizeof(word))
    return word


cdef const unsigned char *mime_record(
        const mime_table *t, const char *name, unsigned int length,
        unsigned long long hash) noexcept nogil:
    """The fields of an extension in lower case; NULL: the table has none of it."""
    cdef const unsigned char *record
    cdef unsigned int mask, slot, at
    if t.data == NULL:
        return NULL
    mask = mime_word(t.data)
    slot = <unsigned int>hash & mask
    while True:     # it ends: at most half of the slots are taken
        at = mime_word(t.data + 4 + 4 * slot)
        if at == 0:
            return NULL
        record = t.data + at
        if record[0] == length and memcmp(record + 1, name, length) == 0:
            return record + 1 + length
        slot = slot + 1 & mask


cdef const unsigned char *mime_next(
        const unsigned char *at, bint is_type, mime_field *out) noexcept nogil:
    """Read a field; returns where the next one begins."""
    out.said = at[0]
    out.at = at + 1
    at += 1
    if out.said != MIME_NOTHING_SAID and out.said != MIME_NOTHING_HOLDS:
        at += out.said - 1
        if is_type and out.said > 1:
            at += 2
    return at


cdef void mime_fields_of(
        request_facts *r, const char *name, unsigned int length,
        mime_field *out) noexcept nogil:
    """What holds of one extension: out has MIME_FIELDS."""
    cdef unsigned long long hash = hash_of(name, length)
    cdef const unsigned char *at
    cdef mime_field found
    cdef int i, f
    memset(out, 0, sizeof(mime_field) * MIME_FIELDS)
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].labels == NULL or r.confs[i].labels.mime == NULL:
            continue
        at = mime_record(&r.confs[i].labels.mime.table, name, length, hash)
        if at == NULL:
            continue
        for f in range(MIME_FIELDS):
            at = mime_next(at, f == MIME_TYPE, &found)
            if out[f].said == MIME_NOTHING_SAID:
                out[f] = found
    if out[MIME_TYPE].said == MIME_NOTHING_SAID:
        at = mime_record(&mime_types, name, length, hash)
        if at != NULL:
            mime_next(at, True, &out[MIME_TYPE])


cdef inline bint mime_says(const mime_field *f) noexcept nogil:
    """Is there a value, and not "" (RemoveType)?"""
    return 1 < f.said < MIME_NOTHING_HOLDS


cdef value mime_value(const mime_field *f) noexcept nogil:
    return value(<const char *>f.at, f.said - 1)


# Values of several extensions, joined when all of them are known.
cdef struct mime_list:
    int count
    value values[MIME_EXTENSIONS_MAX]


cdef void mime_add(mime_list *list, const mime_field *f) noexcept nogil:
    if mime_says(f):
        list.values[list.count] = mime_value(f)
        list.count += 1


cdef value mime_joined(
        request_facts *r, const mime_list *list, const char *mark,
        unsigned int mark_length) noexcept nogil:
    cdef writer w
    cdef int i
    if list.count == 0:
        return value(NULL, 0)
    if list.count == 1:
        return list.values[0]
    arena_write(&r.arena, &w)
    for i in range(list.count):
        if i:
            put(&w, mark, mark_length)
        put(&w, list.values[i].data, list.values[i].length)
    return arena_written(&r.arena, &w)


cdef value mime_type_with(
        request_facts *r, const mime_field *kind, value charset) noexcept nogil:
    """A type with another charset than its own (facts/mime_table.py: analyzed)."""
    cdef value whole = mime_value(kind)
    cdef unsigned int cut = kind.at[whole.length]
    cdef unsigned int resume = kind.at[whole.length + 1]
    cdef writer w
    if charset.data == NULL or cut == 0:
        return whole
    arena_write(&r.arena, &w)
    put(&w, whole.data, cut)
    put(&w, b"; charset=", 10)
    put(&w, charset.data, charset.length)
    put(&w, whole.data + resume, whole.length - resume)
    return arena_written(&r.arena, &w)


cdef value type_alone(value type) noexcept nogil:
    """Without its parameters."""
    if type.data == NULL:
        return type
    type.length = <unsigned int>(
        <const char *>memchr_or_end(type.data, c';', type.length) - type.data)
    type.length = <unsigned int>(without_blanks(
        <char *>type.data, <char *>type.data + type.length) - type.data)
    return type


cdef value mime_default_language(request_facts *r) noexcept nogil:
    cdef int i
    cdef plan_labels *labels
    for i in range(r.conf_count - 1, -1, -1):
        labels = r.confs[i].labels
        if labels != NULL and labels.mime != NULL \
                and labels.mime.default_language.length:
            return value(labels.mime.default_language.data,
                         labels.mime.default_language.length)
    return value(NULL, 0)


cdef bint mime_uses_path_info(request_facts *r) noexcept nogil:
    cdef int i
    cdef plan_labels *labels
    for i in range(r.conf_count - 1, -1, -1):
        labels = r.confs[i].labels
        if labels != NULL and labels.mime != NULL and labels.mime.use_path_info >= 0:
            return labels.mime.use_path_info
    return False


cdef void mime_of(
        request_facts *r, const char *name, unsigned int length,
        mime_found *out) noexcept nogil:
    """All that a name says, the last part of a path."""
    cdef char[MIME_EXTENSION_MAX] extension
    cdef mime_field[MIME_FIELDS] found
    cdef mime_field kind
    cdef mime_list encodings, languages
    cdef int count = 0
    cdef value charset = value(NULL, 0)
    cdef const char *p = name
    cdef const char *end = name + length
    cdef const char *dot
    cdef unsigned int size, i
    memset(out, 0, sizeof(mime_found))
    kind.said = MIME_NOTHING_SAID
    encodings.count = languages.count = 0
    while p < end and p[0] == c'.':
        p += 1
    p = <const char *>memchr_or_end(p, c'.', end - p)
    while p < end and count < MIME_EXTENSIONS_MAX:
        p += 1
        count += 1
        dot = <const char *>memchr_or_end(p, c'.', end - p)
        size = <unsigned int>(dot - p)
        if 0 < size <= MIME_EXTENSION_MAX:
            for i in range(size):
                extension[i] = <char>char_lower(<unsigned char>p[i])
            mime_fields_of(r, &extension[0], size, &found[0])
            if mime_says(&found[MIME_TYPE]):
                kind = found[MIME_TYPE]
            if mime_says(&found[MIME_CHARSET]):
                charset = mime_value(&found[MIME_CHARSET])
            mime_add(&encodings, &found[MIME_ENCODING])
            mime_add(&languages, &found[MIME_LANGUAGE])
            if mime_says(&found[MIME_HANDLER]):
                out.handler = mime_value(&found[MIME_HANDLER])
        p = dot
    if kind.said != MIME_NOTHING_SAID:
        out.type = mime_type_with(r, &kind, charset)
    out.encoding = mime_joined(r, &encodings, b", ", 2)
    out.language = mime_joined(r, &languages, b",", 1)
    if out.language.data == NULL:
        out.language = mime_default_language(r)
