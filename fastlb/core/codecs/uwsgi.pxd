# uwsgi: the head of a request (uwsgi.pyx). False: more than its sizes can say.
cdef bint put_uwsgi(writer *w, const cgi_list *all) noexcept nogil
