# Expressions at work: Apache's ap_expr as lists of steps (facts/expressions.py).
#
# A list runs from its first step to its last; jumps go forward only, so there are no
# more steps than the list has. Words lie on a stack whose depth the check has counted,
# and what is composed lies in the request's arena.

# What $0 to $9 stand for: the last match of a pattern with groups; data NULL: nothing.
cdef struct expr_groups:
    value subject
    int pairs[2 * REGEX_PAIRS_MAX]

# Does it hold? returns 1, 0, or FAILED: it could not be worked out (a file that cannot
# be read), which the log has been told. groups: in and out; NULL: nobody asks
cdef int expr_holds(
    request_facts *r, int number, expr_groups *groups) noexcept nogil
# A text; data NULL: it could not be worked out. groups: in; NULL: none
cdef value expr_text(
    request_facts *r, int number, const expr_groups *groups) noexcept nogil
