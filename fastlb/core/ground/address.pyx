"""Addresses of the network as sixteen bytes, IPv4 as ::ffff:a.b.c.d, and as text."""
# uses: io/writer

cdef void address_store(
        sockaddr_storage *storage, unsigned char *out,
        unsigned short *port) noexcept nogil:
    """An address as 16 bytes (IPv4 mapped) and the port in host order."""
    cdef sockaddr_in *four
    cdef sockaddr_in6 *six
    memset(out, 0, ADDRESS_BYTES)
    if storage.ss_family == AF_INET:
        four = <sockaddr_in *>storage
        out[10] = 255
        out[11] = 255
        memcpy(out + 12, &four.sin_addr, 4)
        port[0] = ntohs(four.sin_port)
    elif storage.ss_family == AF_INET6:
        six = <sockaddr_in6 *>storage
        memcpy(out, &six.sin6_addr, 16)
        port[0] = ntohs(six.sin6_port)


cdef bint address_is_four(const unsigned char *address) noexcept nogil:
    """Is it IPv4, and stands in the last four?"""
    cdef int i
    for i in range(10):
        if address[i]:
            return False
    return address[10] == 255 and address[11] == 255


cdef socklen_t address_fill(
        sockaddr_storage *out, int family, const unsigned char *bytes,
        unsigned short port, uint32_t scope) noexcept nogil:
    """The same as the kernel takes it; returns how many bytes of it. family: AF_INET,
    of which four bytes are read, or AF_INET6."""
    cdef sockaddr_in *four = <sockaddr_in *>out
    cdef sockaddr_in6 *six = <sockaddr_in6 *>out
    memset(out, 0, sizeof(sockaddr_storage))
    if family == AF_INET:
        four.sin_family = AF_INET
        four.sin_port = htons(port)
        memcpy(&four.sin_addr, bytes, 4)
        return sizeof(sockaddr_in)
    six.sin6_family = AF_INET6
    six.sin6_port = htons(port)
    memcpy(&six.sin6_addr, bytes, 16)
    six.sin6_scope_id = scope
    return sizeof(sockaddr_in6)


cdef unsigned int address_text(const unsigned char *address, char *out) noexcept nogil:
    """The address as text into ADDRESS_TEXT_BYTES; returns its length."""
    cdef writer w
    cdef int i
    if likely(address_is_four(address)):
        # The library prints into a file of its own, which takes longer than a head.
        writer_begin(&w, out, ADDRESS_TEXT_BYTES - 1)
        for i in range(12, 16):
            if i > 12:
                put_byte(&w, c'.')
            put_number(&w, address[i])
        w.p[0] = 0
        return writer_held(&w)
    else:
        inet_ntop(AF_INET6, address, out, ADDRESS_TEXT_BYTES)
    return <unsigned int>strlen(out)


cdef bint address_read(
        const char *text, unsigned int length, unsigned char *out) noexcept nogil:
    """An address in full (a.b.c.d, or IPv6 without a scope). False: it is none."""
    cdef char[ADDRESS_TEXT_BYTES] spelled
    if memchr(text, 0, length) != NULL or not copy_terminated(
            &spelled[0], sizeof(spelled), text, length):
        return False
    memset(out, 0, ADDRESS_BYTES)
    out[10] = 255
    out[11] = 255
    return inet_pton(AF_INET, &spelled[0], out + 12) == 1 or inet_pton(
        AF_INET6, &spelled[0], out) == 1


cdef bint address_is_loopback(const unsigned char *address) noexcept nogil:
    cdef int i
    if address_is_four(address):
        return address[12] == 127
    for i in range(15):
        if address[i]:
            return False
    return address[15] == 1


cdef bint network_holds(network *n, const unsigned char *address) noexcept nogil:
    cdef int whole = n.bits // 8
    cdef int rest = n.bits % 8
    if memcmp(&n.address[0], address, whole) != 0:
        return False
    if rest == 0:
        return True
    return (n.address[whole] ^ address[whole]) >> (8 - rest) == 0
