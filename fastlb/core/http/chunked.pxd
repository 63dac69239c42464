# The chunked coding, taken apart in place (RFC 9112 7.1).

cdef struct chunk_decoder:
    unsigned char state         # private; 0 at the start
    unsigned int line_bytes     # of the size line or trailer section so far
    long long remaining         # bytes of the current chunk still to come
    flag done                   # the last chunk and the trailers have been read
    # How many of the bytes that the last call consumed, the last of them, are lines of
    # the trailer section or the empty line behind them; 0 where it has no line.
    unsigned int trailer_part

cdef void chunk_begin(chunk_decoder *d) noexcept nogil

# Decode what has arrived, moving the payload together at the start of data.
#
# data, length  in: bytes as received; out: data[0 .. *payload) is payload
# consumed      bytes of the input that belong to this body (less than length only
#               when the body has ended within it)
# returns       0, or -400 when the coding is broken (strict CRLF, hex digits only,
#               bounded size and lines; CVE-2015-3183); payload and consumed then tell
#               what came before, and every later call fails as well
cdef int chunk_decode(
    chunk_decoder *d, char *data, unsigned int length,
    unsigned int *payload, unsigned int *consumed) noexcept nogil

# Write the head of a chunk of that size so that it ends at `end`; returns its length.
# ("1a2b\r\n"; room for 18 bytes must lie before end.)
cdef int chunk_head_before(char *end, unsigned long long size) noexcept nogil
