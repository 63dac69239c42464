"""What holds of passwords where a request goes."""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/access_plan,
#       plan/facts, plan/expr

cdef int kind_composed(request_facts *r, int expr) noexcept nogil:
    """AuthType, by an expression."""
    cdef value word = expr_text(r, expr, NULL)
    if word.data == NULL:
        return AUTH_NONE        # who is wanted then is refused
    if word.length == 4 and bytes_equal_nocase(word.data, b"none", 4):
        return AUTH_NONE
    if word.length == 5 and bytes_equal_nocase(word.data, b"basic", 5):
        return AUTH_BASIC
    if word.length == 6 and bytes_equal_nocase(word.data, b"digest", 6):
        return AUTH_DIGEST
    return AUTH_OTHER


cdef text realm_composed(request_facts *r, int expr) noexcept nogil:
    """AuthName, by an expression: a backslash is put before each bare quote."""
    cdef value said = expr_text(r, expr, NULL)
    cdef unsigned int i
    cdef bint escaped = False
    cdef writer w
    if said.data == NULL:
        return text(NULL, 0)
    arena_write(&r.arena, &w)
    for i in range(said.length):
        if said.data[i] == c'"' and not escaped:
            put_byte(&w, c'\\')
        escaped = said.data[i] == c'\\' and not escaped
        put_byte(&w, said.data[i])
    said = arena_written(&r.arena, &w)
    return text(said.data, said.length)


cdef plan_auth auth_merged(request_facts *r) noexcept nogil:
    """Each word by the last section that says it."""
    cdef plan_auth out
    cdef plan_auth *one
    cdef int i
    memset(&out, 0, sizeof(out))
    out.kind = AUTH_UNSAID
    out.kind_expr = out.name_expr = -1
    out.user_file = out.group_file = out.directory = -1
    out.dbm_user_file = out.dbm_group_file = -1
    out.authoritative = out.forbids = -1
    for i in range(r.conf_count - 1, -1, -1):
        one = r.confs[i].auth
        if one == NULL:
            continue
        if out.kind == AUTH_UNSAID and out.kind_expr < 0:
            out.kind = one.kind
            out.kind_expr = one.kind_expr
        if out.name.data == NULL and out.name_expr < 0:
            out.name = one.name
            out.name_expr = one.name_expr
        if out.user_file < 0:
            out.user_file = one.user_file
        if out.dbm_user_file < 0:
            out.dbm_user_file = one.dbm_user_file
        if out.directory < 0:
            # As a whole, as well.
            out.directory = one.directory
            out.attribute_count = one.attribute_count
            out.attributes = one.attributes
        if out.authoritative < 0:
            out.authoritative = one.authoritative
        if out.forbids < 0:
            out.forbids = one.forbids
        if out.guests == NULL:
            out.guests = one.guests
        if out.digest == NULL:
            # As a whole: httpd has no merging of it.
            out.digest = one.digest
        if out.providers == NULL:
            out.providers = one.providers
    return out


cdef const plan_auth *auth_alone(request_facts *r) noexcept nogil:
    """Of the only section that says anything, as nearly always; NULL: of several."""
    cdef const plan_auth *alone = NULL
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].auth == NULL:
            continue
        if alone != NULL:
            return NULL
        alone = r.confs[i].auth
    return alone


cdef plan_auth auth_said(request_facts *r) noexcept nogil:
    cdef const plan_auth *alone = auth_alone(r)
    cdef plan_auth out = alone[0] if alone != NULL else auth_merged(r)
    if unlikely(out.kind_expr >= 0):
        out.kind = <signed char>kind_composed(r, out.kind_expr)
    if unlikely(out.name_expr >= 0):
        out.name = realm_composed(r, out.name_expr)
    if out.digest == NULL:
        out.digest = &digest_usual
    return out


cdef void alias_said(plan_auth *said, const plan_provider *alias) noexcept nogil:
    """What stands in <AuthnProviderAlias> goes before what the section says."""
    if alias.user_file >= 0 and alias.kind == PROVIDER_DBM:
        said.dbm_user_file = alias.user_file
    elif alias.user_file >= 0:
        said.user_file = alias.user_file
    if alias.directory >= 0:
        said.directory = alias.directory
        said.attribute_count = alias.attribute_count
        said.attributes = alias.attributes
    if alias.guests != NULL:
        said.guests = alias.guests
