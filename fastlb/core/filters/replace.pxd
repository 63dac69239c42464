# One text by another in what is complete: what Substitute and ProxyHTMLURLMap do.

# Where one rule is in a text, over turns if need be.
cdef struct text_search:
    unsigned int copied         # of the text, into what it becomes
    unsigned int searched       # of it
    flag is_found

# How text of a rule is written; in the value of an attribute its quotes stand for that.
cdef enum:
    TEXT_AS_IS = 0
    TEXT_UNQUOTED = 1           # a value without quotes

# What a rule looks through, and where what it makes of that goes; of one step.
cdef struct searched_text:
    value read
    value raw                   # as it is written
    # of each byte of `read` in `raw`, and of the end; NULL: it is written as it is read
    const unsigned int *places
    unsigned char escapes       # TEXT_*
    line_buffer *to
    unsigned int most           # bytes of `to`
