# The ClientHello, read before the library sees it: it names the virtual host.

cdef enum:
    HELLO_BYTES_MAX = 16384     # looked at; a longer one is judged without its name
    TLS_NAME_BYTES_MAX = 255    # of a server name (RFC 6066 3: a DNS name)
    HELLO_WHOLE = 1             # read, or so odd that the library must judge it
    HELLO_IS_PLAIN = 2          # the beginning of an HTTP request

# The server name, in memory of the worker that the next call overwrites.
cdef struct client_hello:
    const char *name            # NULL: none was sent
    unsigned int name_length

# length: 1 to HELLO_BYTES_MAX. returns HELLO_*, or AGAIN: more must come
cdef int hello_judge(
    const char *p, unsigned int length, client_hello *hello) noexcept nogil
