"""Strings of JSON (json.pxd).

No byte is refused: whoever reads a log wants to see what was sent, and a line has to be
read whatever that was.
"""
# uses: ground/number, io/writer

cdef enum:
    JSON_ESCAPE_BYTES = 6       # \u00xx, the longest


cdef int utf8_length(const unsigned char *p, size_t left) noexcept nogil:
    """Bytes of the character that begins there (RFC 3629 4); 0: none does."""
    cdef int length = 2 if p[0] < 0xe0 else (3 if p[0] < 0xf0 else 4)
    cdef unsigned char least = 0x80
    cdef unsigned char most = 0xbf
    cdef int i
    if p[0] < 0xc2 or p[0] > 0xf4 or left < <size_t>length:
        return 0
    if p[0] == 0xe0:
        least = 0xa0                # no longer than it has to be
    elif p[0] == 0xed:
        most = 0x9f                 # no surrogate
    elif p[0] == 0xf0:
        least = 0x90
    elif p[0] == 0xf4:
        most = 0x8f
    if not least <= p[1] <= most:
        return 0
    for i in range(2, length):
        if not 0x80 <= p[i] <= 0xbf:
            return 0
    return length


cdef inline bint json_is_plain(unsigned char c) noexcept nogil:
    return 32 <= c < 127 and c != c'"' and c != c'\\'


cdef size_t put_json_escape(writer *w, unsigned char c) noexcept nogil:
    """returns how many bytes that took"""
    cdef char[JSON_ESCAPE_BYTES] escaped
    cdef size_t length = 2
    escaped[0] = c'\\'
    if c == c'"' or c == c'\\':
        escaped[1] = c
    elif c == c'\n':
        escaped[1] = c'n'
    elif c == c'\r':
        escaped[1] = c'r'
    elif c == c'\t':
        escaped[1] = c't'
    else:
        escaped[1] = c'u'
        escaped[2] = escaped[3] = c'0'
        escaped[4] = HEX_LOWER[c >> 4]
        escaped[5] = HEX_LOWER[c & 15]
        length = JSON_ESCAPE_BYTES
    put(w, &escaped[0], length)
    return length


cdef void put_json_text(
        writer *w, const char *data, size_t length, size_t most) noexcept nogil:
    cdef const unsigned char *p = <const unsigned char *>data
    cdef const unsigned char *end = p + length
    cdef const unsigned char *plain
    cdef size_t room = most
    cdef size_t needs
    cdef int step
    put_byte(w, c'"')
    while p < end:
        plain = p
        while p < end and room and json_is_plain(p[0]):
            p += 1
            room -= 1
        put(w, plain, p - plain)
        if p == end:
            break
        step = utf8_length(p, end - p)
        # A control character of the second hundred says something to terminals too.
        if step == 2 and p[0] == 0xc2 and p[1] < 0xa0:
            step = 0
            p += 1
        needs = step if step else JSON_ESCAPE_BYTES
        if room < needs:
            put(w, b"\xe2\x80\xa6", 3)
            break
        if step:
            put(w, p, step)
            p += step
        else:
            needs = put_json_escape(w, p[0])
            p += 1
        room -= needs
    put_byte(w, c'"')
