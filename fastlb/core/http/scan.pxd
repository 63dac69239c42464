# Doors to scan.h and names.h. They read [p, end) or the given length and nothing else.

cdef extern from "scan.h" nogil:
    # first byte that is this one, or end
    const char *scan_byte(const char *p, const char *end, char byte)
    # first control byte other than HTAB, or end
    const char *scan_value(const char *p, const char *end)
    # first byte that cannot stand in a target (a control, SP, "#", DEL), or end
    const char *scan_target(const char *p, const char *end)
    # first byte that a target may not be sent with (as above, or not ASCII), or end
    const char *scan_visible(const char *p, const char *end)
    # the byte behind the first empty line (CRLF or LF line ends), or NULL
    const char *scan_empty_line(const char *p, const char *end)

cdef extern from "names.h" nogil:
    # first colon, or end
    const char *scan_colon(const char *p, const char *end)
    # name: a constant of 2 to 24 letters and "-" in lower case; p holds length bytes
    bint name_is(const char *p, const char *name, unsigned int length)
