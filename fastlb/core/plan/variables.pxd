# Values of server variables (variable_names.pxd), for the request as it is now.

# By number. data NULL: it is not set, or there is no such thing here; a length of 0 may
# come with data. What comes lies in the head, the plan or the request's arena: it is
# good for this step only, and is copied by whoever keeps it.
cdef value variable_value(request_facts *r, int number) noexcept nogil
# A row of the table by VAR_*, below VAR_FIELD.
cdef value server_variable(request_facts *r, int kind) noexcept nogil
# The value of a request's field; several of one name are joined by ", ". NULL: none.
# While RequestHeader is at work it is the field as it will go out.
cdef value request_field(request_facts *r, const text *name) noexcept nogil
# Of the answer; variable: where it is kept for logs, -1 nowhere.
cdef value answer_field(
    request_facts *r, const text *name, int variable) noexcept nogil
