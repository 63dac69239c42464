# Headers of the chapters that the probe includes, in the order of _probe.pyx.

include "core/limits.pxd"
include "core/http/scan.pxd"
include "core/http/chartable.pxd"
include "core/http/head.pxd"
include "core/http/framing.pxd"
include "core/http/chunked.pxd"
