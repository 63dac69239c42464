# The phrases of status codes. They are for people: no client decides by them.

# Take over the usual ones, in memory that lives as long as the process.
cdef void reasons_begin(dict texts) except *
# The usual phrase of a status.
cdef const char *reason_of(int status, unsigned int *length) noexcept nogil
# A member's phrase as it came, be it empty or none; the usual one in the place of one
# that holds controls.
cdef const char *reason_said(
    const head *res, const char *data, unsigned int *length) noexcept nogil
