# What we call ourselves: the client's word for us in lower case, or ServerName; an IPv6
# literal in brackets. It lives as long as the exchange.
cdef value self_name(request_facts *r) noexcept nogil
# The port that goes with it, the scheme's own at last. Never 0.
cdef int self_port(request_facts *r) noexcept nogil
# Both as host[:port] for a URL; the scheme's own port is left out.
cdef value self_reference(request_facts *r) noexcept nogil
# "http://" or "https://", as the client's connection is.
cdef void put_own_scheme(request_facts *r, writer *w) noexcept nogil
# Does an absolute-form target name this server?
cdef bint authority_is_ours(request_facts *r) noexcept nogil
