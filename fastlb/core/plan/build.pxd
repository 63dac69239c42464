# Making a plan, once, when a worker starts. Nothing of it is ever freed.

# That many bytes, cleared.
cdef void *plan_alloc(size_t size) except NULL
# A copy of text or bytes; None is empty.
cdef text plan_text(object value) except *
# Number of a variable; the same name has the same number.
cdef int plan_env(object name) except -2
# All of them.
cdef dict plan_envs
