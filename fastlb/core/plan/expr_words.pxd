# What functions and operators of expressions make of words.

cdef extern from "plan/digest.h" nogil:
    void digest_md5(const unsigned char *text, size_t length, unsigned char *out)
    void digest_sha1(const unsigned char *text, size_t length, unsigned char *out)

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

# The word that a function makes of one. failed: out, when it could not
cdef value expr_function(
    request_facts *r, int function, value word, bint *failed) noexcept nogil
# As httpd reads a number: blanks, a sign, digits, and no further.
cdef long long expr_number(value word) noexcept nogil
# -T: anything but nothing, "0", "off", "no" and "false".
cdef bint expr_truth(value word) noexcept nogil
# 1, 0; FAILED: more steps than EXPR_GLOB_STEPS_MAX
cdef int expr_glob(value pattern, value subject, int how) noexcept nogil
# -d -e -f -s -L -h -x
cdef bint expr_file_is(value path, int letter) noexcept nogil
# An address in one of the ways that the system reads. False: it is none
cdef bint expr_address(value word, unsigned char *address) noexcept nogil
