# The trailer section of a chunked message (RFC 9112 7.1.2), kept as it came.
#
# The decoder has proven each line: a token, ":", a value without controls, CRLF. So a
# line is taken apart without a look at its characters, and what goes out is composed
# anew (exit.pxd), as a head's fields are.

cdef struct trailer_section:
    char *lines                 # each with its CRLF, without the empty one behind them
    unsigned int length
    unsigned int room

cdef struct trailer_sections:   # in the request's arena, if there are any
    trailer_section request
    trailer_section answer

cdef struct trailer:
    const char *name
    const char *content
    unsigned int name_length
    unsigned int content_length

# The next field at p, which moves behind it. False: there is none.
cdef bint next_trailer(const char **p, const char *end, trailer *out) noexcept nogil
# May a field of that name stand behind a body (RFC 9110 6.5.1)? Not what says where a
# message ends or goes, who asks, what it may, how a body or an answer is to be read.
cdef bint trailer_may_travel(const char *name, unsigned int length) noexcept nogil
