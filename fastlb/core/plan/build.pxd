# Making a plan, once, when a worker starts. Nothing of it is ever freed.

# All of them.
cdef dict plan_envs
# All names are known.
cdef object plan_env_names_end()
# By number: that of REDIRECT_NAME, or -1.
cdef int[ENV_COUNT_MAX] plan_env_redirected
# Where patterns stand in the configuration, by (text, ignore_case).
cdef dict plan_places
