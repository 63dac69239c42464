# Expressions as lists of steps, by number (facts/expressions.py).

# In the order of facts.expressions.Step.
cdef enum:
    EXPR_TEXT = 0
    EXPR_VARIABLE
    EXPR_GROUP
    EXPR_JOIN
    EXPR_FUNCTION
    EXPR_SAME
    EXPR_OTHER
    EXPR_LESS
    EXPR_AT_MOST
    EXPR_MORE
    EXPR_AT_LEAST
    EXPR_NUMBER_SAME
    EXPR_NUMBER_OTHER
    EXPR_NUMBER_LESS
    EXPR_NUMBER_AT_MOST
    EXPR_NUMBER_MORE
    EXPR_NUMBER_AT_LEAST
    EXPR_MATCH
    EXPR_ADDRESS
    EXPR_CLIENT
    EXPR_GLOB
    EXPR_NOT_EMPTY
    EXPR_EMPTY
    EXPR_TRUTH
    EXPR_FILE
    EXPR_URL_IS_FINE
    EXPR_FILE_IS_FINE
    EXPR_PEER_EXTENSION
    EXPR_CONSTANT
    EXPR_IS_ONE
    EXPR_NOT
    EXPR_DROP
    EXPR_JUMP_IF
    EXPR_JUMP_UNLESS

cdef struct expr_op:
    unsigned char step
    bint negated                # EXPR_MATCH
    bint has_groups             # EXPR_MATCH: the pattern has groups, so $0-$9 change
    int number
    text literal
    network *networks           # EXPR_ADDRESS, EXPR_CLIENT: one

cdef struct plan_expr:
    int count
    expr_op *ops
    bint decides                # access hangs on it
    bint looks                  # at what would become of another request

# Number of an expression (facts.expressions.Expression), for good. decides: a match in
# it that nobody can decide must not let the request through
cdef int plan_expression(object expression, bint decides) except -2
# By number, and where each stands.
cdef plan_expr *plan_exprs
cdef list expr_places
# Does any of them look (expr_ops.pyx)?
cdef bint plan_exprs_look
