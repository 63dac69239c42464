# What Require says, and Order, Allow and Deny.

cdef enum:
    ACCESS_IS_DENIED = 0
    ACCESS_IS_GRANTED = 1
    ACCESS_NEEDS_USER = 2       # denied, and a user may change that
    ACCESS_IS_NEUTRAL = 3       # a negated rule that did not match
    ACCESS_IS_UNSAID = 4        # there is no Require at all
    ACCESS_IS_ELSEWHERE = 5     # it is said for other methods (<Limit>)
