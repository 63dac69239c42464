"""Authorization of the scheme Digest as Apache reads it, and whether it was made for
this request (digest.pxd)."""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena, nonces,
#       http/scan, http/fields, http/head, http/host, plan/digest, plan/facts,
#       plan/own_name, plan/credentials

cdef enum:
    LOGIN_BLANK = 1             # bits of login_letters
    LOGIN_KEY_ENDS = 2
    LOGIN_VALUE_ENDS = 4
    KEY_LOOK = 16               # within so many bytes "=" follows a key, nearly always

cdef unsigned char[BYTE_VALUES] login_letters


cdef void login_begin() noexcept nogil:
    cdef int i
    for i in range(BYTE_VALUES):
        login_letters[i] = 0
        if i == c' ' or c'\t' <= i <= c'\r':
            login_letters[i] = LOGIN_BLANK | LOGIN_KEY_ENDS | LOGIN_VALUE_ENDS
    login_letters[<unsigned char>c'='] = LOGIN_KEY_ENDS
    login_letters[<unsigned char>c','] = LOGIN_KEY_ENDS | LOGIN_VALUE_ENDS


login_begin()


cdef inline bint is_letter_of(char c, int kind) noexcept nogil:
    return (login_letters[<unsigned char>c] & kind) != 0


# A place in a copy of the field, which is the request's own, and its end.
cdef struct login_text:
    char *p
    char *end
    bint escapes                # a backslash stands anywhere


cdef inline void blanks_skip(login_text *t) noexcept nogil:
    while t.p < t.end and is_letter_of(t.p[0], LOGIN_BLANK):
        t.p += 1


cdef inline value login_word(login_text *t, int ends) noexcept nogil:
    cdef const char *begin = t.p
    while t.p < t.end and not is_letter_of(t.p[0], ends):
        t.p += 1
    return value(begin, <unsigned int>(t.p - begin))


cdef value login_unescaped(login_text *t) noexcept nogil:
    """Up to a quote, without the backslashes: it only becomes shorter, in its place."""
    cdef const char *begin = t.p
    cdef char *out = t.p
    while t.p < t.end and t.p[0] != c'"':
        if t.p[0] == c'\\' and t.p + 1 < t.end:
            t.p += 1
        out[0] = t.p[0]
        out += 1
        t.p += 1
    return value(begin, <unsigned int>(out - begin))


cdef inline value login_value(login_text *t) noexcept nogil:
    """A token, or what stands between quotes."""
    cdef value said
    if t.p == t.end or t.p[0] != c'"':
        return login_word(t, LOGIN_VALUE_ENDS)
    t.p += 1
    if unlikely(t.escapes):
        said = login_unescaped(t)
    else:
        said.data = t.p
        t.p = <char *>scan_byte(t.p, t.end, c'"')
        said.length = <unsigned int>(t.p - said.data)
    if t.p < t.end:
        t.p += 1
    return said


cdef value *login_place(digest_login *login, value key) noexcept nogil:
    """Where the value of a key is kept; NULL: nobody asks for it."""
    if key.length == 8:
        if name_is(key.data, b"username", 8):
            return &login.user
        return &login.response if name_is(key.data, b"response", 8) else NULL
    if key.length == 5:
        if name_is(key.data, b"realm", 5):
            return &login.realm
        return &login.nonce if name_is(key.data, b"nonce", 5) else NULL
    if key.length == 3:
        if name_is(key.data, b"uri", 3):
            return &login.uri
        return &login.qop if name_is(key.data, b"qop", 3) else NULL
    if key.length == 6:
        if name_is(key.data, b"cnonce", 6):
            return &login.cnonce
        return &login.opaque if name_is(key.data, b"opaque", 6) else NULL
    if key.length == 2:
        return &login.count if name_is(key.data, b"nc", 2) else NULL
    if key.length == 9 and name_is(key.data, b"algorithm", 9):
        return &login.algorithm
    return NULL


cdef inline bint login_key(
        digest_login *login, login_text *t, value **place) noexcept nogil:
    """Up to a value, and where that is kept, or NULL. False: none follows."""
    cdef const char *stop = scan_byte(
        t.p, t.p + min(<ptrdiff_t>KEY_LOOK, t.end - t.p), c'=')
    cdef unsigned int length = <unsigned int>(stop - t.p)
    # What is asked for has letters alone: nothing that ends a key stands before stop.
    place[0] = login_place(login, value(t.p, length))
    if unlikely(place[0] == NULL or stop == t.end or stop[0] != c'='):
        place[0] = login_place(login, login_word(t, LOGIN_KEY_ENDS))
        blanks_skip(t)
        if t.p == t.end or t.p[0] != c'=':
            return False
        length = 0
    t.p += length + 1
    blanks_skip(t)
    return True


cdef void login_fill(digest_login *login, login_text t) noexcept nogil:
    """All keys with their values; of one that stands there twice the last."""
    cdef value said
    cdef value *place
    while t.p < t.end:
        blanks_skip(&t)
        said = value(t.p, 0)
        if login_key(login, &t, &place):
            said = login_value(&t)
        if place != NULL:
            place[0] = said
        t.p = <char *>scan_byte(t.p, t.end, c',') + 1


cdef bint login_is_whole(const digest_login *login) noexcept nogil:
    if login.user.data == NULL or login.realm.data == NULL or login.uri.data == NULL:
        return False
    if login.nonce.length != NONCE_BYTES or login.response.length != MD5_LETTERS:
        return False
    if login.qop.data != NULL and (
            login.cnonce.data == NULL or login.count.data == NULL):
        return False
    return login.user.length <= USER_BYTES_MAX


cdef digest_login *digest_read(request_facts *r) noexcept nogil:
    """Read once for a request; NULL: no memory (r.arena.starved)."""
    cdef bint several
    cdef field *f
    cdef login_text t
    cdef digest_login *login
    cdef value copy = value(b"", 0)
    if r.digest != NULL:
        return r.digest
    f = authorization_of(r, &several)
    login = <digest_login *>arena_take_struct(&r.arena, sizeof(digest_login))
    if f != NULL:
        copy = arena_copy(&r.arena, request_bytes(r) + f.value, f.value_length)
    if login == NULL or copy.data == NULL:
        r.arena.starved = True
        return NULL
    memset(login, 0, sizeof(digest_login))
    r.digest = login
    if f == NULL:
        return login
    login.status = LOGIN_OTHER
    t.p = <char *>copy.data
    t.end = t.p + copy.length
    t.escapes = memchr_or_end(t.p, c'\\', copy.length) != t.end
    if copy.length < 6 or not name_is(t.p, b"digest", 6) or (
            copy.length > 6 and not is_letter_of(t.p[6], LOGIN_BLANK)):
        return login
    t.p += 6
    login.status = LOGIN_BROKEN
    if several:
        # Which of them a member would believe, nobody knows.
        return login
    login_fill(login, t)
    if login.opaque.data != NULL and not hex_read(
            login.opaque.data, login.opaque.length, &login.client):
        login.client = 0
    if login_is_whole(login):
        login.status = LOGIN_WHOLE
    return login


# The target ----------------------------------------------------------------------

# Of a target, absolute or not; data NULL: it has no such part.
cdef struct target_parts:
    value host
    int port                    # 0: none is named
    value path
    value query


cdef value percent_undone(request_facts *r, value text) noexcept nogil:
    """Escapes undone, up to a NUL; what is no escape stays."""
    cdef unsigned int i = 0
    cdef int byte
    cdef writer w
    if text.data == NULL:
        return text
    arena_write(&r.arena, &w)
    while i < text.length:
        byte = -1
        if text.data[i] == c'%' and i + 2 < text.length:
            byte = hex_pair(text.data + i + 1)
        if byte == 0:
            break
        put_byte(&w, <char>byte if byte > 0 else text.data[i])
        i += 3 if byte > 0 else 1
    return arena_written(&r.arena, &w)


cdef void target_split(
        request_facts *r, value text, target_parts *out) noexcept nogil:
    """Path and query, without their escapes and without a fragment."""
    cdef const char *end = <const char *>memchr_or_end(text.data, c'#', text.length)
    cdef const char *mark = <const char *>memchr_or_end(
        text.data, c'?', <size_t>(end - text.data))
    out.path = value(text.data, <unsigned int>(mark - text.data))
    out.query = value(NULL, 0)
    if mark < end:
        out.query = value(mark + 1, <unsigned int>(end - mark - 1))
    out.path = percent_undone(r, out.path)
    out.query = percent_undone(r, out.query)


cdef value host_without_port(value authority) noexcept nogil:
    cdef unsigned int at = authority.length
    while c'0' <= byte_before(authority.data, at) <= c'9':
        at -= 1
    if byte_before(authority.data, at) == c':':
        return value(authority.data, at - 1)
    return authority


cdef void target_read(request_facts *r, value text, target_parts *out) noexcept nogil:
    cdef unsigned int at = scheme_length(text.data, text.length)
    cdef value authority
    out.host = value(NULL, 0)
    out.port = 0
    if at:
        authority.data = text.data + at
        while at < text.length and text.data[at] != c'/' and text.data[at] != c'?':
            at += 1
        authority.length = <unsigned int>(text.data + at - authority.data)
        out.host = percent_undone(r, host_without_port(authority))
        out.port = port_of_authority(authority.data, authority.length)
    target_split(r, value(text.data + at, text.length - at), out)


cdef bint same_part(value a, value b) noexcept nogil:
    """... or neither is there."""
    if a.data == NULL or b.data == NULL:
        return a.data == b.data
    return same_text(a, b)


cdef bint digest_uri_matches(
        request_facts *r, const digest_login *login) noexcept nogil:
    """Is what it was made for the target of the request? Byte for byte, else part by
    part, as somebody between may have rewritten it."""
    cdef value asked = request_part(r, r.req.target)
    cdef target_parts ours, theirs
    cdef value name
    if same_text(login.uri, asked):
        return True
    if r.req.method_id == METHOD_CONNECT:
        return False
    target_read(r, asked, &ours)
    target_read(r, login.uri, &theirs)
    if theirs.host.length:
        name = ours.host if ours.host.length else self_name(r)
        if theirs.host.length != name.length or not bytes_equal_nocase(
                theirs.host.data, name.data, name.length):
            return False
        if (theirs.port if theirs.port else port_of_scheme(r)) != (
                ours.port if ours.port else self_port(r)):
            return False
    return same_part(theirs.path, ours.path) and same_part(theirs.query, ours.query)
