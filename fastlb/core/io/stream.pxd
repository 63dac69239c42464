# Bytes in and out of a connection. Only this chapter (and its TLS sibling) knows EINTR
# and EAGAIN, and only it clears `readable` and `writable`.

# returns > 0 bytes; CLOSED: end of stream; AGAIN; FAILED: stream_errno
cdef ssize_t stream_recv(conn *c, char *data, size_t size) noexcept nogil
# returns bytes taken (maybe fewer than size); AGAIN; FAILED
cdef ssize_t stream_send(conn *c, const char *data, size_t size) noexcept nogil
# The same for two pieces, the first of which may be empty.
cdef ssize_t stream_send2(
    conn *c, const char *first, size_t first_size,
    const char *second, size_t second_size) noexcept nogil
# Ask the socket: open, and nothing unread?
cdef bint stream_is_quiet(conn *c) noexcept nogil
# Send what the buffer holds. returns 1 all sent; AGAIN; FAILED
cdef int stream_flush(conn *c, buffer *b) noexcept nogil
