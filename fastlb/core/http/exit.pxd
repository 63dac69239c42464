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
# "name: value" CRLF; the name is a constant of ours, with its colon and blank.
cdef void put_field(
    writer *w, const char *name, size_t name_length,
    const char *value, size_t value_length) noexcept nogil
# A part of a request target (RFC 9112 3.2): controls, blanks, "#" and what is not
# ASCII are percent-encoded. An escape that is there stays one.
cdef void put_target(writer *w, const char *data, size_t length) noexcept nogil
# Is there a control or a blank in what would have to be sent as it is?
cdef bint target_needs_encoding(const char *data, size_t length) noexcept nogil
