# What a request is called: variables that hold it (ID_* of build.pxd).

# Find them out, when the head has come. Only where plan_ids_wanted says that some
# configuration asks for one.
cdef void request_ids_learn(request_facts *r) noexcept nogil
