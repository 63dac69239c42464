# Addresses of the network as sixteen bytes: IPv4 as ::ffff:a.b.c.d.

cdef struct network:
    unsigned char address[ADDRESS_BYTES]
    unsigned char bits          # 0-128
