# Regular expressions: patterns by number, matched by PCRE2 without the interpreter.
#
# A pattern was compiled by whoever checked the configuration, before the fork
# (_pcre2.pyx); here is its address, and what a match needs, allocated once a process.

cdef enum:
    REGEX_NO_MATCH = 0
    REGEX_UNDECIDED = -1        # a limit was reached, or the subject is not UTF

cdef struct plan_pattern:
    const pcre2_code *code      # counts its steps
    const pcre2_code *fast      # does not; NULL: none
    bint jit                    # its machine code may be called directly
    bint anchored
    long long told_us           # when the log was told of a limit; 0: never
    unsigned int untold         # limits reached since then

# Give a compiled pattern (_pcre2.Pattern) its number. place: "Directive at file:line"
cdef int regex_add(object pattern, str place) except -1
# Forget all patterns; make what matches need.
cdef object regex_begin()

# Search the bytes. groups: out, REGEX_PAIRS_MAX pairs of offsets into data, -1 where a
# group took no part; may be NULL.
# returns the number of groups that took part, the match itself counted; or
# REGEX_NO_MATCH, REGEX_UNDECIDED (regex_error says why)
cdef int regex_match(
    int number, const char *data, unsigned int length, int *groups) noexcept nogil
# Why the last match was undecided (regex_reason).
cdef int regex_error
