# Conditional requests (RFC 9110 13), with what httpd's ap_meets_conditions does
# otherwise.

# What a request asks; data NULL: the field is not there.
cdef struct conditions:
    value if_match
    value if_none_match
    value if_modified_since
    value if_unmodified_since
    value if_range
    bint has_range
    bint is_read                # GET or HEAD

cdef struct validators:
    value etag                  # data NULL: there is none
    long long modified_s        # since 1970
    long long request_s

# 200: it is served; 304 or 412
cdef int conditions_judge(const conditions *c, const validators *v) noexcept nogil
# Is Range to be looked at, for all that If-Range says?
cdef bint range_is_meant(const conditions *c, const validators *v) noexcept nogil
