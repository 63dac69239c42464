"""The server name of a ClientHello (RFC 8446 4.1.2, RFC 6066 3), before it is taken.

The virtual host must be known before the library sees the first byte: it decides on the
session, and so on the client's certificate, before any callback of its own could tell
it whose connection this is.

The bytes stay in the socket. What is not understood here is left to the library, which
answers it with the right alert.
"""

cdef enum:
    RECORD_HANDSHAKE = 22
    CLIENT_HELLO = 1
    EXTENSION_SERVER_NAME = 0

cdef char[HELLO_BYTES_MAX] hello_joined     # the same for all connections


cdef inline unsigned int two_bytes(const char *p) noexcept nogil:
    return <unsigned char>p[0] << 8 | <unsigned char>p[1]


cdef int hello_judge(
        const char *p, unsigned int length, client_hello *hello) noexcept nogil:
    cdef unsigned int joined
    hello.name = NULL
    hello.name_length = 0
    if c'A' <= p[0] <= c'Z':
        return HELLO_IS_PLAIN
    if hello_join(p, length, &joined):
        hello_read(&hello_joined[0], joined, hello)
        return HELLO_WHOLE
    if length == HELLO_BYTES_MAX or joined == 0:
        return HELLO_WHOLE
    return AGAIN


cdef bint hello_join(
        const char *p, unsigned int length, unsigned int *joined) noexcept nogil:
    """Put the pieces of the message together from their records.

    True when the whole message is there. joined: bytes of it; 0 with False when the
    bytes are no ClientHello.
    """
    cdef unsigned int at = 0
    cdef unsigned int size, wanted
    joined[0] = 0
    while at < length:
        if <unsigned char>p[at] != RECORD_HANDSHAKE:
            joined[0] = 0
            return False
        if at + 5 > length:
            break
        size = two_bytes(&p[at + 3])
        at += 5
        if size == 0:
            joined[0] = 0
            return False
        if size > length - at:
            size = length - at
        memcpy(&hello_joined[joined[0]], &p[at], size)
        joined[0] += size
        at += size
        if hello_joined[0] != CLIENT_HELLO:
            joined[0] = 0
            return False
        if joined[0] >= 4:
            wanted = 4 + (<unsigned char>hello_joined[1] << 16
                          | two_bytes(&hello_joined[2]))
            if joined[0] >= wanted:
                joined[0] = wanted
                return True
    if joined[0] == 0:
        joined[0] = 1       # less than a record's head: more must come
    return False


cdef void hello_read(
        const char *p, unsigned int length, client_hello *hello) noexcept nogil:
    """Find the server name in a whole message; nothing is set where it is malformed."""
    cdef unsigned int at = 4 + 2 + 32       # message head, version, random
    cdef unsigned int end, size, kind
    if at + 1 > length:
        return
    at += 1 + <unsigned char>p[at]          # session id
    if at + 2 > length:
        return
    at += 2 + two_bytes(&p[at])             # cipher suites
    if at + 1 > length:
        return
    at += 1 + <unsigned char>p[at]          # compression methods
    if at + 2 > length:
        return
    end = at + 2 + two_bytes(&p[at])
    at += 2
    if end > length:
        return
    while at + 4 <= end:
        kind = two_bytes(&p[at])
        size = two_bytes(&p[at + 2])
        at += 4
        if size > end - at:
            return
        if kind == EXTENSION_SERVER_NAME:
            # list length, type 0 (host name), its length
            if size < 5 or p[at + 2] != 0 or two_bytes(&p[at]) != size - 2:
                return
            kind = two_bytes(&p[at + 3])
            if kind == 0 or kind > size - 5 or kind > TLS_NAME_BYTES_MAX \
                    or memchr(&p[at + 5], 0, kind) != NULL:
                return
            hello.name = &p[at + 5]
            hello.name_length = kind
            return
        at += size
