# The member that a request is for.

cdef enum:
    NO_ADDRESS = 100000     # in the place of an errno: the name does not resolve

# Make the pools, when the plan is made; the one of a member.
cdef object pools_begin()
cdef member_pool *pool_of(const plan_member *m) noexcept nogil
# What stands in the place of a member while a CONNECT is served (connect.pxd).
cdef plan_member connect_target
cdef void connect_prepare() noexcept nogil
# The name that TLS asks for, and its hash: a connection made for another one does not
# serve.
cdef value member_tls_name(exchange *x) noexcept nogil
cdef unsigned long long member_name_hash(exchange *x) noexcept nogil
# How long it may be silent, and how long connecting to it may take.
cdef long long exchange_timeout_us(exchange *x) noexcept nogil
cdef long long connect_timeout_us(exchange *x) noexcept nogil
