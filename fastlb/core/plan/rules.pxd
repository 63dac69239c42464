# Header and environment rules at work: ops over the list of fields that will go out.

# SetEnvIf of the sections [first, last), and SetEnv of all.
cdef void rules_env(request_facts *r) noexcept nogil
