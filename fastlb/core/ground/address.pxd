# Addresses of the network as sixteen bytes: IPv4 as ::ffff:a.b.c.d.

# The port is in host order.
cdef void address_store(
    sockaddr_storage *storage, unsigned char *out, unsigned short *port) noexcept nogil
# The address as text into ADDRESS_TEXT_BYTES; returns its length.
cdef unsigned int address_text(const unsigned char *address, char *out) noexcept nogil
cdef bint address_is_loopback(const unsigned char *address) noexcept nogil
