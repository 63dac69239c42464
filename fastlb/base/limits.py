"""Bounds of the control plane. Those of the data path are in `core/limits.pxd`."""

from __future__ import annotations

INCLUDE_DEPTH_MAX = 128  # Apache: AP_MAX_INCLUDE_DEPTH
DIRECTORY_DEPTH_MAX = 20  # Apache: AP_MAX_INCLUDE_DIR_DEPTH
LINE_BYTES_MAX = 16 * 1024 * 1024  # one logical line
FILES_MAX = 100_000  # files read for one configuration
SECTION_DEPTH_MAX = 100  # sections inside sections
DIAGNOSTICS_MAX = 1_000  # complaints kept of one run
ARGUMENTS_MAX = 4_096  # words of one directive

SERVER_LIMIT_MAX = 200_000
WORKERS_MAX = 1_024  # forked processes of one generation
VHOSTS_MAX = 65_536
MEMBERS_MAX = 16_384
BALANCERS_MAX = 4_096
PORT_MAX = 65_535
