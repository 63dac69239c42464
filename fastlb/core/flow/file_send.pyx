"""The bytes of a file on their way to the client.

A plain socket gets them from the kernel (sendfile), one that speaks TLS through a
buffer. A file that has become shorter meanwhile cannot be sent as it was promised: the
connection ends before the answer does. One that grows is sent as long as it was.
"""
# uses: io/buffer, io/stream, filters/chain, plan/listing, plan/facts, flow/exchange,
#       flow/entity

cdef enum:
    FILE_SENT = 1
    FILE_GOES_ON = 2        # it is others' turn
    FILE_IS_SHORT = 3       # there is less of it than was promised


cdef void file_close(exchange *x) noexcept nogil:
    if x.facts.file != NULL and x.facts.file.fd >= 0:
        close(x.facts.file.fd)
        x.facts.file.fd = -1
        x.facts.file.sends = False
    if x.facts.file != NULL and unlikely(x.facts.file.listing != NULL):
        listing_close(x.facts.file)


cdef long long listings_held = 0        # bytes of all pages and names of this worker


cdef void listing_holds(listing *ls, long long more) noexcept nogil:
    """So many bytes more than before."""
    global listings_held
    ls.held += more
    listings_held += more


cdef void listing_close(file_facts *f) noexcept nogil:
    """Nothing of a listing is there any more but what lies in the arena."""
    global listings_held
    cdef listing *ls = f.listing
    f.listing = NULL
    if ls.directory >= 0:
        close(ls.directory)
    if ls.page >= 0:
        close(ls.page)
    listings_held -= ls.held
    ASSERT(listings_held >= 0)


cdef int file_pump(exchange *x) noexcept nogil:
    """Send on. returns FILE_*, AGAIN or FAILED"""
    cdef file_facts *f = x.facts.file
    cdef long long wanted = min(f.left, FILE_SEND_BYTES_MAX)
    cdef ssize_t n
    if unlikely(x.filters != NULL):
        return file_feed(x)
    if f.left == 0:
        n = entity_next(x)
        return FAILED if n < 0 else FILE_GOES_ON if n else FILE_SENT
    if unlikely(x.down.c.tls != NULL):
        n = file_read(x)
        return FILE_GOES_ON if n == 1 else <int>n
    n = stream_sendfile(&x.down.c, f.fd, &f.at, <size_t>wanted)
    if n < 0:
        return <int>n
    f.left -= n
    x.record.bytes_out += n
    x.record.body_bytes_out += n
    if f.left == 0:
        if f.corked:
            stream_cork(&x.down.c, False)
            f.corked = False
        return FILE_SENT if f.entity.part_count <= 1 else FILE_GOES_ON
    if n == wanted:
        return FILE_GOES_ON
    if fstat_file(f.fd, &f.about) != 0 or f.about.st_size < f.at + f.left:
        return FILE_IS_SHORT
    return AGAIN


cdef int file_feed(exchange *x) noexcept nogil:
    """A buffer full of it for filters. returns FILE_*, or FAILED"""
    cdef file_facts *f = x.facts.file
    cdef buffer *b
    if x.filters.ended:
        return FILE_SENT
    b = buffer_take(BUFFER_MEDIUM)
    if b == NULL:
        return FAILED
    if file_append(f, b) < 0:
        buffer_give(b)
        return FILE_IS_SHORT
    chain_take(x.filters, &b)
    if f.left == 0:
        chain_finish(x.filters)
    return FILE_GOES_ON


cdef int file_read(exchange *x) noexcept nogil:
    """A buffer full of it, for response_flush to send. returns 1, FAILED or
    FILE_IS_SHORT"""
    cdef file_facts *f = x.facts.file
    cdef buffer *b
    cdef ssize_t n
    ASSERT(x.down.output == NULL)
    x.down.output = buffer_take(BUFFER_MEDIUM)
    b = x.down.output
    if b == NULL:
        return FAILED
    n = file_append(f, b)
    if n < 0:
        return FILE_IS_SHORT
    x.record.body_bytes_out += n
    return 1


cdef ssize_t file_append(file_facts *f, buffer *b) noexcept nogil:
    """Behind what a buffer holds, as much as there is room. returns bytes; FAILED:
    there is less of it than was promised"""
    cdef ssize_t n
    cdef size_t wanted = <size_t>min(f.left, <long long>buffer_room(b))
    while True:
        n = pread(f.fd, &b.data[b.end], wanted, f.at)
        if n > 0:
            break
        if n == 0 or errno != EINTR:
            return FAILED
    b.end += <unsigned int>n
    f.at += n
    f.left -= n
    return n
