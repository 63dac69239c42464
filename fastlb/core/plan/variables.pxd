# Values of server variables (variable_names.pxd), for the request as it is now.

# By number. data NULL: it is not set, or there is no such thing here; a length of 0 may
# come with data. What comes lies in the head, the plan or the request's arena: it is
# good for this step only, and is copied by whoever keeps it.
cdef value variable_value(request_facts *r, int number) noexcept nogil
