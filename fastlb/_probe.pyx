# cython: language_level=3
"""Windows into the compiled core for tests: development builds only (FASTLB_PROBE=1).

This is a second spine. It includes chapters of the core textually, so that tests call
the very functions that the data path calls, and one file of wrappers for each group.
"""

from libc.limits cimport LLONG_MAX  # no-cython-lint: for the chapters
from libc.string cimport strchr  # no-cython-lint: as above

include "core/io/writer.pyx"          # composing within bounds
include "core/http/chartable.pyx"   # what a byte may be part of
include "core/http/fields.pyx"      # field lines
include "core/http/head.pyx"        # request and response heads as spans
include "core/http/count.pyx"       # what is too much before the head is complete
include "core/http/exit.pyx"        # legal lines out of anything
include "core/http/hops.pyx"        # comma lists, hop-by-hop fields
include "core/http/host.pyx"        # Host and absolute-form targets
include "core/http/framing.pyx"     # where a body ends
include "core/http/chunked.pyx"     # the chunked coding

include "core/io/tls_hello.pyx"     # the name in a ClientHello

include "probe/tls.pyx"             # wrapper of the above
include "probe/http.pyx"            # wrappers of the above
include "probe/exit.pyx"

include "core/shared.pyx"               # memory that all processes see
include "core/balance/lock.pyx"         # words that say who owns them
include "core/balance/table.pyx"        # the mappings, locks of balancers
include "core/balance/ledger.pyx"       # counts and states of members
include "core/balance/sticky.pyx"       # the route a client asks for
include "core/balance/lbmethods/byrequests.pyx"
include "core/balance/lbmethods/bytraffic.pyx"
include "core/balance/lbmethods/bybusyness.pyx"
include "core/balance/lbmethods/methods.pyx"
include "core/balance/elect.pyx"        # who serves
include "core/balance/claims.pyx"       # identity to slot
include "core/balance/table_slots.pyx"  # the table as Python sees it

include "core/plan/regex_steps.pyx"     # how a match is bounded
include "core/plan/regex.pyx"           # patterns and matches

include "probe/regex.pyx"               # wrappers of the above
include "probe/balance.pyx"             # wrappers of the above
