"""Paths: what a request asks for, and what else a member might make of it (match.pxd).

Sections, mappings and access rules look at r.decoded: escapes and dot segments undone,
once, as httpd does it. It is also what goes out, encoded anew.

Some of what goes out may still be read in more than one way, because members do more
than RFC 3986 asks of them: they undo an escaped slash (AllowEncodedSlashes NoDecode),
take parameters off a segment ("/..;/"), a backslash for a slash, a run of slashes for
one, and each does it in an order of its own. r.ways says which of these can matter;
path_read takes a path that way, and a request must be admitted under all of them
(reading.pyx).
"""
# uses: ground/text, ground/number, io/writer, ground/path, ground/arena, plan/plan,
#       plan/facts

# Decode and normalise the path (r.decoded, r.ways). returns 0, or -400, -404, -500
cdef int match_path(request_facts *r) noexcept nogil:
    cdef const char *data = request_bytes(r) + r.path.offset
    cdef unsigned int length = r.path.length
    cdef unsigned int i = 0
    cdef unsigned char c
    cdef unsigned char previous = 0
    cdef bint plain = True
    r.ways = 0
    r.reduced = False
    r.path_is_plain = False
    if length and data[0] == c'*' and length == 1:
        r.decoded = value(b"*", 1)
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
        return path_decode(r, data, i)
    # Kept with its query, as it mostly goes to the member.
    r.decoded = arena_copy(&r.arena, data, length)
    r.decoded.length = i
    r.path_is_plain = r.decoded.data != NULL
    return 0 if r.path_is_plain else -500


cdef int path_decode(
        request_facts *r, const char *data, unsigned int length) noexcept nogil:
    """Undo escapes and dot segments of a path without its query."""
    cdef bint merge = r.vhost.said.merge_slashes
    cdef bint has_slash = False     # an escaped one that is decoded
    cdef bint has_dots = False, has_runs = False
    cdef bint escaped
    cdef unsigned char previous = 0
    cdef unsigned char literal_ways = 0, escaped_ways = 0
    cdef unsigned char way
    cdef unsigned int i = 0
    cdef unsigned char c
    cdef int byte
    cdef writer w
    cdef char *decoded
    cdef int rc
    arena_write(&r.arena, &w)
    # Whatever MergeSlashes says: "//name/" is a path and no authority.
    while i + 1 < length and data[i] == c'/' and data[i + 1] == c'/':
        i += 1
    while i < length:
        c = data[i]
        escaped = c == c'%'
        if escaped:
            byte = hex_pair(data + i + 1) if i + 2 < length else -1
            if byte < 0:
                return -400
            if byte == 0:
                return -404
            c = <unsigned char>byte
            if c == c'/':
                if r.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_OFF:
                    return -404
                literal_ways |= WAY_ESCAPED
                if r.vhost.said.allow_encoded_slashes == ENCODED_SLASHES_NO_DECODE:
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
    r.decoded = arena_written(&r.arena, &w)
    if r.decoded.length == 0:
        return -500
    # Both steps work in place, and never make it longer.
    decoded = <char *>r.decoded.data
    rc = path_normalise(decoded, r.decoded.length, merge, &r.reduced)
    if rc >= 0 and has_slash:
        for i in range(<unsigned int>rc):
            if decoded[i] == 0:
                decoded[i] = c'/'
        rc = path_normalise(decoded, <unsigned int>rc, merge, &r.reduced)
    if rc < 0:
        r.decoded = value(NULL, 0)
        return rc
    r.decoded.length = <unsigned int>rc
    # Where one kind stands in two spellings, or beside slashes that only some decode or
    # take for one, and with "..", what was sent is read in more ways than can be tried:
    # it goes out canonically.
    r.ways = escaped_ways | literal_ways
    if has_dots and (
            escaped_ways & literal_ways
            or (r.ways & ~WAY_ESCAPED and has_slash) or (r.ways and has_runs)):
        r.reduced = True
    if r.vhost.said.allow_encoded_slashes != ENCODED_SLASHES_NO_DECODE:
        r.ways &= ~WAY_ESCAPED      # none is left
    if r.ways or not merge:
        r.ways |= WAY_RUNS
    return 0


cdef value query_of(request_facts *r) noexcept nogil:
    """The query with its "?", as received or made by a rule; length 0: none."""
    cdef value out
    cdef const char *data
    if unlikely(r.query_is_made):
        return r.query
    data = request_bytes(r) + r.path.offset
    out.data = <const char *>memchr_or_end(data, c'?', r.path.length)
    out.length = <unsigned int>(data + r.path.length - out.data)
    return out
