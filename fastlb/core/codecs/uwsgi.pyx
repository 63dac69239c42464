"""uwsgi: the variables in one packet, sizes of 16 bits with the low byte first.

    modifier1=0  size  modifier2=0    size NAME size value ...

The body follows as it is, and the answer is HTTP. Our own: uWSGI's sources are the only
implementation of either side, as functions of that server; the packet is four bytes
and a list.
"""
# uses: io/writer, codecs/cgi_pairs

cdef inline void put_size16(writer *w, unsigned int size) noexcept nogil:
    put_byte(w, <char>(size & 255))
    put_byte(w, <char>(size >> 8))


cdef long long uwsgi_size(const cgi_list *all) noexcept nogil:
    """Bytes of the packet behind its head; above UWSGI_BYTES_MAX it cannot be sent."""
    cdef long long size = 0
    cdef int i
    for i in range(all.count):
        size += 4 + <long long>all.pairs[i].name_length + all.pairs[i].content_length
    return size


cdef bint put_uwsgi(writer *w, const cgi_list *all) noexcept nogil:
    """The packet. False: it would be too large, and nothing is written"""
    cdef long long size = uwsgi_size(all)
    cdef const cgi_pair *p
    cdef int i
    if size > UWSGI_BYTES_MAX:
        return False
    put_byte(w, 0)
    put_size16(w, <unsigned int>size)
    put_byte(w, 0)
    for i in range(all.count):
        p = &all.pairs[i]
        put_size16(w, p.name_length)
        put_pair_name(w, p)
        put_size16(w, p.content_length)
        put(w, p.content, p.content_length)
    return True
