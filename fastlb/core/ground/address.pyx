"""Addresses as sixteen bytes and as text (address.pxd)."""

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


cdef unsigned int address_text(const unsigned char *address, char *out) noexcept nogil:
    """The address as text into ADDRESS_TEXT_BYTES; returns its length."""
    cdef bint four = address[10] == 255 and address[11] == 255
    cdef int i
    for i in range(10):
        if address[i]:
            four = False
    if four:
        inet_ntop(AF_INET, address + 12, out, ADDRESS_TEXT_BYTES)
    else:
        inet_ntop(AF_INET6, address, out, ADDRESS_TEXT_BYTES)
    return <unsigned int>strlen(out)


cdef bint address_is_loopback(const unsigned char *address) noexcept nogil:
    cdef int i
    if address[10] == 255 and address[11] == 255:
        for i in range(10):
            if address[i]:
                return False
        return address[12] == 127
    for i in range(15):
        if address[i]:
            return False
    return address[15] == 1
