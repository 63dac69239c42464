"""Text of others into a page: the exits that make it harmless.

    put_html    as text, or as the value of an attribute in double quotes
    put_link    a name as a relative URL, as the value of such an attribute
    put_as_is   what the operator has written as HTML
"""
# uses: ground/number, io/writer, ground/path

cdef enum:
    HTML_PIECE = 1024


cdef void put_html(writer *w, const char *data, size_t length) noexcept nogil:
    cdef size_t i, begin = 0
    for i in range(length):
        if data[i] != c'<' and data[i] != c'>' and data[i] != c'&' and data[i] != c'"':
            if i - begin == HTML_PIECE:
                put(w, data + begin, i - begin)
                begin = i
            continue
        put(w, data + begin, i - begin)
        begin = i + 1
        if data[i] == c'<':
            put(w, b"&lt;", 4)
        elif data[i] == c'>':
            put(w, b"&gt;", 4)
        elif data[i] == c'&':
            put(w, b"&amp;", 5)
        else:
            put(w, b"&quot;", 6)
    put(w, data + begin, length - begin)


cdef void put_link(writer *w, const char *data, size_t length) noexcept nogil:
    """As httpd's os_escape_path: a colon before the first slash would be a scheme's."""
    cdef size_t i
    for i in range(length):
        if data[i] == c'/':
            break
        if data[i] == c':':
            put(w, b"./", 2)
            break
    put_link_part(w, data, length)


cdef void put_link_part(writer *w, const char *data, size_t length) noexcept nogil:
    """... of what does not stand at its begin."""
    cdef size_t i
    cdef unsigned char c
    for i in range(length):
        c = <unsigned char>data[i]
        if c == c'&':
            put(w, b"&amp;", 5)
        elif path_class[c] & PATH_PLAIN:
            put_byte(w, <char>c)
        else:
            put_byte(w, c'%')
            put_byte(w, HEX_LOWER[c >> 4])
            put_byte(w, HEX_LOWER[c & 15])


cdef void put_as_is(writer *w, const char *data, size_t length) noexcept nogil:
    """In pieces: a line of a configuration may be longer than a writer has room."""
    while length > HTML_PIECE:
        put(w, data, HTML_PIECE)
        data += HTML_PIECE
        length -= HTML_PIECE
    put(w, data, length)
