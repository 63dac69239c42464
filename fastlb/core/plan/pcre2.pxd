# What we use of PCRE2 (libpcre2-8), Apache's own engine; pcre2api(3) is the manual.

from libc.stdint cimport uint32_t

cdef extern from *:
    """
    #define PCRE2_CODE_UNIT_WIDTH 8
    #include <pcre2.h>
    """

cdef extern from "pcre2.h" nogil:
    ctypedef struct pcre2_code
    ctypedef struct pcre2_match_data
    ctypedef struct pcre2_match_context
    ctypedef struct pcre2_jit_stack
    ctypedef struct pcre2_callout_block

    # options of a pattern
    uint32_t PCRE2_CASELESS, PCRE2_DOLLAR_ENDONLY, PCRE2_DOTALL, PCRE2_DUPNAMES
    uint32_t PCRE2_UTF, PCRE2_ANCHORED, PCRE2_AUTO_CALLOUT
    uint32_t PCRE2_JIT_COMPLETE
    # questions
    uint32_t PCRE2_INFO_ALLOPTIONS, PCRE2_INFO_CAPTURECOUNT, PCRE2_INFO_JITSIZE
    uint32_t PCRE2_INFO_NAMECOUNT, PCRE2_INFO_NAMEENTRYSIZE, PCRE2_INFO_NAMETABLE
    int PCRE2_ERROR_NOMATCH, PCRE2_ERROR_CALLOUT, PCRE2_ERROR_MATCHLIMIT

    pcre2_code *pcre2_compile(
        const unsigned char *pattern, size_t length, uint32_t options, int *error,
        size_t *offset, void *context)
    void pcre2_code_free(pcre2_code *code)
    int pcre2_jit_compile(pcre2_code *code, uint32_t options)
    int pcre2_pattern_info(const pcre2_code *code, uint32_t what, void *where)
    int pcre2_get_error_message(int code, unsigned char *out, size_t size)

    pcre2_match_context *pcre2_match_context_create(void *general)
    void pcre2_match_context_free(pcre2_match_context *context)
    int pcre2_set_match_limit(pcre2_match_context *context, uint32_t limit)
    int pcre2_set_depth_limit(pcre2_match_context *context, uint32_t limit)
    int pcre2_set_heap_limit(pcre2_match_context *context, uint32_t kib)
    int pcre2_set_callout(
        pcre2_match_context *context,
        int (*step)(pcre2_callout_block *, void *) noexcept nogil, void *data)
    pcre2_jit_stack *pcre2_jit_stack_create(size_t start, size_t most, void *general)
    void pcre2_jit_stack_free(pcre2_jit_stack *stack)
    void pcre2_jit_stack_assign(
        pcre2_match_context *context, void *callback, void *stack)

    pcre2_match_data *pcre2_match_data_create(uint32_t pairs, void *general)
    void pcre2_match_data_free(pcre2_match_data *data)
    size_t *pcre2_get_ovector_pointer(pcre2_match_data *data)
    int pcre2_match(
        const pcre2_code *code, const unsigned char *subject, size_t length,
        size_t start, uint32_t options, pcre2_match_data *data,
        pcre2_match_context *context)
    int pcre2_jit_match(
        const pcre2_code *code, const unsigned char *subject, size_t length,
        size_t start, uint32_t options, pcre2_match_data *data,
        pcre2_match_context *context)
