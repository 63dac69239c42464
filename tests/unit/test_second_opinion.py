"""llhttp (httptools) reads the corpus too; each difference from us is listed.

llhttp judges neither Host nor limits, so our verdict here is that of the parser, the
framing and the chunked coding alone.
"""

from __future__ import annotations

from typing import Any

import httptools
from corpus_cases import Case, load
from rows import rows

from fastlb import _probe

REQUESTS = load("requests.json")
RESPONSES = load("responses.json")

TARGET = "a target that is not one of the four forms never reaches the mapping"
HTTP09 = "Apache serves HTTP/0.9; llhttp waits for a version that will not come"
LIMIT = "limits are ours to keep, llhttp has none"
FOLD = "Apache joins folded lines in requests and responses, llhttp refuses them"
VERSION = "no client of HTTP/2 speaks in this syntax"
CODING = "chunked is the only coding that we can take off"

# Case: what differs, and why. "stricter": we refuse what llhttp takes; "laxer": the
# other way round, or llhttp waits for more; "other fields": both take it, and read
# other fields or another target.
IN_REQUESTS = {
    "HTTP/0.9 must not be spelled out": ("stricter", "Apache refuses it too"),
    "two spaces before the target": ("stricter", "RFC 9112 3: a single SP"),
    "two spaces before the version": ("stricter", "RFC 9112 3: a single SP"),
    "two empty lines before the request": ("stricter", "EMPTY_LINES_MAX"),
    "a bare LF before the request": ("stricter", "a line ends with CRLF"),
    "* for GET": ("stricter", TARGET),
    "** for OPTIONS": ("stricter", TARGET),
    "absolute-form with a foreign scheme": ("stricter", TARGET),
    "CONNECT with a path": ("stricter", TARGET),
    "a fragment": ("stricter", "RFC 9112 3.2: a target has no fragment"),
    "a request line of 8192 bytes": ("stricter", LIMIT),
    "a field line of 8192 bytes": ("stricter", LIMIT),
    "101 fields": ("stricter", LIMIT),
    "Content-Length beyond 63 bits": ("stricter", LIMIT),
    "a long request line without a version": ("stricter", LIMIT),
    "gzip, chunked": ("stricter", CODING),
    "Transfer-Encoding twice, gzip first": ("stricter", CODING),
    "a comma before chunked": ("stricter", CODING),
    "HTTP/2.0 in this syntax": ("stricter", VERSION),
    "chunked in HTTP/1.0": ("stricter", "RFC 9112 6.1: faulty framing"),
    "HTTP/0.9": ("laxer", HTTP09),
    "HTTP/0.9 with a space behind the target": ("laxer", HTTP09),
    "a method of odd token characters": ("laxer", "any token may be a method"),
    "a method in lower case is another method": ("laxer", "any token may be a method"),
    "a byte above 127 in the target is passed on": ("laxer", "Apache passes it on"),
    "a folded line is joined with one space": ("laxer", FOLD),
    "a line folded with a tab": ("laxer", FOLD),
    "blanks on both sides of a fold": ("laxer", FOLD),
    "two folds": ("laxer", FOLD),
    "a fold behind an empty value": ("laxer", FOLD),
    "chunked in capitals and blanks": (
        "laxer",
        "RFC 9112 5: blanks are not part of a value",
    ),
    "blanks around a value are not part of it": (
        "other fields",
        "llhttp keeps blanks at the end",
    ),
    "HTTP/0.9 does not read on": (
        "other fields",
        "llhttp reads fields without a version",
    ),
}
IN_RESPONSES = {
    "gzip, chunked": ("stricter", CODING),
    "two empty lines before the status line": ("stricter", "Apache refuses it too"),
    "status 099": ("stricter", "RFC 9110 15: a status begins with 1 or more"),
    "status 000": ("stricter", "RFC 9110 15: a status begins with 1 or more"),
    "HTTP/2.0": ("stricter", "the major version of a member must be 1"),
    "HTTP/0.9": ("stricter", "the major version of a member must be 1"),
    "gzip": ("stricter", CODING),
    "chunked twice": ("stricter", CODING),
    "a size beyond 63 bits": ("stricter", LIMIT),
    "a folded line": ("laxer", FOLD),
    "chunked and Content-Length": (
        "laxer",
        "taken as chunked, then closed (RFC 9112 6.1)",
    ),
    "bare LFs are taken from members": (
        "laxer",
        "RFC 9112 2.2 allows it; Apache takes it",
    ),
    "HTTP/1.2": ("laxer", VERSION),
    "CR in the reason": ("laxer", "the reason is dropped"),
    "a second status line is skipped": ("laxer", "Apache skips it"),
    "204 has no body": ("laxer", "what follows is the caller's to refuse"),
    "304 has no body": ("laxer", "what follows is the caller's to refuse"),
    "blanks behind the chunk size": ("laxer", "Apache takes them"),
    "a blank and an extension": ("laxer", "Apache takes them"),
    "a trailer is dropped": ("other fields", "llhttp reports trailers as fields"),
}


class Reader:
    """The callbacks of httptools."""

    def __init__(self) -> None:
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.head_is_read = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.head_is_read = True


def second_opinion(parser_class: Any, raw: bytes) -> Reader | None:
    """What llhttp read, None when it refuses or waits for more of the head."""
    reader = Reader()
    parser = parser_class(reader)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        return None
    return reader if reader.head_is_read else None


def our_opinion(case: Case, is_response: bool) -> Any:
    """What we read, None when we refuse. A request's body is not looked at."""
    parse: Any = _probe.parse_response if is_response else _probe.parse_request
    found = parse(case.raw)
    if not isinstance(found, dict) or isinstance(found["framing"], tuple):
        return None
    if found["framing"]["body"] == "chunked":
        body = case.raw[found["length"] :]
        if _probe.decode_chunks([body])[2] == "broken":
            return None
    return found


def outcome(case: Case, is_response: bool) -> str:
    ours = our_opinion(case, is_response)
    theirs = second_opinion(
        httptools.HttpResponseParser if is_response else httptools.HttpRequestParser,
        case.raw,
    )
    if ours is None or theirs is None:
        if ours is not None:
            return "laxer"
        return "same" if theirs is None else "stricter"
    if theirs.fields != ours["fields"]:
        return "other fields"
    if not is_response and theirs.url != ours["target"]:
        return "other fields"
    return "same"


@rows("case", REQUESTS, ids=str)
def test_both_read_a_request_alike(case: Case) -> None:
    expected, _ = IN_REQUESTS.get(case.name, ("same", ""))
    assert outcome(case, is_response=False) == expected


@rows("case", RESPONSES, ids=str)
def test_both_read_a_response_alike(case: Case) -> None:
    expected, _ = IN_RESPONSES.get(case.name, ("same", ""))
    assert outcome(case, is_response=True) == expected


def test_only_cases_of_the_corpus_are_listed() -> None:
    assert set(IN_REQUESTS) <= {case.name for case in REQUESTS}
    assert set(IN_RESPONSES) <= {case.name for case in RESPONSES}
