"""The bounded writer (writer.pxd)."""
# uses: ground/chartable, ground/number, io/buffer

cdef void writer_begin(writer *w, char *memory, size_t size) noexcept nogil:
    w.begin = memory
    w.p = memory
    w.end = memory
    if memory != NULL:
        w.end = memory + size
    w.full = False
    w.more = NULL
    w.owner = NULL


cdef inline size_t writer_room(writer *w) noexcept nogil:
    return <size_t>(w.end - w.p)


cdef inline unsigned int writer_held(writer *w) noexcept nogil:
    return <unsigned int>(w.p - w.begin)


cdef bint writer_is_full(writer *w, size_t needed) noexcept nogil:
    """There is no room for so many bytes here: is there none elsewhere either?"""
    if w.more != NULL and w.more(w, needed):
        ASSERT(writer_room(w) >= needed)
        return False
    w.full = True
    return True


cdef inline void put(writer *w, const void *data, size_t length) noexcept nogil:
    if unlikely(writer_room(w) < length) and writer_is_full(w, length):
        return
    # A pointer to nothing may be NULL, which memcpy must not be given.
    if length:
        memcpy(w.p, data, length)
        w.p += length


cdef inline void put_byte(writer *w, char c) noexcept nogil:
    if unlikely(w.p == w.end) and writer_is_full(w, 1):
        return
    w.p[0] = c
    w.p += 1


cdef void put_number(writer *w, unsigned long long number) noexcept nogil:
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char *begin = decimal_before(&digits[NUMBER_DIGITS_MAX], number)
    put(w, begin, &digits[NUMBER_DIGITS_MAX] - begin)


cdef void put_hex(writer *w, unsigned long number) noexcept nogil:
    cdef char[NUMBER_DIGITS_MAX] digits
    cdef char *begin = hex_before(&digits[NUMBER_DIGITS_MAX], number)
    put(w, begin, &digits[NUMBER_DIGITS_MAX] - begin)


cdef void put_lower(writer *w, const char *data, size_t length) noexcept nogil:
    cdef size_t i
    if unlikely(writer_room(w) < length) and writer_is_full(w, length):
        return
    for i in range(length):
        w.p[i] = <char>char_lower(data[i])
    w.p += length


cdef bint copy_terminated(
        char *out, size_t size, const char *data, size_t length) noexcept nogil:
    cdef writer w
    writer_begin(&w, out, size)
    put(&w, data, length)
    put_byte(&w, 0)
    return not w.full


cdef int writer_on(writer *w, buffer **b, int size_class) noexcept nogil:
    """Begin to compose in an empty buffer of that class, which takes the place of *b.
    returns 0 or FAILED (no memory)."""
    buffer_give(b[0])
    b[0] = buffer_take(size_class)
    if b[0] == NULL:
        return FAILED
    writer_behind(w, b[0])
    return 0


cdef void writer_behind(writer *w, buffer *b) noexcept nogil:
    """Compose behind what a buffer holds."""
    writer_begin(w, &b.data[b.end], buffer_room(b))


cdef void writer_into(writer *w, buffer *b) noexcept nogil:
    """The buffer holds what was written behind what it held."""
    b.end += writer_held(w)
