"""The TLS library is named by its own word."""

from __future__ import annotations

import re
import subprocess
import sys

from OpenSSL import SSL

from fastlb.cli.version import settings_lines
from fastlb.tls.library import library_version


def test_the_library_is_the_one_that_pyopenssl_uses() -> None:
    assert library_version().encode() == SSL.OpenSSL_version(SSL.OPENSSL_VERSION)
    assert re.match(r"\w+ \d+\.\d+", library_version())


def test_the_settings_name_the_library() -> None:
    loaded = [line for line in settings_lines() if line.startswith("Server loaded:")]
    assert loaded[0].endswith(f", {library_version()}")


def test_a_server_without_tls_does_not_load_the_library() -> None:
    program = (
        "import sys, fastlb.cli.main, fastlb.worker.worker, fastlb.master.master\n"
        "sys.exit('OpenSSL' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0
