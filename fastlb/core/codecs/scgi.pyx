"""SCGI: the variables as one netstring, CONTENT_LENGTH first.

    70:CONTENT_LENGTH\\0 27\\0 SCGI\\0 1\\0 NAME\\0 value\\0 ... ,

The body follows as it is, and the answer is a program's, up to the end of the
connection. Our own: Python's scgi and flup are the application's side, and there is no
library for the server's; it is a count and a list.
"""
# uses: ground/number, io/writer, codecs/cgi_pairs

cdef void put_scgi(
        writer *w, const cgi_list *all, unsigned long long body) noexcept nogil:
    """The netstring. GATEWAY_INTERFACE is not told, as httpd leaves it out."""
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char *number = decimal_before(&digits[NUMBER_DIGITS_MAX], body)
    cdef unsigned int length = <unsigned int>(&digits[NUMBER_DIGITS_MAX] - number)
    cdef unsigned long long size = 15 + length + 1 + 7
    cdef const cgi_pair *p
    cdef int i
    for i in range(all.count):
        p = &all.pairs[i]
        if not scgi_leaves_out(p):
            size += p.name_length + p.content_length + 2
    put_number(w, size)
    put(w, b":CONTENT_LENGTH\0", 16)
    put(w, number, length)
    put(w, b"\0SCGI\0001\0", 8)
    for i in range(all.count):
        p = &all.pairs[i]
        if scgi_leaves_out(p):
            continue
        put_pair_name(w, p)
        put(w, b"\0", 1)
        put(w, p.content, p.content_length)
        put(w, b"\0", 1)
    put(w, b",", 1)


cdef bint scgi_leaves_out(const cgi_pair *p) noexcept nogil:
    return (cgi_is_named(p, b"GATEWAY_INTERFACE", 17)
            or cgi_is_named(p, b"CONTENT_LENGTH", 14) or cgi_is_named(p, b"SCGI", 4))
