# What a byte may be part of (RFC 9110 5.5 and 5.6.2; RFC 9112 3).

cdef enum:
    CHAR_TOKEN = 1      # tchar: methods, field names, list members
    CHAR_VALUE = 2      # field value: HTAB, SP, VCHAR, obs-text
    CHAR_TARGET = 4     # request target as Apache takes it: VCHAR but "#", obs-text
    CHAR_DIGIT = 8
    CHAR_ALPHA = 16
    CHAR_HOST = 32      # host name under Strict: letters, digits, "-", "_", "."

# Bits CHAR_* of each byte; filled once when the module is loaded, then only read.
cdef unsigned char char_class[BYTE_VALUES]
# The value of a hexadecimal digit, 255 for other bytes.
cdef unsigned char hex_value[BYTE_VALUES]
