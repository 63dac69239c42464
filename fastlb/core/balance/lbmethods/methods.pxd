# Which methods there are. A method's number is its row's; the first row is what a
# balancer is claimed with before its method is known.

# The row of that number (it must be one), and the number of that name (or -1).
cdef const lb_method *lb_method_of(int number) noexcept nogil
cdef int lb_method_find(const char *name) noexcept nogil

cdef extern from "<string.h>" nogil:
    int lb_strcmp "strcmp"(const char *a, const char *b)
