# Header rules at work: a list of the fields that will go out, and the ops over it.
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

cdef void out_from_head(out_list *out, head *h, const char *data) noexcept nogil
cdef void out_add(
    out_list *out, const char *name, unsigned int name_length,
    const char *value, unsigned int value_length, unsigned char id,
    bint always) noexcept nogil
# Another value for a field; data NULL, of one that found no memory, leaves it.
cdef void out_set(out_field *o, value v) noexcept nogil
# skipped: bit FIELD_id set: that field is not written.
cdef void out_write(
    out_list *out, writer *w, unsigned long long skipped) noexcept nogil

# SetEnvIf of the sections [first, last), and SetEnv of all.
cdef void rules_env_if(request_facts *r, int first, int last) noexcept nogil
cdef void rules_env(request_facts *r) noexcept nogil
# Header (response=True) or RequestHeader of all sections.
# tables: 1 onsuccess, 2 always, 3 both
cdef void rules_headers(
    request_facts *r, out_list *out, bint response, int tables,
    bint early) noexcept nogil
