"""Every pointer that is kept has an owner, and is followed only while that lives.

docs/lifetimes.md has a line for each; here the declarations of the core are held
against it, and the habits that would make a pointer outlive its step are looked for.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from rows import rows

ROOT = Path(__file__).parents[2]
CORE = ROOT / "fastlb" / "core"
PAGE = ROOT / "docs" / "lifetimes.md"
STRUCT = re.compile(r"^cdef struct (\w+):.*\n((?:    .*\n|\n)+)", re.M)
NAME = re.compile(r"`(\w+)`")
# Parts of an exchange; the page tells of their fields under their own names.
PARTS = {
    "facts": "request_facts",
    "body": "request_body",
    "choice": "member_choice",
    "question": "question",
    "attempt": "attempt",
    "local": "local_answer",
    "tunnel": "tunnel_state",
}
# Of the downstream; told of likewise.
CLIENT = {"client": "client_facts"}
# What is never where a pointer is kept: it begins a connection, or is a part with
# fields of its own.
EMBEDDED = {"c": "conn", "timer": "timer_node", **PARTS, **CLIENT}


@cache
def sources() -> dict[str, str]:
    found = sorted([*CORE.rglob("*.pxd"), *CORE.rglob("*.pyx")])
    return {str(path.relative_to(CORE)): path.read_text() for path in found}


def fields_of(body: str) -> dict[str, str]:
    """Type of each field by its name."""
    found = dict.fromkeys(re.findall(r"\(\*(\w+)\)\(", body), "function *")
    for raw in body.splitlines():
        line = raw.partition("#")[0].strip()
        if not line or "(" in line or ")" in line:
            continue
        kind, _, name = line.removeprefix("const ").rpartition(" ")
        bare = name.lstrip("*")
        found[bare.partition("[")[0]] = (
            f"{kind} {'*' * (len(name) - len(bare))}".strip()
        )
    return found


@cache
def structs() -> dict[str, dict[str, str]]:
    """All structs of the core with the fields that are, or hold, a pointer."""
    every = {
        name: fields_of(body)
        for text in sources().values()
        for name, body in STRUCT.findall(text)
    }
    holders = {n for n, fields in every.items() if "*" in "".join(fields.values())}
    while more := {
        name
        for name, fields in every.items()
        if name not in holders and holders & set(fields.values())
    }:
        holders |= more
    return {
        name: {f: t for f, t in every[name].items() if "*" in t or t in holders}
        for name in holders
    }


@cache
def told() -> dict[str, set[str]]:
    """By struct the fields that the page tells of."""
    found: dict[str, set[str]] = {}
    for line in PAGE.read_text().partition("## Kept pointers")[2].splitlines():
        cells = line.split(" | ")
        if line.startswith("| `") and len(cells) == 4:
            found.setdefault(NAME.findall(cells[0])[0], set()).update(
                NAME.findall(cells[1])
            )
    return found


@cache
def whole() -> set[str]:
    """Structs whose pointers have one lifetime."""
    part = PAGE.read_text().partition("## Structs of one lifetime")[2]
    first = [line.split(" | ")[0] for line in part.splitlines() if "| `" in line]
    return {name for cell in first for name in NAME.findall(cell)}


def test_the_page_and_the_declarations_are_both_read() -> None:
    assert len(structs()) > 40
    assert structs()["request_facts"]["env"] == "value *"
    assert structs()["downstream"]["input"] == "buffer *"
    assert "SSL_new" in structs()["tls_library"]
    assert "down" in told()["exchange"]
    assert "plan_root" in whole()


@rows("struct", sorted(structs()))
def test_every_kept_pointer_has_an_owner(struct: str) -> None:
    fields = {f for f, t in structs()[struct].items() if EMBEDDED.get(f) != t}
    if struct not in whole():
        assert fields == told()[struct]


def test_the_page_names_no_struct_that_is_gone() -> None:
    assert set(told()) | whole() <= set(structs())
    assert not set(told()) & whole()


def test_every_value_of_an_exchange_follows_its_arena() -> None:
    """A tunnel moves it once; what stays behind would point at what was freed."""
    follow = sources()["flow/tunnel.pyx"].partition("cdef void values_follow(")[2]
    followed = set(re.findall(r"value_follow\(&x\.([\w.]+)", follow))
    values = {f for f, t in structs()["exchange"].items() if t == "value"}
    for part, struct in PARTS.items():
        assert structs()["exchange"][part] == struct
        found = structs()[struct].items()
        values |= {f"{part}.{f}" for f, t in found if t in ("value", "value *")}
    assert values - {"facts.request_uri"} == followed


def test_every_part_of_an_exchange_is_known_as_one() -> None:
    """What is no part is told of by the page as a field."""
    text = sources()["flow/exchange.pxd"]
    parts = re.findall(r"^cdef struct (\w+):", text, re.M)
    held = {f: t for f, t in structs()["exchange"].items() if t in parts}
    assert held | {"facts": "request_facts"} == PARTS


def test_no_exchange_keeps_a_pointer_into_a_buffer() -> None:
    """What is assigned to a field of an exchange is no place in a buffer."""
    kept = re.compile(
        r"\bx(?:\.\w+)+ = (?!.*arena_copy)"
        r".*(?:request_bytes|request_part|put\.data\[)"
    )
    for name, text in sources().items():
        found = [line for line in text.splitlines() if kept.search(line)]
        assert not found, f"{name}: {found}"


def test_where_a_head_lies_is_known_in_one_place() -> None:
    """request_bytes, request_part and request_kept; nobody counts by hand."""
    by_hand = re.compile(r"\b(?:down|d)\.input\.data\[x\.(?!body\.raw_at)")
    for name, text in sources().items():
        found = [line.strip() for line in text.splitlines() if by_hand.search(line)]
        if name == "flow/exchange.pyx":
            assert found == ["return &x.down.input.data[x.body.at]"]
        else:
            assert not found, f"{name}: {found}"


def test_nobody_looks_back_but_through_byte_before() -> None:
    """An index that may be 0 is unsigned: one less is four thousand million."""
    back = re.compile(r"\[[^\[\]]*- 1\]|\[-\d")
    for name, text in sources().items():
        if name.startswith("balance/") and name != "balance/sticky.pyx":
            continue  # rows of the table, no bytes
        found = [line.strip() for line in text.splitlines() if back.search(line)]
        if name == "ground/chartable.pyx":
            assert found == ["return data[at - 1] if at > 0 else 0"]
        else:
            assert not found, f"{name}: {found}"
