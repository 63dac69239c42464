# The header of the PROXY protocol, versions 1 and 2: what a proxy says before the first
# byte of a connection, TLS or not, about who is behind it.
#
#   1   PROXY TCP4|TCP6|UNKNOWN <client> <us> <client's port> <our port> CR LF
#   2   signature (12), version and command, family, length (2), addresses, ports, more

cdef enum:
    PREFACE_WHOLE = 1

# Why it was refused.
cdef enum:
    PREFACE_IS_NONE = 0         # something else
    PREFACE_TOO_LONG = 1        # a line without its end
    PREFACE_LACKS = 2           # word: what is missing, as Apache calls it
    PREFACE_FAMILY = 3          # word: which
    PREFACE_ADDRESS = 4         # word
    PREFACE_PORT = 5            # word
    PREFACE_BYTES = 6           # a length beyond PREFACE_BYTES_MAX
    PREFACE_COMMAND = 7         # number
    PREFACE_PROTOCOL = 8        # number
    PREFACE_REFUSALS

cdef struct preface:
    unsigned int length         # of the header
    bint has_client             # False: the proxy itself asks (LOCAL, UNKNOWN)
    unsigned short port
    unsigned char address[ADDRESS_BYTES]
    unsigned char why           # PREFACE_* of a refusal
    unsigned char number
    const char *word            # within the bytes, or a constant
    unsigned int word_length
    unsigned int line_length    # of version 1, without its end

# Read a header at the beginning of what came. returns PREFACE_WHOLE; AGAIN: more must
# come, never beyond PREFACE_BYTES_MAX; FAILED, with out.why
cdef int preface_read(
    const char *p, unsigned int length, preface *out) noexcept nogil
# Write one for a connection from a client to us. returns its length
cdef unsigned int preface_write(
    char *out, int version, const unsigned char *client, unsigned short client_port,
    const unsigned char *here, unsigned short port) noexcept nogil
