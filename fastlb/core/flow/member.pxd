# The member that a request is for.

cdef enum:
    NO_ADDRESS = 100000     # in the place of an errno: the name does not resolve

# What stands in the place of a member while a CONNECT is served (connect.pyx).
cdef plan_member connect_target
