# What functions and operators of expressions make of words.

# Functions of one word, in the order of facts.expressions.Function.
cdef enum:
    FUNCTION_REQ = 0
    FUNCTION_RESP
    FUNCTION_REQENV
    FUNCTION_OSENV
    FUNCTION_NOTE
    FUNCTION_ENV
    FUNCTION_TOLOWER
    FUNCTION_TOUPPER
    FUNCTION_ESCAPE
    FUNCTION_UNESCAPE
    FUNCTION_BASE64
    FUNCTION_UNBASE64
    FUNCTION_MD5
    FUNCTION_SHA1
    FUNCTION_FILE
    FUNCTION_FILESIZE
    FUNCTION_LDAP

cdef enum:
    GLOB_CROSSES = 1        # * and ? meet a slash
    GLOB_IGNORES_CASE = 2
