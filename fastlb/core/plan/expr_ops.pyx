"""Expressions by number (expr_ops.pxd)."""
# uses: ground/text, ground/address, plan/regex, plan/build, plan/tls_names,
#       plan/variable_names

cdef plan_expr *plan_exprs = NULL
cdef int plan_expr_count = 0
cdef dict expr_numbers = {}         # (expression, decides) -> number
cdef list expr_places = []          # where each stands
cdef bint plan_exprs_look = False


# Forget all.
cdef object expressions_begin():
    global plan_expr_count, plan_exprs_look
    plan_expr_count = 0
    plan_exprs_look = False
    expr_numbers.clear()
    expr_places.clear()


cdef int plan_expression(object expression, bint decides) except -2:
    global plan_exprs, plan_expr_count, plan_exprs_look
    cdef plan_expr *grown
    cdef plan_expr *e
    cdef int i
    key = (expression, bool(decides))
    if key in expr_numbers:
        return expr_numbers[key]
    grown = <plan_expr *>realloc(
        plan_exprs, sizeof(plan_expr) * (plan_expr_count + 1))
    if grown == NULL:
        raise MemoryError("no memory for the plan")
    plan_exprs = grown
    e = &plan_exprs[plan_expr_count]
    e.decides = decides
    e.looks = expression.looks
    plan_exprs_look = plan_exprs_look or expression.looks
    e.count = len(expression.ops)
    e.ops = <expr_op *>plan_alloc(sizeof(expr_op) * e.count)
    for i, op in enumerate(expression.ops):
        plan_expr_op(&e.ops[i], op)
    # Those that are looked up by name have a number, so that they are kept.
    for name in expression.variables:
        plan_env(name)
    expr_numbers[key] = plan_expr_count
    expr_places.append(expression.place)
    plan_expr_count += 1
    return plan_expr_count - 1


cdef object plan_expr_op(expr_op *op, object step):
    op.step = step.step.value - 1
    op.number = step.number
    op.literal = plan_text(step.text)
    if op.step == EXPR_VARIABLE:
        op.number = plan_variable_number(
            step.text.decode("latin-1"), Language.EXPRESSION)
    elif op.step == EXPR_MATCH:
        op.negated = op.number & 2 != 0
        op.number = plan_regex(step.text.decode("latin-1"), bool(op.number & 1))
        op.has_groups = regex_kept[op.number][0].group_count > 0
    elif op.step == EXPR_PEER_EXTENSION:
        op.number = plan_tls_name(step.text.decode("latin-1"))
    elif op.step == EXPR_ADDRESS or op.step == EXPR_CLIENT:
        op.networks = <network *>plan_alloc(sizeof(network))
        plan_network(op.networks, step.text.decode("latin-1"))
