"""What the answer that is a file says of it: type, validators, ranges (entity.pxd).

As httpd's default_handler, http_etag and byterange filter:

    entity_decide   before the head: 200, 304, 412, 416, or which ranges of it
    entity_fields   before filters and rules, entity_unsaid  behind those of a 304;
                    entity_frame  behind rules, for parts have the type that they leave
    entity_next     the next part on its way out
"""
# uses: ground/chartable, ground/text, ground/number, io/buffer, io/writer,
#       ground/arena, io/date, http/fields, http/exit, http/dates, http/ranges,
#       http/conditions, balance/chance, plan/labels_plan, plan/out_fields,
#       plan/entity, plan/facts, plan/mime, plan/expires, plan/variables,
#       flow/exchange, flow/engine, flow/labels

cdef byte_range[RANGES_MAX] ranges_scratch     # one head is composed at a time
cdef char[BOUNDARY_BYTES] boundary             # of this worker; its first byte 0: none

cdef text FIELD_NAMED_IF_MATCH = text(b"If-Match", 8)
cdef text FIELD_NAMED_IF_NONE_MATCH = text(b"If-None-Match", 13)
cdef text FIELD_NAMED_IF_MODIFIED = text(b"If-Modified-Since", 17)
cdef text FIELD_NAMED_IF_UNMODIFIED = text(b"If-Unmodified-Since", 19)
cdef text FIELD_NAMED_IF_RANGE = text(b"If-Range", 8)
cdef text FIELD_NAMED_RANGE = text(b"Range", 5)


cdef unsigned int etag_bits_of(request_facts *r) noexcept nogil:
    """FileETag of all sections (core.c); 0: no tag is made."""
    cdef unsigned int bits = 0, add = 0, remove = 0
    cdef plan_labels *labels
    cdef int i
    for i in range(r.conf_count):
        labels = r.confs[i].labels
        if labels == NULL or not labels.says_etag:
            continue
        if labels.etag_bits == 0:
            add = add & ~labels.etag_remove | labels.etag_add
            remove = remove & ~labels.etag_add | labels.etag_remove
            bits = bits & ~remove | add
        else:
            bits = labels.etag_bits
            add = labels.etag_add
            remove = labels.etag_remove
        if bits != ETAG_NONE:
            bits &= ~<unsigned int>ETAG_NONE
    bits = bits & ~remove | add
    if bits & ETAG_NONE:
        return 0
    return bits if bits else ETAG_MTIME | ETAG_SIZE


cdef value entity_etag(exchange *x) noexcept nogil:
    """Weak where the file may change once more within the second."""
    cdef file_facts *f = x.facts.file
    cdef unsigned int bits = etag_bits_of(&x.facts)
    cdef long long changed_us = (
        f.about.st_mtim.tv_sec * 1000000 + f.about.st_mtim.tv_nsec // 1000)
    cdef writer w
    if bits == 0:
        return value(NULL, 0)
    arena_write(&x.facts.arena, &w)
    if x.facts.started_us + wall_offset_us - changed_us < 1000000:
        put(&w, b"W/", 2)
    put_byte(&w, c'"')
    if bits & ETAG_INODE:
        put_hex(&w, <unsigned long>f.about.st_ino)
    if bits & ETAG_SIZE:
        if bits & ETAG_INODE:
            put_byte(&w, c'-')
        put_hex(&w, <unsigned long>f.about.st_size)
    if bits & ETAG_MTIME:
        if bits & (ETAG_INODE | ETAG_SIZE):
            put_byte(&w, c'-')
        put_hex(&w, <unsigned long>changed_us)
    put_byte(&w, c'"')
    return arena_written(&x.facts.arena, &w)


cdef value entity_name(exchange *x) noexcept nogil:
    """Of the file, with what follows it under ModMimeUsePathInfo: the last part."""
    cdef file_facts *f = x.facts.file
    cdef unsigned int end = f.end
    cdef unsigned int at
    if mime_uses_path_info(&x.facts):
        end = f.name.length
    at = end
    while at and byte_before(f.name.data, at) != c'/':
        at -= 1
    return value(f.name.data + at, end - at)


cdef int bound_of(request_facts *r, int which, int usual) noexcept nogil:
    """MaxRanges and its kin of the innermost section; -1: unlimited"""
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].labels != NULL \
                and r.confs[i].labels.range_bounds[which] != BOUND_UNSAID:
            usual = r.confs[i].labels.range_bounds[which]
            break
    return usual


cdef inline bint exceeds(int count, int bound) noexcept nogil:
    return bound >= 0 and count > bound


cdef bint entity_ranges(exchange *x, entity *e, value said) noexcept nogil:
    """Which parts are sent. False: there is no memory"""
    cdef request_facts *r = &x.facts
    cdef long long size = r.file.about.st_size
    cdef int overlaps = 0, reversals = 0, i
    cdef int count = ranges_read(
        said.data, said.length, size, &ranges_scratch[0], &overlaps, &reversals)
    cdef writer w
    if count == RANGES_WHOLE or exceeds(count, bound_of(r, RANGES_BOUND, 200)) \
            or exceeds(overlaps, bound_of(r, OVERLAPS_BOUND, 20)) \
            or exceeds(reversals, bound_of(r, REVERSALS_BOUND, 20)):
        return True
    if count == RANGES_NONE_HOLDS:
        e.status = 416
        return True
    e.status = 206
    e.parts = <entity_part *>arena_take_struct(
        &r.arena, sizeof(entity_part) * count)
    if e.parts == NULL:
        return False
    memset(e.parts, 0, sizeof(entity_part) * count)
    for i in range(count):
        e.parts[i].at = ranges_scratch[i].first
        e.parts[i].length = ranges_scratch[i].last - ranges_scratch[i].first + 1
    e.part_count = count
    e.length = e.parts[0].length
    if count == 1:
        arena_write(&r.arena, &w)
        put(&w, b"bytes ", 6)
        put_span(&w, &e.parts[0], size)
        e.content_range = arena_written(&r.arena, &w)
    return True


cdef void entity_whole(entity *e, long long size) noexcept nogil:
    """No ranges of it after all."""
    e.status = 200
    e.length = size
    e.part_count = 0
    e.parts = NULL
    e.content_range = value(NULL, 0)


cdef void put_span(writer *w, const entity_part *part, long long size) noexcept nogil:
    """"5-9/100\""""
    put_number(w, part.at)
    put_byte(w, c'-')
    put_number(w, part.at + part.length - 1)
    put_byte(w, c'/')
    put_number(w, size)


# What becomes of x.facts.file, which is open, and what is said of it. NULL: there is no
# memory
cdef entity *entity_decide(exchange *x) noexcept nogil:
    cdef request_facts *r = &x.facts
    cdef file_facts *f = r.file
    cdef entity *e = <entity *>arena_take_struct(&r.arena, sizeof(entity))
    cdef value name = entity_name(x)
    cdef value asked = request_field(r, &FIELD_NAMED_RANGE)
    cdef conditions c
    cdef validators v
    cdef writer w
    if e == NULL:
        return NULL
    memset(e, 0, sizeof(entity))
    e.status = 200
    e.length = f.about.st_size
    mime_of(r, name.data, name.length, &e.said)
    v.request_s = (r.started_us + wall_offset_us) // 1000000
    v.modified_s = min(f.about.st_mtim.tv_sec, v.request_s)     # of no time to come
    e.modified_s = v.modified_s
    arena_write(&r.arena, &w)
    put_date(&w, v.modified_s)
    e.modified = arena_written(&r.arena, &w)
    e.etag = v.etag = entity_etag(x)
    e.no_ranges = bound_of(r, RANGES_BOUND, 200) == 0
    if x.local.error_status:
        return e        # conditions are of what was asked for, not of the error
    c.if_match = request_field(r, &FIELD_NAMED_IF_MATCH)
    c.if_none_match = request_field(r, &FIELD_NAMED_IF_NONE_MATCH)
    c.if_modified_since = request_field(r, &FIELD_NAMED_IF_MODIFIED)
    c.if_unmodified_since = request_field(r, &FIELD_NAMED_IF_UNMODIFIED)
    c.if_range = request_field(r, &FIELD_NAMED_IF_RANGE)
    c.has_range = asked.data != NULL
    c.is_read = r.req.method_id == METHOD_GET or r.req.method_id == METHOD_HEAD
    e.status = conditions_judge(&c, &v)
    if e.status != 200:
        e.length = -1 if e.status == 304 else f.about.st_size if x.head_request else 0
    elif f.about.st_size > 0 and range_is_meant(&c, &v) \
            and not entity_ranges(x, e, asked):
        return NULL
    return e


# Of a page that is made here and lies in x.facts.file, which is as long as the page and
# has changed with its directory. Conditions are not looked at (as httpd). NULL: there
# is no memory
cdef entity *entity_of_listing(
        exchange *x, value type, long long length, bint is_tracked) noexcept nogil:
    cdef request_facts *r = &x.facts
    cdef file_facts *f = r.file
    cdef entity *e = <entity *>arena_take_struct(&r.arena, sizeof(entity))
    cdef value asked = request_field(r, &FIELD_NAMED_RANGE)
    cdef value when = request_field(r, &FIELD_NAMED_IF_RANGE)
    cdef writer w
    if e == NULL:
        return NULL
    memset(e, 0, sizeof(entity))
    e.is_listing = True
    e.status = 200
    e.said.type = type
    e.modified_s = min(
        f.about.st_mtim.tv_sec, (r.started_us + wall_offset_us) // 1000000)
    if is_tracked:
        arena_write(&r.arena, &w)
        put_date(&w, e.modified_s)
        e.modified = arena_written(&r.arena, &w)
        e.etag = entity_etag(x)
    f.about.st_size = length
    e.length = length
    if length > 0 and asked.data != NULL and when.data == NULL and not x.head_request \
            and not entity_ranges(x, e, asked):
        return NULL
    return e


cdef value type_of_file(request_facts *r, const mime_found *said) noexcept nogil:
    """By a rule, by ForceType, or by its name; length 0: it has none."""
    cdef value type = r.forced_type
    if type.length == 0:
        type = labels_forced(r)
    return type if type.length else said.type


cdef void entity_fields(exchange *x, out_list *out, entity *e) noexcept nogil:
    """All that rules may change."""
    cdef value type = e.said.type if e.is_listing else type_of_file(&x.facts, &e.said)
    if e.modified.data != NULL:
        out_add(out, b"Last-Modified", 13, e.modified.data, e.modified.length,
                FIELD_LAST_MODIFIED, False)
    if e.etag.data != NULL:
        out_add(out, b"ETag", 4, e.etag.data, e.etag.length, FIELD_OTHER, False)
    if e.is_listing:
        pass
    elif e.no_ranges:
        out_add(out, b"Accept-Ranges", 13, b"none", 4, FIELD_OTHER, False)
    else:
        out_add(out, b"Accept-Ranges", 13, b"bytes", 5, FIELD_OTHER, False)
    if type.length:
        out_add(out, b"Content-Type", 12, type.data, type.length, FIELD_CONTENT_TYPE,
                False)
    if e.said.encoding.data != NULL:
        out_add(out, b"Content-Encoding", 16, e.said.encoding.data,
                e.said.encoding.length, FIELD_OTHER, False)   # filters look at it
    if x.local.error_status == 0 and e.status < 400:
        labels_keep(x, out, expires_for(&x.facts, type.data, type.length), e.modified_s)


cdef void entity_unsaid(out_list *out, entity *e) noexcept nogil:
    """What a 304 does not repeat, though filters have looked at it."""
    out_unset(out, b"Content-Type", 12)
    if e.said.encoding.data != NULL:
        out_unset(out, b"Content-Encoding", 16)


cdef void entity_frame(exchange *x, out_list *out, entity *e) noexcept nogil:
    """Charset, encoding, language; of several parts what goes between them."""
    cdef out_field *type
    cdef writer w
    cdef int i
    labels_end(x, out, e.status, &e.said, True)
    if e.content_range.data != NULL:
        out_say(out, b"Content-Range", 13, e.content_range)
    if e.part_count <= 1:
        return
    if boundary[0] == 0:
        boundary_make()
    type = out_by_id(out, FIELD_CONTENT_TYPE)
    e.length = 0
    for i in range(e.part_count):
        arena_write(&x.facts.arena, &w)
        put(&w, b"\r\n--", 4)
        put(&w, &boundary[0], BOUNDARY_BYTES)
        if type != NULL:
            put(&w, b"\r\nContent-type: ", 16)
            put_value(&w, type.value, type.value_length)
        put(&w, b"\r\nContent-range: bytes ", 23)
        put_span(&w, &e.parts[i], x.facts.file.about.st_size)
        put(&w, b"\r\n\r\n", 4)
        e.parts[i].before = arena_written(&x.facts.arena, &w)
        e.length += e.parts[i].before.length + e.parts[i].length
    arena_write(&x.facts.arena, &w)
    put(&w, b"\r\n--", 4)
    put(&w, &boundary[0], BOUNDARY_BYTES)
    put(&w, b"--\r\n", 4)
    e.after = arena_written(&x.facts.arena, &w)
    e.length += e.after.length
    arena_write(&x.facts.arena, &w)
    put(&w, b"multipart/byteranges; boundary=", 31)
    put(&w, &boundary[0], BOUNDARY_BYTES)
    out_say(out, b"Content-Type", 12, arena_written(&x.facts.arena, &w))


cdef void boundary_make() noexcept nogil:
    """Once in a worker, as httpd makes one for each process."""
    cdef uint64_t random = chance_next(&engine.chance)
    cdef int i
    for i in range(BOUNDARY_BYTES):
        boundary[i] = HEX_LOWER[random & 15]
        random >>= 4


# Begin with the next part of several: its text is put behind what down.output holds.
# returns 1, 0 (there is no more) or FAILED
cdef int entity_next(exchange *x) noexcept nogil:
    cdef file_facts *f = x.facts.file
    cdef entity *e = f.entity
    cdef value before
    if e == NULL or e.part_count <= 1 or e.part_next > e.part_count:
        return 0
    before = e.after
    if e.part_next < e.part_count:
        before = e.parts[e.part_next].before
        f.at = e.parts[e.part_next].at
        f.left = e.parts[e.part_next].length
    e.part_next += 1
    if x.down.output == NULL:
        x.down.output = buffer_take(BUFFER_SMALL)
        if x.down.output == NULL:
            return FAILED
    while buffer_room(x.down.output) < before.length:
        if not buffer_grow(&x.down.output):
            return FAILED
    buffer_put(x.down.output, before.data, before.length)
    x.record.body_bytes_out += before.length
    return 1
