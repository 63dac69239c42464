# The fields of a head that will go out, while it is being composed.
#
# The list is scratch of the worker, used within one step and never kept. A field that
# nobody touches is a `raw` line of the buffer it came in, and neighbours are copied
# together; only what a rule wrote is spelled out.

cdef struct out_field:
    const char *name
    const char *value
    const char *raw             # whole line with CRLF, NULL when spelled out
    unsigned int raw_length
    unsigned int value_length
    unsigned short name_length
    unsigned char id            # FIELD_*
    bint always                 # Apache's table of headers that errors keep

cdef enum:
    OUT_FIELDS_MAX = 1088       # FIELD_COUNT_MAX and room for what rules add

cdef struct out_list:
    int count
    bint overflow               # a rule wanted more than OUT_FIELDS_MAX
    out_field fields[OUT_FIELDS_MAX]

# One head is composed at a time.
cdef out_list out_scratch
