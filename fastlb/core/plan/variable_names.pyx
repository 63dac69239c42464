"""Server variables by number (variable_names.pxd)."""
# uses: ground/text, plan/build, plan/tls_names

from fastlb.facts.variables import Language, split_prefix, variable_named

cdef plan_variable *plan_variables = NULL
cdef int plan_variable_count = 0
cdef dict variable_numbers = {}     # (kind, name or number) -> number


# Forget all.
cdef object variable_names_begin():
    global plan_variable_count
    plan_variable_count = 0
    variable_numbers.clear()


cdef int plan_variable_number(str spelled, object language) except -2:
    global plan_variables, plan_variable_count
    cdef plan_variable one
    cdef plan_variable *grown
    cdef int number
    prefix, name = split_prefix(spelled)
    one.number = -1
    one.name = plan_text(None)
    row = variable_named(name, language or Language.EXPRESSION)
    if prefix == "HTTP:":
        one.kind = VAR_FIELD
        key = (VAR_FIELD, name.lower())
    elif prefix == "RESP:":
        one.kind = VAR_ANSWER_FIELD
        one.number = plan_env(ENV_OF_FIELD + name.lower())
        key = (VAR_ANSWER_FIELD, one.number)
    elif prefix == "NOTE:":
        one.kind = VAR_ENV
        one.number = plan_env(ENV_OF_NOTE + name.lower())
        key = (VAR_ENV, one.number)
    elif prefix == "ENV:":
        one.kind = VAR_ENV
        one.number = plan_env(name)
        key = (VAR_ENV, one.number)
    elif row is not None and row.name == "CONTENT_TYPE":
        return plan_variable_number("RESP:Content-Type", language)
    elif row is not None:
        one.kind = row.number
        key = (one.kind, None)
    elif prefix == "SSL:" or name[:4].upper() == "SSL_":
        one.kind = VAR_TLS
        one.number = plan_tls_name(name)
        key = (VAR_TLS, one.number)
    elif language is None:
        one.kind = VAR_NOTHING
        key = (VAR_NOTHING, None)
    else:
        raise ValueError(f"unknown variable {spelled!r}")
    if key in variable_numbers:
        return variable_numbers[key]
    if one.kind == VAR_FIELD or one.kind == VAR_ANSWER_FIELD:
        one.name = plan_text(name)
    number = len(variable_numbers)
    grown = <plan_variable *>realloc(
        plan_variables, sizeof(plan_variable) * (number + 1))
    if grown == NULL:
        raise MemoryError("no memory for the plan")
    plan_variables = grown
    plan_variables[number] = one
    plan_variable_count = number + 1
    variable_numbers[key] = number
    return number
