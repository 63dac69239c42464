"""Whatever is said, heads hold what was meant: each way, each byte, each size."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.ports import free_ports

from .exits import LETTERS, TEXT, Recorder, ask, check, in_path
from .site import Site

HOSTILE = (
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\r\nX-New: 1",
    b"\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"\r\nContent-Length: 5",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b" ",
    b"\t",
    b"\x01",
    b"\x0b",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xe4",
    b"\xff",
    b"#",
    b"?",
    b"%",
    b"%0d%0a",
    b"%2f",
    b"$1",
    b"$0",
    b"\\$1",
    b"${FIELD}",
    b'"',
    b"\\",
    b",",
    b";",
    b"/",
    b"a",
    b"b",
    b".a",
    b"ROUTE=",
)
# Around the sizes of scratch memory, of a writer's first piece and of each buffer.
EDGES = (16, 32, 64, 256, 512, 1024, 8192, 8704, 16320, 16336, 16384)
SIZES = sorted(
    {max(0, edge + d) for edge in EDGES for d in (-70, -40, -17, -2, -1, 0, 1, 2)}
)


@dataclass(frozen=True)
class Said:
    """A value: a unit repeated up to a size, then pieces."""

    pieces: tuple[bytes, ...] = ()
    size: int = 0
    unit: bytes = b"a"

    def text(self) -> bytes:
        repeated = self.unit * (self.size // len(self.unit) + 1)
        return repeated[: self.size] + b"".join(self.pieces)


pieces = st.lists(
    st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=8)), max_size=6
).map(tuple)
values = st.one_of(
    st.builds(Said, pieces),
    st.builds(
        Said,
        pieces,
        st.sampled_from(SIZES),
        st.sampled_from((b"a", b"\r\n", b"\xe4", b" x", b"%0a")),
    ),
)

# Where a value stands in a path, and whether a member is asked.
PATHS = (
    "captured", "field", "path", "interpolated", "rawly", "group", "rawgroup", "both",
    "session", "back", "moved/prefix", "moved/group", "moved/here", "page/gone",
    "nowhere", "denied", "server-status", "else",
)  # fmt: skip

often = settings(
    max_examples=300,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.fixture(scope="module")
def front(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Site, int, Recorder]]:
    member = Recorder()
    (port,) = free_ports(1)
    folder: Path = tmp_path_factory.mktemp("exit")
    identity = "User nobody\nGroup nogroup\n" if os.geteuid() == 0 else ""
    text = identity + TEXT.format(
        port=port, member=member.port, letters=LETTERS.replace('"', "")
    )
    site = Site(folder, text)
    yield site, port, member
    member.stop()
    assert not site.faults()
    assert site.stop() == 0


def legal(value: bytes) -> bytes:
    """What a parser lets through in a field."""
    return bytes(c for c in value if c == 9 or 32 <= c != 127).strip(b" \t")


def play(front: tuple[Site, int, Recorder], data: bytes, answer: bytes = b"") -> bytes:
    """Ask; whatever reached the member is one request. The answer is one too."""
    _, port, member = front
    member.seen.clear()
    member.answer = answer or (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    )
    found = ask(port, data)
    for head in member.seen:
        check(head, "request")
    check(found, "response")
    return found


def lines_of(site: Site, before: int) -> list[bytes]:
    with (site.folder / "access.log").open("rb") as log:
        log.seek(before)
        return log.read().splitlines(keepends=True)


def logged(site: Site, before: int) -> bytes:
    """The one line that was written since, when it is there to its end."""
    site.wait_for(
        lambda: b"".join(lines_of(site, before)).endswith(b"\n"),
        "a line in the log",
        0.0005,  # thousands of them are waited for
    )
    lines = lines_of(site, before)
    assert len(lines) == 1, lines
    assert all(32 <= c < 127 for c in lines[0][:-1]), lines[0]
    return lines[0]


@pytest.mark.parametrize("path", PATHS)
@often
@given(values, values, values)
@example(Said((b"a\r\nTransfer-Encoding: chunked",)), Said(), Said())
@example(Said(), Said(size=16300), Said(size=400, unit=b"\r\n"))
def test_what_a_client_says(
    front: tuple[Site, int, Recorder],
    path: str,
    in_url: Said,
    in_field: Said,
    in_query: Said,
) -> None:
    target = b"/" + path.encode() + b"/" + in_path(in_url.text().replace(b"\0", b""))
    query = bytes(c for c in in_query.text() if c > 32 and c not in b"#\x7f")
    if query:
        target += b"?" + query
    content = legal(in_field.text())
    data = (
        b"GET %s HTTP/1.1\r\nHost: front.test\r\nX-In: %s\r\n"
        b"Cookie: One=%s; ROUTE=%s\r\nVia: %s\r\nX-Forwarded-For: %s\r\n"
        b"Connection: close\r\n\r\n"
        % (target, content, content, content, content[:50], content[:50])
    )
    site = front[0]
    before = (site.folder / "access.log").stat().st_size
    play(front, data)
    logged(site, before)


@often
@given(values, values, st.sampled_from((b"200 OK", b"302 Found", b"404 %s", b"201 %s")))
def test_what_a_member_says(
    front: tuple[Site, int, Recorder], first: Said, second: Said, status: bytes
) -> None:
    """Its Location, cookies and reason, through ProxyPassReverse and its kin."""
    a, b = legal(first.text()), legal(second.text())
    port = front[2].port
    answer = (
        b"HTTP/1.1 %s\r\nLocation: http://127.0.0.1:%d/inner/%s\r\n"
        b"Content-Location: /inner/%s\r\nX-Theirs: %s\r\n"
        b"Set-Cookie: a=%s; path=/inner/%s; domain=inner.test%s\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        % (status.replace(b"%s", a[:40]), port, a, b, a, a, b, a)
    )
    data = b"GET /back/x HTTP/1.1\r\nHost: front.test\r\nConnection: close\r\n\r\n"
    found = play(front, data, answer)
    assert b"127.0.0.1:%d" % port not in found.partition(b"X-Theirs")[0] or len(a) > 40


@often
@given(values)
def test_what_a_host_says(front: tuple[Site, int, Recorder], value: Said) -> None:
    """HttpProtocolOptions Unsafe: all but controls, blanks and slashes in a name."""
    name = bytes(c for c in value.text() if 32 < c < 127 and c not in b"/\\:[]@?#")[
        :200
    ]
    name = name.replace(b"..", b".").strip(b".") or b"x"
    data = (
        b'GET /moved/here/x HTTP/1.1\r\nHost: "%s\r\nConnection: close\r\n\r\n' % name
    )
    site = front[0]
    before = (site.folder / "access.log").stat().st_size
    play(front, data)
    assert b' "' not in logged(site, before)
