"""The list of fields that will go out (out_fields.pxd)."""
# uses: ground/chartable, ground/text, io/writer, http/fields, http/exit

cdef out_list out_scratch       # one head is composed at a time


cdef void out_from_head(out_list *out, head *h, const char *data) noexcept nogil:
    """All fields of a head that were not dropped, as raw lines."""
    cdef int i, n = 0
    cdef field *f
    cdef out_field *o
    cdef const char *end
    for i in range(h.field_count):
        f = &h.fields[i]
        if f.dropped:
            continue
        o = &out.fields[n]
        o.name = data + f.name
        o.value = data + f.value
        # A line that ends right behind its value with CRLF travels as it is; blanks
        # or the bare LF of a lax member are not passed on.
        end = o.value + f.value_length
        if likely(end[0] == c'\r' and end[1] == c'\n'):
            o.raw = o.name
            o.raw_length = <unsigned int>(end + 2 - o.raw)
        else:
            o.raw = NULL
            o.raw_length = 0
        o.value_length = f.value_length
        o.name_length = f.name_length
        o.id = f.id
        o.always = False
        n += 1
    out.count = n
    out.overflow = False


cdef void out_add(
        out_list *out, const char *name, unsigned int name_length,
        const char *value, unsigned int value_length, unsigned char id,
        bint always) noexcept nogil:
    cdef out_field *o
    if out.count >= OUT_FIELDS_MAX:
        out.overflow = True
        return
    o = &out.fields[out.count]
    out.count += 1
    o.name = name
    o.name_length = <unsigned short>name_length
    o.value = value
    o.value_length = value_length
    o.raw = NULL
    o.raw_length = 0
    o.id = id
    o.always = always


cdef void out_remove_at(out_list *out, int index) noexcept nogil:
    cdef int i
    out.count -= 1
    for i in range(index, out.count):
        out.fields[i] = out.fields[i + 1]


# skipped: bit FIELD_id set: that field is not written.
cdef void out_write(
        out_list *out, writer *w, unsigned long long skipped) noexcept nogil:
    cdef int i = 0
    cdef out_field *o
    cdef const char *from_raw
    cdef size_t length
    while i < out.count:
        o = &out.fields[i]
        i += 1
        if skipped >> o.id & 1:
            continue
        if o.raw != NULL:
            from_raw = o.raw
            length = o.raw_length
            while i < out.count and out.fields[i].raw == from_raw + length and \
                    not skipped >> out.fields[i].id & 1:
                length += out.fields[i].raw_length
                i += 1
            put(w, from_raw, length)
            continue
        put_name(w, o.name, o.name_length)
        put(w, b": ", 2)
        put_value(w, o.value, o.value_length)
        put(w, b"\r\n", 2)


cdef out_field *out_by_id(out_list *out, int id) noexcept nogil:
    cdef int i
    for i in range(out.count):
        if out.fields[i].id == id:
            return &out.fields[i]
    return NULL


cdef int out_named(
        const out_list *out, const char *name, unsigned int length,
        int first) noexcept nogil:
    """Place of the next field of that name; -1: there is none."""
    cdef int i
    for i in range(first, out.count):
        if out.fields[i].name_length == length and bytes_equal_nocase(
                out.fields[i].name, name, length):
            return i
    return -1


cdef void out_unset(
        out_list *out, const char *name, unsigned int length) noexcept nogil:
    cdef int i = out_named(out, name, length, 0)
    while i >= 0:
        out_remove_at(out, i)
        i = out_named(out, name, length, i)


cdef out_field *out_found(
        out_list *out, const char *name, unsigned int length) noexcept nogil:
    """The first field of that name; NULL: there is none."""
    cdef int i = out_named(out, name, length, 0)
    return &out.fields[i] if i >= 0 else NULL


# One field of that name, with that value: the first keeps its place.
cdef void out_say(
        out_list *out, const char *name, unsigned int length, value v) noexcept nogil:
    cdef int i = out_named(out, name, length, 0)
    if i < 0:
        out_add(out, name, length, v.data, v.length, FIELD_OTHER, False)
        return
    out_set(&out.fields[i], v)
    i = out_named(out, name, length, i + 1)
    while i >= 0:
        out_remove_at(out, i)
        i = out_named(out, name, length, i)


# Another value for a field; data NULL, of one that found no memory, leaves it.
cdef void out_set(out_field *o, value v) noexcept nogil:
    if v.data != NULL:
        o.value = v.data
        o.value_length = v.length
        o.raw = NULL


cdef void out_add_pairs(out_list *out, value pairs) noexcept nogil:
    """Fields as services hand them over: "name\\0value\\0..."."""
    cdef const char *name = pairs.data
    cdef const char *end = pairs.data + pairs.length
    cdef const char *content
    cdef unsigned int length
    while name < end:
        length = <unsigned int>strlen(name)
        content = name + length + 1
        out_add(out, name, length, content, <unsigned int>strlen(content),
                FIELD_OTHER, False)
        name = content + strlen(content) + 1
