"""The chunked coding, read byte by byte but for the data (RFC 9112 7.1).

    chunk-size [BWS] [";" extension] CRLF  data CRLF  ...  "0" CRLF  trailers CRLF

Strict because a second reader with another idea of a line end is how requests are
smuggled: CRLF and nothing else, hexadecimal digits without sign or prefix, control
bytes nowhere (CVE-2015-3183). Blanks behind the size are taken, as Apache does.
Extensions are checked and dropped. Trailers are checked; where they stand is said, and
whoever wants them takes them from there (CVE-2013-5704: never merged).
"""
# uses: ground/chartable, ground/number

cdef enum:
    CHUNK_SIZE_FIRST = 0    # the first digit must come
    CHUNK_SIZE = 1
    CHUNK_SIZE_BLANK = 2
    CHUNK_EXTENSION = 3
    CHUNK_SIZE_LF = 4
    CHUNK_DATA = 5
    CHUNK_DATA_CR = 6
    CHUNK_DATA_LF = 7
    CHUNK_TRAILER_FIRST = 8     # begin of a trailer line, or the empty line
    CHUNK_TRAILER_NAME = 9
    CHUNK_TRAILER_VALUE = 10
    CHUNK_TRAILER_LF = 11
    CHUNK_END_LF = 12
    CHUNK_DONE = 13
    CHUNK_BROKEN = 14


cdef void chunk_begin(chunk_decoder *d) noexcept nogil:
    memset(d, 0, sizeof(chunk_decoder))     # CHUNK_SIZE_FIRST


cdef int chunk_decode(
    chunk_decoder *d, char *data, unsigned int length,
    unsigned int *payload, unsigned int *consumed
) noexcept nogil:
    cdef char *p = data
    cdef char *end = data + length
    cdef char *out = data
    cdef long size
    cdef unsigned int before = d.line_bytes if d.state >= CHUNK_TRAILER_FIRST else 0
    while p < end and d.state < CHUNK_DONE:
        if d.state == CHUNK_DATA:
            size = end - p
            if size > d.remaining:
                size = <long>d.remaining
            if out != p:
                memmove(out, p, size)
            out += size
            p += size
            d.remaining -= size
            if d.remaining == 0:
                d.state = CHUNK_DATA_CR
        else:
            d.state = chunk_next_state(d, <unsigned char>p[0])
            p += 1
    d.done = d.state == CHUNK_DONE
    d.trailer_part = 0
    # The count begins anew behind the last chunk's size.
    if CHUNK_TRAILER_FIRST <= d.state < CHUNK_BROKEN and (
            d.line_bytes > 2 or d.state < CHUNK_END_LF):
        d.trailer_part = d.line_bytes - before
    payload[0] = <unsigned int>(out - data)
    consumed[0] = <unsigned int>(p - data)
    return -400 if d.state == CHUNK_BROKEN else 0


# One byte outside the data.
cdef inline unsigned char chunk_next_state(
    chunk_decoder *d, unsigned char c
) noexcept nogil:
    cdef int state = d.state
    d.line_bytes += 1
    if state <= CHUNK_SIZE:
        if hex_value[c] != 255:
            if d.remaining > LLONG_MAX >> 4 or d.line_bytes > CHUNK_LINE_BYTES_MAX:
                return CHUNK_BROKEN
            d.remaining = d.remaining << 4 | hex_value[c]
            return CHUNK_SIZE
        if state == CHUNK_SIZE_FIRST:
            return CHUNK_BROKEN
        state = CHUNK_SIZE_BLANK
    if state <= CHUNK_EXTENSION:
        if d.line_bytes > CHUNK_LINE_BYTES_MAX:
            return CHUNK_BROKEN
        if c == c"\r":
            return CHUNK_SIZE_LF
        if state == CHUNK_EXTENSION or c == c";":
            return CHUNK_EXTENSION if char_class[c] & CHAR_VALUE else CHUNK_BROKEN
        return CHUNK_SIZE_BLANK if c == c" " or c == c"\t" else CHUNK_BROKEN
    if state == CHUNK_SIZE_LF:
        if c != c"\n":
            return CHUNK_BROKEN
        d.line_bytes = 0
        return CHUNK_DATA if d.remaining > 0 else CHUNK_TRAILER_FIRST
    if state == CHUNK_DATA_CR:
        return CHUNK_DATA_LF if c == c"\r" else CHUNK_BROKEN
    if state == CHUNK_DATA_LF:
        d.line_bytes = 0
        return CHUNK_SIZE_FIRST if c == c"\n" else CHUNK_BROKEN
    if d.line_bytes > TRAILER_BYTES_MAX:
        return CHUNK_BROKEN
    if state == CHUNK_END_LF:
        return CHUNK_DONE if c == c"\n" else CHUNK_BROKEN
    if state == CHUNK_TRAILER_LF:
        return CHUNK_TRAILER_FIRST if c == c"\n" else CHUNK_BROKEN
    if state == CHUNK_TRAILER_VALUE:
        if c == c"\r":
            return CHUNK_TRAILER_LF
        return CHUNK_TRAILER_VALUE if char_class[c] & CHAR_VALUE else CHUNK_BROKEN
    if state == CHUNK_TRAILER_FIRST and c == c"\r":
        return CHUNK_END_LF
    if state == CHUNK_TRAILER_NAME and c == c":":
        return CHUNK_TRAILER_VALUE
    return CHUNK_TRAILER_NAME if char_class[c] & CHAR_TOKEN else CHUNK_BROKEN


cdef int chunk_head_before(char *end, unsigned long long size) noexcept nogil:
    memcpy(end - 2, b"\r\n", 2)
    return <int>(end - hex_before(end - 2, size))
