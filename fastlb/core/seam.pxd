# The way up to Python: the callables that the worker hands over when it starts, and one
# function that says a line in the error log. The core imports no service.
#
# Nothing raises here: what cannot be said is lost.

# No interpreter is left: a worker that has only tunnels has dropped it (flow/lone.pxd).
cdef bint seam_is_shut
