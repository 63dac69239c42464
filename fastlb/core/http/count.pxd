# A head that is not complete: what of it is too much already.

# How far the lines of a head have been counted that is not complete. Begins with zeros.
cdef struct head_count:
    unsigned int line       # offset of the line that is not complete
    unsigned int field      # offset of the field that it belongs to
    unsigned int looked     # from `line` to here no line ends
    unsigned int fields     # complete field lines
    flag first_line         # the request line is complete

# Count what has come of a request head that head_find_end finds incomplete: nobody need
# wait for the end of a head that is too large already.
#
# data, length  bytes received so far; folds may have been undone in them meanwhile
# returns       WHY_NONE, or which limit is exceeded: WHY_REQUEST_LINE, WHY_FIELD_SIZE,
#               WHY_FIELD_COUNT. What is wrong before that place the parser tells.
cdef unsigned char head_exceeds(
    const char *data, unsigned int length, head_count *c,
    const head_limits *limits) noexcept nogil
