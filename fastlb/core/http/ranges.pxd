# Range of a request, over a representation of known length (RFC 9110 14.2).

cdef struct byte_range:
    long long first             # offsets of bytes, both within the representation
    long long last

cdef enum:
    RANGES_WHOLE = 0            # nothing that may be asked for: all of it is sent
    RANGES_NONE_HOLDS = -1      # 416

# Read what the field says, as httpd does. size: > 0; out: RANGES_MAX of them; overlaps,
# reversals: out. returns how many, RANGES_WHOLE or RANGES_NONE_HOLDS
cdef int ranges_read(
    const char *data, unsigned int length, long long size, byte_range *out,
    int *overlaps, int *reversals) noexcept nogil
