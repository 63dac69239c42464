"""filtering.pyx and core/filters: bodies that are changed on their way to a client."""

from __future__ import annotations

import gzip
import random
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flow_bench import Bench, longest_turn
from flow_peers import ONE, Peer, answer, get
from rows import rows

HTML = "Content-Type: text/html"
ACCEPTS = "Accept-Encoding: gzip"
DEFLATE = f"{ONE}SetOutputFilter DEFLATE\n"
INFLATE = f"{ONE}SetOutputFilter INFLATE\n"
TEXT = b"".join(b"%d bottles of beer on the wall\n" % n for n in range(3000))
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIPPED = "Content-Encoding: gzip"
BOMB = 64 << 20


def text_of(size: int) -> bytes:
    """Text that compresses as text does."""
    words = [bytes(random.Random(n).choices(b"abcdefghij", k=6)) for n in range(400)]
    made = random.Random(size)
    return b" ".join(made.choices(words, k=size // 7 + 1))[:size]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextmanager
def asked(
    text: str, *fields: str, method: str = "GET", narrow: bool = False
) -> Iterator[tuple[Bench, Peer, Peer]]:
    with Bench(text, narrow=narrow) as bench:
        client = bench.ask(get("/", *fields, method=method))
        member = bench.members[0].accept()
        member.message()
        yield bench, client, member


def size_of_chunk(client: Peer) -> int:
    client.bench.until(lambda: client.has(lambda got: b"\r\n" in got), client)
    return int(client.take(client.received.index(b"\r\n") + 2), 16)


def unchunked(client: Peer) -> Iterator[bytes]:
    while size := size_of_chunk(client):
        yield client.take(size)
        assert client.take(2) == b"\r\n"
    assert client.take(2) == b"\r\n"


def is_kept(bench: Bench) -> bool:
    bench.settle()
    return bench.counts()["upstreams"] == 1


def test_a_small_body_has_a_length_and_its_connections_are_kept() -> None:
    with asked(DEFLATE, ACCEPTS) as (bench, client, member):
        member.send(answer(TEXT[:4000], 'ETag: "a"', "Content-MD5: x"))
        head, body = client.message()
        assert gzip.decompress(body) == TEXT[:4000]
        assert b"\r\nContent-Encoding: gzip\r\n" in head
        assert b'\r\nETag: "a-gzip"\r\n' in head
        assert b"\r\nVary: Accept-Encoding\r\n" in head
        assert b"Content-MD5" not in head
        assert head.count(b"\r\nContent-Length: ") == 1
        assert is_kept(bench)
        client.send(get("/"))
        member.message()
        member.send(answer(b"plain"))
        assert client.message()[1] == b"plain"


def test_a_large_body_is_chunked() -> None:
    body = text_of(1_000_000)
    with asked(DEFLATE, ACCEPTS) as (bench, client, member):
        member.send(answer(body), client)
        assert b"\r\nTransfer-Encoding: chunked\r\n" in client.head()
        assert gzip.decompress(b"".join(unchunked(client))) == body
        assert is_kept(bench)


def test_what_a_member_has_sent_when_it_pauses_is_given() -> None:
    with asked(DEFLATE, ACCEPTS) as (bench, client, member):
        reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
        member.send(CHUNKS + chunk(TEXT[:100]))
        assert b"\r\nTransfer-Encoding: chunked\r\n" in client.head()
        for at in range(0, 500, 100):
            size = size_of_chunk(client)
            assert reader.decompress(client.take(size)) == TEXT[at : at + 100]
            assert client.take(2) == b"\r\n"
            assert client.is_silent()
            if at < 400:
                member.send(chunk(TEXT[at + 100 : at + 200]))
        member.send(b"0\r\n\r\n")
        assert reader.decompress(b"".join(unchunked(client))) == b""
        assert reader.eof
        assert is_kept(bench)


def test_half_a_body_is_seen_to_be_half() -> None:
    with asked(DEFLATE, ACCEPTS) as (_, client, member):
        member.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + TEXT[:200])
        client.head()
        member.close()
        assert b"\r\n0\r\n\r\n" not in client.rest()


def test_a_client_of_http_1_0_gets_a_length_or_an_end() -> None:
    for body in (TEXT[:3000], text_of(300_000)):
        with Bench(DEFLATE) as bench:
            client = bench.ask(b"GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
            member = bench.members[0].accept()
            member.message()
            member.send(answer(body), client)
            head, _, rest = client.rest().partition(b"\r\n\r\n")
            assert b"Transfer-Encoding" not in head
            assert gzip.decompress(rest) == body
            if body == TEXT[:3000]:
                assert b"\r\nContent-Length: %d" % len(rest) in head


@pytest.mark.parametrize("size", [0, 1, 68, 69, 8000, 8192, 65536, 200_000])
def test_every_framing_of_a_member(size: int) -> None:
    body = text_of(size)
    for sent in (
        answer(body),
        CHUNKS + (chunk(body) if body else b"") + b"0\r\n\r\n",
        CHUNKS
        + b"".join(chunk(body[i : i + 900]) for i in range(0, size, 900))
        + b"0\r\n\r\n",
    ):
        with asked(DEFLATE, ACCEPTS) as (bench, client, member):
            member.send(sent, client)
            head = client.head()
            if b"chunked" in head:
                got = b"".join(unchunked(client))
            else:
                length = head.lower().split(b"content-length: ")[1].split(b"\r")[0]
                got = client.take(int(length)) if int(length) else b""
            assert (gzip.decompress(got) if b"gzip" in head else got) == body
            assert is_kept(bench)


def test_a_client_that_does_not_read_holds_little() -> None:
    with asked(DEFLATE, ACCEPTS, narrow=True) as (bench, client, member):
        noise = random.Random(7).randbytes(4 << 20)
        sent = answer(noise)
        taken = 0
        while (now := member.push(sent[taken:])) or not taken:
            taken += now
            bench.settle()
        assert taken < len(sent) - (1 << 20)
        assert bench.counts()["buffers"] <= 8
        member.send(sent[taken:], client)
        client.head()
        assert gzip.decompress(b"".join(unchunked(client))) == noise


def test_a_client_that_goes_leaves_nothing() -> None:
    with asked(DEFLATE, ACCEPTS) as (bench, client, member):
        member.send(CHUNKS + chunk(TEXT))
        client.head()
        client.reset()
        bench.settle()
        member.close()
        bench.settle()
        assert bench.counts()["coders"] == 0


def test_beyond_a_bound_bodies_go_as_they_are() -> None:
    with Bench(DEFLATE) as bench:
        held = []
        for _ in range(130):
            client = bench.ask(get("/", ACCEPTS))
            member = bench.members[0].accept()
            member.message()
            member.send(CHUNKS + chunk(TEXT[:100]))
            held.append((client, member, b"-Encoding: gzip\r\n" in client.head()))
        assert sum(coded for _, _, coded in held) == 128
        assert bench.counts()["coders"] == 128
        assert sum("FB0820" in line for line in bench.services.logged) == 1
        for client, member, _ in held:
            member.send(b"0\r\n\r\n")
            b"".join(unchunked(client))


@contextmanager
def held(bench: Bench, count: int) -> Iterator[None]:
    """So many coders are out: answers at /held, which wait for more of their bodies."""
    waiting = []
    for _ in range(count):
        client = bench.ask(get("/held", ACCEPTS))
        member = bench.members[0].accept()
        member.message()
        member.send(CHUNKS + chunk(TEXT[:100]))
        assert b"-Encoding: gzip\r\n" in client.head()
        waiting.append((client, member))
    assert bench.counts()["coders"] == count
    yield
    for client, member in waiting:
        client.reset()
        bench.settle()
        member.close()
    bench.until(lambda: bench.counts()["coders"] == 0, "the coders to come back")


def at_bound(filters: str, more: str = "", files: str = "") -> str:
    return (
        f"{files}{ONE}<Location /held>\nSetOutputFilter DEFLATE\n</Location>\n"
        f"<Location /x>\nSetOutputFilter {filters}\n{more}\n</Location>\n"
    )


def fetch(bench: Bench, sent: bytes, *fields: str, path: str = "/x") -> Peer:
    client = bench.ask(get(path, *fields))
    member = bench.members[0].accept()
    member.message()
    member.send(sent)
    return client


SWAP = "Substitute s/bottles/cans/n"


def test_beyond_the_bound_what_must_be_changed_is_503() -> None:
    """... and is not said to be the member's fault."""
    packed = answer(gzip.compress(TEXT[:900]), GZIPPED)
    for filters, sent, accepts in (
        ("INFLATE", packed, ()),
        ("INFLATE", packed, ("Accept-Encoding: br, gzip;q=0",)),
        ("INFLATE;SUBSTITUTE", packed, (ACCEPTS,)),
    ):
        with Bench(at_bound(filters, SWAP)) as bench, held(bench, 128):
            client = fetch(bench, sent, *accepts)
            assert client.message()[0].startswith(b"HTTP/1.1 503 ")
            assert bench.services.pages == [(503, "")]


def test_beyond_the_bound_gzip_goes_to_who_takes_it() -> None:
    packed = answer(gzip.compress(TEXT[:900]), GZIPPED)
    with Bench(at_bound("INFLATE;DEFLATE")) as bench, held(bench, 128):
        head, body = fetch(bench, packed, ACCEPTS).message()
        assert b"\r\nContent-Encoding: gzip\r\n" in head
        assert gzip.decompress(body) == TEXT[:900]


def test_one_coder_for_two_filters_is_the_first_ones() -> None:
    """Both had been chosen, and the second was not there: 502."""
    packed = answer(gzip.compress(TEXT[:900]), GZIPPED)
    with Bench(at_bound("INFLATE;DEFLATE")) as bench, held(bench, 127):
        head, body = fetch(bench, packed, ACCEPTS).message()
        assert b"\r\nContent-Encoding" not in head
        assert body == TEXT[:900]


@pytest.mark.parametrize("count", [126, 127, 128])
def test_a_head_that_is_composed_twice_says_what_its_body_is(count: int) -> None:
    more = "".join(f'Header set X-{n} "{"x" * 3000}"\n' for n in range(8))
    with Bench(at_bound("DEFLATE", more)) as bench, held(bench, count):
        head, body = fetch(bench, answer(TEXT[:900]), ACCEPTS).message()
        assert (b"\r\nContent-Encoding: gzip\r\n" in head) == (count < 128)
        assert (body != TEXT[:900]) == (count < 128)


def test_a_file_that_must_be_changed_is_503_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(TEXT[:900]))
    files = f"DocumentRoot {tmp_path}\nAddEncoding x-gzip .gz\n"
    text = at_bound("INFLATE", files=files).replace("/x>", "/a.txt.gz>")
    text = text.replace("ProxyPass / ", "ProxyPass /held ")
    with Bench(text) as bench:
        client = bench.ask(get("/a.txt.gz"))
        assert client.message()[1] == TEXT[:900]
        with held(bench, 128):
            client.send(get("/a.txt.gz"))
            head, _ = client.message()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"Content-Encoding" not in head
            client = bench.ask(get("/a.txt.gz", method="HEAD"))
            assert client.head().startswith(b"HTTP/1.1 200 ")
        client = bench.ask(get("/a.txt.gz"))
        assert client.message()[1] == TEXT[:900]


def test_a_coder_is_free_when_its_body_has_ended() -> None:
    """The client has not taken what it made, and RATE_LIMIT lets none of it go."""
    text = f"{ONE}SetOutputFilter DEFLATE;RATE_LIMIT\nSetEnv rate-limit 1\n"
    noise = random.Random(1).randbytes(3000)
    with asked(text, ACCEPTS) as (bench, client, member):
        member.send(answer(noise))
        client.head()
        bench.settle()
        assert not client.ended
        assert bench.counts()["exchanges"] == 1
        assert bench.counts()["coders"] == 0


def test_head_and_304_of_what_would_be_unpacked() -> None:
    with asked(INFLATE, method="HEAD") as (bench, client, member):
        member.send(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
        )
        head = client.head()
        assert b"Content-Encoding" not in head
        assert b"Content-Length" not in head
        assert client.is_silent()
        assert is_kept(bench)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_unpacked_however_it_comes(step: int) -> None:
    packed = gzip.compress(TEXT, mtime=0)
    if step < 7:
        packed = gzip.compress(TEXT[:600], mtime=0)
    with asked(INFLATE) as (bench, client, member):
        member.send(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
            % len(packed)
        )
        for at in range(0, len(packed), step):
            member.send(packed[at : at + step])
            bench.settle()
        client.head()
        assert b"".join(unchunked(client)) == (TEXT if step >= 7 else TEXT[:600])
        assert is_kept(bench)


@rows(
    "body",
    [
        gzip.compress(TEXT[:500])[:-8] + b"\0" * 8,
        gzip.compress(TEXT[:500])[:-1],
        gzip.compress(TEXT[:500])[:12],
        b"\x1f\x8b\x08\xe0" + b"\0" * 40,
        b"\x00\x00\x08" + b"\0" * 40,
        b"\x1f\x8b",
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 50,
    ],
)
def test_what_is_no_gzip_breaks_the_answer(body: bytes) -> None:
    with asked(INFLATE) as (bench, client, member):
        member.send(answer(body, GZIPPED))
        assert not client.rest().endswith(b"0\r\n\r\n")
        assert any("FB0821" in line for line in bench.services.logged)
        assert bench.counts()["coders"] == 0


def test_plain_text_that_is_called_gzip_goes_as_it_is() -> None:
    with asked(INFLATE) as (_, client, member):
        member.send(answer(TEXT[:3000], GZIPPED))
        assert client.message()[1] == TEXT[:3000]


def test_a_bomb_is_not_unpacked() -> None:
    """A thousand times as large as it came: beyond DeflateInflateRatioLimit."""
    with asked(INFLATE) as (bench, client, member):
        member.push(answer(gzip.compress(b"\0" * BOMB), GZIPPED))
        assert len(client.rest()) < BOMB / 50
        assert bench.counts()["coders"] == 0
    allowed = f"{INFLATE}DeflateInflateRatioLimit 2000\n"
    with asked(allowed) as (bench, client, member):
        member.send(answer(gzip.compress(b"\0" * (4 << 20)), GZIPPED))
        client.head()
        assert sum(len(one) for one in unchunked(client)) == 4 << 20


def test_unpacked_and_packed_anew() -> None:
    both = f"{ONE}SetOutputFilter DEFLATE;INFLATE\n"
    body = text_of(400_000)
    with asked(both, ACCEPTS) as (bench, client, member):
        member.send(answer(gzip.compress(body), GZIPPED), client)
        assert b"\r\nContent-Encoding: gzip\r\n" in client.head()
        assert gzip.decompress(b"".join(unchunked(client))) == body
        assert is_kept(bench)


# Substitute


def substituting(*rules: str, more: str = "") -> str:
    lines = "\n".join(f'Substitute "{rule}"' for rule in rules)
    return f"{ONE}SetOutputFilter SUBSTITUTE\n{lines}\n{more}"


@pytest.mark.parametrize("step", [1, 3, 700, 100_000])
def test_lines_are_substituted_however_they_come(step: int) -> None:
    lines = [b"%d bottles of beer on the wall, %d\n" % (n, n) for n in range(60)]
    text = b"".join(lines) + b"and no end of a bottle"
    want = text.replace(b"bottle", b"glass").replace(b"beer", b"wine")
    with asked(substituting("s/bottle/glass/n", "s/b(e)\\1r/win$1/")) as (
        bench,
        client,
        member,
    ):
        member.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text))
        for at in range(0, len(text), step):
            member.send(text[at : at + step])
            bench.settle()
        client.head()
        assert b"".join(unchunked(client)) == want
        assert is_kept(bench)


@rows(
    ("rule", "line", "want"),
    [
        ("s/a/bb/n", b"aaa\n", b"bbbbbb\n"),
        ("s/A/b/ni", b"xaAx\n", b"xbbx\n"),
        ("s/abcd/x/n", b"abc", b"abc"),
        ("s/abc/x/ni", b"ab", b"ab"),
        ("s/^a/b/", b"aac\n", b"bbc\n"),
        ("s/x*/-/", b"ab\n", b"-a-b-\n"),
        ("s/(a)(z)?/[$2$1]/", b"aa\n", b"[a][a]\n"),
        ("s/a/\\\\$1/", b"a\n", b"$1\n"),
        ("s/a$/b/", b"ca\n", b"ca\n"),
        ("s/a$/b/", b"ca", b"cb"),
        ("s/.*/gone/n", b"a.*b\n", b"agoneb\n"),
        ("s/\\n/ /", b"a\nb\n", b"a b "),
        ("s/a//", b"aa", b""),
    ],
)
def test_what_becomes_of_a_line(rule: str, line: bytes, want: bytes) -> None:
    with asked(substituting(rule)) as (_, client, member):
        member.send(answer(line))
        head = client.head()
        got = b"" if b"Content-Length: 0" in head else b"".join(unchunked(client))
        assert got == want


def test_a_line_has_a_bound() -> None:
    short = substituting("s/a/b/n", more="SubstituteMaxLineLength 1000\n")
    for body in (b"a" * 1001 + b"\n", b"x" * 5000, b"a" * 800 + b"\n" + b"x" * 2000):
        with asked(short) as (bench, client, member):
            member.send(answer(body))
            assert not client.rest().endswith(b"0\r\n\r\n")
            assert bench.counts()["coders"] == 0
    longer = substituting("s/a/bbb/n", more="SubstituteMaxLineLength 1000\n")
    with asked(longer) as (_, client, member):
        member.send(answer(b"a" * 400 + b"\n"))
        assert not client.rest().endswith(b"0\r\n\r\n")


def test_a_long_line_is_given_in_pieces() -> None:
    body = b"ab" * 150_000 + b"\n" + b"tail"
    with asked(substituting("s/a/AA/n")) as (bench, client, member):
        member.send(answer(body), client)
        client.head()
        assert b"".join(unchunked(client)) == body.replace(b"a", b"AA")
        assert is_kept(bench)


@rows(
    "rule",
    [
        "s/a(?=.*b)/c/",  # each match looks at all that is left
        "s/(a|aa)+$/c/",
        f"s/{'a' * 2000}b/c/ni",
    ],
)
def test_what_takes_long_is_cut_and_keeps_nobody_waiting(rule: str) -> None:
    with asked(substituting(rule)) as (bench, client, member):
        sent = answer(b"a" * 150_000 + b"b\n" + b"a" * 150_000 + b"\n")
        assert longest_turn(bench, client, member, sent) < 0.2
        assert bench.has_said("FB0822") == client.ended


def test_a_line_is_left_and_gone_on_with() -> None:
    line = b"ABBA ab--BA xyz" * 30_000
    rules = ("s/ab/<ab>/ni", "s/b(.)b/[$1$0]/i", "s/-/+/n", "s/x?y/Y/", "s/none/n/")
    want = re.sub(rb"(?i)ab", rb"<ab>", line)
    want = re.sub(rb"(?i)b(.)b", rb"[\1\g<0>]", want)
    want = want.replace(b"-", b"+").replace(b"xy", b"Y") + b"\n"
    more = "SubstituteMaxLineLength 4m\nSubstituteInheritBefore On\n"
    with asked(substituting(*rules, more=more)) as (bench, client, member):
        member.send(answer(line + b"\n" + line + b"\n"), client)
        client.head()
        assert b"".join(unchunked(client)) == want * 2
        assert is_kept(bench)
        assert bench.counts()["coders"] == 0


@pytest.mark.parametrize("count", [4, 5])
def test_lines_of_all_answers_have_a_bound(count: int) -> None:
    """64 MiB; a line of more than 8 MiB takes 16. Then nobody begins, and who works
    is cut; a line that is through gives its memory back."""
    text = substituting("s/a/b/n", more="SubstituteMaxLineLength 16m\n")
    half = b"x" * ((8 << 20) + 9)
    with Bench(text) as bench:
        waiting = []
        for _ in range(count):
            client = bench.ask()
            member = bench.members[0].accept()
            member.message()
            member.send(CHUNKS + chunk(b"x" * 10))
            client.head()
            waiting.append((client, member))
        for _, member in waiting[:4]:
            member.send(chunk(half))
            bench.settle()
        if count == 4:
            client = fetch(bench, answer(b"a"), path="/")
            assert client.message()[0].startswith(b"HTTP/1.1 503 ")
            waiting[0][1].send(chunk(b"\n"))
            assert b"x" * 1000 in waiting[0][0].take(8 << 20)
            bench.settle()
        else:
            assert not waiting[3][0].rest()
            assert any("all lines together" in one for one in bench.services.logged)
        client = fetch(bench, answer(b"a"), path="/")
        client.head()
        assert b"".join(unchunked(client)) == b"b"
        for client, member in waiting:
            client.reset()
            member.close()
        bench.settle()
        assert bench.counts()["coders"] == 0


# RATE_LIMIT


def test_a_rate_is_kept_and_a_length_too() -> None:
    text = f"{ONE}SetOutputFilter RATE_LIMIT\nSetEnv rate-limit 100\n"
    body = text_of(50_000)
    with asked(text) as (bench, client, member):
        began = time.monotonic()
        member.send(answer(body))
        head = client.head()
        assert b"\r\nContent-Length: 50000\r\n" in head
        assert client.take(20_480) == body[:20_480]
        assert client.take(29_520) == body[20_480:]
        assert time.monotonic() - began >= 0.35
        assert is_kept(bench)


@pytest.mark.parametrize("digits", range(13, 20))
@pytest.mark.parametrize("filled", [1, 6_500])
def test_a_length_of_any_size_is_told_whole(digits: int, filled: int) -> None:
    """filled: half of the head, so that little room is left behind it."""
    text = f"{ONE}SetOutputFilter RATE_LIMIT\nSetEnv rate-limit 100\n"
    length = b"Content-Length: %d\r\n" % (9 * 10 ** (digits - 1))
    more = b"X-More: %b\r\n" % (b"x" * filled) * 2
    with asked(text) as (_, client, member):
        member.send(b"HTTP/1.1 200 OK\r\n" + more + length + b"\r\n" + b"a" * 99)
        head = client.head()
        assert head.endswith(b"\r\n\r\n")
        assert b"\r\n" + length in head
        assert client.take(99) == b"a" * 99


# Files


SECRETS = b"".join(b"%d a secret of many\n" % n for n in range(300))


@pytest.mark.parametrize("wanted", ["0-99", "1000-1099", "-5", "0-9,50-99", "0-"])
@pytest.mark.parametrize("filters", ["SUBSTITUTE", "DEFLATE", "SUBSTITUTE;DEFLATE"])
def test_no_part_of_a_file_passes_its_filters_by(
    tmp_path: Path, wanted: str, filters: str
) -> None:
    (tmp_path / "a.html").write_bytes(SECRETS)
    text = (
        f"Listen 80\nServerName h\nDocumentRoot {tmp_path}\n"
        f"SetOutputFilter {filters}\nSubstitute s/secret/word/n\n"
    )
    fields = (f"Range: bytes={wanted}", *([ACCEPTS] if "DEFLATE" in filters else []))
    with Bench(text) as bench:
        client = bench.ask(get("/a.html", *fields))
        head = client.head()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"Content-Range" not in head
        if b"chunked" in head:
            got = b"".join(unchunked(client))
        else:
            length = head.split(b"Content-Length: ")[1].split(b"\r")[0]
            got = client.take(int(length))
        if "DEFLATE" in filters:
            got = gzip.decompress(got)
        want = SECRETS.replace(b"secret", b"word")
        assert got == (want if "SUBSTITUTE" in filters else SECRETS)


def test_a_client_without_gzip_gets_its_part(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(SECRETS)
    text = (
        f"Listen 80\nServerName h\nDocumentRoot {tmp_path}\nSetOutputFilter DEFLATE\n"
    )
    with Bench(text) as bench:
        client = bench.ask(get("/a.html", "Range: bytes=10-19"))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 206 ")
        assert b"\r\nVary: Accept-Encoding\r\n" in head
        assert body == SECRETS[10:20]


def test_a_part_of_a_file_keeps_its_rate(tmp_path: Path) -> None:
    page = text_of(50_000)
    (tmp_path / "a.html").write_bytes(page)
    text = (
        f"Listen 80\nServerName h\nDocumentRoot {tmp_path}\n"
        "SetOutputFilter RATE_LIMIT\nSetEnv rate-limit 100\n"
    )
    with Bench(text) as bench:
        began = time.monotonic()
        client = bench.ask(get("/a.html", "Range: bytes=1000-40999"))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 206 ")
        assert b"\r\nContent-Range: bytes 1000-40999/50000\r\n" in head
        assert body == page[1000:41_000]
        assert time.monotonic() - began >= 0.15
        client = bench.ask(
            get("/a.html", "Range: bytes=0-9,20-49", "Connection: close")
        )
        assert client.message()[1] == page


def test_a_file_passes_filters_as_an_answer_does(tmp_path: Path) -> None:
    page = text_of(300_000)
    (tmp_path / "page.html").write_bytes(page)
    (tmp_path / "small.html").write_bytes(page[:3000])
    (tmp_path / "empty.html").write_bytes(b"")
    text = (
        f"Listen 80\nServerName h\nServerTokens Prod\nDocumentRoot {tmp_path}\n"
        "SetOutputFilter SUBSTITUTE;DEFLATE\nSubstitute s/a/b/n\n"
    )
    with Bench(text) as bench:
        for name, want in (
            ("page", page),
            ("small", page[:3000]),
            ("empty", b""),
        ):
            client = bench.ask(get(f"/{name}.html", ACCEPTS))
            head = client.head()
            if b"chunked" in head:
                got = b"".join(unchunked(client))
            else:
                length = head.split(b"Content-Length: ")[1].split(b"\r")[0]
                got = client.take(int(length)) if int(length) else b""
            if b"-Encoding: gzip" in head:
                got = gzip.decompress(got)
            assert got == want.replace(b"a", b"b")
            client.close()
            bench.settle()
