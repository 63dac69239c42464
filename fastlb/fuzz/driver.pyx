"""Names of the targets, and the fuzzer's own main()."""

from libc.stdint cimport uint8_t

ctypedef int (*fuzz_target)(const uint8_t *data, size_t size) noexcept nogil

cdef extern from *:
    # libFuzzer; returns when its time is up
    int LLVMFuzzerRunDriver(int *count, char ***words, fuzz_target run) nogil

cdef struct named_target:
    const char *name
    fuzz_target run

cdef named_target[25] fuzz_targets = [
    named_target(b"request_head", fuzz_request_head),
    named_target(b"response_head", fuzz_response_head),
    named_target(b"chunked", fuzz_chunked),
    named_target(b"fastcgi", fuzz_fastcgi),
    named_target(b"script_head", fuzz_script_head),
    named_target(b"cgi_pairs", fuzz_cgi_pairs),
    named_target(b"ajp", fuzz_ajp),
    named_target(b"host", fuzz_host),
    named_target(b"fields", fuzz_fields),
    named_target(b"client_hello", fuzz_client_hello),
    named_target(b"preface", fuzz_preface),
    named_target(b"remote", fuzz_remote),
    named_target(b"sticky", fuzz_sticky),
    named_target(b"own_cookie", fuzz_own_cookie),
    named_target(b"request", fuzz_request),
    named_target(b"json_line", fuzz_json_line),
    named_target(b"credentials", fuzz_credentials),
    named_target(b"digest", fuzz_digest),
    named_target(b"response", fuzz_response),
    named_target(b"reverse", fuzz_reverse),
    named_target(b"filters", fuzz_filters),
    named_target(b"html", fuzz_html),
    named_target(b"validators", fuzz_validators),
    named_target(b"listings", fuzz_listings),
    named_target(NULL, NULL),
]

TARGETS = []
cdef int target_number = 0
while fuzz_targets[target_number].name != NULL:
    TARGETS.append((<bytes>fuzz_targets[target_number].name).decode())
    target_number += 1


def fuzz(int number, list words):
    """Run target TARGETS[number] with options and corpus folders of libFuzzer."""
    cdef char **given = <char **>calloc(len(words) + 2, sizeof(char *))
    cdef char **again = given
    cdef int count = <int>len(words) + 1
    kept = [b"fuzz", *(word.encode() for word in words)]
    for i, word in enumerate(kept):
        given[i] = word
    with nogil:
        count = LLVMFuzzerRunDriver(&count, &again, fuzz_targets[number].run)
    return count
