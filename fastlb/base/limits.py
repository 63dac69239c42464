"""Bounds of the control plane. Those of the data path are in `core/limits.pxd`."""

from __future__ import annotations

INCLUDE_DEPTH_MAX = 128  # Apache: AP_MAX_INCLUDE_DEPTH
DIRECTORY_DEPTH_MAX = 20  # Apache: AP_MAX_INCLUDE_DIR_DEPTH
LINE_BYTES_MAX = 16 * 1024 * 1024  # one logical line
FILES_MAX = 100_000  # files read for one configuration
SECTION_DEPTH_MAX = 100  # sections inside sections
COMPLAINTS_KEPT = 10_000  # complaints kept of one pass over the files
DIAGNOSTICS_MAX = 500  # of them printed; a number stands for the rest

MEMBERS_PER_BALANCER_MAX = 4096  # as in core/limits.pxd
ADDRESSES_PER_MEMBER_MAX = 8  # as in core/limits.pxd
MEMBER_KEY_BYTES_MAX = 768  # as in core/balance/table.h
NAME_SERVERS_MAX = 8  # of Resolver

FILTERS_MAX = 4  # that change one answer; as in core/limits.pxd
FILTERS_LISTED_MAX = 32  # that might, as in core/limits.pxd
SUBSTITUTIONS_MAX = 64  # of one answer, as in core/limits.pxd
HTML_MAPS_MAX = 128  # ProxyHTMLURLMap of one answer, as in core/limits.pxd

AUTH_FILE_BYTES_MAX = 16 * 1024 * 1024  # users, groups; as in core/limits.pxd

VARIABLES_MAX = 256  # that rules and logs name; ENV_COUNT_MAX of core/limits.pxd

PORT_MAX = 65_535
