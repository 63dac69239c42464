"""DEFLATE and INFLATE: bodies into gzip's form and out of it (RFC 1952).

A compressor takes some 400 KiB, and to begin one anew costs less than to make one: a
few are kept. A worker has only so many at once (plan/filtered.pyx: what becomes of
those who come beyond them).
"""
# uses: ground/free_list, filters/zlib, filters/stage, filters/turn

cdef enum:
    GZIP_FORM = 16              # added to the bits of a window: gzip, not zlib
    GZIP_MAGIC_BYTES = 3        # the last of them names the method

cdef struct deflate_state:
    deflate_state *next         # first: in the pool
    z_stream z
    int level
    int window
    int memory

cdef struct inflate_state:
    z_stream z
    int hits                    # pieces in a row that were beyond the limit
    flag whole                  # its end and its sum have been read
    flag plain                  # it is no gzip at all: it goes as it is
    unsigned char begun         # bytes of GZIP_MAGIC_BYTES that have come
    char magic[GZIP_MAGIC_BYTES]
    unsigned char given         # of them, to the library or (plain) to the client

cdef free_list deflate_pool = free_list(NULL, 0, DEFLATES_KEPT_MAX)
cdef int coder_count = 0        # states of gzip and brotli that are out


cdef int coders_left() noexcept nogil:
    return CODERS_MAX - coder_count


cdef void coder_came() noexcept nogil:
    global coder_count
    coder_count += 1


cdef void coder_went() noexcept nogil:
    global coder_count
    coder_count -= 1
    ASSERT(coder_count >= 0)


cdef void deflate_free(deflate_state *s) noexcept nogil:
    deflateEnd(&s.z)
    free(s)


cdef bint deflate_begin(body_stage *stage, const filter_settings *said) noexcept nogil:
    """False: there are too many, or there is no memory."""
    cdef deflate_state *s
    if coders_left() <= 0:
        return False
    s = <deflate_state *>free_list_pop(&deflate_pool)
    if s != NULL and (s.window != said.window or s.memory != said.memory
                      or deflateReset(&s.z) != Z_OK):
        deflate_free(s)
        s = NULL
    if s != NULL and s.level != said.level:
        deflateParams(&s.z, said.level, Z_DEFAULT_STRATEGY)
        s.level = said.level
    if s == NULL:
        s = <deflate_state *>calloc(1, sizeof(deflate_state))
        if s == NULL:
            return False
        if deflateInit2(&s.z, said.level, Z_DEFLATED, said.window + GZIP_FORM,
                        said.memory, Z_DEFAULT_STRATEGY) != Z_OK:
            free(s)
            return False
        s.level = said.level
        s.window = said.window
        s.memory = said.memory
    coder_came()
    stage.state = s
    return True


cdef void deflate_end(body_stage *stage) noexcept nogil:
    cdef deflate_state *s = <deflate_state *>stage.state
    coder_went()
    if not free_list_push(&deflate_pool, s):
        deflate_free(s)


cdef int deflate_step(body_stage *stage, stage_io *io) noexcept nogil:
    """returns 1: it has done what was asked; 0: it needs more room; FAILED."""
    cdef z_stream *z = &(<deflate_state *>stage.state).z
    cdef int flush = Z_NO_FLUSH
    cdef int rc
    # What comes is taken first, so that whoever looks at what is made sees as much of
    # it before the end as httpd would.
    if io.asked == STAGE_END and io.length == 0:
        flush = Z_FINISH
    elif io.asked == STAGE_FLUSH:
        flush = Z_SYNC_FLUSH
    z.next_in = <unsigned char *>io.data
    z.avail_in = io.length
    z.next_out = <unsigned char *>io.out
    z.avail_out = io.room
    rc = deflate(z, flush)
    io.data = <const char *>z.next_in
    io.length = z.avail_in
    io.out = <char *>z.next_out
    io.room = z.avail_out
    z.next_in = NULL
    z.next_out = NULL
    if rc == Z_STREAM_END:
        return 1
    if rc != Z_OK and rc != Z_BUF_ERROR:
        return turn_fails(WHY_FILTER_DATA)
    return 1 if io.asked != STAGE_END and io.length == 0 and io.room else 0


cdef bint inflate_begin(body_stage *stage) noexcept nogil:
    cdef inflate_state *s
    if coders_left() <= 0:
        return False
    s = <inflate_state *>calloc(1, sizeof(inflate_state))
    if s == NULL:
        return False
    if inflateInit2(&s.z, 15 + GZIP_FORM) != Z_OK:
        free(s)
        return False
    coder_came()
    stage.state = s
    return True


cdef void inflate_end(body_stage *stage) noexcept nogil:
    cdef inflate_state *s = <inflate_state *>stage.state
    coder_went()
    inflateEnd(&s.z)
    free(s)


cdef bint inflate_knows(inflate_state *s, stage_io *io) noexcept nogil:
    """Take the first bytes, which say whether it is gzip. False: more must come.

    A member that names the coding and sends plain text is read by browsers, which get
    it as it is from httpd, too.
    """
    while s.begun < GZIP_MAGIC_BYTES and io.length:
        s.magic[s.begun] = io.data[0]
        s.begun += 1
        io.data += 1
        io.length -= 1
    if s.begun < GZIP_MAGIC_BYTES:
        return False
    s.plain = s.magic[2] != Z_DEFLATED
    return True


cdef int inflate_pass(inflate_state *s, stage_io *io) noexcept nogil:
    """What is no gzip goes as it is. There is room for its first bytes."""
    cdef unsigned int size
    stage_put(io, &s.magic[s.given], s.begun - s.given)
    s.given = s.begun
    size = min(io.length, io.room)
    stage_put(io, io.data, size)
    stage_take(io, size)
    return io.length == 0


cdef int inflate_once(
        inflate_state *s, stage_io *io, unsigned int piece) noexcept nogil:
    """One call of the library; what it says."""
    cdef z_stream *z = &s.z
    cdef int rc
    z.next_out = <unsigned char *>io.out
    z.avail_out = piece
    if s.given < s.begun:
        z.next_in = <unsigned char *>&s.magic[s.given]
        z.avail_in = s.begun - s.given
        rc = inflate(z, Z_SYNC_FLUSH)
        s.given = <unsigned char>(s.begun - z.avail_in)
        if rc == Z_BUF_ERROR:
            rc = Z_OK
    else:
        rc = Z_OK
    if rc == Z_OK and io.length:
        z.next_in = <unsigned char *>io.data
        z.avail_in = io.length
        rc = inflate(z, Z_SYNC_FLUSH)
        io.data = <const char *>z.next_in
        io.length = z.avail_in
    io.room -= piece - z.avail_out
    io.out = <char *>z.next_out
    z.next_in = NULL
    z.next_out = NULL
    return rc


cdef int inflate_step(
        body_stage *stage, stage_io *io,
        const filter_settings *said) noexcept nogil:
    """As deflate_step. One piece is unpacked at a time, and its ratio judged.

    What follows the end of the coding is dropped, as httpd drops it. A body that ends
    before it is broken, and so is one whose sum is wrong; the library has compared it.
    """
    cdef inflate_state *s = <inflate_state *>stage.state
    cdef z_stream *z = &s.z
    cdef unsigned int piece = said.piece if said.piece < io.room else io.room
    cdef unsigned int room = io.room
    cdef int rc
    if s.whole:
        io.length = 0
        return 1
    if s.begun < GZIP_MAGIC_BYTES and not inflate_knows(s, io):
        # A body without a byte needs no coding around it.
        return 1 if io.asked != STAGE_END or s.begun == 0 \
            else turn_fails(WHY_FILTER_DATA)
    if s.plain:
        return inflate_pass(s, io)
    rc = inflate_once(s, io, piece)
    if rc == Z_STREAM_END:
        s.whole = True
        io.length = 0
        return 1
    if rc != Z_OK and rc != Z_BUF_ERROR:
        return turn_fails(WHY_FILTER_DATA)
    if z.total_in and z.total_out // z.total_in >= <unsigned long>said.ratio_limit:
        s.hits += 1
        if s.hits > said.ratio_burst:
            return turn_fails(WHY_FILTER_DATA)
    else:
        s.hits = 0
    if io.length or room - io.room == piece:
        return 0
    return turn_fails(WHY_FILTER_DATA) if io.asked == STAGE_END else 1
