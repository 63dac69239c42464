# Sections that hang on an expression.

# Choose those of all sections that apply, and put them behind. False: too many
cdef bint match_ifs_again(request_facts *r) noexcept nogil
