"""Filters under the fuzzer: bodies of strangers, in pieces and as a whole."""

cdef enum:
    FUZZ_MADE_MAX = 1 << 20     # bytes of what a chain has made; more is enough
    FUZZ_ROOM = 512             # at once

cdef substitution[2] fuzz_rules
cdef substitute_state fuzz_substitutions


cdef filter_settings fuzz_settings() noexcept nogil:
    cdef filter_settings said
    memset(&said, 0, sizeof(said))
    said.level = 6
    said.window = 15
    said.memory = 8
    said.piece = 8096
    said.ratio_limit = 1 << 30      # pieces are judged one by one
    said.ratio_burst = 3
    fuzz_rules[0] = substitution(True, False, text(b"ab", 2), -1, text(b"abc", 3))
    fuzz_rules[1] = substitution(True, True, text(b"C", 1), -1, text(b"", 0))
    memset(&fuzz_substitutions, 0, sizeof(fuzz_substitutions))
    fuzz_substitutions.most = 1000
    fuzz_substitutions.count = 2
    fuzz_substitutions.rules[0] = &fuzz_rules[0]
    fuzz_substitutions.rules[1] = &fuzz_rules[1]
    said.substitutions = &fuzz_substitutions
    return said


cdef int fuzz_chain(
        const int *filters, int count, const uint8_t *data, size_t size, size_t step,
        char *out, size_t *made) noexcept nogil:
    """A chain over the bytes, so many at a time. returns 0; 1: it has made enough;
    FAILED"""
    cdef filter_settings said = fuzz_settings()
    cdef body_filters *f = chain_begin(&said)
    cdef buffer *b
    cdef size_t at = 0, taken
    cdef unsigned int n
    cdef int i, rc = 0
    for i in range(count):
        must(chain_add(f, filters[i]))
    made[0] = 0
    if size == 0:
        chain_finish(f)
    while not chain_is_done(f):
        if f.input == NULL and at < size:
            taken = min(step, size - at)
            b = buffer_take_exact(<unsigned int>taken)
            buffer_put(b, data + at, taken)
            at += taken
            chain_take(f, &b)
            if at == size:
                chain_finish(f)
            elif at & 1:
                chain_flush(f)
        rc = chain_run(f, out + made[0], FUZZ_ROOM, &n)
        made[0] += n
        if rc < 0:
            break
        must(n <= FUZZ_ROOM)
        # Whoever has all of it comes to an end.
        must(chain_is_done(f) or not (f.ended and f.idle))
        if made[0] > FUZZ_MADE_MAX:
            rc = 1
            break
    chain_end(f)
    must(coders_out() == 0 and substitute_bytes == 0)
    return rc


cdef int fuzz_filters(const uint8_t *data, size_t size) noexcept nogil:
    """What was packed is unpacked to what it was; pieces become what the whole does,
    and so does what is left at every step, and gone on with."""
    cdef int[2] around = [FILTER_DEFLATE, FILTER_INFLATE]
    cdef int[1] alone
    cdef char *first
    cdef char *second
    global turn_work_per_look, turn_us_max
    cdef size_t step, made, again
    cdef int rc
    if size < 2:
        return 0
    step = <size_t>data[1] + 1
    first = <char *>malloc(FUZZ_MADE_MAX + 2 * FUZZ_ROOM)
    second = <char *>malloc(FUZZ_MADE_MAX + 2 * FUZZ_ROOM)
    if data[0] % 3 == 0:
        must(fuzz_chain(&around[0], 2, data + 2, size - 2, step, first, &made) == 0)
        must(made == size - 2 and memcmp(first, data + 2, made) == 0)
    else:
        alone[0] = FILTER_INFLATE if data[0] % 3 == 1 else FILTER_SUBSTITUTE
        turn_work_per_look = 1
        turn_us_max = -1
        rc = fuzz_chain(&alone[0], 1, data + 2, size - 2, step, first, &made)
        turn_work_per_look = FILTER_WORK_PER_LOOK
        turn_us_max = FILTER_TURN_US
        must(rc == fuzz_chain(
            &alone[0], 1, data + 2, size - 2, size, second, &again))
        if rc == 0:
            must(made == again and memcmp(first, second, made) == 0)
    free(first)
    free(second)
    return 0
