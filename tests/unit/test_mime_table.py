"""The table of extensions, and what sections say of them together."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from trees import model_of

from fastlb.facts.labels import Mime, MimeField, table_of_types
from fastlb.facts.mime_table import analyzed, hash_of, pack

NAMES = st.text(
    st.characters(max_codepoint=255, exclude_characters="."), min_size=1, max_size=20
)


def read(table: bytes, name: bytes) -> list[tuple[int, bytes]] | None:
    """The fields of an extension, as the core reads them."""
    (mask,) = struct.unpack_from("=I", table)
    slot = hash_of(name) & mask
    while True:
        (at,) = struct.unpack_from("=I", table, 4 + 4 * slot)
        if at == 0:
            return None
        if table[at + 1 : at + 1 + table[at]] == name and table[at] == len(name):
            break
        slot = slot + 1 & mask
    at += 1 + len(name)
    fields = []
    for number in range(5):
        said = table[at]
        at += 1
        value = b"" if said in (0, 255) else table[at : at + said - 1]
        at += len(value) + (2 if number == 0 and value else 0)
        fields.append((said, value))
    return fields


@given(st.dictionaries(NAMES, st.sampled_from(("text/html", "a/b; c=d", "", True))))
def test_what_is_packed_is_found(types: dict[str, str | bool]) -> None:
    table = pack({name: [kind, "x", False, True, ""] for name, kind in types.items()})
    for name, kind in types.items():
        found = read(table, name.encode("latin-1"))
        assert found is not None
        assert found[0][1].decode() == (kind if isinstance(kind, str) else "")
        assert (found[0][0] == 255) == (kind is True)
        assert found[1:] == [(2, b"x"), (0, b""), (255, b""), (1, b"")]
    assert read(table, b"no such extension") is None


def test_half_of_the_slots_are_free_so_that_a_search_ends() -> None:
    for count in (0, 1, 4, 5, 100):
        table = table_of_types({str(number): "a/b" for number in range(count)})
        (mask,) = struct.unpack_from("=I", table)
        assert mask + 1 >= 2 * count


def test_where_a_charset_goes_into_a_type() -> None:
    for kind, written, cut, resume in (
        ("text/html", "text/html", 9, 9),
        (" text / html ", "text/html", 9, 9),
        ("text/html;charset=x", "text/html; charset=x", 9, 20),
        ("text/html; a=b;charset=x; c=d", "text/html; a=b; charset=x; c=d", 14, 25),
        ('a/b; q="x;y"', 'a/b; q="x;y"', 12, 12),
        # no type: sent as it stands, and no charset goes into it
        ("html", "html", 0, 0),
        ("text/html;", "text/html;", 0, 0),
        ("text/html; a", "text/html; a", 0, 0),
    ):
        assert analyzed(kind) == (written, cut, resume), kind


def mime(**said: str) -> Mime:
    return Mime(tuple((("x", MimeField(name)), v) for name, v in said.items()))


def test_a_virtual_host_speaks_over_the_main_server() -> None:
    base = mime(type="a/b", charset="c")
    host = Mime(
        mime(type="d/e", language="fr").said,
        frozenset({("x", MimeField.CHARSET), ("x", MimeField.LANGUAGE)}),
        default_language="de",
    )
    merged = host.over(base)
    assert dict(merged.said) == {("x", MimeField.TYPE): "d/e"}
    assert merged.default_language == "de"
    assert not merged.removed


def test_the_main_server_removes_nothing() -> None:
    text = "Listen 8080\nAddEncoding gzip .gz\nRemoveEncoding .gz\n"
    conf = model_of(text).vhosts[0].default_conf
    assert conf.mime is not None
    assert dict(conf.mime.said) == {("gz", MimeField.ENCODING): "gzip"}
    found = read(conf.mime.table, b"gz")
    assert found is not None and found[2] == (5, b"gzip")


def test_types_that_hold_for_members_are_those_of_a_loaded_module() -> None:
    assert not model_of("Listen 8080\n").types_of_members
    for line in ("LoadModule mime_module x", "AddType a/b .c", "TypesConfig /dev/null"):
        assert model_of(f"Listen 8080\n{line}\n").types_of_members, line
