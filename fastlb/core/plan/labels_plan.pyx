"""From the model into the plan (labels_plan.pxd)."""
# uses: ground/text, plan/build

cdef mime_table mime_types
cdef list plan_tables = []      # what the plan points into stays
cdef unsigned int labels_of_all = 0     # LABEL_*, MIME_*: of hosts that say nothing
cdef unsigned int labels_noted = 0      # of what has become a plan since it was reset


cdef mime_table plan_table(bytes packed) except *:
    cdef mime_table out
    plan_tables.append(packed)
    out.data = <const unsigned char *>packed
    return out


cdef object plan_types(bytes packed, bint of_members):
    """TypesConfig's table; b"": there is none."""
    global labels_of_all
    labels_of_all = (1 << MIME_TYPE | 1 << MIME_CHARSET) if of_members else 0
    mime_types.data = NULL
    plan_tables.clear()
    if packed:
        mime_types.data = plan_table(packed).data


cdef object plan_expiry_of(plan_expiry *out, object expiry):
    if expiry is None:
        return
    out.is_said = True
    out.of_file = expiry.of_file
    out.seconds = expiry.seconds


cdef plan_mime *plan_mime_of(object mime) except NULL:
    cdef plan_mime *out = <plan_mime *>plan_alloc(sizeof(plan_mime))
    if mime.said or mime.removed:
        out.table.data = plan_table(mime.table).data
    out.default_language = plan_text(mime.default_language)
    out.use_path_info = -1
    if mime.use_path_info is not None:
        out.use_path_info = mime.use_path_info
    return out


cdef plan_expires *plan_expires_of(object expires) except NULL:
    cdef plan_expires *out = <plan_expires *>plan_alloc(sizeof(plan_expires))
    cdef int i
    out.active = -1
    if expires.active is not None:
        out.active = expires.active
    plan_expiry_of(&out.default, expires.default)
    out.count = len(expires.by_type)
    out.by_type = <type_expiry *>plan_alloc(sizeof(type_expiry) * out.count)
    for i, (kind, expiry) in enumerate(expires.by_type):
        out.by_type[i].type = plan_text(kind)
        plan_expiry_of(&out.by_type[i].expiry, expiry)
    out.has_wildcards = expires.has_wildcards
    return out


cdef plan_labels *plan_labels_of(object conf) except? NULL:
    """NULL: a place says nothing of them. What it says is noted for its host."""
    cdef plan_labels *out
    global labels_noted
    cdef int i
    bounds = (conf.max_ranges, conf.max_range_overlaps, conf.max_range_reversals)
    said = (
        conf.default_charset, conf.forced_type, conf.mime, conf.expires,
        conf.file_etag, *bounds)
    if all([one is None for one in said]):
        return NULL
    out = <plan_labels *>plan_alloc(sizeof(plan_labels))
    if conf.default_charset:
        labels_noted |= LABEL_CHARSET
    out.says_charset = conf.default_charset is not None
    out.charset = plan_text(conf.default_charset)
    if conf.forced_type is not None:
        labels_noted |= LABEL_FORCED
    out.says_type = conf.forced_type is not None
    if conf.forced_type != "none":
        out.forced_type = plan_text(conf.forced_type)
    if conf.file_etag is not None:
        out.says_etag = True
        out.etag_bits = conf.file_etag.bits
        out.etag_add = conf.file_etag.add
        out.etag_remove = conf.file_etag.remove
    for i, bound in enumerate(bounds):
        out.range_bounds[i] = BOUND_UNSAID if bound is None else bound
    if conf.mime is not None:
        out.mime = plan_mime_of(conf.mime)
        for item in conf.mime.fields:
            labels_noted |= 1 << <unsigned int>item.number
    if conf.expires is not None:
        out.expires = plan_expires_of(conf.expires)
        if conf.expires.active:
            labels_noted |= LABEL_EXPIRES
    return out
