"""RequestID and TraceContext: what a request is called, and who is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_plan import Plan
from trees import model_of, resolve_text

MADE = re.compile(r"[\w-]{27}", re.ASCII)
KEPT = re.compile(r"[A-Za-z0-9._~+/=:-]{1,128}")
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"
OURS = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])")
LOGGED = 'CustomLog a "%{REQUEST_ID}e %{TRACEPARENT}e %{TRACE_PARENT_ID}e"\n'
LOGGED += "CustomLog a %h env=TRACE_SAMPLED\n"
PASS = "ProxyPass / http://127.0.0.1:1/\n"


def planned(text: str) -> Iterator[Plan]:
    plan = Plan(text + LOGGED + PASS)
    yield plan
    plan.close()


@pytest.fixture(scope="module")
def keeping() -> Iterator[Plan]:
    yield from planned("RequestID Keep\n")


@pytest.fixture(scope="module")
def tracing() -> Iterator[Plan]:
    yield from planned("TraceContext On\nTraceContextSample 0\n")


def environment(plan: Plan, *fields: str) -> dict[str, str]:
    return {key: value.decode() for key, value in plan("/", *fields)["env"].items()}


def id_of(plan: Plan, *fields: str) -> str:
    return environment(plan, *fields)["REQUEST_ID"]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=140))
def test_a_sound_id_is_kept_and_no_other(keeping: Plan, sent: str) -> None:
    found = id_of(keeping, f"X-Request-ID: {sent}")
    if KEPT.fullmatch(sent):
        assert found == sent
    else:
        assert found != sent
        assert MADE.fullmatch(found)


def test_of_two_ids_neither_is_believed(keeping: Plan) -> None:
    assert MADE.fullmatch(id_of(keeping, "X-Request-ID: a", "X-Request-ID: b"))
    assert id_of(keeping, "x-request-id: a") == "a"


def test_a_made_id_is_made_for_each() -> None:
    plan = Plan(f"RequestID Make\nRequestIDHeader X-Id\n{LOGGED}{PASS}")
    found = {id_of(plan, "X-Id: mine") for _ in range(50)}
    assert len(found) == 50
    assert all(MADE.fullmatch(one) for one in found)
    plan.close()
    off = Plan(LOGGED + PASS)
    assert "REQUEST_ID" not in environment(off, "X-Request-ID: a")
    off.close()


def valid(sent: str) -> bool:
    """As the recommendation has it (3.2.2)."""
    parts = sent.split("-")
    if [len(part) for part in parts[:4]] != [2, 32, 16, 2] or parts[0] == "ff":
        return False
    if not all(re.fullmatch(r"[0-9a-f]+", part) for part in parts[:4]):
        return False
    if not parts[1].strip("0") or not parts[2].strip("0"):
        return False
    return len(parts) == 4 or parts[0] != "00"


def digits(size: int) -> st.SearchStrategy[str]:
    usual = st.text("0123456789abcdef", min_size=size, max_size=size)
    odd = st.sampled_from(
        ("0" * size, "f" * size, "A" * size, "1" * (size - 1), "g" * size)
    )
    return st.one_of(usual, usual, odd)


SENT = st.tuples(
    st.sampled_from(("00", "01", "cc", "ff", "0", "AA")),
    *(digits(size) for size in (32, 16, 2)),
    st.sampled_from(("", "", "", "-", "-ab", ".", " ", "x")),
).map(lambda parts: "-".join(parts[:4]) + parts[4])


@given(st.one_of(SENT, st.text("0123456789abcdef-", max_size=60)))
def test_only_a_valid_trace_goes_on(tracing: Plan, sent: str) -> None:
    sent = sent.strip()
    found = environment(tracing, f"traceparent: {sent}", "tracestate: a=b")
    told = OURS.fullmatch(found["TRACEPARENT"])
    assert told is not None
    assert told[1].strip("0")
    assert told[2].strip("0")
    if valid(sent):
        _, trace, parent, flags = sent.split("-")[:4]
        assert told[1] == trace
        assert told[2] != parent
        assert found["TRACE_PARENT_ID"] == parent
        assert int(told[3]) == int(flags, 16) & 1
        assert found.get("TRACE_SAMPLED") == ("1" if told[3] == "1" else None)
    else:
        assert told[1] not in sent
        assert "TRACE_PARENT_ID" not in found
        assert told[3] == "0"


def test_two_traceparents_are_none(tracing: Plan) -> None:
    found = environment(tracing, f"traceparent: {GIVEN}", f"traceparent: {GIVEN}")
    assert TRACE not in found["TRACEPARENT"]


def test_traces_that_begin_are_sampled_by_the_ratio() -> None:
    for ratio, least, most in (("1", 400, 400), ("0", 0, 0), (".25", 50, 160)):
        plan = Plan(f"TraceContext On\nTraceContextSample {ratio}\n{LOGGED}{PASS}")
        found = [environment(plan)["TRACEPARENT"] for _ in range(400)]
        assert len({one[:52] for one in found}) == 400
        assert least <= sum(one.endswith("-01") for one in found) <= most, ratio
        plan.close()


def test_a_server_says_it_for_itself() -> None:
    model = model_of(
        "Listen 80\nRequestID Make\nTraceContext On\n"
        "<VirtualHost *:80>\nServerName a\nRequestID Off\nTraceContext Off\n"
        "</VirtualHost>\n<VirtualHost *:80>\nServerName b\n"
        "RequestHeader unset X-Request-ID\n</VirtualHost>\n"
    )
    names = [
        [rule.name for rule in host.default_conf.request_header_rules]
        for host in model.vhosts
    ]
    both = ["X-Request-ID", "traceparent", "tracestate"]
    assert names == [both, [], [*both, "X-Request-ID"]]


def test_what_is_no_ratio_and_no_name_is_refused() -> None:
    for line in (
        *("TraceContextSample 2", "TraceContextSample -1", "TraceContextSample 1.5"),
        *("TraceContextSample x", "RequestIDHeader a:b", "RequestID yes"),
    ):
        model, _ = resolve_text(f"Listen 80\n{line}\n")
        assert model is None, line
