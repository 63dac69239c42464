"""Records of FastCGI (fastcgi.pxd)."""
# uses: ground/text, io/writer, codecs/cgi_pairs

cdef const char *FASTCGI_NO_BODY = b"\x01\x05\x00\x01\x00\x00\x00\x00"


cdef void fastcgi_begin(fastcgi_decoder *d) noexcept nogil:
    memset(d, 0, sizeof(fastcgi_decoder))


cdef int fastcgi_decode(
        fastcgi_decoder *d, char **out, char **at, char *end, value *said
) noexcept nogil:
    cdef char *p = at[0]
    cdef long size
    cdef int result
    while p < end and not d.ended:
        if d.have < FASTCGI_HEAD:
            size = FASTCGI_HEAD - d.have
            if size > end - p:
                size = end - p
            memcpy(&d.head[d.have], p, size)
            d.have += <unsigned char>size
            p += size
            if d.have < FASTCGI_HEAD:
                break
            result = fastcgi_record_begin(d)
            if unlikely(result != FASTCGI_MORE):
                at[0] = p
                return result
            continue
        if d.content:
            size = end - p
            if size > <long>d.content:
                size = <long>d.content
            d.content -= <unsigned int>size
            if likely(d.head[1] == FASTCGI_STDOUT):
                if out[0] != p:
                    memmove(out[0], p, size)
                out[0] += size
                p += size
            elif d.head[1] == FASTCGI_STDERR:
                said[0] = value(p, <unsigned int>size)
                at[0] = p + size
                fastcgi_record_end(d)
                return FASTCGI_SAID
            else:
                p += size
        elif d.padding:
            size = end - p
            if size > d.padding:
                size = d.padding
            d.padding -= <unsigned char>size
            p += size
        fastcgi_record_end(d)
    at[0] = p
    return FASTCGI_ENDED if d.ended else FASTCGI_MORE


cdef int fastcgi_record_begin(fastcgi_decoder *d) noexcept nogil:
    """A head has come whole. returns FASTCGI_MORE, or what is odd about it"""
    cdef unsigned int number = d.head[2] << 8 | d.head[3]
    cdef int kind = d.head[1]
    if d.head[0] != 1:
        d.odd = d.head[0]
        return FASTCGI_VERSION
    d.content = d.head[4] << 8 | d.head[5]
    d.padding = d.head[6]
    if number == 0 and kind != FASTCGI_STDOUT and kind != FASTCGI_STDERR \
            and kind != FASTCGI_END_REQUEST:
        # Of the connection (management records): nothing was asked, nothing is meant.
        fastcgi_record_end(d)
        return FASTCGI_MORE
    if number != 1:
        d.odd = number
        return FASTCGI_NUMBER
    if kind == FASTCGI_STDOUT and d.content == 0:
        d.output_ended = True
    result = FASTCGI_MORE
    if kind != FASTCGI_STDOUT and kind != FASTCGI_STDERR \
            and kind != FASTCGI_END_REQUEST:
        d.odd = kind
        result = FASTCGI_RECORD
    fastcgi_record_end(d)
    return result


cdef inline void fastcgi_record_end(fastcgi_decoder *d) noexcept nogil:
    if d.content == 0 and d.padding == 0:
        d.ended = d.head[1] == FASTCGI_END_REQUEST
        d.have = 0


cdef void fastcgi_head(char *room, int kind, unsigned int size) noexcept nogil:
    """The head of a record into its eight bytes."""
    cdef writer w
    writer_begin(&w, room, FASTCGI_HEAD)
    put_byte(&w, 1)
    put_byte(&w, <char>kind)
    put(&w, b"\0\1", 2)
    put_byte(&w, <char>(size >> 8))
    put_byte(&w, <char>(size & 255))
    put(&w, b"\0\0", 2)


cdef void put_fastcgi_begin(writer *w, bint keep) noexcept nogil:
    # the head, then: a responder, flags
    put(w, b"\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01", 10)
    put(w, b"\x01\x00\x00\x00\x00\x00" if keep else b"\x00\x00\x00\x00\x00\x00", 6)


cdef inline void put_size(writer *w, unsigned int size) noexcept nogil:
    """One byte, or four with the highest bit set."""
    if unlikely(size > 127):
        put_byte(w, <char>(size >> 24 | 128))
        put_byte(w, <char>(size >> 16 & 255))
        put_byte(w, <char>(size >> 8 & 255))
        size &= 255
    put_byte(w, <char>size)


cdef void put_fastcgi_params(writer *w, const cgi_list *all) noexcept nogil:
    cdef char[FASTCGI_HEAD] head
    cdef char[FASTCGI_HEAD] both
    cdef writer sizes
    cdef char *record
    cdef const cgi_pair *p
    cdef unsigned int size
    cdef int i
    fastcgi_head(&head[0], FASTCGI_PARAMS, 0)
    record = w.p
    put(w, &head[0], FASTCGI_HEAD)
    for i in range(all.count):
        p = &all.pairs[i]
        size = 2 + p.name_length + p.content_length
        if likely(p.name_length <= 127 and p.content_length <= 127
                  and w.p - record + size <= FASTCGI_HEAD + FASTCGI_CONTENT_MAX
                  and size <= writer_room(w)):
            w.p[0] = <char>p.name_length
            w.p[1] = <char>p.content_length
            w.p = copy_pair(w.p + 2, p)
            continue
        writer_begin(&sizes, &both[0], sizeof(both))
        put_size(&sizes, p.name_length)
        put_size(&sizes, p.content_length)
        size = writer_held(&sizes)
        if likely(w.p - record + size + p.name_length + p.content_length
                  <= FASTCGI_HEAD + FASTCGI_CONTENT_MAX):
            put(w, &both[0], size)
            put_pair_name(w, p)
            put(w, p.content, p.content_length)
        else:
            record = put_over(w, record, &both[0], size)
            record = put_name_over(w, record, p)
            record = put_over(w, record, p.content, p.content_length)
        if unlikely(w.full):
            return
    if w.p - record > FASTCGI_HEAD:
        fastcgi_head(
            record, FASTCGI_PARAMS, <unsigned int>(w.p - record) - FASTCGI_HEAD)
        put(w, &head[0], FASTCGI_HEAD)


cdef char *put_over(
        writer *w, char *record, const char *data, unsigned int size) noexcept nogil:
    """Bytes of a stream that may go on in the next record. returns where the record
    begins that is open then"""
    cdef char[FASTCGI_HEAD] head
    cdef unsigned int room, part
    while size and not w.full:
        room = FASTCGI_HEAD + FASTCGI_CONTENT_MAX - <unsigned int>(w.p - record)
        if room == 0:
            fastcgi_head(record, FASTCGI_PARAMS, FASTCGI_CONTENT_MAX)
            fastcgi_head(&head[0], FASTCGI_PARAMS, 0)
            record = w.p
            put(w, &head[0], FASTCGI_HEAD)
            continue
        part = size if size < room else room
        put(w, data, part)
        data += part
        size -= part
    return record


cdef char *put_name_over(writer *w, char *record, const cgi_pair *p) noexcept nogil:
    cdef unsigned int i
    cdef char one
    if not p.is_field:
        return put_over(w, record, p.name, p.name_length)
    record = put_over(w, record, b"HTTP_", 5)
    for i in range(5, p.name_length):
        one = cgi_upper(p.name[i - 5])
        record = put_over(w, record, &one, 1)
    return record


cdef int fastcgi_head_before(char *end, unsigned int size) noexcept nogil:
    fastcgi_head(end - FASTCGI_HEAD, FASTCGI_STDIN, size)
    return FASTCGI_HEAD


cdef void put_fastcgi_body(
        writer *w, const char *data, unsigned int size) noexcept nogil:
    cdef char[FASTCGI_HEAD] head
    cdef unsigned int part
    while size:
        part = size if size < FASTCGI_CONTENT_MAX else FASTCGI_CONTENT_MAX
        fastcgi_head(&head[0], FASTCGI_STDIN, part)
        put(w, &head[0], FASTCGI_HEAD)
        put(w, data, part)
        data += part
        size -= part
    put(w, FASTCGI_NO_BODY, FASTCGI_HEAD)
