"""Names are printed as the library prints them: test_variables has httpd's words."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.tls import dn
from fastlb.tls.der import dotted, elements

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20
)


def name(*values: str) -> bytes:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, value) for value in values]
    ).public_bytes()


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_parts_come_back_as_they_were_given(values: list[str]) -> None:
    parts = dn.attributes(name(*values))
    assert [part.value.decode() for part in parts] == values
    assert [part.rdn for part in parts] == list(range(len(values)))


@given(TEXT)
def test_a_printed_name_holds_no_line_end_and_no_bare_separator(value: str) -> None:
    text = dn.rfc2253(name(value))
    assert not any(ord(char) < 0x20 or ord(char) == 0x7F for char in text)
    rest = text.replace("\\\\", "").replace("\\,", "").replace("\\+", "")
    assert "," not in rest
    assert "+" not in rest


@given(TEXT)
def test_latin_1_never_needs_more_than_a_byte(value: str) -> None:
    (part,) = dn.attributes(name(value))
    dn.raw(part).encode("utf-8", "surrogateescape").decode("latin-1")


def test_identifiers_without_a_name_stay_numbers() -> None:
    assert dn.short_name("1.2.3.4.5.6") is None
    assert dn.long_name("1.2.3.4.5.6") == "1.2.3.4.5.6"
    assert dn.long_name("1.2.840.113549.1.1.1") == "rsaEncryption"


@rows(
    ("content", "text"),
    [(b"\x55\x04\x03", "2.5.4.3"), (b"\x2a\x86\x48", "1.2.840"), (b"", "")],
)
def test_identifiers_are_read(content: bytes, text: str) -> None:
    assert dotted(content) == text


@given(st.binary(max_size=40))
def test_any_bytes_are_elements_or_an_error(data: bytes) -> None:
    try:
        found = list(elements(data))
    except ValueError:
        return
    assert b"".join(whole for _, _, whole in found) == data
