"""For how long an answer may be kept (labels_plan.pxd; mod_expires)."""
# uses: ground/chartable, ground/text, plan/labels_plan, plan/facts, plan/mime

cdef const plan_expiry *expires_of_type(
        request_facts *r, const char *type, unsigned int length) noexcept nogil:
    """The innermost section that names the type; NULL: none does."""
    cdef int i, j
    cdef plan_expires *e
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].labels == NULL or r.confs[i].labels.expires == NULL:
            continue
        e = r.confs[i].labels.expires
        for j in range(e.count):
            if e.by_type[j].type.length == length and bytes_equal_nocase(
                    e.by_type[j].type.data, type, length):
                return &e.by_type[j].expiry
    return NULL


cdef const plan_expiry *expires_of_family(
        request_facts *r, const char *type, unsigned int length) noexcept nogil:
    """By "image/*"; type: with what follows its slash."""
    cdef const char *slash = <const char *>memchr(type, c'/', length)
    cdef int i, j
    cdef unsigned int family
    cdef plan_expires *e
    if slash == NULL:
        return NULL
    family = <unsigned int>(slash + 1 - type)
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].labels == NULL or r.confs[i].labels.expires == NULL:
            continue
        e = r.confs[i].labels.expires
        for j in range(e.count):
            if e.by_type[j].type.length == family + 1 \
                    and e.by_type[j].type.data[family] == c'*' \
                    and bytes_equal_nocase(e.by_type[j].type.data, type, family):
                return &e.by_type[j].expiry
    return NULL


# What holds for an answer of that type; NULL: nothing is said of it.
cdef const plan_expiry *expires_for(
        request_facts *r, const char *type, unsigned int length) noexcept nogil:
    """type: NULL for an answer without one. Whether wildcards are looked at says the
    innermost section with a line of mod_expires, as in httpd."""
    cdef const plan_expiry *found = NULL
    cdef const plan_expiry *by_default = NULL
    cdef plan_expires *e
    cdef int i
    cdef int active = -1
    cdef int wildcards = -1
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].labels == NULL or r.confs[i].labels.expires == NULL:
            continue
        e = r.confs[i].labels.expires
        if active < 0:
            active = e.active
        if wildcards < 0:
            wildcards = e.has_wildcards
        if by_default == NULL and e.default.is_said:
            by_default = &e.default
    if active <= 0:
        return NULL
    if type != NULL:
        length = type_alone(value(type, length)).length
        found = expires_of_type(r, type, length)
        if found == NULL and wildcards > 0:
            found = expires_of_family(r, type, length)
    return found if found != NULL else by_default
