# The head of what a program answers (RFC 3875 6): fields without a status line.
#
#     Status: 404 Not Found
#     Content-Type: text/html
#
# Lines end with CRLF or LF, as in any head that a member sends.

# Where the empty line that ends it stands; `scanned` as of head_find_end.
# returns       > 0 bytes of the head with its empty line; AGAIN
cdef int script_head_find_end(
    const char *data, unsigned int length, unsigned int *scanned) noexcept nogil

cdef enum:
    # So much room must lie before it: of "HTTP/1.1 200 OK", which is more than what
    # any other status line has more than the Status that it comes from.
    SCRIPT_HEAD_ROOM = 17

# Make a head of HTTP/1.1 of it, in place. Nothing behind it moves.
#
# data, length  the head, as script_head_find_end has found it
# begin         out: where the status line stands, SCRIPT_HEAD_ROOM before data at most
# returns       bytes of the head from there; -502: a Status that is no number from 200
#               to 999, or a status line of another kind. Fields are not judged.
#
# Status goes, and what a program says of a framing that is not its own: bodies end
# where the protocol ends them (Content-Length, Transfer-Encoding; as in httpd).
#
# announced     out: what Content-Length has said; -1: nothing, several things, or what
#               is no number
cdef int script_head_to_http(
    char *data, unsigned int length, char **begin, long long *announced
) noexcept nogil
