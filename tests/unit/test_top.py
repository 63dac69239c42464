"""`fastlb top`: the state document as lines, and a terminal that is left as it was."""

from __future__ import annotations

import copy
import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from rows import rows
from test_state import CHECKED, PLAIN, TOLD, Server

from fastlb.cli.main import run
from fastlb.cli.top.ask import AskError, Look, ask, place_of
from fastlb.cli.top.view import ORDERS, OUT, lines
from fastlb.cli.top.view import rows as rows_of
from fastlb.facts.health import Reason

DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Of a table with members: one of them is out."""
    server = Server()
    server.note_check(CHECKED, Reason.REFUSED)
    server.table.set_flag(server.slot_of(CHECKED), "C", True)
    return server.document()


def members(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    groups = (*document["balancers"], {"members": document["members"]})
    return {one["url"]: one for group in groups for one in group["members"]}


@pytest.fixture
def later(document: dict[str, Any]) -> dict[str, Any]:
    """Two seconds on."""
    told = copy.deepcopy(document)
    every = members(told)
    every[PLAIN]["outcomes"] |= {"2xx": 20, "5xx": 4, "none": 2}
    every[PLAIN] |= {"answer_p50_seconds": 0.005, "answer_p99_seconds": 1.25}
    every[TOLD]["outcomes"]["2xx"] = 200
    every[TOLD]["in_flight"] = 7
    told["totals"] |= {"requests": 226, "sent_bytes": 2 * 10_240, "in_flight": 7}
    return told


# --- lines


def told(found: list[Any], url: str) -> Any:
    (line,) = (one for one in found if f" {url} " in one.text)
    return line


def test_rates_are_those_between_two_looks(
    document: dict[str, Any], later: dict[str, Any]
) -> None:
    found = {row.url: row for row in rows_of(Look(later, 12.0), Look(document, 10.0))}
    assert (found[PLAIN].rate, found[PLAIN].error_rate) == (13.0, 3.0)
    assert found[TOLD].rate == 100.0
    text = lines(
        *(Look(later, 12.0), Look(document, 10.0), "rate"),
        width=0,
        height=0,
        foot="",
    )
    assert text[1].text.startswith("113.0 requests/s and 10.0 kB/s, 7 in flight")
    words = told(text, PLAIN).text.split()
    assert words[:9] == ["pool", PLAIN, "serving", "13.0", "3.0", "5", "ms", "1.2", "s"]


def test_of_one_look_they_are_means_since_the_start(later: dict[str, Any]) -> None:
    found = {row.url: row for row in rows_of(Look(later, 12.0))}
    assert found[TOLD].rate == 200 / 41
    text = lines(Look(later, 12.0), None, "file", width=0, height=0, foot="")
    assert " since the start" in text[1].text


def test_a_server_that_was_started_anew_begins_anew(
    document: dict[str, Any], later: dict[str, Any]
) -> None:
    document = copy.deepcopy(document)
    document["server"]["started_unix_seconds"] -= 100
    found = {row.url: row for row in rows_of(Look(later, 12.0), Look(document, 10.0))}
    assert found[TOLD].rate == 200 / 41


def test_without_outcomes_elections_are_counted(document: dict[str, Any]) -> None:
    after = copy.deepcopy(document)
    members(after)[TOLD]["elected"] += 50
    found = {row.url: row for row in rows_of(Look(after, 15.0), Look(document, 10.0))}
    assert found[TOLD].rate == 10.0


def test_one_that_is_out_has_its_reason_and_looks_so(document: dict[str, Any]) -> None:
    found = lines(Look(document, 1.0), None, "file", width=0, height=0, foot="")
    line = told(found, CHECKED)
    assert " unhealthy " in line.text
    assert "refused" in line.text.lower()
    assert line.look == OUT


@rows(
    ("order", "first"),
    [("file", PLAIN), ("rate", TOLD), ("errors", PLAIN), ("p99", PLAIN), ("now", TOLD)],
)
def test_members_are_sorted(order: str, first: str) -> None:
    after = Server().document()
    before = copy.deepcopy(after)
    every = members(after)
    every[PLAIN]["outcomes"]["5xx"] = 4
    every[PLAIN]["answer_p99_seconds"] = 1.25
    every[TOLD] |= {"in_flight": 7}
    every[TOLD]["outcomes"]["2xx"] = 200
    found = lines(
        *(Look(after, 12.0), Look(before, 10.0), order), width=0, height=0, foot=""
    )
    assert found[4].text.split()[1] == first


def test_who_is_out_stands_first_by_state(document: dict[str, Any]) -> None:
    found = lines(Look(document, 1.0), None, "state", width=0, height=0, foot="")
    assert found[4].text.split()[1] == CHECKED
    assert set(ORDERS) == {"file", "rate", "errors", "p99", "now", "state"}


def test_lines_fit_the_screen_and_show_no_controls(document: dict[str, Any]) -> None:
    document = copy.deepcopy(document)
    document["balancers"][0]["name"] = "x\x1b[31m" + "y" * 50
    for height in (8, 12, 40):
        found = lines(
            Look(document, 1.0), None, "file", width=50, height=height, foot="keys"
        )
        assert len(found) == (height if height > 8 else 8)
        assert found[-1].text == "keys"
        assert all(len(line.text) <= 50 and "\x1b" not in line.text for line in found)
    assert any(
        "more members" in line.text
        for line in lines(
            Look(document, 1.0), None, "file", width=50, height=8, foot="keys"
        )
    )


# --- where it is asked


class Answers(BaseHTTPRequestHandler):
    """What the server has in `said`: (status, body)."""

    def do_GET(self) -> None:
        status, body = self.server.said  # type: ignore[attr-defined]
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "client"

    def log_message(self, format: str, *args: object) -> None:
        pass


class Unix(HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)


def served(server: Any, body: bytes) -> Iterator[Any]:
    server.said, server.asked = (200, body), []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web(document: dict[str, Any]) -> Iterator[Any]:
    yield from served(
        HTTPServer(("127.0.0.1", 0), Answers), json.dumps(document).encode()
    )


@pytest.fixture
def url(web: Any) -> str:
    return f"http://127.0.0.1:{web.server_port}/server-status"


def test_once_prints_plain_text_for_scripts(
    web: Any, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["top", "--once", "--sort", "state", url], "fastlb") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[3].split()[:3] == ["BALANCER", "MEMBER", "STATE"]
    assert out.splitlines()[4].split()[1] == CHECKED
    assert "\x1b" not in out
    assert web.asked == ["/server-status?json"]


def test_a_socket_is_asked_as_well(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "s"
    for server in served(Unix(str(path), Answers), json.dumps(document).encode()):  # type: ignore[arg-type]
        found = ask(place_of(f"unix:{path}|http://localhost/state?json&x"))
        assert found.document == document
        ask(place_of(f"unix:{path}"))
        assert server.asked == ["/state?json&x", "/server-status?json"]
    with pytest.raises(AskError):
        ask(place_of(f"unix:{path}.gone"))


@rows(
    ("status", "body", "why"),
    [
        (404, b"", "404"),
        (200, b"<html>", "no state document"),
        (200, b"[]", "no state document"),
        (200, b'{"format": 99}', "its format is 99"),
    ],
)
def test_what_is_no_state_document_is_told(status: int, body: bytes, why: str) -> None:
    for server in served(HTTPServer(("127.0.0.1", 0), Answers), b""):
        server.said = (status, body)
        with pytest.raises(AskError, match=why):
            ask(place_of(f"http://127.0.0.1:{server.server_port}/"))


@rows("url", ["ftp://x/", "localhost", "http://", "http://h:x/"])
def test_a_url_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(AskError):
        place_of(url)


@pytest.mark.parametrize("every", ["x", "0", "nan"])
def test_what_is_no_time_is_refused(
    every: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(["top", "--every", every], "fastlb")
    assert "--every: from 0.1 to 3600 seconds\n" in capsys.readouterr().err


def test_who_does_not_answer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert run(["top", "--once", f"http://127.0.0.1:{port}/"], "fastlb") == 1
    assert "refused" in capsys.readouterr().err


# --- the terminal


class Terminal:
    """`fastlb top` in one of 24 lines."""

    def __init__(self, *words: str, term: str = "xterm") -> None:
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self._slave = slave
        self.modes = termios.tcgetattr(slave)
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fastlb", "top", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": term, "COLUMNS": ""},
        )

    def wait_for(self, text: str) -> None:
        """Until the terminal has been sent that text."""
        ends_at = time.monotonic() + DEADLINE_S
        while text not in self.seen:
            left_s = ends_at - time.monotonic()
            ready = left_s > 0 and select.select([self.fd], [], [], left_s)[0]
            assert ready, f"{text!r} is not in {self.seen!r}"
            self.seen += os.read(self.fd, 65536).decode()
        self.seen = self.seen.partition(text)[2]

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def end(self) -> tuple[int, bool]:
        """(exit code, its modes are as they were)"""
        self.wait_for("\x1b[?1049l")
        code = self.process.wait(DEADLINE_S)
        same = termios.tcgetattr(self._slave) == self.modes
        os.close(self._slave)
        os.close(self.fd)
        return code, same


def test_a_terminal_that_cannot_be_drawn_on_gets_text(web: Any, url: str) -> None:
    terminal = Terminal(url, term="dumb")
    terminal.wait_for("pool")
    assert terminal.process.wait(DEADLINE_S) == 0
    assert "\x1b" not in terminal.seen


def test_a_terminal_shows_it_until_q(web: Any, url: str) -> None:
    terminal = Terminal("--every", "0.1", url)
    terminal.wait_for("\x1b[?1049h\x1b[?25l\x1b[H")
    terminal.wait_for("\x1b[31mpool")  # who is out, in red
    terminal.wait_for("q quits, s sorts (by file), p pauses")
    terminal.type("s")
    terminal.wait_for("s sorts (by rate)")
    terminal.type("p")
    terminal.wait_for("paused")
    asked = len(web.asked)
    terminal.type("ss")
    terminal.wait_for("by p99")
    assert len(web.asked) == asked
    web.said = (503, b"")
    terminal.type("p")
    terminal.wait_for("503 Service Unavailable")
    terminal.type("q")
    assert terminal.end() == (0, True)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)]
)
def test_a_signal_leaves_the_terminal_as_it_was(
    url: str, number: signal.Signals, code: int
) -> None:
    terminal = Terminal(url)
    terminal.wait_for("q quits")
    terminal.process.send_signal(number)
    assert terminal.end() == (code, True)
