# Byte buffers from pools, one pool a size.
#
#   data ......................................................... data + size
#        | headroom |  start ---- bytes held ---- end  |   room   | tail |
#
# An idle connection holds none. A buffer that grows is exchanged for one of the next
# size: offsets stay valid, pointers do not. `headroom` and `tail` let a chunk's head
# and its CRLF be written around a payload in place.
#
# In debug builds there are no pools: every buffer is an allocation of its own, filled
# with FREED_BYTE when it is taken and when it is given back, and buffer_renew
# exchanges it wherever it might be exchanged. A pointer that is kept does not survive
# the next step there.

cdef enum:
    BUFFER_SMALL = 0        # heads
    BUFFER_MEDIUM = 1       # bodies
    BUFFER_LARGE = 2        # streams without a known length
    BUFFER_HUGE = 3         # the largest head: HEAD_BYTES_MAX
    BUFFER_CLASSES = 4
    BUFFER_EXACT = 4        # of no pool: as large as was asked for
    BUFFER_HEADROOM = 32
    BUFFER_TAIL = 16

cdef struct buffer:
    buffer *next            # first: in a pool, or behind it in an arena
    unsigned int size       # bytes that data can hold, headroom and tail included
    unsigned int start      # first byte held
    unsigned int end        # behind the last byte held
    unsigned char size_class
    char data[1]            # really `size` bytes

# One that can hold so many bytes and no more: for what is kept long and rarely read.
cdef buffer *buffer_take_exact(unsigned int bytes_held) noexcept nogil
# Give *b back, which may be NULL, and leave NULL there.
cdef void buffer_drop(buffer **b) noexcept nogil
# Copy behind what it holds. False when there is too little room, and nothing is copied.
cdef bint buffer_put(buffer *b, const void *data, size_t length) noexcept nogil
