"""Paths as bytes (path.pxd)."""
# uses: ground/chartable, ground/text, ground/number, io/writer

cdef unsigned char[BYTE_VALUES] path_class


cdef void path_begin() noexcept nogil:
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


cdef unsigned char path_way(unsigned char c) noexcept nogil:
    """The WAY_* that this byte of a path opens, what a member might do because of it;
    0: none."""
    if c == c';':
        return WAY_PARAMETERS
    if c == c'\\':
        return WAY_BACKSLASH
    return WAY_ESCAPED if c == c'%' else 0      # "%252f" is "%2f" now


cdef int path_normalise(
        char *p, unsigned int length, bint merge, flag *reduced) noexcept nogil:
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
        const value *path, int ways, char *out, flag *climbs) noexcept nogil:
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
            and hex_pair(path + i + 1) == c)


cdef int prefix_match(
        const text *pattern, const char *path, unsigned int length) noexcept nogil:
    """Bytes of the path that the pattern takes, at a segment boundary; -1: none.

    A run of slashes on either side equals one.
    """
    cdef unsigned int p = 0, i = 0
    while p < pattern.length:
        if i >= length:
            return -1
        if pattern.data[p] != path[i]:
            return -1
        if path[i] == c'/':
            while p < pattern.length and pattern.data[p] == c'/':
                p += 1
            while i < length and path[i] == c'/':
                i += 1
            # What follows the last slash of the pattern belongs to the rest.
            continue
        p += 1
        i += 1
    if pattern.length == 0 or byte_before(pattern.data, pattern.length) == c'/' \
            or i == length or path[i] == c'/':
        return <int>i
    return -1


cdef bint glob_match(
        const char *pattern, unsigned int pattern_length,
        const char *subject, unsigned int length, bint slash_stops,
        bint ignore_case) noexcept nogil:
    """fnmatch with * ? and [...]; with slash_stops * and ? do not meet a "/"."""
    cdef unsigned int p = 0, s = 0, star_p = 0, star_s = 0
    cdef bint starred = False, negated, hit
    cdef unsigned int q
    cdef unsigned char c, d
    while s < length:
        if p < pattern_length:
            c = pattern[p]
            d = subject[s]
            if c == c'*':
                starred = True
                star_p = p + 1
                star_s = s
                p += 1
                continue
            if c == c'?' and not (slash_stops and d == c'/'):
                p += 1
                s += 1
                continue
            if c == c'[':
                q = p + 1
                negated = q < pattern_length and pattern[q] in (c'!', c'^')
                if negated:
                    q += 1
                hit = False
                while q < pattern_length and pattern[q] != c']':
                    if q + 2 < pattern_length and pattern[q + 1] == c'-':
                        hit |= <unsigned char>pattern[q] <= d <= \
                            <unsigned char>pattern[q + 2]
                        q += 3
                    else:
                        hit |= <unsigned char>pattern[q] == d
                        q += 1
                if q < pattern_length and hit != negated:
                    p = q + 1
                    s += 1
                    continue
            elif c == d or (ignore_case and char_lower(c) == char_lower(d)):
                p += 1
                s += 1
                continue
        if not starred or (slash_stops and subject[star_s] == c'/'):
            return False
        star_s += 1
        s = star_s
        p = star_p
    while p < pattern_length and pattern[p] == c'*':
        p += 1
    return p == pattern_length
