# The core's own headers.

include "_core.pxd"
