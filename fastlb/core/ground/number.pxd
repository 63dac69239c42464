# Numbers as text: decimal and hexadecimal, read and written.

cdef const char *HEX_LOWER
cdef const char *HEX_UPPER
