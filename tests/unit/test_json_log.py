"""Lines of the log that is JSON: whatever came, each is an object with all its keys."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plan import LISTEN, Plan
from trees import model_of

from fastlb import _probe
from fastlb.facts.json_log import JSON_KEYS
from fastlb.model.logformat import json_log_format, parse_log_format

PAGE = Path(__file__).parents[2] / "docs" / "logs.md"
MOST = 40
LINE_BYTES = 32768
CUT = "\N{HORIZONTAL ELLIPSIS}"
hostile = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(
            (
                *(
                    b'"',
                    b"\\",
                    b"\0",
                    b"\n",
                    b"\x1b",
                    b"\x7f",
                    b"\x80",
                    b"\xff",
                    b"\xc0",
                ),
                *(
                    b"\xc2\x85",
                    b"\xe2\x82",
                    b"\xed\xa0\x80",
                    b"\xf4\x90\x80\x80",
                    b"abc",
                ),
            )
        ),
        max_size=30,
    ).map(b"".join),
)


def meant(data: bytes) -> str:
    """What a string has to say: characters where there are some, else each byte."""
    said = []
    while data:
        for size in (1, 2, 3, 4):
            try:
                one = data[:size].decode("utf-8")
            except UnicodeDecodeError:
                continue
            break
        else:
            one, size = chr(data[0]), 1
        said.append(one)
        data = data[size:]
    return "".join(said)


@given(hostile)
def test_a_string_says_all_bytes(data: bytes) -> None:
    made = _probe.json_text(data, 6 * len(data))
    assert json.loads(made) == meant(data)
    assert not re.search(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]", made)


@given(hostile, st.integers(0, MOST))
def test_what_is_too_long_is_cut_between_characters(data: bytes, most: int) -> None:
    made = _probe.json_text(data, most)
    said, whole = json.loads(made), meant(data)
    if said != whole:
        assert said.endswith(CUT)
        assert whole.startswith(said.removesuffix(CUT))
        assert most - 6 < len(made) - len(f'"{CUT}"'.encode()) <= most


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    plan = Plan("CustomLog a.log json\nProxyPass / http://127.0.0.1:1/x/\n")
    yield plan
    plan.close()


def told(plan: Plan, *words: Any) -> dict[str, Any]:
    plan.line(*words)
    size = os.fstat(plan.logs[0]).st_size
    last = os.pread(plan.logs[0], LINE_BYTES, max(0, size - LINE_BYTES))
    found: dict[str, Any] = json.loads(last.splitlines()[-1])
    assert tuple(found) == JSON_KEYS
    return found


def test_a_line_tells_of_its_request(plan: Plan) -> None:
    plan("/a%20b?c=d&e", "User-Agent: some/1", 'Referer: http://x/"\xe4"')
    found = told(plan, 404)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])
    assert {key: found[key] for key in JSON_KEYS[1:10]} == {
        "client": "192.0.2.1",
        "user": None,
        "vhost": "one.example",
        "host": "one.example",
        "method": "GET",
        "path": "/a%20b",
        "query": "c=d&e",
        "protocol": "HTTP/1.1",
        "status": 404,
    }
    assert found["bytes_in"] > 60
    assert found["duration_us"] >= 0
    assert {key: found[key] for key in JSON_KEYS[13:]} == {
        "first_byte_us": None,
        "balancer": None,
        "member": "http://127.0.0.1:1/x/",
        "route": None,
        "retries": 0,
        "request_id": None,
        "traceparent": None,
        "parent_id": None,
        "tls": None,
        "user_agent": "some/1",
        "referer": 'http://x/"\xe4"',
        "aborted": False,
        "refused_line": None,
    }
    plan("/")
    assert told(plan)["query"] is None


FIELD = st.binary(max_size=40).filter(lambda data: not re.search(rb"[\r\n\0]", data))


@settings(max_examples=300)
@given(FIELD, FIELD, FIELD)
def test_every_line_can_be_read(
    plan: Plan, agent: bytes, referer: bytes, target: bytes
) -> None:
    head = b"GET /%s HTTP/1.1\r\nHost: a\r\nUser-Agent: %s\r\nReferer: %s\r\n\r\n" % (
        *(re.sub(rb"[\x00-\x20#\x7f]", b"", target), agent, referer),
    )
    with contextlib.suppress(ValueError):  # refused: its line has what is known
        plan.raw(head, "192.0.2.1")
    told(plan)


def test_a_line_has_room_for_the_longest_values(plan: Plan) -> None:
    odd = "\xff"
    plan(
        f"/{odd * 3000}?{odd * 3000}",
        f"User-Agent: {odd * 8000}",
        f"Referer: {odd * 8000}",
    )
    found = told(plan)
    for key in ("path", "query", "user_agent", "referer"):
        assert 600 < len(found[key]) < 700, key
        assert found[key].endswith(CUT)


def test_json_is_a_nickname_that_a_LogFormat_may_take() -> None:
    for text in (
        "CustomLog a json",
        "LogFormat json\nTransferLog a",
        "LogFormat json short\nCustomLog a short",
    ):
        assert model_of(LISTEN + text).vhosts[0].access_logs[0].format == (
            json_log_format()
        )
    taken = model_of(LISTEN + 'LogFormat "%h" json\nCustomLog a json')
    assert taken.vhosts[0].access_logs[0].format == parse_log_format("%h")
    strict = model_of(LISTEN + "Compat apache\nCustomLog a json")
    assert strict.vhosts[0].access_logs[0].format == parse_log_format("json")


def test_the_page_has_each_key() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(), re.M)
    assert tuple(rows) == JSON_KEYS
