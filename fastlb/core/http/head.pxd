# The head of an HTTP/1.x message as spans into the bytes received.
#
# A head is parsed from the start each time more bytes come, after a cheap test that
# its end is there (head_find_end keeps where it stopped looking). Nothing is copied;
# an obsolete line fold is blanked in place (RFC 9112 5.2), which is the one write.

# Where the empty line that ends a head stands.
#
# data, length  bytes received so far (start of the head first)
# scanned       in/out: how far earlier calls have looked; begins at 0, else private
# returns       > 0 bytes of the head with its empty line; AGAIN. A first line without
#               a version is a head by itself: HTTP/0.9, or refused by the parser.
cdef int head_find_end(
    const char *data, unsigned int length, unsigned int *scanned) noexcept nogil

# Parse a complete request head (head_find_end said how long it is).
#
# out           need not be zeroed; all scalar members are set, arrays as far as used
# returns       > 0 bytes of the head; -400, -414 or -505 with out.why (RFC 9112 2.2, 3,
#               5), the status that Apache answers; AGAIN when the head is not complete:
#               a caller whose buffer is full asks so whether what is there can be
#               refused already for a line that is too long
# A version other than 1.0 and 1.1 is refused; with limits.compat_apache a higher one
# is served as 1.1. Bytes behind the head may lie within length; they are not parsed.
# Does not judge Host or framing: head_check_host and framing_of_request do.
cdef int head_parse_request(
    head *out, char *data, unsigned int length,
    const head_limits *limits) noexcept nogil

# Parse a complete response head. returns > 0 bytes of it; -502 with out.why; AGAIN when
# it is not complete. Lines may end with a bare LF (RFC 9112 2.2). A reason
# that holds control characters has no length: the usual one must take its place.
cdef int head_parse_response(
    head *out, char *data, unsigned int length,
    const head_limits *limits) noexcept nogil
