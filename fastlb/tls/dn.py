"""Distinguished names as mod_ssl prints them.

What the library's X509_NAME_print_ex does with the flags of RFC 2253, and
ASN1_STRING_print_ex with those that mod_ssl gives for one part of a name. The rules
for characters are RFC 2253 2.4; that control characters become \\XX, and that a
backslash is doubled whenever anything is escaped at all, is OpenSSL's.
Source: httpd 2.4.71, as recorded in tests/unit/data/tls_variables.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.bindings._rust import _openssl

from fastlb.tls.der import content, dotted, elements

UTF8, BMP, UNIVERSAL = 12, 30, 28
# A worker may not be allowed to read where Python's codecs lie.
for _codec in ("utf-16-be", "utf-32-be"):
    codecs.lookup(_codec)
BYTEWISE = frozenset((18, 19, 20, 22, 23, 24, 26))  # one byte a character
SPECIAL = frozenset(b',+"\\<>;')
BACKSLASH = 0x5C


@dataclass(frozen=True, slots=True)
class Attribute:
    """One part of a name. rdn: which relative name it belongs to, from 0."""

    rdn: int
    oid: str
    tag: int
    value: bytes
    whole: bytes  # value with its tag and length


def attributes(name: bytes) -> list[Attribute]:
    """The parts of a Name in DER, in its order; ValueError."""
    found = []
    for number, (_, relative, _) in enumerate(elements(content(name))):
        for _, pair, _ in elements(relative):
            (_, oid, _), (tag, value, whole) = elements(pair)
            found.append(Attribute(number, dotted(oid), tag, value, whole))
    return found


def rfc2253(name: bytes, *, escape_high: bool = False) -> str:
    """The last part first: "CN=www.example.com,O=Example\\, Inc.,C=DE".

    escape_high: bytes above 0x7F become \\XX, too.
    """
    text: list[str] = []
    last: Attribute | None = None
    for part in reversed(attributes(name)):
        if last is not None:
            text.append("+" if part.rdn == last.rdn else ",")
        label = short_name(part.oid)
        if label is None:
            value = f"#{part.whole.hex().upper()}"
            label = part.oid
        else:
            value = escaped(part, escape_high=escape_high)
        text.append(f"{label}={value}")
        last = part
    return "".join(text)


def line(name: bytes) -> str:
    """The first part first: "/C=DE/O=Example, Inc./CN=www.example.com".

    What FakeBasicAuth takes for a user's name. Bytes that are not printable become
    \\xXX; a slash stays as it is.
    """
    return "".join(
        f"/{short_name(part.oid) or part.oid}="
        + "".join(
            chr(byte) if 0x20 <= byte <= 0x7E else f"\\x{byte:02X}"
            for byte in part.value
        )
        for part in attributes(name)
    )


def escaped(part: Attribute, *, escape_high: bool) -> str:
    """The value under the rules for a whole name."""
    characters = utf8_of(part)
    if characters is None:
        return f"#{part.whole.hex().upper()}"

    def one(index: int, byte: int) -> bytes | None:
        if byte in SPECIAL:
            return b"\\%c" % byte
        at_edge = index in (0, len(characters) - 1)
        if (byte == 0x20 and at_edge) or (byte == 0x23 and index == 0):
            return b"\\%c" % byte
        if escape_high and byte > 0x7F:
            return b"\\%02X" % byte
        return None

    return written(characters, one)


def plain(part: Attribute) -> str:
    """The value alone, in UTF-8: control characters and backslashes are escaped."""
    characters = utf8_of(part)
    if characters is None:
        characters = part.value
    return written(characters, lambda _index, _byte: None)


def printed(text: bytes) -> str:
    """A string of another place of a certificate, under the rules of plain."""
    return written(text, lambda _index, _byte: None)


def raw(part: Attribute) -> str:
    """As plain, but in Latin-1: what is beyond it becomes \\UXXXX or \\WXXXXXXXX."""
    if part.tag not in (UTF8, BMP, UNIVERSAL):
        return printed(part.value)
    characters = utf8_of(part) or b""
    out = bytearray()
    for char in characters.decode("utf-8", "replace"):
        number = ord(char)
        if number > 0xFFFF:
            out += b"\\W%08X" % number
        elif number > 0xFF:
            out += b"\\U%04X" % number
        elif number == BACKSLASH:
            out += b"\\\\"
        elif is_control(number):
            out += b"\\%02X" % number
        else:
            out.append(number)
    return out.decode("utf-8", "surrogateescape")


def written(characters: bytes, special: Callable[[int, int], bytes | None]) -> str:
    """Bytes of UTF-8 with what must be escaped escaped; special goes first."""
    out = bytearray()
    for index, byte in enumerate(characters):
        piece = special(index, byte)
        if piece is not None:
            out += piece
        elif is_control(byte):
            out += b"\\%02X" % byte
        elif byte == BACKSLASH:
            out += b"\\\\"
        else:
            out.append(byte)
    # A certificate can hold bytes that are no UTF-8: they pass as they are.
    return out.decode("utf-8", "surrogateescape")


def is_control(number: int) -> bool:
    return number < 0x20 or number == 0x7F


def utf8_of(part: Attribute) -> bytes | None:
    return utf8_of_string(part.tag, part.value)


def utf8_of_string(tag: int, value: bytes) -> bytes | None:
    """The value in UTF-8; None for what is no string of characters."""
    if tag == UTF8:
        return value
    if tag == BMP:
        return value.decode("utf-16-be", "replace").encode("utf-8", "replace")
    if tag == UNIVERSAL:
        return value.decode("utf-32-be", "replace").encode("utf-8", "replace")
    if tag in BYTEWISE:
        return value.decode("latin-1").encode("utf-8")
    return None


def short_name(oid: str) -> str | None:
    """ "CN" for "2.5.4.3"; None for an identifier that the library has no name for."""
    return named(oid, _openssl.lib.OBJ_nid2sn)


def long_name(oid: str) -> str:
    """ "rsaEncryption"; the numbers themselves where the library has no name."""
    return named(oid, _openssl.lib.OBJ_nid2ln) or oid


def named(oid: str, name_of: Callable[[int], object]) -> str | None:
    number = _openssl.lib.OBJ_txt2nid(oid.encode())
    if number == _openssl.lib.NID_undef:
        _openssl.lib.ERR_clear_error()
        return None
    return bytes(_openssl.ffi.string(name_of(number))).decode("ascii")
