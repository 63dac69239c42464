# The way out of every head, in both directions.
#
# What a client, a member, a certificate or a configuration says may hold any byte, and
# on its way through captures, variables and rules escapes are undone. So whatever is
# composed passes here and becomes one legal line; what only passes through stays as the
# parser has proven it, and is not looked at a second time: raw lines of out_write.

# One field value (RFC 9110 5.5): controls other than HTAB become blanks, as httpd makes
# of line ends.
cdef void put_value(writer *w, const char *data, size_t length) noexcept nogil
# One field name (RFC 9110 5.6.2): what is no token character becomes "-".
cdef void put_name(writer *w, const char *data, size_t length) noexcept nogil
# A part of a request target (RFC 9112 3.2): controls, blanks, "#" and what is not
# ASCII are percent-encoded. An escape that is there stays one.
cdef void put_target(writer *w, const char *data, size_t length) noexcept nogil
