# Header and environment rules at work: ops over the list of fields that will go out.

# SetEnvIf of the sections [first, last), and SetEnv of all.
cdef void rules_env_if(request_facts *r, int first, int last) noexcept nogil
cdef void rules_env(request_facts *r) noexcept nogil
# Header (response=True) or RequestHeader of all sections.
# tables: 1 onsuccess, 2 always, 3 both
cdef void rules_headers(
    request_facts *r, out_list *out, bint response, int tables,
    bint early) noexcept nogil
