# FastCGI 1.0: records to an application, and records from it taken apart in place.
#
#     version type id1 id0 length1 length0 padding reserved   content   padding
#
# One request at a time is asked on a connection, and its number is always 1.
#
# Our own: libfcgi (fcgi2) is the application's side alone and reads by itself with
# blocking calls; Python's flup and flipflop are that side as well, and what PyPI has of
# the web server's side (python-fcgi-client and its like) makes objects of each request.
# What is needed is 8 bytes of a head, in the buffers that the data path has.

cdef enum:
    FASTCGI_HEAD = 8            # bytes of a record's head
    FASTCGI_CONTENT_MAX = 65535
    FASTCGI_BEGIN_REQUEST = 1
    FASTCGI_END_REQUEST = 3
    FASTCGI_PARAMS = 4
    FASTCGI_STDIN = 5
    FASTCGI_STDOUT = 6
    FASTCGI_STDERR = 7

# What fastcgi_decode returns.
cdef enum:
    FASTCGI_MORE = 0            # all that came was taken
    FASTCGI_SAID = 1            # a piece of STDERR: note it, and go on
    FASTCGI_ENDED = 2           # END_REQUEST: nothing of this answer follows
    FASTCGI_VERSION = 3         # not version 1 (AH01068); `odd` is what it is
    FASTCGI_NUMBER = 4          # not our request (AH01069)
    FASTCGI_RECORD = 5          # a record that is skipped (AH01072): note it, and go on

cdef struct fastcgi_decoder:
    unsigned char head[FASTCGI_HEAD]
    unsigned char have          # bytes of the head that have come
    unsigned char padding       # of this record, still to come
    unsigned int content        # of this record, still to come
    flag output_ended           # an empty STDOUT has come
    flag ended                  # END_REQUEST has, with its content
    unsigned int odd            # what a refusal is about

cdef void fastcgi_begin(fastcgi_decoder *d) noexcept nogil
# Take apart what lies from at[0] on.
#
# out           in/out: where the next byte of the application's output belongs, at or
#               before at[0]; it is moved there
# at            in/out: the first byte that was not looked at
# said          of FASTCGI_SAID: the piece, which the next call may overwrite
# returns       FASTCGI_*; behind a refusal (VERSION, NUMBER) the connection is worth
#               nothing
cdef int fastcgi_decode(
    fastcgi_decoder *d, char **out, char **at, char *end, value *said) noexcept nogil

# BEGIN_REQUEST of a responder; keep: the connection is for further requests.
cdef void put_fastcgi_begin(writer *w, bint keep) noexcept nogil
# PARAMS, in as many records as they need, and the empty one behind them. The writer has
# one piece of room (no `more`).
cdef void put_fastcgi_params(writer *w, const cgi_list *all) noexcept nogil
# The head of a record of the body so that it ends at `end`; returns FASTCGI_HEAD.
cdef int fastcgi_head_before(char *end, unsigned int size) noexcept nogil
# A whole body that is at hand (size 0: none), and its end.
cdef void put_fastcgi_body(
    writer *w, const char *data, unsigned int size) noexcept nogil
