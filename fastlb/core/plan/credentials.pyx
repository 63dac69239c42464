"""Name and password of a request (credentials.pxd)."""
# uses: ground/text, ground/arena, http/scan, http/fields, plan/facts

cdef signed char[BYTE_VALUES] base64_value      # -1: no letter of it


cdef void base64_begin() noexcept:
    cdef const char *letters = (
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    cdef int i
    for i in range(BYTE_VALUES):
        base64_value[i] = -1
    for i in range(64):
        base64_value[<unsigned char>letters[i]] = <signed char>i


base64_begin()


cdef unsigned int base64_read(
        const char *data, unsigned int length, char *out) noexcept nogil:
    """Decode up to the first byte that is no letter, as httpd. out: 3 / 4 of length"""
    cdef unsigned int i, bits = 0, held = 0, used = 0
    cdef signed char digit
    for i in range(length):
        digit = base64_value[<unsigned char>data[i]]
        if digit < 0:
            break
        bits = bits << 6 | <unsigned int>digit
        held += 6
        if held >= 8:
            held -= 8
            out[used] = <char>(bits >> held & 255)
            used += 1
    return used


cdef inline bint is_authorization(
        request_facts *r, const char *name, unsigned int length) noexcept nogil:
    if unlikely(r.req.method_id == METHOD_CONNECT):
        return length == 19 and name_is(name, b"proxy-authorization", 19)
    return length == 13 and name_is(name, b"authorization", 13)


cdef field *authorization_of(request_facts *r, bint *several) noexcept nogil:
    """The one field Authorization; NULL: there is none.

    Of a CONNECT, which asks the proxy itself, it is Proxy-Authorization.
    """
    cdef const char *data = request_bytes(r)
    cdef field *found = NULL
    cdef field *f
    cdef int i
    several[0] = False
    for i in range(r.req.field_count):
        f = &r.req.fields[i]
        if is_authorization(r, data + f.name, f.name_length):
            several[0] = found != NULL
            if found != NULL:
                return found
            found = f
    return found


cdef int credentials_basic(
        request_facts *r, value *user, value *password) noexcept nogil:
    cdef bint several
    cdef field *f = authorization_of(r, &several)
    cdef const char *p
    cdef const char *colon
    cdef unsigned int length
    cdef char *room
    if f == NULL:
        return CREDENTIALS_NONE
    if several:
        # Which of them a member would believe, nobody knows.
        return CREDENTIALS_BROKEN
    p = request_bytes(r) + f.value
    length = f.value_length
    if length < 5 or not name_is(p, b"basic", 5) or (
            length > 5 and p[5] != c' '):
        return CREDENTIALS_OTHER
    p += 5
    length -= 5
    while length and (p[0] == c' ' or p[0] == c'\t'):
        p += 1
        length -= 1
    room = arena_take(&r.arena, length + 1)
    if room == NULL:
        r.arena.starved = True
        return CREDENTIALS_BROKEN
    length = base64_read(p, length, room)
    if memchr(room, 0, length) != NULL:
        return CREDENTIALS_BROKEN
    colon = <const char *>memchr_or_end(room, c':', length)
    user[0] = value(room, <unsigned int>(colon - room))
    if colon < room + length:
        colon += 1
    password[0] = value(colon, <unsigned int>(room + length - colon))
    if user.length > USER_BYTES_MAX or password.length > PASSWORD_BYTES_MAX:
        return CREDENTIALS_BROKEN
    return CREDENTIALS_FOUND
