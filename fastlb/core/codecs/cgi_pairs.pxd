# What an application behind a gateway is told: variables, as names and values.
#
# FastCGI, SCGI and uwsgi send the same list and differ in how it is packed; each has a
# chapter here that packs it. A field of the request's head keeps its own bytes in the
# list, and becomes HTTP_NAME when it is written.

cdef struct cgi_pair:
    const char *name
    const char *content         # its value; may hold anything but NUL
    unsigned int name_length    # as it will be written
    unsigned int content_length
    flag is_field               # name: of a field, HTTP_ and "-" for "_" are to come

# One list is made at a time.
cdef struct cgi_list:
    int count
    bint overflow               # more were wanted than CGI_PAIRS_MAX
    cgi_pair pairs[CGI_PAIRS_MAX]

cdef cgi_list cgi_scratch

# Add one; no name is looked for.
cdef void cgi_add(
    cgi_list *all, const char *name, unsigned int name_length, const char *content,
    unsigned int content_length) noexcept nogil
# ... named by a field of a head. False: it may not become a variable (a name with other
# than letters, digits and "-", and Proxy: CVE-2016-5385)
cdef bint cgi_add_field(
    cgi_list *all, const char *name, unsigned int name_length, const char *content,
    unsigned int content_length) noexcept nogil
# Add one, or give it another value.
cdef void cgi_set(
    cgi_list *all, const char *name, unsigned int name_length, const char *content,
    unsigned int content_length) noexcept nogil
cdef void cgi_unset(
    cgi_list *all, const char *name, unsigned int name_length) noexcept nogil
cdef void put_pair_name(writer *w, const cgi_pair *p) noexcept nogil
