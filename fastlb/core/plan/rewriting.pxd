# One run over a list of rules (rewrite_rules.pxd).

# returns REWRITE_*; w has what the request is, and gets what the rules make of it
cdef int rewrite_list_run(rewriting *w, const rewrite_list *rules) noexcept nogil
