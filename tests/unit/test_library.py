"""The TLS library is named by its own word; who needs no library loads none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from OpenSSL import SSL

from fastlb.cli.version import settings_lines
from fastlb.tls.library import library_version


def test_the_library_is_the_one_that_pyopenssl_uses() -> None:
    assert library_version().encode() == SSL.OpenSSL_version(SSL.OPENSSL_VERSION)
    assert re.match(r"\w+ \d+\.\d+", library_version())


def test_the_settings_name_the_library() -> None:
    loaded = [line for line in settings_lines() if line.startswith("Server loaded:")]
    assert loaded[0].endswith(f", {library_version()}")


@pytest.mark.parametrize("library", ["OpenSSL", "psutil"])
def test_a_server_that_does_without_a_library_does_not_load_it(library: str) -> None:
    program = (
        "import sys, fastlb.cli.main, fastlb.worker.worker, fastlb.master.master\n"
        f"sys.exit({library!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0
