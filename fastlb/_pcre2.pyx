# cython: language_level=3
"""Regular expressions: PCRE2 with the options that Apache gives it (ap_regcomp).

A module of its own below the model, because the check of a configuration compiles what
the core will match with: a pattern is compiled once, in the master, before the fork,
and whoever is forked finds it there. The core takes the compiled code by its address
(core/plan/regex.pyx); `search` here is for the check and for pages.

Apache's options: "." meets a newline, "$" stands at the very end only, a name may be
given twice, bytes are bytes (no UTF). Source: server/util_pcre.c, RegexDefaultOptions.
"""

from cython cimport final

include "core/sys.pxd"
include "core/limits.pxd"
include "core/plan/pcre2.pxd"
include "core/plan/regex_steps.pyx"

cdef pcre2_match_context *limits_of_search = NULL
cdef int compiled = 0
# Calls of a pattern or of one of its groups, whose depth machine code does not count.
# Too much may look so: then steps are counted from the first.
cdef tuple CALLS = (
    b"(?R", b"(?&", b"(?P>", b"\\g",
    *(b"(?%s%d" % (sign, digit) for sign in (b"", b"+", b"-") for digit in range(10)),
)


def compiled_count():
    """Patterns that this process and its ancestors have compiled: for tests."""
    return compiled


class PatternError(ValueError):
    """A pattern that PCRE2 refuses. offset: bytes of it that were read till then."""

    reason = ""
    offset = 0

    def __init__(self, str reason, int offset):
        super().__init__(f"{reason} at offset {offset}")
        self.reason = reason
        self.offset = offset


class PatternLimitError(Exception):
    """A search that was given up: nobody knows whether the subject matches."""


@final
cdef class Pattern:
    """A compiled pattern. It lives as long as the model, or the plan, that names it.

    address       of its pcre2_code, for the core; its matches count their steps
    fast_address  of one that does not, for short subjects; 0: there is none
    jit           there is machine code for it
    anchored      a match begins where the subject does
    check_utf     the pattern asks for UTF itself: subjects must be checked
    group_count   of its capturing groups
    """

    cdef object __weakref__
    cdef pcre2_code *code
    cdef pcre2_code *fast
    cdef readonly bytes pattern
    cdef readonly bint ignore_case
    cdef readonly bint jit
    cdef readonly bint check_utf
    cdef readonly bint anchored
    cdef readonly int group_count

    def __cinit__(self, bytes pattern, bint ignore_case=False):
        cdef uint32_t options = (
            PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_DUPNAMES)
        cdef uint32_t told = 0
        cdef int error = 0
        cdef size_t offset = 0
        cdef size_t machine_code = 0
        global compiled
        if ignore_case:
            options |= PCRE2_CASELESS
        self.code = pcre2_compile(
            <const unsigned char *><const char *>pattern, len(pattern),
            options | PCRE2_AUTO_CALLOUT, &error, &offset, NULL)
        if self.code == NULL:
            raise PatternError(regex_reason(error), offset)
        compiled += 1
        self.pattern = pattern
        self.ignore_case = ignore_case
        # Where a system forbids code that was written at run time there is none, nor
        # with (*NO_JIT); then PCRE2 interprets, with a smaller limit.
        if pcre2_jit_compile(self.code, PCRE2_JIT_COMPLETE) == 0:
            pcre2_pattern_info(self.code, PCRE2_INFO_JITSIZE, &machine_code)
        self.jit = machine_code != 0
        pcre2_pattern_info(self.code, PCRE2_INFO_ALLOPTIONS, &told)
        self.check_utf = told & PCRE2_UTF != 0
        self.anchored = told & PCRE2_ANCHORED != 0
        calls = any(call in pattern for call in CALLS)
        if self.jit and not self.check_utf and not calls:
            self.fast = pcre2_compile(
                <const unsigned char *><const char *>pattern, len(pattern), options,
                &error, &offset, NULL)
            if self.fast != NULL and pcre2_jit_compile(self.fast, PCRE2_JIT_COMPLETE):
                pcre2_code_free(self.fast)
                self.fast = NULL
        pcre2_pattern_info(self.code, PCRE2_INFO_CAPTURECOUNT, &told)
        self.group_count = <int>told

    def __dealloc__(self):
        pcre2_code_free(self.code)
        pcre2_code_free(self.fast)

    @property
    def address(self):
        return <size_t>self.code

    @property
    def fast_address(self):
        return <size_t>self.fast

    @property
    def names(self):
        """Pairs of a group's name and its number, in the order of the numbers."""
        cdef uint32_t count = 0, size = 0, i
        cdef const unsigned char *table = NULL
        cdef const unsigned char *row
        pcre2_pattern_info(self.code, PCRE2_INFO_NAMECOUNT, &count)
        pcre2_pattern_info(self.code, PCRE2_INFO_NAMEENTRYSIZE, &size)
        pcre2_pattern_info(self.code, PCRE2_INFO_NAMETABLE, &table)
        found = []
        for i in range(count):
            row = table + i * size
            name = <bytes><const char *>(row + 2)
            found.append((row[0] << 8 | row[1], name.decode("latin-1")))
        return tuple((name, number) for number, name in sorted(found))

    def search(self, bytes subject not None):
        """Spans of the whole match and of each group, (-1, -1) for one that took no
        part; None: no match. Raises PatternLimitError."""
        cdef pcre2_match_data *found
        cdef pcre2_match_context *context = search_context()
        cdef size_t *offsets
        cdef int i, rc
        found = pcre2_match_data_create(self.group_count + 1, NULL)
        if found == NULL:
            raise MemoryError("no memory for a match")
        try:
            regex_budget_begin(len(subject))
            rc = pcre2_match(
                self.code, <const unsigned char *><const char *>subject, len(subject),
                0, 0, found, context)
            if rc == PCRE2_ERROR_NOMATCH:
                return None
            if rc < 0:
                raise PatternLimitError(regex_reason(rc))
            offsets = pcre2_get_ovector_pointer(found)
            spans = [(-1, -1)] * (self.group_count + 1)
            for i in range(rc):
                spans[i] = (<Py_ssize_t>offsets[2 * i], <Py_ssize_t>offsets[2 * i + 1])
            return tuple(spans)
        finally:
            pcre2_match_data_free(found)


cdef pcre2_match_context *search_context() except NULL:
    """The limits, made when they are first needed: one for the process."""
    global limits_of_search
    if limits_of_search == NULL:
        limits_of_search = regex_context_new()
        if limits_of_search == NULL:
            raise MemoryError("no memory for a match")
    return limits_of_search
