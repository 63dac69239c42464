# Which route a client asks for.

cdef extern from "<string.h>" nogil:
    const void *sticky_memmem "memmem"(
        const void *data, size_t length, const void *part, size_t part_length)

cdef struct sticky_result:
    const char *value       # session value as found; NULL: none
    unsigned int value_length
    const char *route       # within value; NULL: none
    unsigned int route_length
    flag from_url           # else from a cookie
    # the name that matched is the plan's sticky_url or sticky_cookie

# target: path and query of the balancer URL; cookies: value of the *first* Cookie field
# (NULL when there is none). Splits at the separator. Where the plan has a route_regex
# only the value is found, and the caller matches it.
# returns 1 when a route was found
cdef int sticky_find(
    const balancer_plan *b,
    const char *target, unsigned int target_length,
    const char *cookies, unsigned int cookies_length,
    sticky_result *out) noexcept nogil
