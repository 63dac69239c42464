# Rules of mod_rewrite for the plan.

# Give each virtual host and section its rules, once the plan is made; before
# plan_envs_end.
cdef object plan_rewrites(object model)
