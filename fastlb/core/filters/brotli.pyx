"""BROTLI_COMPRESS: bodies into brotli's form (RFC 7932).

A coder takes some 2 MiB as httpd has it by default, and more with a larger quality and
window: fewer of them are out at once than of gzip's, and none is kept.
"""
# uses: filters/stage, filters/turn, filters/gzip

cdef brotli_library brotli
cdef int brotli_count = 0


cdef int brotlis_left() noexcept nogil:
    """... of the coders that are left."""
    return BROTLIS_MAX - brotli_count


cdef bint brotli_begin(body_stage *stage, const filter_settings *said) noexcept nogil:
    """False: there are too many, or there is no memory."""
    global brotli_count
    if brotlis_left() <= 0 or coders_left() <= 0 or brotli.create == NULL:
        return False
    stage.state = brotli.create(NULL, NULL, NULL)
    if stage.state == NULL:
        return False
    brotli.set(stage.state, BROTLI_QUALITY, said.brotli_quality)
    brotli.set(stage.state, BROTLI_WINDOW, said.brotli_window)
    brotli.set(stage.state, BROTLI_BLOCK, said.brotli_block)
    brotli_count += 1
    coder_came()
    return True


cdef void brotli_end(body_stage *stage) noexcept nogil:
    global brotli_count
    brotli.destroy(stage.state)
    brotli_count -= 1
    coder_went()


cdef int brotli_step(body_stage *stage, stage_io *io) noexcept nogil:
    """As deflate_step."""
    cdef int operation = BROTLI_PROCESS
    cdef const uint8_t *data = <const uint8_t *>io.data
    cdef uint8_t *out = <uint8_t *>io.out
    cdef size_t length = io.length, room = io.room
    cdef int rc
    if io.asked == STAGE_END and io.length == 0:
        operation = BROTLI_FINISH
    elif io.asked == STAGE_FLUSH:
        operation = BROTLI_FLUSH
    rc = brotli.code(stage.state, operation, &length, &data, &room, &out, NULL)
    io.data = <const char *>data
    io.length = <unsigned int>length
    io.out = <char *>out
    io.room = <unsigned int>room
    if not rc:
        return turn_fails(WHY_FILTER_DATA)
    if operation == BROTLI_FINISH:
        return brotli.is_finished(stage.state)
    return (io.asked != STAGE_END and io.length == 0
            and not brotli.has_more(stage.state))
