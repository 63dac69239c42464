# Numbers as text: decimal and hexadecimal, read and written.

cdef const char *HEX_LOWER
cdef const char *HEX_UPPER

# Digits only, below 2**63; -1: it is anything else, or nothing.
cdef long long decimal_of(const char *p, unsigned int length) noexcept nogil
# The value of two hexadecimal digits; -1: they are none.
cdef int hex_pair(const char *p) noexcept nogil
# Write the digits so that they end before `end`, where there is room for
# NUMBER_DIGITS_MAX; returns where they begin.
cdef char *decimal_before(char *end, unsigned long long number) noexcept nogil
cdef char *hex_before(char *end, unsigned long long number) noexcept nogil
