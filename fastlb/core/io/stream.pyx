"""Bytes in and out of a connection. Only this chapter (and its TLS sibling) knows EINTR
and EAGAIN, and only it clears `readable` and `writable`.

Plain sockets; TLS goes its own way at each door.
"""
# uses: io/buffer, io/watch, io/tls_stream

cdef enum:
    TCP_BYTES_ACKED = 15    # the word of struct tcp_info (linux/tcp.h)


cdef ssize_t stream_refused(conn *c, flag *edge) noexcept nogil:
    """What errno means: AGAIN, when the edge that `edge` notes comes; or FAILED."""
    global stream_errno
    if errno == EAGAIN:
        edge[0] = False
        return AGAIN
    stream_errno = errno
    c.broken = True
    return FAILED


cdef ssize_t stream_recv(conn *c, char *data, size_t size) noexcept nogil:
    """returns > 0 bytes; CLOSED: end of stream; AGAIN; FAILED: stream_errno."""
    cdef ssize_t n
    ASSERT(size > 0)    # 0 bytes would be taken for the end of the stream
    if unlikely(c.tls != NULL):
        return tls_recv(c, data, size)
    if not c.readable:
        return AGAIN
    ASSERT(c.fd >= 0)
    while True:
        n = recv(c.fd, data, size, 0)
        if likely(n > 0):
            # Fewer bytes than asked for: the socket is empty, and the next edge will
            # tell of more. When the peer has ended its side no edge will come.
            if <size_t>n < size and not c.peer_closed:
                c.readable = False
            return n
        if n == 0:
            c.peer_closed = True
            return CLOSED
        if errno != EINTR:
            return stream_refused(c, &c.readable)


cdef ssize_t stream_send(conn *c, const char *data, size_t size) noexcept nogil:
    """returns bytes taken (maybe fewer than size); AGAIN; FAILED."""
    cdef ssize_t n
    if unlikely(c.tls != NULL):
        return tls_send(c, data, size)
    if not c.writable:
        return AGAIN
    ASSERT(c.fd >= 0)
    while True:
        n = send(c.fd, data, size, MSG_NOSIGNAL)
        if likely(n >= 0):
            if <size_t>n < size:
                c.writable = False
            return n
        if errno != EINTR:
            return stream_refused(c, &c.writable)


cdef ssize_t stream_send_more(
        conn *c, const char *data, size_t size) noexcept nogil:
    """As stream_send of a plain connection; more follows at once."""
    cdef ssize_t n
    ASSERT(c.tls == NULL)
    if not c.writable:
        return AGAIN
    while True:
        n = send(c.fd, data, size, MSG_NOSIGNAL | MSG_MORE)
        if likely(n >= 0):
            if <size_t>n < size:
                c.writable = False
            return n
        if errno != EINTR:
            return stream_refused(c, &c.writable)


cdef void stream_cork(conn *c, bint on) noexcept nogil:
    """Full packets alone from now on, or all that waits. The kernel sends a large file
    piece by piece, and without it what is left of a piece goes out by itself whenever
    the other side acknowledges."""
    cdef int value = on
    setsockopt(c.fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value))


cdef ssize_t stream_sendfile(
        conn *c, int file, long long *at, size_t size) noexcept nogil:
    """From a file, at that place of it, which moves on. returns bytes taken, fewer than
    size where the file ends, too; AGAIN; FAILED"""
    cdef ssize_t n
    ASSERT(c.tls == NULL)
    if not c.writable:
        return AGAIN
    while True:
        n = sendfile(c.fd, file, <long *>at, size)
        # Fewer than asked for: the socket is full; or the file has become shorter, and
        # no edge will come.
        if likely(n >= 0):
            if <size_t>n < size:
                c.writable = False
            return n
        if errno != EINTR:
            return stream_refused(c, &c.writable)


cdef ssize_t stream_send2(
        conn *c, const char *first, size_t first_size,
        const char *second, size_t second_size) noexcept nogil:
    """As stream_send, for two pieces, the first of which may be empty."""
    cdef iovec[2] parts
    cdef msghdr message
    cdef ssize_t n
    if unlikely(c.tls != NULL):
        return tls_send2(c, first, first_size, second, second_size)
    if not c.writable:
        return AGAIN
    ASSERT(c.fd >= 0)
    parts[0].iov_base = <void *>first
    parts[0].iov_len = first_size
    parts[1].iov_base = <void *>second
    parts[1].iov_len = second_size
    memset(&message, 0, sizeof(message))
    message.msg_iov = &parts[0]
    message.msg_iovlen = 2
    while True:
        n = sendmsg(c.fd, &message, MSG_NOSIGNAL)
        if likely(n >= 0):
            if <size_t>n < first_size + second_size:
                c.writable = False
            return n
        if errno != EINTR:
            return stream_refused(c, &c.writable)


cdef bint stream_is_quiet(conn *c) noexcept nogil:
    """Ask the socket: open, and nothing unread?"""
    cdef char one
    if unlikely(c.tls != NULL):
        return tls_is_quiet(c)
    return recv(c.fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) < 0 and errno == EAGAIN


cdef bint stream_went_unheard(const conn *c, long long sent) noexcept nogil:
    cdef int queued = 0
    if unlikely(c.tls != NULL):
        return c.tls.acked > 0 and stream_acknowledged(c) == c.tls.acked
    return sent > 0 and ioctl(c.fd, SIOCOUTQ, &queued) == 0 and queued == sent


cdef unsigned long long stream_acknowledged(const conn *c) noexcept nogil:
    """How many bytes of ours the peer's machine has; 0: that cannot be told."""
    cdef unsigned long long[TCP_BYTES_ACKED + 1] info
    cdef socklen_t size = sizeof(info)
    if getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &info[0], &size) != 0 \
            or size < sizeof(info):
        return 0
    return info[TCP_BYTES_ACKED]


cdef void stream_note_heard(conn *c) noexcept nogil:
    """In TLS: what follows is what stream_went_unheard is asked about."""
    c.tls.acked = stream_acknowledged(c)


cdef int stream_flush(conn *c, buffer *b, long long *sent) noexcept nogil:
    """Send what the buffer holds, and count it. returns 1 all sent; AGAIN; FAILED."""
    cdef ssize_t n
    while b.start < b.end:
        n = stream_send(c, &b.data[b.start], b.end - b.start)
        if n < 0:
            return <int>n
        b.start += <unsigned int>n
        sent[0] += n
        if b.start < b.end:
            return AGAIN
    return 1
