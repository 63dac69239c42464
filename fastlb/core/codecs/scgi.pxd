# SCGI: the head of a request (scgi.pyx). body: its bytes, which follow.
cdef void put_scgi(
    writer *w, const cgi_list *all, unsigned long long body) noexcept nogil
