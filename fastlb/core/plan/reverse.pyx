"""ProxyPassReverse and its cookie maps: what a member says of itself, said of us."""
# uses: ground/chartable, ground/text, io/writer, ground/arena, balance/elect,
#       plan/plan, plan/out_fields, plan/facts, plan/own_name

cdef void rewrite_location(request_facts *r, out_field *f) noexcept nogil:
    """ProxyPassReverse: the first mapping that fits."""
    cdef int i, j, k
    cdef reverse_op *op
    cdef balancer_plan *b
    cdef plan_member *m
    for i in range(r.conf_count):
        for j in range(r.confs[i].reverse_count):
            op = &r.confs[i].reverses[j]
            if op.balancer < 0:
                if reverse_literal(r, op, &op.url, f):
                    return
                continue
            b = &plan.balancers[op.balancer]
            for k in range(b.member_count):
                m = &plan.members[b.member_index[k]]
                if reverse_member(r, op, m, f):
                    return


cdef bint starts_with_url(
        out_field *f, const text *url, unsigned int length) noexcept nogil:
    """Does the field's value begin with these bytes of a URL, at a boundary?

    Differs from Apache: "http://h:80" is no beginning of "http://h:8080/", because a
    digit or a letter right behind the prefix belongs to another port or host.
    """
    cdef unsigned char following
    if f.value_length < length or not bytes_equal_nocase(f.value, url.data, length):
        return False
    if f.value_length == length or length == 0 \
            or byte_before(url.data, length) == c'/':
        return True
    if plan.compat_apache:
        return True
    # Within a path any continuation is Apache's plain prefix match.
    if length > 8 and memchr(url.data + 8, c'/', length - 8) != NULL:
        return True
    following = f.value[length]
    return following == c'/' or following == c'?' or following == c'#' or (
        following == c':')


cdef void reverse_put(
        request_facts *r, out_field *f, const text *path,
        unsigned int taken) noexcept nogil:
    """Replace the first `taken` bytes by our own scheme, host and path."""
    cdef value host = self_reference(r)
    cdef const char *rest = f.value + taken
    cdef unsigned int rest_length = f.value_length - taken
    cdef unsigned int path_length = path.length
    cdef writer w
    # One slash at the joint; Apache doubles it when path ends and rest begins with one.
    if byte_before(path.data, path_length) == c'/' and rest_length \
            and rest[0] == c'/' and (path_length == 1 or not plan.compat_apache):
        path_length -= 1
    arena_write(&r.arena, &w)
    if path.length and path.data[0] == c'/':
        put_own_scheme(r, &w)
        put(&w, host.data, host.length)
    put(&w, path.data, path_length)
    put(&w, rest, rest_length)
    out_set(f, arena_written(&r.arena, &w))


cdef bint reverse_literal(
        request_facts *r, reverse_op *op, const text *url, out_field *f) noexcept nogil:
    cdef const char *at
    cdef unsigned int skipped
    if url.length and url.data[0] == c'/':
        # Compared with the path of the value, whatever its host.
        at = value_path(f)
        if at == NULL:
            return False
        skipped = <unsigned int>(at - f.value)
        if f.value_length - skipped < url.length or memcmp(
                at, url.data, url.length) != 0:
            return False
        reverse_put(r, f, &op.path, skipped + url.length)
        return True
    if not starts_with_url(f, url, url.length):
        return False
    reverse_put(r, f, &op.path, url.length)
    return True


cdef const char *value_path(out_field *f) noexcept nogil:
    """Where the path of a URL begins; NULL for a value without a scheme."""
    cdef const char *end = f.value + f.value_length
    cdef const char *at = <const char *>memchr(f.value, c':', f.value_length)
    if f.value_length and f.value[0] == c'/':
        return f.value
    if at == NULL or end - at < 3 or at[1] != c'/' or at[2] != c'/':
        return NULL
    at = <const char *>memchr(at + 3, c'/', end - at - 3)
    return at


cdef bint reverse_member(
        request_facts *r, reverse_op *op, plan_member *m, out_field *f) noexcept nogil:
    cdef text url = m.url
    cdef unsigned int taken
    if op.balancer_path.length <= 1:
        if not starts_with_url(f, &url, url.length):
            return False
        reverse_put(r, f, &op.path, url.length)
        return True
    if byte_before(url.data, url.length) == c'/':
        url.length -= 1
    taken = url.length + op.balancer_path.length
    if f.value_length < taken or not bytes_equal_nocase(f.value, url.data, url.length):
        return False
    if memcmp(f.value + url.length, op.balancer_path.data,
              op.balancer_path.length) != 0:
        return False
    reverse_put(r, f, &op.path, taken)
    return True


cdef bint cookie_map(
        request_facts *r, const char *v, unsigned int length, bint domain,
        const text **public) noexcept nogil:
    """The first rule whose internal value begins the attribute's value."""
    cdef int i, j, count
    cdef pair_op *ops
    for i in range(r.conf_count):
        count = r.confs[i].cookie_domain_count if domain \
            else r.confs[i].cookie_path_count
        ops = r.confs[i].cookie_domains if domain else r.confs[i].cookie_paths
        for j in range(count):
            if length < ops[j].internal.length:
                continue
            if domain:
                if not bytes_equal_nocase(
                        v, ops[j].internal.data, ops[j].internal.length):
                    continue
            elif memcmp(v, ops[j].internal.data, ops[j].internal.length) != 0:
                continue
            public[0] = &ops[j].public
            return True
    return False


cdef void rewrite_cookie(request_facts *r, out_field *f) noexcept nogil:
    """ProxyPassReverseCookieDomain and -Path on one Set-Cookie.

    Only the last Path and the last Domain of a cookie count; everything else keeps its
    bytes.
    """
    cdef const char *p = f.value
    cdef const char *end = f.value + f.value_length
    cdef const char *semicolon
    cdef const char *path_at = NULL
    cdef const char *path_end = NULL
    cdef const char *domain_at = NULL
    cdef const char *domain_end = NULL
    cdef const text *public_path = NULL
    cdef const text *public_domain = NULL
    cdef writer w
    while p < end:
        semicolon = <const char *>memchr_or_end(p, c';', end - p)
        while p < semicolon and (p[0] == c' ' or p[0] == c'\t'):
            p += 1
        if semicolon - p >= 5 and bytes_equal_nocase(p, b"path=", 5):
            path_at = p + 5
            path_end = semicolon
        elif semicolon - p >= 7 and bytes_equal_nocase(p, b"domain=", 7):
            domain_at = p + 7
            domain_end = semicolon
        p = semicolon + 1
    if path_at != NULL and not cookie_map(
            r, path_at, <unsigned int>(path_end - path_at), False, &public_path):
        path_at = NULL
    if domain_at != NULL and not cookie_map(
            r, domain_at, <unsigned int>(domain_end - domain_at), True,
            &public_domain):
        domain_at = NULL
    if path_at == NULL and domain_at == NULL:
        return
    arena_write(&r.arena, &w)
    p = f.value
    while p < end:
        if path_at != NULL and p == path_at:
            put(&w, public_path.data, public_path.length)
            p = path_end
        elif domain_at != NULL and p == domain_at:
            put(&w, public_domain.data, public_domain.length)
            p = domain_end
        else:
            put_byte(&w, p[0])
            p += 1
    out_set(f, arena_written(&r.arena, &w))
