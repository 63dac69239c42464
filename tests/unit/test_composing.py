"""Bytes are composed by the bounded writer: sources that copy by hand are named here.

What is not a look-up of the lines themselves would have to be seen by a reader; so the
sources are read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

CORE = Path(__file__).parents[2] / "fastlb/core"
SOURCES = sorted([*CORE.rglob("*.pyx"), *CORE.rglob("*.h")])

# Chapter -> (copies and moves in it, why it does them by hand)
COPIES = {
    "ground/hash.pyx": (1, "the last bytes of a hash, fewer than eight"),
    "io/writer.pyx": (1, "the writer itself"),
    "io/buffer.pyx": (5, "buffers know their room"),
    "io/staples.pyx": (2, "memory of a fixed size, drawn in staples.pxd"),
    "io/tls_hello.pyx": (1, "joins records up to a size that is checked first"),
    "io/tls_stream.pyx": (2, "one record, of a fixed size, out of two pieces"),
    "balance/claims.pyx": (5, "text of the table; its lengths are checked first"),
    "codecs/ajp.pyx": (1, "decodes in place: never longer than what was read"),
    "http/chunked.pyx": (1, "decodes in place: never longer than what was read"),
    "http/fields.pyx": (1, "unfolds in place: never longer than what was read"),
    "codecs/fastcgi.pyx": (2, "decodes in place; the part of a head that is missing"),
    "codecs/cgi_pairs.pyx": (1, "a pair, where its caller has found room for it"),
    "codecs/script_head.pyx": (
        2,
        "in place, and room before it that its header demands",
    ),
    "plan/client_names.pyx": (2, "a name and a line; their lengths are checked first"),
    "plan/digest.h": (2, "a block of 64 bytes at most, into one of 64"),
    "plan/logline.pyx": (1, "what a log program did not take moves to the front"),
    "ground/path.pyx": (1, "a run of slashes at the front becomes one: shorter"),
    "flow/early.pyx": (2, "a head in the place of another; the buffer grew before"),
    "flow/listing_read.pyx": (
        4,
        "a request as a whole, and back; a name whose length is checked first",
    ),
    "flow/services.pyx": (1, "a block of its own, as long as it is measured"),
    "plan/asking.pyx": (2, "two addresses of sixteen bytes"),
    "plan/build.pyx": (1, "made once, before any client, as long as it is measured"),
}
# Copies of whole structures, or of a number of bytes that is written down, are no
# composing: the compiler sees both sides.
OF_A_SIZE = re.compile(r"mem(cpy|move)\(.*(sizeof|, \d+\))")

# Chapter -> (stores through a pointer to characters, why)
STORES = {
    "io/tls_stream.pyx": (1, "a length that OpenSSL asks for"),
    "codecs/cgi_pairs.pyx": (2, "a pair, where its caller has found room for it"),
    "http/fields.pyx": (1, "unfolds in place"),
    "flow/opening.pyx": (2, "ends a part of a path, and puts the slash back"),
    "ground/address.pyx": (4, "an address of sixteen bytes"),
    "ground/number.pyx": (2, "digits, written backwards into room for the most"),
    "ground/path.pyx": (4, "undoes dot segments in place: never longer"),
    "plan/digest_login.pyx": (1, "unescapes in place: never longer"),
    "plan/credentials.pyx": (1, "base64 undone: three bytes of four letters"),
    "plan/expr_words.pyx": (2, "an address of sixteen bytes"),
    "plan/path.pyx": (1, "a slash in the place of the byte that kept it"),
}
POINTER = re.compile(r"(?<!const )\b(?:unsigned )?char \*\s*(\w+)")
STORE = re.compile(r"^\s*(\w+)\[[^\]]*\] = ")


def code(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without comments."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        yield number, line.partition("  # ")[0] if line.strip()[:1] != "#" else ""


def functions(path: Path) -> Iterator[list[tuple[int, str]]]:
    """The lines of each function."""
    lines: list[tuple[int, str]] = []
    for number, line in code(path):
        if line.startswith(("cdef ", "cpdef ", "def ", "class ")):
            yield lines
            lines = []
        lines.append((number, line))
    yield lines


def name(path: Path) -> str:
    return path.relative_to(CORE).as_posix()


def unlike(found: dict[str, list[str]], listed: dict[str, tuple[int, str]]) -> object:
    return {
        chapter: lines
        for chapter, lines in found.items()
        if len(lines) != listed.get(chapter, (0, ""))[0]
    }


def test_nothing_is_copied_past_the_writer() -> None:
    found: dict[str, list[str]] = {name(p): [] for p in SOURCES}
    for path in SOURCES:
        text = "\n".join(line for _, line in code(path))
        for call in re.finditer(r"\bmem(?:cpy|move)\((?:[^()]|\([^()]*\))*\)", text):
            whole = " ".join(call[0].split())
            if not OF_A_SIZE.search(whole):
                found[name(path)].append(whole)
    assert unlike(found, COPIES) == {}


def test_nothing_is_stored_past_the_writer() -> None:
    found: dict[str, list[str]] = {name(p): [] for p in SOURCES}
    for path in SOURCES:
        if path.suffix != ".pyx":
            continue
        for lines in functions(path):
            pointers = {p for _, line in lines for p in POINTER.findall(line)}
            found[name(path)] += [
                f"{number}: {line.strip()}"
                for number, line in lines
                if (store := STORE.match(line)) and store[1] in pointers
            ]
    assert unlike(found, STORES) == {}


def test_values_reach_heads_by_the_exit() -> None:
    """Where heads are composed, `put` is for our own words and proven lines."""
    proven = {
        "flow/rewrite.pyx": {
            "data + x.facts.req.method.offset",  # a token, or the head was refused
            "request_kept(x)",  # a body
            "v.server_port.data",  # a number
            "name",  # of a field: a constant
            *("user.data", "password.data"),  # of Basic: becomes base64
            "word.data",  # ... and what it has become
        },
        "flow/rewrite_answer.pyx": {
            "&earlier.data[earlier.start]",  # interim heads, composed here
        },
        "plan/out_fields.pyx": {"from_raw"},  # lines as the parser has proven them
        "http/exit.pyx": {"data", "name"},
        "flow/tunnel.pyx": set[str](),
    }
    call = re.compile(r"\bput\(\s*&?w,\s*([^,]+),")
    own = re.compile(r'^b"')
    for chapter, allowed in proven.items():
        text = "\n".join(line for _, line in code(CORE / chapter))
        if chapter == "flow/tunnel.pyx":  # and here
            text = text[text.index("cdef void tunnel_grant") :]
            text = text[: text.index("cdef void tunnel_slim")]
        sent = {what.strip() for what in call.findall(text)}
        assert {what for what in sent if not own.match(what)} <= allowed, chapter
