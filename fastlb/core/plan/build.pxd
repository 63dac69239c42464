# Making a plan, once, when a worker starts. Nothing of it is ever freed.

# That many bytes, cleared.
cdef void *plan_alloc(size_t size) except NULL
# A copy of text or bytes; None is empty.
cdef text plan_text(object value) except *
# Number of a variable; the same name has the same number.
cdef int plan_env(object name) except -2
# All of them.
cdef dict plan_envs
# Number of a variable that a request names, when all are known; -1: nobody asks for it.
cdef int plan_env_find(value name) noexcept nogil
# All names are known.
cdef object plan_env_names_end()
# By number: that of REDIRECT_NAME, or -1.
cdef int[ENV_COUNT_MAX] plan_env_redirected
# Number of a pattern; -1 for None.
cdef int plan_regex(object pattern, bint ignore_case=*) except -2
# Where patterns stand in the configuration, by (text, ignore_case).
cdef dict plan_places
# 16 bytes of an address of the module ipaddress, and a network as it is written.
cdef object plan_address(unsigned char *out, object address)
cdef object plan_network(network *out, str written)
