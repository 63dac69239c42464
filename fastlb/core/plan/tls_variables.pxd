# data is NULL where there is no TLS, or no such thing about it.
cdef value tls_variable(client_facts *client, int number) noexcept nogil
# Make all that Python makes of a connection: it stays without where Python fails.
cdef void tls_variables_fill(client_facts *client) noexcept with gil
# What mod_ssl puts into the environment.
cdef void rules_tls_env(request_facts *r) noexcept nogil
cdef bint tls_is_missing(request_facts *r) noexcept nogil
