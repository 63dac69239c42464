# Addresses of the network as sixteen bytes: IPv4 as ::ffff:a.b.c.d.

# The port is in host order.
cdef void address_store(
    sockaddr_storage *storage, unsigned char *out, unsigned short *port) noexcept nogil
# The address as text into ADDRESS_TEXT_BYTES; returns its length.
cdef unsigned int address_text(const unsigned char *address, char *out) noexcept nogil
# Is it IPv4, and stands in the last four?
cdef bint address_is_four(const unsigned char *address) noexcept nogil
# The same as the kernel takes it; returns how many bytes of it. family: AF_INET, of
# which four bytes are read, or AF_INET6
cdef socklen_t address_fill(
    sockaddr_storage *out, int family, const unsigned char *bytes,
    unsigned short port, uint32_t scope) noexcept nogil
cdef bint address_is_loopback(const unsigned char *address) noexcept nogil
