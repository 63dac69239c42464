# cython: language_level=3
"""Windows into the compiled core for tests: development builds only (FASTLB_PROBE=1).

This is a second spine. It includes chapters of the core textually, so that tests call
the very functions that the data path calls, and one file of wrappers for each group.
"""

from libc.limits cimport LLONG_MAX
from libc.string cimport memchr, memcmp, memcpy, memmove, memset, strchr

cdef extern from "<arpa/inet.h>" nogil:
    enum:
        AF_INET6
    int inet_pton(int family, const char *text, void *address)

include "core/http/chartable.pyx"   # what a byte may be part of
include "core/http/fields.pyx"      # field lines
include "core/http/head.pyx"        # request and response heads as spans
include "core/http/hops.pyx"        # comma lists, hop-by-hop fields
include "core/http/host.pyx"        # Host and absolute-form targets
include "core/http/framing.pyx"     # where a body ends
include "core/http/chunked.pyx"     # the chunked coding

include "probe/http.pyx"            # wrappers of the above
