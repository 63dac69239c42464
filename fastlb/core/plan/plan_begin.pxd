# The way of a model into the plan.

# All but what rules of mod_rewrite need (plan_rewrites) and access logs.
cdef object plan_begin(
    object model, Table table, object member_slots, object balancer_slots)
# Every variable has its number.
cdef object plan_envs_end()
