"""A cookie that names a member, and that nobody else can make (own_cookie.pxd)."""
# uses: ground/text, ground/hash, io/writer, ground/arena, nonces

cdef enum:
    OWN_COOKIE_WORD = 16        # digits of a number


cdef uint64_t own_cookie_member(
        const own_cookie *c, const char *route, unsigned int length) noexcept nogil:
    cdef uint64_t[2] hash
    sip_hash(route, length, &c.secret[0], &hash[0])
    return hash[0] | 1


cdef void own_cookie_letters(
        const own_cookie *c, uint64_t time_s, uint64_t member,
        char *out) noexcept nogil:
    cdef uint64_t[2] what
    cdef uint64_t[2] signature
    what[0] = time_s            # with a NUL in it, and so no route
    what[1] = member
    sip_hash(<const char *>&what[0], sizeof(what), &c.secret[0], &signature[0])
    word_letters(time_s, out)
    word_letters(member, out + OWN_COOKIE_WORD)
    word_letters(signature[0], out + 2 * OWN_COOKIE_WORD)
    word_letters(signature[1], out + 3 * OWN_COOKIE_WORD)


cdef bint own_cookie_is_ours(
        const own_cookie *c, const char *said, uint64_t *time_s,
        uint64_t *member) noexcept nogil:
    """OWN_COOKIE_BYTES; of a value as we write it, letter by letter."""
    cdef char[OWN_COOKIE_BYTES] made
    cdef unsigned char wrong = 0
    cdef int i
    if not hex_read(said, OWN_COOKIE_WORD, time_s) or not hex_read(
            said + OWN_COOKIE_WORD, OWN_COOKIE_WORD, member):
        return False
    own_cookie_letters(c, time_s[0], member[0], &made[0])
    # Its time tells nothing of how much was right.
    for i in range(OWN_COOKIE_BYTES):
        wrong |= <unsigned char>(made[i] ^ said[i])
    return wrong == 0


cdef bint own_cookie_read(
        const own_cookie *c, const char *said, long long now_s,
        cookie_said *out) noexcept nogil:
    cdef uint64_t time_s, member
    cdef long long age_s
    cdef int i
    if not own_cookie_is_ours(c, said, &time_s, &member):
        return False
    age_s = now_s - <long long>time_s
    if c.max_age_s and age_s >= c.max_age_s:
        return False
    for i in range(c.count):
        if c.members[i] == member:
            out.member = member
            out.position = i
            out.is_old = c.max_age_s and age_s > c.max_age_s // 2
            return True
    return False


# --- fields of clients

# The next pair of a field (RFC 6265 4.2.1): all of it from its name on, its name, and
# what stands behind the "=". False: there is none.
cdef bint own_cookie_pair(
        const char **at, const char *end, value *pair, value *name,
        value *content) noexcept nogil:
    cdef const char *begin = at[0]
    cdef const char *stop
    cdef const char *sign
    if begin >= end:
        return False
    stop = <const char *>memchr_or_end(begin, c';', end - begin)
    at[0] = stop + 1 if stop < end else end
    while begin < stop and (begin[0] == c' ' or begin[0] == c'\t'):
        begin += 1
    pair[0] = value(begin, <unsigned int>(stop - begin))
    sign = <const char *>memchr_or_end(begin, c'=', stop - begin)
    name[0] = value(
        begin,
        <unsigned int>(without_blanks(<char *>begin, <char *>sign) - begin))
    if sign < stop:
        sign += 1
    while sign < stop and (sign[0] == c' ' or sign[0] == c'\t'):
        sign += 1
    content[0] = value(
        sign, <unsigned int>(without_blanks(<char *>sign, <char *>stop) - sign))
    return True


cdef inline bint own_cookie_is_named(
        const own_cookie *c, const value *name) noexcept nogil:
    return name.length == c.name.length and memcmp(
        name.data, c.name.data, name.length) == 0


cdef bint own_cookie_find(
        const own_cookie *c, value cookies, long long now_s, int *tries,
        cookie_said *out) noexcept nogil:
    cdef const char *at = cookies.data
    cdef const char *end = at + cookies.length
    cdef value pair, name, content
    while own_cookie_pair(&at, end, &pair, &name, &content):
        if not own_cookie_is_named(c, &name) or content.length != OWN_COOKIE_BYTES:
            continue
        if tries[0] == 0:
            return False
        tries[0] -= 1
        # Another site of the domain may have set one of that name before ours.
        if own_cookie_read(c, content.data, now_s, out):
            return True
    return False


cdef value own_cookie_left_out(
        const own_cookie *c, arena *a, value cookies) noexcept nogil:
    cdef const char *at = cookies.data
    cdef const char *end = at + cookies.length
    cdef value pair, name, content
    cdef bint is_there = False
    cdef writer w
    while not is_there and own_cookie_pair(&at, end, &pair, &name, &content):
        is_there = own_cookie_is_named(c, &name)
    if not is_there:
        return value(NULL, 0)
    arena_write(a, &w)
    at = cookies.data
    while own_cookie_pair(&at, end, &pair, &name, &content):
        if own_cookie_is_named(c, &name):
            continue
        if writer_held(&w):
            put(&w, b"; ", 2)
        put(&w, pair.data, pair.length)
    return arena_written(a, &w)
