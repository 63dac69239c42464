"""Where lines of the access log go: no trouble there stops a request."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable

import pytest
from flow_bench import Bench
from flow_peers import ONE, answer, get

TEXT = f'CustomLog a "%{{X-Long}}i"\n{ONE}'
LONG = "x" * 4000


def asked(bench: Bench, count: int, value: str = LONG) -> None:
    """So many requests, each with an answer."""
    for _ in range(count):
        client = bench.ask(get("/", f"X-Long: {value}", "Connection: close"))
        member = bench.members[0].accept()
        member.message()
        member.send(answer(b"ok", "Connection: close"))
        assert client.status() == 200


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def dead() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("place", "why"), [(full, "No space left on device"), (dead, "Broken pipe")]
)
def test_what_cannot_be_written_is_told_once_and_when_it_is_over(
    place: Callable[[], int], why: str
) -> None:
    with Bench(TEXT) as bench:
        good = os.dup(bench.logs[0])
        bench.core.replace_log_fd(0, place())
        for _ in range(3):
            asked(bench, 1, "lost")
            bench.tick()
        said = [line for line in bench.services.logged if "FB073" in line]
        assert len(said) == 1
        assert said[0].endswith(f"FB0730: access log /srv/a: lines are lost: {why}")
        bench.core.replace_log_fd(0, good)
        asked(bench, 1, "kept")
        assert bench.log_lines() == ["kept"]

        def is_well() -> bool:
            bench.tick()
            return bench.has_said("FB0731")

        bench.until(is_well)
        assert bench.services.logged[-1].endswith("lines that were lost: 3")
        bench.core.replace_log_fd(0, full())
        asked(bench, 1, "lost")
        bench.tick()
        said = [line for line in bench.services.logged if "FB0730" in line]
        assert len(said) == 2


def test_a_program_that_does_not_read_stops_no_request() -> None:
    with Bench(TEXT) as bench:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        bench.core.replace_log_fd(0, writer)
        asked(bench, 30)
        bench.tick()
        assert bench.services.logged[-1].endswith("lost: its program is behind")
        held = b""
        os.set_blocking(reader, False)

        def is_empty() -> bool:
            nonlocal held
            bench.tick()
            try:
                held += os.read(reader, 65536)
            except BlockingIOError:
                return True
            return False

        bench.until(is_empty)
        # Whole lines all, those that found room.
        lines = held.decode().splitlines()
        assert set(lines) == {LONG}
        assert 8 < len(lines) < 30
        os.close(reader)


def test_buffered_lines_wait_for_a_write_that_is_filled_or_the_tick() -> None:
    with Bench(f"BufferedLogs On\n{TEXT}") as bench:
        asked(bench, 2, "one")
        assert bench.log_lines() == []
        bench.tick()
        assert bench.log_lines() == ["one", "one"]
        asked(bench, 1)
        assert bench.log_lines() == []
        asked(bench, 1)
        bench.until(lambda: bench.log_lines() == [LONG, LONG])
        asked(bench, 1, "last")
        bench.core.drain()
        bench.until(lambda: bench.log_lines() == ["last"])
