"""Paths: what a request asks for, and what else a member might make of it (match.pxd).

Sections, mappings and access rules look at x.decoded: escapes and dot segments undone,
once, as httpd does it (proxying.md 1.3). It is also what goes out, encoded anew.

Some of what goes out may still be read in more than one way, because members do more
than RFC 3986 asks of them: they undo an escaped slash (AllowEncodedSlashes NoDecode),
take parameters off a segment ("/..;/"), a backslash for a slash, a run of slashes for
one, and each does it in an order of its own. x.ways says which of these can matter;
path_read takes a path that way, and a request must be admitted under all of them
(reading.pyx).
"""
# uses: io/writer, http/chartable, plan/plan, plan/match, flow/exchange, flow/arena

cdef enum:
    PATH_PLAIN = 1      # stays as it is in a canonical path (proxying.md 1.4)
    PATH_SIMPLE = 2     # ... and has one meaning only, wherever it stands

cdef unsigned char[BYTE_VALUES] path_class


cdef void match_begin() noexcept nogil:
    cdef int i
    cdef const char *plain = b"~$-_.+!*'(),;:@&=/"
    memset(&path_class[0], 0, 256)
    for i in range(256):
        if (c'a' <= i <= c'z') or (c'A' <= i <= c'Z') or (c'0' <= i <= c'9'):
            path_class[i] |= PATH_PLAIN
    for i in range(<int>strlen(plain)):
        path_class[<unsigned char>plain[i]] |= PATH_PLAIN
    for i in range(256):
        if path_class[i] & PATH_PLAIN and i != c';':
            path_class[i] |= PATH_SIMPLE


cdef int match_path(exchange *x) noexcept nogil:
    cdef const char *data = request_bytes(x) + x.path.offset
    cdef unsigned int length = x.path.length
    cdef unsigned int i = 0
    cdef unsigned char c
    cdef unsigned char previous = 0
    cdef bint plain = True
    x.ways = 0
    x.reduced = False
    x.path_is_plain = False
    if length and data[0] == c'*' and length == 1:
        x.decoded = value(b"*", 1)
        return 0
    while i < length:
        c = data[i]
        if c == c'?':
            break
        if not path_class[c] & PATH_SIMPLE or (
                previous == c'/' and (c == c'/' or c == c'.')):
            plain = False
            i = <unsigned int>(<const char *>memchr_or_end(
                data + i, c'?', length - i) - data)
            break
        previous = c
        i += 1
    if unlikely(not plain):
        return path_decode(x, data, i)
    # Kept with its query, as it mostly goes to the member.
    x.decoded = arena_copy(x, data, length)
    x.decoded.length = i
    x.path_is_plain = x.decoded.data != NULL
    return 0 if x.path_is_plain else -500


cdef int path_decode(
        exchange *x, const char *data, unsigned int length) noexcept nogil:
    """Undo escapes and dot segments of a path without its query."""
    cdef bint merge = x.vhost.said.merge_slashes
    cdef bint has_slash = False     # an escaped one that is decoded
    cdef bint has_dots = False, has_runs = False
    cdef bint escaped
    cdef unsigned char previous = 0
    cdef unsigned char literal_ways = 0, escaped_ways = 0
    cdef unsigned char way
    cdef unsigned int i = 0
    cdef unsigned char c
    cdef writer w
    cdef char *decoded
    cdef int rc
    arena_write(x, &w)
    # Whatever MergeSlashes says: "//name/" is a path and no authority.
    while i + 1 < length and data[i] == c'/' and data[i + 1] == c'/':
        i += 1
    while i < length:
        c = data[i]
        escaped = c == c'%'
        if escaped:
            if i + 2 >= length or hex_value[<unsigned char>data[i + 1]] == 255 \
                    or hex_value[<unsigned char>data[i + 2]] == 255:
                return -400
            c = hex_value[<unsigned char>data[i + 1]] * 16 \
                + hex_value[<unsigned char>data[i + 2]]
            if c == 0:
                return -404
            if c == c'/':
                if x.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_OFF:
                    return -404
                literal_ways |= WAY_ESCAPED
                if x.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE:
                    put(&w, data + i, 3)
                    i += 3
                    continue
                # A slash for what follows, but not for the dot segments around it; a
                # NUL, which no path holds, keeps its place meanwhile.
                has_slash = True
                c = 0
            i += 3
        else:
            i += 1
        has_dots = has_dots or (c == c'.' and previous == c'.')
        has_runs = has_runs or (c == c'/' and previous == c'/')
        previous = c
        way = path_way(c)
        if way and escaped:
            escaped_ways |= way
        elif way:
            literal_ways |= way
        put_byte(&w, c)
    x.decoded = arena_written(x, &w)
    if x.decoded.length == 0:
        return -500
    # Both steps work in place, and never make it longer.
    decoded = <char *>x.decoded.data
    rc = path_normalise(decoded, x.decoded.length, merge, &x.reduced)
    if rc >= 0 and has_slash:
        for i in range(<unsigned int>rc):
            if decoded[i] == 0:
                decoded[i] = c'/'
        rc = path_normalise(decoded, <unsigned int>rc, merge, &x.reduced)
    if rc < 0:
        x.decoded = value(NULL, 0)
        return rc
    x.decoded.length = <unsigned int>rc
    # Where one kind stands in two spellings, or beside slashes that only some decode or
    # take for one, and with "..", what was sent is read in more ways than can be tried:
    # it goes out canonically.
    x.ways = escaped_ways | literal_ways
    if has_dots and (
            escaped_ways & literal_ways
            or (x.ways & ~WAY_ESCAPED and has_slash) or (x.ways and has_runs)):
        x.reduced = True
    if x.vhost.said.allow_encoded_slashes != ENCODED_SLASHES_NO_DECODE:
        x.ways &= ~WAY_ESCAPED      # none is left
    if x.ways or not merge:
        x.ways |= WAY_RUNS
    return 0


cdef unsigned char path_way(unsigned char c) noexcept nogil:
    """What a member might do because of this byte of a path."""
    if c == c';':
        return WAY_PARAMETERS
    if c == c'\\':
        return WAY_BACKSLASH
    return WAY_ESCAPED if c == c'%' else 0      # "%252f" is "%2f" now


cdef int path_normalise(
        char *p, unsigned int length, bint merge, bint *reduced) noexcept nogil:
    """Undo dot segments (RFC 3986 5.2.4) and, if asked to, runs of slashes, in place.

    reduced: set when there was a dot segment. length is not 0.
    returns the new length, or -400: above the root
    """
    cdef unsigned int i = 0, out = 0, segment
    while i < length:
        if p[i] == c'/':
            if merge:
                while i + 1 < length and p[i + 1] == c'/':
                    i += 1
            segment = i + 1
            if segment < length and p[segment] == c'.':
                if segment + 1 == length or p[segment + 1] == c'/':
                    reduced[0] = True
                    i = segment + 1
                    if i >= length:
                        p[out] = c'/'
                        out += 1
                    continue
                if p[segment + 1] == c'.' and (
                        segment + 2 == length or p[segment + 2] == c'/'):
                    reduced[0] = True
                    if out == 0:
                        return -400
                    out -= 1
                    while out and p[out] != c'/':
                        out -= 1
                    i = segment + 2
                    if i >= length:
                        p[out] = c'/'
                        out += 1
                    continue
        p[out] = p[i]
        out += 1
        i += 1
    if out == 0:
        p[0] = c'/'
        out = 1
    return <int>out


cdef int path_read(
        const value *path, int ways, char *out, bint *climbs) noexcept nogil:
    """The path as members take it that go these WAY_*s, into out.

    out has room for the path and one byte more. climbs: dot segments were undone.
    returns the length, or -400: the way leads above the root
    """
    cdef const char *p = path.data
    cdef unsigned int i = 0
    cdef unsigned int slash
    cdef int length
    cdef writer w
    writer_begin(&w, out, path.length + 1)
    while i < path.length:
        if p[i] == c';' and ways & WAY_PARAMETERS:
            # Up to the end of the segment; who looks before all else knows one end.
            while i < path.length and p[i] != c'/' and not (
                    ways & WAY_PARAMETERS_LATE
                    and path_slash_of(p, path.length, i, ways)):
                i += 1
            continue
        slash = path_slash_of(p, path.length, i, ways)
        if slash:
            put_byte(&w, c'/')
            i += slash
        else:
            put_byte(&w, p[i])
            i += 1
    climbs[0] = False
    length = path_normalise(
        out, <unsigned int>writer_held(&w), ways & WAY_RUNS != 0, climbs)
    # A run that begins the path is one slash for everybody, as above.
    i = 0
    while <int>i + 1 < length and out[i] == c'/' and out[i + 1] == c'/':
        i += 1
    if i:
        length -= <int>i
        memmove(out, out + i, length)
    return length


cdef unsigned int path_slash_of(
        const char *p, unsigned int length, unsigned int i, int ways) noexcept nogil:
    """Bytes of what these ways take for a slash; 0: it is none."""
    if p[i] == c'/' or (p[i] == c'\\' and ways & WAY_BACKSLASH):
        return 1
    return 3 if ways & WAY_ESCAPED and path_escapes(p, length, i, c'/') else 0


cdef bint path_climbs(const char *path, unsigned int length) noexcept nogil:
    """Does an encoded path climb, in any spelling that a member undoes?"""
    cdef unsigned int i = 0, dots
    cdef bint begins = True
    while i < length and path[i] != c'?':
        if begins:
            dots = 0
            while i < length:
                if path[i] == c'.':
                    i += 1
                elif path_escapes(path, length, i, c'.'):
                    i += 3
                else:
                    break
                dots += 1
            if dots == 2 and (
                    i >= length or path[i] == c'?' or path[i] == c';'
                    or path_escapes(path, length, i, c';')
                    or path_slash_at(path, length, i)):
                return True
            begins = False
            continue
        begins = path_slash_at(path, length, i) != 0
        i += path_slash_at(path, length, i) if begins else 1
    return False


cdef unsigned int path_slash_at(
        const char *path, unsigned int length, unsigned int i) noexcept nogil:
    """Bytes of the slash or backslash there, escaped or not; 0: none."""
    if i >= length:
        return 0
    if path[i] == c'/' or path[i] == c'\\':
        return 1
    if path_escapes(path, length, i, c'/') or path_escapes(path, length, i, c'\\'):
        return 3
    return 0


cdef bint path_escapes(
        const char *path, unsigned int length, unsigned int i,
        unsigned char c) noexcept nogil:
    return (i + 2 < length and path[i] == c'%'
            and hex_value[<unsigned char>path[i + 1]] == c >> 4
            and hex_value[<unsigned char>path[i + 2]] == c & 15)


cdef const void *memchr_or_end(
        const char *data, int c, size_t length) noexcept nogil:
    cdef const void *at = memchr(data, c, length)
    return at if at != NULL else data + length


cdef value query_of(exchange *x) noexcept nogil:
    """The query with its "?", as received; length 0 when there is none."""
    cdef value out
    cdef const char *data = request_bytes(x) + x.path.offset
    out.data = <const char *>memchr_or_end(data, c'?', x.path.length)
    out.length = <unsigned int>(data + x.path.length - out.data)
    return out
