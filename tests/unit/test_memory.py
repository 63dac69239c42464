"""memory.py: what is given back is not missed; and what a server does not carry."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import uvloop

from fastlb.base import memory

ROOT = Path(__file__).parents[2]
# What only a command of the operator needs, or a configuration with more in it.
NOT_CARRIED = (
    "fastlb.cli.compare",
    "fastlb.cli.demo",
    "fastlb.cli.dumps",
    "fastlb.cli.explain",
    "fastlb.cli.listing",
    "fastlb.config.expressions.grammar",
    "fastlb.tls.contexts",
    "cryptography",
    "html.entities",
    "httptools",
    "lark",
    "OpenSSL",
    "passlib",
    "psutil",
)
SERVING = """
import sys
from fastlb.cli import main
options = main.parse(["-f", sys.argv[1]])
loaded = main.load(main.source_of(options, sys.argv[2], "fastlb.conf"))
assert loaded.model is not None, loaded.diagnostics
print("\\n".join(sys.modules))
"""
CONFIGURATION = """
Listen 127.0.0.1:8080
ServerName www.example.test
User nobody
<Proxy "balancer://app">
    BalancerMember http://127.0.0.1:8081
</Proxy>
ProxyPass / balancer://app/
"""


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def test_only_zeros_are_given_back() -> None:
    thing = bytes(64 * mmap.PAGESIZE) + b"x" * mmap.PAGESIZE + bytes(mmap.PAGESIZE)
    before = bytes(bytearray(thing))
    given = memory.forget_zeros(thing)
    assert 60 <= given <= 65
    assert thing == before
    assert memory.forget_zeros(b"small") == 0


def test_a_loop_works_without_its_zeros() -> None:
    loop = uvloop.new_event_loop()
    try:
        before = resident_pages()
        assert memory.forget_zeros(loop) > 50
        assert resident_pages() < before - 40

        async def nothing() -> int:
            return 7

        assert loop.run_until_complete(nothing()) == 7
    finally:
        loop.close()


def test_trimming_may_be_asked_for_at_any_time() -> None:
    memory.trim()


def test_a_server_carries_no_module_that_it_has_no_use_for(tmp_path: Path) -> None:
    """The master would hold it for good, and every process a share of its pages."""
    conf = tmp_path / "fastlb.conf"
    conf.write_text(CONFIGURATION)
    told = subprocess.run(
        [sys.executable, "-c", SERVING, str(conf), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(told.stdout.split())
    assert "fastlb.worker.worker" in loaded
    assert not loaded & set(NOT_CARRIED)
