# Is a request let in? The phases are httpd's: Order, Allow and Deny; Require, as far as
# it can be decided without a user; who the user is; Require anew. What Satisfy says
# binds the first of them to the others.

# returns 0, or the status of the refusal; r.host_wanted or r.asks is set when that
# depends on what is not known yet. r.user and r.challenge are set.
cdef int request_admission(request_facts *r, int *because) noexcept nogil
