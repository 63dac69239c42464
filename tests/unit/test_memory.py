"""memory.py: what is given back is not missed; and what a server does not carry."""

from __future__ import annotations

import gc
import mmap
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop

from fastlb import _core
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
    "dns",
    "html.entities",
    "lark",
    "OpenSSL",
    "passlib",
    "psutil",
    "urllib.request",
    "xml",
)
SERVING = """
import sys
from fastlb.cli import main
options = main.parse(["-f", sys.argv[1]])
loaded = main.load(main.source_of(options, sys.argv[2], "fastlb.conf"))
assert loaded.model is not None, loaded.diagnostics
import fastlb.cli.serve
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


def copied_kib(work: Callable[[], object]) -> int:
    """What a forked process has of its own after it has done some work."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            kept = work()
            rollup = Path("/proc/self/smaps_rollup").read_text()
            os.write(writer, rollup.partition("Private_Dirty:")[2].split()[0].encode())
            del kept
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as told:
        number = int(told.read())
    os.waitpid(pid, 0)
    return number


def test_a_forked_process_puts_its_objects_together() -> None:
    """Not into the gaps between those of its master, a page for each few."""

    def work() -> object:
        return [(number, number) for number in range(4000)]

    pairs: list[object] = [(number, number) for number in range(200_000)]
    pairs[::10] = [None] * 20_000
    gc.freeze()
    try:
        before = copied_kib(work)
        blocks = sys.getallocatedblocks()
        found = _core.fill_holes()
        assert sys.getallocatedblocks() >= blocks + found > blocks + 10_000
        assert copied_kib(work) < before - 1000
        assert abs(_core.fill_holes() - found) < 1000  # none is taken twice
        _core.free_holes()
        assert sys.getallocatedblocks() < blocks + 1000
    finally:
        gc.unfreeze()
        _core.free_holes()
    assert len(pairs) == 200_000


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
