# cython: language_level=3
"""Places where bytes of strangers are read, for a fuzzer that follows coverage.

The whole core once more, and one function a place; FASTLB_FUZZ=1 builds it, with clang
(tests/attack/coverage.py). Each gets its bytes in a block of just their size, so that
the sanitizer sees a single byte read too many. What must hold of a result is checked as
well: who breaks that ends the process, and the fuzzer keeps the bytes.
"""

include "_core.pyx"

include "fuzz/readers.pyx"      # parsers: bytes in, spans and codes out
include "fuzz/packets.pyx"      # ... of members that do not speak HTTP
include "fuzz/composers.pyx"    # heads, targets and log lines made out of bytes
include "fuzz/listings.pyx"     # names and queries of a directory's listing
include "fuzz/filters.pyx"      # bodies of answers in pieces, as filters take them
include "fuzz/driver.pyx"       # names, and the call of the fuzzer
