"""Programs of RewriteMap: what a request does while one is asked, and behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import ONE, get
from test_flow_explain import standing_of
from trees import errors

from fastlb.cli.explain.asked import Asked
from fastlb.cli.explain.way import way_of

VALUE, DENIED, NULL, FAULT, BUSY = 1, 2, 3, 4, 5
RULES = (
    "RewriteEngine on\n"
    "RewriteMap m prg:/bin/cat\nRewriteMap n 'prg:/bin/cat -u'\n"
    "RewriteRule ^/two/(.*) /to/${m:$1}-${n:$1}-${m:$1} [R]\n"
    "RewriteCond ${m:$1|closed} !^open$\nRewriteRule ^/gate/(.*) - [F]\n"
    "RewriteRule ^/m/(.*) /to/${m:$1|none} [R]\n"
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench(ONE + RULES) as made:
        yield made


def tell(bench: Bench, verdict: int, value: bytes = b"") -> None:
    bench.until(lambda: bool(bench.services.maps))
    _, _, connection, request = bench.services.maps.pop()
    bench.core.verdict_answer(connection, request, verdict, False, value)


def test_each_question_is_asked_once_for_a_request(bench: Bench) -> None:
    client = bench.ask(get("/two/a"))
    bench.until(lambda: bool(bench.services.maps))
    assert bench.services.maps[0][:2] == (0, b"a")
    tell(bench, VALUE, b"x")
    bench.until(lambda: bool(bench.services.maps))
    assert bench.services.maps[0][:2] == (1, b"a")
    tell(bench, VALUE, b"")
    assert b"/to/x--x\r\n" in client.head()
    # ... and again for the next one: nothing of it is kept.
    again = bench.ask(get("/two/a"))
    tell(bench, VALUE, b"y")
    tell(bench, NULL)
    assert b"/to/y--y\r\n" in again.head()


@pytest.mark.parametrize("verdict", [DENIED, FAULT, BUSY])
def test_no_answer_is_not_taken_for_not_found(bench: Bench, verdict: int) -> None:
    for path in ("/gate/a", "/m/a"):
        client = bench.ask(get(path))
        tell(bench, verdict)
        assert client.status() == 503
        assert bench.has_said("FB0810")
    assert bench.members[0].is_unasked()


def test_what_is_not_found_has_its_default(bench: Bench) -> None:
    client = bench.ask(get("/gate/a"))
    tell(bench, NULL)
    assert client.status() == 403
    client = bench.ask(get("/m/a"))
    tell(bench, NULL)
    assert b"/to/none\r\n" in client.head()


def test_a_line_s_end_in_a_key_is_asked_of_nobody(bench: Bench) -> None:
    assert b"/to/none\r\n" in bench.ask(get("/m/a%0aroot")).head()
    assert bench.services.maps == []


def test_too_many_questions_are_answered_with_503(bench: Bench) -> None:
    bench.services.takes_maps = False
    assert bench.ask(get("/m/a")).status() == 503


def test_an_answer_for_somebody_else_changes_nothing(bench: Bench) -> None:
    client = bench.ask(get("/m/a"))
    bench.until(lambda: bool(bench.services.maps))
    _, _, connection, request = bench.services.maps[0]
    bench.core.verdict_answer(connection, request + 1, VALUE, False, b"wrong")
    bench.core.verdict_answer(connection + 1, request, VALUE, False, b"wrong")
    tell(bench, VALUE, b"right")
    assert b"/to/right\r\n" in client.head()
    bench.core.verdict_answer(connection, request, VALUE, False, b"late")


def test_who_goes_while_it_is_asked_leaves_nothing(bench: Bench) -> None:
    client = bench.ask(get("/m/a"))
    bench.until(lambda: bool(bench.services.maps))
    client.reset()
    bench.until(lambda: bench.counts()["downstreams"] == 0)
    tell(bench, VALUE, b"x")
    assert bench.counts()["exchanges"] == 0


def test_time_that_is_over_is_answered_with_503() -> None:
    with Bench(f"{ONE}{RULES}", of_hosts={"timeout_ms": 60}) as made:
        client = made.ask(get("/m/a"))
        made.until(lambda: bool(made.services.maps))
        made.until(lambda: made.has_said("FB0810"))
        assert client.status() == 503


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("prg:/no/such/program", "file for map m not found:/no/such/program"),
        ("prg:/etc/passwd", "/etc/passwd is no program that can be executed"),
        ("prg:/etc", "/etc is no program that can be executed"),
        ("prg:", "bad path to m"),
        ("'prg:/bin/cat \"a'", "No closing quotation"),
        ("dbd:x", "dbd: is not supported"),
    ],
)
def test_the_check_says_what_is_no_program(words: str, said: str) -> None:
    (found,) = errors(f"RewriteMap m {words}\n")
    assert said in found


def test_explain_says_that_the_program_decides(tmp_path: Path) -> None:
    standing = standing_of(tmp_path, f"ServerName a.test\nListen 8080\n{RULES}")
    way = way_of(standing, Asked("http://a.test:8080/gate/a%20b"))
    assert way.outcome == "program"
    end = way.steps[-1]
    assert "RewriteMap m: the program /bin/cat decides" in end.why
    assert '"a b"' in end.why
