"""The TLS library is named by its own word; who needs no library loads none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from OpenSSL import SSL
from trees import model_of

from fastlb.cli.version import settings_lines
from fastlb.master.preparation import shows_status
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


@pytest.mark.parametrize("section", ["Location /s", "If true"])
def test_the_master_knows_who_shows_a_status(section: str) -> None:
    inside = (
        f"<{section}>\nSetHandler server-status\n</{section.split(maxsplit=1)[0]}>\n"
    )
    assert shows_status(model_of(f"Listen 127.0.0.1:1\n{inside}"))
    assert not shows_status(model_of("Listen 127.0.0.1:1\n"))


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("RewriteEngine On\nRewriteRule ^/s - [H=server-status]", True),
        ("RewriteEngine On\nRewriteRule ^/s - [H=server-info]", False),
        ("RewriteEngine On\nRewriteRule ^/(.*) - [H=$1]", True),
        (
            "<Location /s>\nRewriteEngine On\nRewriteRule s - [H=server-status]\n"
            "</Location>",
            True,
        ),
        ('<Location /s>\nSetHandler "%{env:X}"\n</Location>', True),
    ],
)
def test_rules_and_expressions_may_show_a_status(text: str, shows: bool) -> None:
    assert shows_status(model_of(f"Listen 127.0.0.1:1\n{text}\n")) is shows
