# Making a plan, once, when a worker starts. Nothing of it is ever freed.

# All of them.
cdef dict plan_envs
# All names are known.
cdef object plan_env_names_end()
# Variables that hold what a request is called (plan/request_ids.pyx), by number; -1:
# nobody asks.
cdef enum:
    ID_UNIQUE = 0
    ID_REQUEST = 1
    ID_TRACEPARENT = 2
    ID_TRACE_PARENT_ID = 3
    ID_TRACE_SAMPLED = 4
    ID_COUNT = 5
cdef int[ID_COUNT] plan_ids
cdef bint plan_ids_wanted
# By number: that of REDIRECT_NAME, or -1.
cdef int[ENV_COUNT_MAX] plan_env_redirected
# Where patterns stand in the configuration, by (text, ignore_case).
cdef dict plan_places
