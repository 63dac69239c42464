# What Require says, and Order, Allow and Deny.

cdef enum:
    ACCESS_IS_DENIED = 0
    ACCESS_IS_GRANTED = 1
    ACCESS_NEEDS_USER = 2       # denied, and a user may change that
    ACCESS_IS_NEUTRAL = 3       # a negated rule that did not match
    ACCESS_IS_UNSAID = 4        # there is no Require at all
    ACCESS_IS_ELSEWHERE = 5     # it is said for other methods (<Limit>)

# Require of all sections, merged (AuthMerging). returns ACCESS_*; r.host_wanted or
# r.asks is set when that depends on what is not known yet.
cdef int access_requires(request_facts *r) noexcept nogil
# One tree. in_all: of what surrounds it all must hold
cdef int access_evaluate(request_facts *r, access_op *op, bint in_all) noexcept nogil
# Does one of the names stand for the request's method?
cdef bint names_method(request_facts *r, const text *names, int count) noexcept nogil
# Order, Allow and Deny.
cdef bint access_old_admits(request_facts *r, old_access *old) noexcept nogil
# The word that is said for the request's method by Order or Satisfy.
cdef int access_old_word(
    request_facts *r, const old_word *words, int count, int usual) noexcept nogil
# The last section's value: the number of a group file, -1 when none is said.
cdef int access_group_file(request_facts *r) noexcept nogil
# Known, or asked for and VERDICT_UNKNOWN.
cdef int access_verdict(request_facts *r, auth_question *q) noexcept nogil
