"""Heads: the recorded corpus, then one rule a test, then properties.

Every parse in here reads bytes that end at an unreadable page (the probe sees to it).
"""

from __future__ import annotations

import random
from typing import Any

from corpus_cases import Case, load, pairs
from hypothesis import example, given
from hypothesis import strategies as st
from rows import rows

from fastlb import _probe

AGAIN = -1
REQUESTS = load("requests.json")
RESPONSES = load("responses.json")


def verdict(raw: bytes) -> tuple[int, Any]:
    """The status we would answer (200: taken), and what was parsed."""
    found = _probe.parse_request(raw)
    if not isinstance(found, dict):
        return (-found[0] if isinstance(found, tuple) else AGAIN), found
    for step in (found["host"], found["framing"]):
        if isinstance(step, tuple):
            return -step[0], found
    return 200, found


def request(*lines: bytes, first: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join((first, b"Host: a", *lines)) + b"\r\n\r\n"


def parsed(raw: bytes, **options: int) -> Any:
    found = _probe.parse_request(raw, **options)
    assert isinstance(found, dict), found
    return found


# The corpus.


@rows("case", REQUESTS, ids=str)
def test_a_request_is_judged_as_recorded(case: Case) -> None:
    status, found = verdict(case.raw)
    assert status == case.status
    if status == 200 and isinstance(case.apache, dict):
        assert found["path"].decode("latin-1") == case.apache["target"]
        assert pairs(found["kept"], b"host", b"content-length") == case.apache["fields"]
        forwarded = case.apache["host"] or ""
        assert forwarded.startswith(found["host"].decode("latin-1"))


@rows("case", RESPONSES, ids=str)
def test_a_response_is_judged_as_recorded(case: Case) -> None:
    found = _probe.parse_response(case.raw)
    if isinstance(found, tuple):
        assert -found[0] == case.status
        return
    assert isinstance(found, dict)
    framing = found["framing"]
    if isinstance(framing, tuple):
        assert -framing[0] == case.status
        return
    body = case.raw[found["length"] :]
    complete = True
    if framing["body"] == "chunked":
        body, _, end = _probe.decode_chunks([body])
        if case.status == 502:
            assert end == "broken"
            return
        complete = end == "done"
    elif framing["body"] == "length":
        body = body[: framing["length"]]
    elif framing["body"] == "none":
        body = b""
    assert case.status == 200
    assert found["status"] == case.apache["status"]
    # An empty reason is the sign that the standard phrase is to be sent.
    assert found["reason"].decode("latin-1") in (case.apache["reason"], "")
    assert (
        pairs(found["fields"], b"content-length", b"transfer-encoding", b"connection")
        == case.apache["fields"]
    )
    assert body.decode("latin-1") == case.apache["body"]
    assert complete == case.apache["complete"]


def test_every_difference_from_apache_has_a_reason() -> None:
    for case in REQUESTS + RESPONSES:
        answered = case.apache if isinstance(case.apache, int) else 200
        assert (case.status != answered) == bool(case.reason), case.name


@rows("case", REQUESTS + RESPONSES, ids=str)
def test_the_end_is_the_same_in_any_pieces(case: Case) -> None:
    raw = case.raw
    whole = _probe.find_end(raw)
    # A stray empty line shows only when the next one has come.
    if len(raw) < 2000:
        assert _probe.find_end(raw, range(1, len(raw) + 1)) == whole
    chance = random.Random(case.name)
    for _ in range(5):
        cuts = sorted(chance.sample(range(len(raw)), min(len(raw), 6)))
        assert _probe.find_end(raw, [*cuts, len(raw)]) == whole
    assert whole == AGAIN or _probe.find_end(raw + b"GET / HTTP/1.1\r\n\r\n") == whole


@rows("case", REQUESTS, ids=str)
def test_bytes_behind_a_head_change_nothing(case: Case) -> None:
    end = _probe.find_end(case.raw)
    alone = _probe.parse_request(case.raw[:end])
    for behind in (b"\r\n\r\n", b"X: 1\r\n\r\n", b"\0" * 50, b"abc:"):
        more = _probe.parse_request(case.raw[:end] + behind)
        if isinstance(alone, dict):
            assert isinstance(more, dict)
            more["bytes"] = alone["bytes"]
        assert more == alone


@rows("case", [case for case in REQUESTS if case.status == 200], ids=str)
def test_no_part_of_a_good_head_is_refused(case: Case) -> None:
    end = _probe.find_end(case.raw)
    assert end == parsed(case.raw)["length"]
    step = max(1, end // 300)
    for length in range(0, end, step):
        assert _probe.find_end(case.raw[:length]) == AGAIN
        assert _probe.parse_request(case.raw[:length]) == AGAIN


@rows("case", REQUESTS, ids=str)
def test_parsing_twice_gives_the_same(case: Case) -> None:
    status, found = verdict(case.raw)
    if isinstance(found, dict):
        assert verdict(found["bytes"]) == (status, found)


# Request line.


@rows("method", [*_probe.METHOD_IDS, "PROPFIND", "GETS", "get"])
def test_known_methods_have_numbers(method: str) -> None:
    target = b"a:1" if method == "CONNECT" else b"/"
    found = parsed(request(first=method.encode() + b" " + target + b" HTTP/1.1"))
    assert found["method_id"] == _probe.METHOD_IDS.get(method, 0)
    assert found["method"] == method.encode()


def test_connect_takes_authority_form_only() -> None:
    found = parsed(request(first=b"CONNECT q.r:443 HTTP/1.1"))
    assert (found["host"], found["path"]) == (b"q.r", b"")
    assert verdict(request(first=b"CONNECT q.r HTTP/1.1"))[0] == 400
    assert verdict(request(first=b"CONNECT http://q.r/ HTTP/1.1"))[0] == 400
    assert verdict(request(first=b"CONNECT * HTTP/1.1"))[0] == 400


def test_the_asterisk_is_for_options() -> None:
    assert parsed(request(first=b"OPTIONS * HTTP/1.1"))["path"] == b"*"


def test_a_request_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    for size, expected in ((50, 200), (51, (-414, "request line"))):
        line = b"GET /" + b"a" * (size - 14) + b" HTTP/1.1"
        found = _probe.parse_request(request(first=line), line_bytes=50)
        assert found == expected if size == 51 else isinstance(found, dict)


@rows("line", [b"GET " + b"a" * 99, b"GET / " + b"a" * 99, b"\x01" * 99, b"G" * 99])
def test_a_line_too_long_is_414_before_it_is_400(line: bytes) -> None:
    too_long = (-414, "request line")
    assert _probe.parse_request(line + b"\r\n\r\n", line_bytes=60) == too_long
    # nor need its end be waited for
    assert _probe.parse_request(line, line_bytes=60) == too_long


def test_http09_is_refused_where_it_is_not_allowed() -> None:
    assert _probe.parse_request(b"GET /\r\n", allow_http09=0) == (-400, "version")
    assert parsed(b"GET /\r\n")["minor"] == 9


def test_http09_has_neither_host_nor_body() -> None:
    found = parsed(b"GET /a\r\n")
    assert (found["host"], found["path"]) == (b"", b"/a")
    assert found["framing"]["body"] == "none"


def test_the_versions_of_this_syntax_are_1_0_and_1_1() -> None:
    for version, minor in ((b"1.0", 0), (b"1.1", 1)):
        assert parsed(request(first=b"GET / HTTP/" + version))["minor"] == minor
    for version in (b"1.2", b"1.9", b"2.0", b"3.0", b"9.9"):
        raw = request(first=b"GET / HTTP/" + version)
        assert _probe.parse_request(raw) == (-505, "version"), version
        found = _probe.parse_request(raw, compat_apache=True)
        assert isinstance(found, dict) and found["minor"] == 1, version
    for version in (b"0.9", b"0.0", b"1.10", b"1", b"1.", b"1.x", b".1"):
        raw = request(first=b"GET / HTTP/" + version)
        for compat in (False, True):
            found = _probe.parse_request(raw, compat_apache=compat)
            assert found[0] == -400, version


# Fields.


@rows("name", _probe.FIELD_IDS)
def test_a_name_is_known_in_any_case_and_no_near_miss_is(name: str) -> None:
    # The probe compares id, seen and first with a look-up of its own.
    plain = name.encode()
    for spelling in (plain, plain.upper(), plain.title(), plain.swapcase()):
        assert parsed(b"GET / HTTP/1.1\r\n" + spelling + b": 1\r\n\r\n")["fields"] == [
            (spelling, b"1")
        ]
    for at in range(len(plain)):
        for bit in range(8):
            near = bytearray(plain)
            near[at] ^= 1 << bit
            raw = b"GET / HTTP/1.1\r\n" + bytes(near) + b": 1\r\n\r\n"
            found = _probe.parse_request(raw)
            if isinstance(found, dict) and b":" not in near:
                assert found["fields"] == [(bytes(near), b"1")]


def test_the_first_of_several_is_remembered() -> None:
    found = parsed(request(b"Cookie: a", b"X: 1", b"Cookie: b"))
    assert [name for name, _ in found["fields"]] == [
        b"Host",
        b"Cookie",
        b"X",
        b"Cookie",
    ]


def test_a_field_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert isinstance(
        _probe.parse_request(request(b"X: " + b"a" * 97), field_bytes=100), dict
    )
    for line in (b"X: " + b"a" * 98, b"X" * 101, b"X" * 101 + b": 1"):
        refusal = (-400, "field size")
        assert _probe.parse_request(request(line), field_bytes=100) == refusal
    unfinished = b"GET / HTTP/1.1\r\nX: " + b"a" * 98
    assert _probe.parse_request(unfinished, field_bytes=100) == (-400, "field size")


def test_folded_lines_count_as_one_field_line() -> None:
    folded = request(b"X: " + b"a" * 50, b" " + b"b" * 50)
    assert _probe.parse_request(folded, field_bytes=100) == (-400, "field size")
    assert isinstance(_probe.parse_request(folded, field_bytes=106), dict)


def test_there_may_be_as_many_fields_as_the_limit_and_no_more() -> None:
    four = request(b"A: 1", b"B: 2", b"C: 3")
    assert isinstance(_probe.parse_request(four, field_count=4), dict)
    assert _probe.parse_request(four, field_count=3) == (-400, "field count")


def test_without_a_limit_the_array_is_the_limit() -> None:
    lines = [b"X%d: 1" % i for i in range(1023)]
    assert len(parsed(request(*lines), field_count=0)["fields"]) == 1024
    found = _probe.parse_request(request(*lines, b"Y: 1"), field_count=0)
    assert found == (-400, "field count")
    assert _probe.parse_request(request(*lines, b"Y: 1"), field_count=999) == found


def test_a_name_may_not_be_longer_than_its_number() -> None:
    name = b"X" * 65536
    found = _probe.parse_request(request(name + b": 1"), field_bytes=100000)
    assert found == (-400, "field syntax")


def test_unfolding_blanks_what_it_frees() -> None:
    found = parsed(request(b"X: a \t", b" \t b  ", b"\tc", b"Y: 2"))
    assert found["fields"][1:] == [(b"X", b"a b c"), (b"Y", b"2")]
    assert b"X: a b c" + b" " * 10 + b"\r\nY: 2" in found["bytes"]


def test_a_fold_that_is_not_complete_is_left_as_it_is() -> None:
    raw = b"GET / HTTP/1.1\r\nX: a\r\n b"
    for part in (raw, raw + b"\r", raw + b"\r\n", raw + b"\r\n "):
        assert _probe.parse_request(part) == AGAIN


def test_without_strict_host_names_are_wider() -> None:
    for host in (b"a,b", b"123", b"a.1b", b"u@h", b"a%41"):
        raw = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        assert verdict(raw)[0] == 400
        assert parsed(raw, strict=0)["host"] == host
    for host in (b"a/b", b"a\\b", b"a b", b"a..b", b"a\x80b", b"a:x", b""):
        raw = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        assert parsed(raw, strict=0)["host"] == (-400, "host")


# Hop-by-hop fields and lists.


def test_connection_tokens_are_reported() -> None:
    found = parsed(request(b"Connection: Close, keep-alive,UPGRADE"))
    assert found["close"]
    assert found["keep_alive"]
    assert found["upgrade"]
    found = parsed(request(b"Connection: closed"))
    assert not found["close"]


def test_more_connection_options_than_are_looked_at_are_refused() -> None:
    names = [b"o%d" % i for i in range(65)]
    for count, refused in ((64, False), (65, True)):
        one = b"Connection: " + b",".join(names[:count])
        several = b"\r\n".join(b"Connection: " + name for name in names[:count])
        for lines in (one, several):
            assert (parsed(request(lines))["hops"] < 0) is refused


def test_every_field_that_the_last_connection_option_names_is_dropped() -> None:
    names = [b"o%d" % i for i in range(64)]
    fields = b"\r\n".join(name + b": v" for name in names)
    connection = b"Connection: close, " + b", ".join(names)
    found = parsed(request(connection + b"\r\n" + fields + b"\r\nLeft: v"))
    assert [name for name, _ in found["kept"]] == [b"Host", b"Left"]


def test_fields_without_connection_are_all_kept() -> None:
    found = parsed(request(b"X: 1"))
    assert found["kept"] == found["fields"]


@given(
    st.lists(st.sampled_from([b"a", b"close", b"CLOSE", b"closed", b"", b" ", b"\t"])),
    st.sampled_from([b",", b", ", b" ,", b",,"]),
)
def test_a_token_is_a_whole_member_of_the_list(
    members: list[bytes], comma: bytes
) -> None:
    value = comma.join(members)
    expected = any(m.strip(b" \t").lower() == b"close" for m in value.split(b","))
    assert _probe.has_token(value, b"close") == expected


# Responses.


@rows("line", [b"garbage", b"X Y Z"])
def test_bad_lines_of_a_member_are_skipped_when_asked(line: bytes) -> None:
    raw = b"HTTP/1.1 200 OK\r\n" + line + b"\r\nX: 1\r\n\r\n"
    assert _probe.parse_response(raw) == (-502, "field syntax")
    found = _probe.parse_response(raw, ignore_bad_fields=1)
    assert isinstance(found, dict)
    assert found["fields"] == [(b"X", b"1")]


@rows("line", [b"X : 1", b": 1", b"X\x01: 1", b"X: \x01"])
def test_malformed_fields_of_a_member_are_never_skipped(line: bytes) -> None:
    raw = b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n"
    assert _probe.parse_response(raw, ignore_bad_fields=1) == (-502, "field syntax")


def test_requests_never_skip_lines() -> None:
    assert _probe.parse_request(request(b"garbage"), ignore_bad_fields=1) == (
        -400,
        "field syntax",
    )


def test_no_part_of_a_good_response_head_is_refused() -> None:
    for end in (b"\r\n", b"\n"):
        lines = (b"HTTP/1.1 200 Fine", b"A: 1", b"B: 2", b"  3", b"", b"")
        raw = end.join(lines)
        for length in range(len(raw)):
            assert _probe.find_end(raw[:length]) == AGAIN
            assert _probe.parse_response(raw[:length]) == AGAIN
        found = _probe.parse_response(raw)
        assert isinstance(found, dict)
        assert found["fields"] == [(b"A", b"1"), (b"B", b"2 3")]


def test_a_status_line_obeys_the_field_limit() -> None:
    raw = b"HTTP/1.1 200 " + b"a" * 100
    too_long = (-502, "field size")
    assert _probe.parse_response(raw, field_bytes=100) == too_long
    assert _probe.parse_response(raw + b"\r\n\r\n", field_bytes=100) == too_long


# Properties.

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
tokens = st.lists(st.sampled_from(list(TOKEN)), min_size=1, max_size=30).map(bytes)
values = (
    st.lists(
        st.one_of(
            st.integers(0x21, 0x7E), st.integers(0x80, 0xFF), st.sampled_from(b" \t")
        ),
        max_size=60,
    )
    .map(bytes)
    .map(lambda value: value.strip(b" \t"))
)
names = st.one_of(tokens, st.sampled_from([name.encode() for name in _probe.FIELD_IDS]))
blanks = st.sampled_from([b"", b" ", b"\t", b"  \t"])


@given(
    tokens,
    st.lists(st.tuples(names, blanks, values, blanks), max_size=20),
    st.sampled_from([b"", b"\r\n"]),
)
def test_what_was_written_is_what_is_read(
    method: bytes, fields: list[tuple[bytes, bytes, bytes, bytes]], before: bytes
) -> None:
    lines = b"".join(n + b":" + b1 + v + b2 + b"\r\n" for n, b1, v, b2 in fields)
    target = b"a:1" if method == b"CONNECT" else b"/x"
    raw = before + method + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n"
    found = parsed(raw)
    assert found["method"] == method
    assert found["fields"] == [(n, v) for n, _, v, _ in fields]
    assert found["length"] == len(raw) == _probe.find_end(raw + b"behind")


@given(st.lists(values.filter(bool), min_size=1, max_size=5), st.booleans())
def test_any_fold_is_joined_with_single_spaces(
    parts: list[bytes], is_response: bool
) -> None:
    lines = b"X: " + b" \r\n\t ".join(parts) + b"\r\n\r\n"
    if is_response:
        found: Any = _probe.parse_response(b"HTTP/1.1 200 OK\r\n" + lines)
    else:
        found = _probe.parse_request(b"GET / HTTP/1.1\r\n" + lines)
    assert found["fields"] == [(b"X", b" ".join(parts))]


# What is too much before the head is complete.

LIMITS = {"line_bytes": 30, "field_bytes": 12, "field_count": 4}
TOO_MUCH = ("request line", "field size", "field count")


@example(0, [(1, 0, [])] * 4 + [(1, 0, [6, 6])], False, random.Random(0))
@given(
    st.integers(0, 40),
    st.lists(
        st.tuples(st.integers(1, 8), st.integers(0, 12), st.lists(st.integers(1, 6))),
        max_size=7,
    ),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_limits_hold_before_the_end_as_they_do_at_it(
    path: int,
    fields: list[tuple[int, int, list[int]]],
    stray: bool,
    rng: random.Random,
) -> None:
    lines = [b"GET /" + b"p" * path + b" HTTP/1.1"]
    for name, value, folds in fields:
        lines.append(b"n" * name + b":" + b"v" * value)
        lines += [b" " + b"f" * fold for fold in folds]
    raw = b"\r\n" * stray + b"\r\n".join(lines) + b"\r\n\r\n"
    ends = sorted(rng.sample(range(1, len(raw)), rng.randrange(1, len(raw))))
    early = _probe.exceeds(raw, [*ends, len(raw) - 2], **LIMITS)
    found = _probe.parse_request(raw, **LIMITS)
    if isinstance(found, tuple) and found[1] in TOO_MUCH:
        assert early is not None
        # One too many is told of at the end of its first line; what comes behind it may
        # make it too long as well, which is what the whole head is refused for.
        grown = early[1] == "field count" and found[1] == "field size"
        assert early[1] == found[1] or (grown and len(fields) > LIMITS["field_count"])
    else:
        assert early is None


@rows(
    ("raw", "at", "why"),
    [
        (b"GET /" + b"x" * 40, 31, "request line"),
        (b"GET / HTTP/1.1\r\n" + b"X" * 40, 16 + 13, "field size"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 40, 16 + 13, "field size"),
        (b"GET / HTTP/1.1\r\nX: 1\r\n " + b"y" * 40, 16 + 13, "field size"),
        (b"GET / HTTP/1.1\r\n" + b"X:1\r\n" * 9, 16 + 5 * 5, "field count"),
    ],
)
def test_what_is_too_much_is_seen_at_its_first_byte(
    raw: bytes, at: int, why: str
) -> None:
    assert _probe.exceeds(raw, range(1, len(raw)), **LIMITS) == (at, why)
