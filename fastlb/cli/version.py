"""-v, -V and -h: what this program is, in the lines that scripts read of httpd."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from fastlb.base.version import VERSION
from fastlb.facts.words import Compat
from fastlb.master.loading import cpu_count

HTTPD_ROOT = "/etc/fastlb"
SERVER_CONFIG_FILE = "fastlb.conf"
DEFAULT_PIDLOG = "logs/httpd.pid"
DEFAULT_ERRORLOG = "logs/error_log"
MAGIC_NUMBER = "20120211:142"  # of the module interface whose behaviour is followed


def version_lines() -> Iterator[str]:
    """Both lines of -v."""
    import platform

    from fastlb.admin.built import built

    yield f"Server version: fastlb/{VERSION} ({platform.system()})"
    yield f"Server built:   {built()}"


def settings_lines(compat: Compat = Compat.BETTER) -> Iterator[str]:
    """The lines of -V; compat: of the configuration, where there is one."""
    import platform

    yield from version_lines()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield f"Server's Module Magic Number: {MAGIC_NUMBER}"
    yield f"Server loaded:  {python}, {_tls_library()}"
    yield f"Compiled using: {platform.python_compiler()}"
    yield f"Architecture:   {sys.maxsize.bit_length() + 1}-bit"
    yield "Server MPM:     fastlb"
    yield "  threaded:     no"
    yield "    forked:     yes (fixed process count)"
    yield f"Compat:         {compat.value}"
    yield "Server compiled with...."
    yield " -D APR_HAVE_IPV6 (IPv4-mapped addresses enabled)"
    yield " -D AP_HAVE_RELIABLE_PIPED_LOGS"
    yield f' -D HTTPD_ROOT="{HTTPD_ROOT}"'
    yield f' -D DEFAULT_PIDLOG="{DEFAULT_PIDLOG}"'
    yield f' -D DEFAULT_ERRORLOG="{DEFAULT_ERRORLOG}"'
    yield f' -D SERVER_CONFIG_FILE="{SERVER_CONFIG_FILE}"'
    yield f" -D DEFAULT_START_SERVERS={cpu_count()}"


def _tls_library() -> str:
    # Only -V needs it yet: a server without TLS does not carry it.
    from fastlb.tls.library import library_version

    return library_version()
