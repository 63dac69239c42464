"""Pools of buffers (buffer.pxd). One worker, one thread: no locks."""
# uses: ground/free_list

cdef unsigned int[BUFFER_CLASSES] buffer_sizes = [16384, 73728, 262144, 1114112]
# How many free buffers of a size are kept; more go back to the system. The largest
# sizes are rare, and each kept one is memory that nobody else can use.
cdef free_list[BUFFER_CLASSES] buffer_pool = [
    free_list(NULL, 0, 512), free_list(NULL, 0, 64),
    free_list(NULL, 0, 8), free_list(NULL, 0, 1),
]
cdef long buffer_live = 0
cdef buffer buffer_shape        # for the place of its bytes only


cdef buffer *buffer_new(unsigned int size, int size_class) noexcept nogil:
    """Memory for so many bytes and not one more."""
    cdef size_t head = <size_t>(&buffer_shape.data[0] - <char *>&buffer_shape)
    cdef buffer *b = <buffer *>malloc(head + size)
    if b == NULL:
        return NULL
    b.next = NULL
    b.size = size
    b.size_class = size_class
    if DEBUG_BUILD:
        memset(&b.data[0], FREED_BYTE, size)
    return b


cdef void buffer_free(buffer *b) noexcept nogil:
    if DEBUG_BUILD:
        # who still reads it reads nonsense; who gives it again fails the check
        memset(&b.data[0], FREED_BYTE, b.size)
        b.start = b.size + 1
    free(b)


cdef buffer *buffer_take(int size_class) noexcept nogil:
    """An empty buffer, start and end at BUFFER_HEADROOM; NULL when there is no
    memory."""
    global buffer_live
    cdef buffer *b = <buffer *>free_list_pop(&buffer_pool[size_class])
    if unlikely(b == NULL):
        b = buffer_new(buffer_sizes[size_class], size_class)
        if b == NULL:
            return NULL
    ASSERT(b.size == buffer_sizes[size_class])
    ASSERT(b.size_class == size_class)
    b.next = NULL
    buffer_empty(b)
    buffer_live += 1
    return b


cdef int buffer_class_for(size_t bytes_held) noexcept nogil:
    """The smallest class that can hold so many bytes; BUFFER_CLASSES: none can."""
    cdef int size_class = BUFFER_SMALL
    while size_class < BUFFER_CLASSES and \
            buffer_sizes[size_class] < bytes_held + BUFFER_HEADROOM + BUFFER_TAIL:
        size_class += 1
    return size_class


cdef buffer *buffer_take_exact(unsigned int bytes_held) noexcept nogil:
    global buffer_live
    cdef unsigned int size = BUFFER_HEADROOM + bytes_held + BUFFER_TAIL
    cdef buffer *b = buffer_new(size, BUFFER_EXACT)
    if b == NULL:
        return NULL
    buffer_empty(b)
    buffer_live += 1
    return b


cdef void buffer_give(buffer *b) noexcept nogil:
    global buffer_live
    if b == NULL:
        return
    cdef int size_class = b.size_class
    buffer_check(b)
    buffer_live -= 1
    ASSERT(buffer_live >= 0)
    if unlikely(size_class == BUFFER_EXACT) \
            or not free_list_push(&buffer_pool[size_class], b):
        buffer_free(b)


cdef void buffer_drop(buffer **b) noexcept nogil:
    buffer_give(b[0])
    b[0] = NULL


cdef void buffer_empty(buffer *b) noexcept nogil:
    """It holds nothing any more."""
    b.start = BUFFER_HEADROOM
    b.end = BUFFER_HEADROOM


cdef inline void buffer_check(buffer *b) noexcept nogil:
    """What holds between any two calls, for a buffer that is not in a pool."""
    ASSERT(b.start <= b.end)
    ASSERT(b.end <= b.size)


cdef unsigned int buffer_room(buffer *b) noexcept nogil:
    """Bytes that can still be received into it."""
    buffer_check(b)
    ASSERT(b.end <= b.size - BUFFER_TAIL)
    return b.size - BUFFER_TAIL - b.end


cdef unsigned int buffer_held(buffer *b) noexcept nogil:
    buffer_check(b)
    return b.end - b.start


cdef bint buffer_put(
        buffer *b, const void *data, size_t length) noexcept nogil:
    if unlikely(buffer_room(b) < length):
        return False
    if length:
        memcpy(&b.data[b.end], data, length)
        b.end += <unsigned int>length
    return True


cdef bint buffer_put_tail(
        buffer *b, const void *data, size_t length) noexcept nogil:
    """As buffer_put, into the room that is kept for a chunk's end too."""
    buffer_check(b)
    if unlikely(b.size - b.end < length):
        return False
    memcpy(&b.data[b.end], data, length)
    b.end += <unsigned int>length
    return True


cdef bint buffer_move(
        buffer *b, unsigned int to, const char *data,
        unsigned int length) noexcept nogil:
    """Copy to a place within it, also from within it; what it holds stays as it is said
    to be. False when the place is too small, and nothing is copied."""
    if unlikely(to > b.size or b.size - to < length):
        return False
    if length:
        memmove(&b.data[to], data, length)
    return True


cdef bint buffer_grow(buffer **b) noexcept nogil:
    """Exchange *b for a larger one with the same content; False when it is the
    largest."""
    cdef buffer *old = b[0]
    if old.size_class + 1 >= BUFFER_CLASSES:
        return False
    cdef buffer *grown = buffer_take(old.size_class + 1)
    if grown == NULL:
        return False
    memcpy(&grown.data[0], &old.data[0], old.end)  # the next class is larger
    grown.start = old.start
    grown.end = old.end
    buffer_give(old)
    b[0] = grown
    return True


cdef void buffer_renew(buffer **b) noexcept nogil:
    """Debug builds: exchange *b, which may be NULL, for one of the same size and
    content. No pointer into it may be in use where this stands."""
    cdef buffer *old = b[0]
    cdef buffer *fresh
    if not DEBUG_BUILD or old == NULL:
        return
    buffer_check(old)
    fresh = buffer_new(old.size, old.size_class)
    if fresh == NULL:
        return
    memcpy(&fresh.data[0], &old.data[0], old.end)
    fresh.next = old.next
    fresh.start = old.start
    fresh.end = old.end
    buffer_free(old)
    b[0] = fresh


cdef long buffers_out() noexcept nogil:
    """Live buffers, for leak tests."""
    return buffer_live
