# cython: language_level=3
"""Windows into the compiled core for tests: development builds only (FASTLB_PROBE=1).

Nothing of the core is compiled here: the wrappers call the functions of fastlb._core as
it ships, through the pointers that it exports for all that its .pxd files declare.
"""

cimport cython

from fastlb._core cimport *

include "probe/tls.pyx"
include "probe/http.pyx"
include "probe/cgi.pyx"
include "probe/exit.pyx"
include "probe/regex.pyx"
include "probe/balance.pyx"
include "probe/plan.pyx"
include "probe/files.pyx"
include "probe/kept.pyx"
