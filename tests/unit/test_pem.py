"""PEM files are read whole, and what cannot be read is told."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from certificates import key_pem, make_ca, make_crl, make_pair, pem_of
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows

from fastlb.lint import chains
from fastlb.tls import pem
from fastlb.tls.pem import FileTrouble, Trouble, belongs, parse_pem, read_pem

CA = make_ca()
PAIR = make_pair(CA, ["a.test"])
OTHER = make_pair(CA, ["b.test"])
MIXED = PAIR.pem + CA.pem + PAIR.key_pem + make_crl(CA)


def trouble(path: str) -> Trouble:
    with pytest.raises(FileTrouble) as found:
        read_pem(path)
    return found.value.trouble


def test_blocks_are_found_in_their_order_among_other_text() -> None:
    text = b"Bag Attributes\n" + PAIR.key_pem + b"x\r\n" + PAIR.pem + CA.pem
    found = parse_pem(text + make_crl(CA))
    assert found.certificates == (PAIR.certificate, CA.certificate)
    assert len(found.lists) == 1
    assert found.key is not None and belongs(PAIR.certificate, found.key)
    assert not found.broken and not found.is_encrypted


def test_the_old_name_of_a_certificate_is_known() -> None:
    found = parse_pem(PAIR.pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE"))
    assert found.certificates == (PAIR.certificate,)


def test_the_first_key_counts() -> None:
    found = parse_pem(PAIR.key_pem + OTHER.key_pem)
    assert found.key is not None and belongs(PAIR.certificate, found.key)


def test_the_traditional_form_of_a_key_is_read() -> None:
    text = PAIR.key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    assert parse_pem(text).key is not None


def test_an_encrypted_key_is_seen_and_not_opened() -> None:
    found = parse_pem(PAIR.pem + key_pem(PAIR.key, b"secret"))
    assert (found.has_key, found.is_encrypted, found.key) == (True, True, None)
    assert not found.broken


@rows(
    ("text", "broken"),
    [
        (b"hello\n", "it holds no PEM"),
        (PAIR.certificate.public_bytes(Encoding.DER), "it is in DER, not in PEM"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "block 1, a certificate, cannot be read",
        ),
        (
            PAIR.pem + b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----",
            "block 2, a private key, cannot be read",
        ),
        (PAIR.pem[:200], "it holds no PEM"),
    ],
)
def test_what_cannot_be_read_is_told(text: bytes, broken: str) -> None:
    assert parse_pem(text).broken == broken


def test_other_blocks_are_passed_over() -> None:
    text = b"-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n"
    assert parse_pem(text) == pem.PemFile()
    assert parse_pem(text + PAIR.pem).certificates == (PAIR.certificate,)


def test_a_key_of_another_kind_does_not_belong() -> None:
    rsa = make_pair(CA, ["a.test"], kind="rsa")
    assert not belongs(PAIR.certificate, rsa.key)
    assert belongs(rsa.certificate, rsa.key)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_gives_what_can_be_read(data: st.DataObject) -> None:
    """No exception, and nothing of what is left upsets what is said of it."""
    text = bytearray(MIXED)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from(b"AZaz09+/=-\n \x00\xff"))
    found = parse_pem(bytes(text))
    now = datetime.now(UTC)
    for item in found.certificates:
        chains.age_fault(item, now)
        chains.weakness(item)
        chains.names_of(item)
        chains.is_authority(item)
    if found.certificates:
        chains.chain_faults(found.certificates[:1], found.certificates, lambda _: False)
        if found.key is not None:
            belongs(found.certificates[0], found.key)


def test_missing_empty_and_special_files_are_absent(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("no", "empty", ".", "no/such"):
        assert trouble(str(tmp_path / name)) is Trouble.ABSENT
    assert trouble("/dev/null") is Trouble.ABSENT
    assert trouble("a\0b") is Trouble.ABSENT


def test_a_file_without_end_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pem, "PEM_BYTES_MAX", 10)
    (tmp_path / "long").write_bytes(b"x" * 11)
    assert trouble(str(tmp_path / "long")) is Trouble.TOO_LONG


def test_what_may_not_be_read_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: str) -> os.stat_result:
        raise PermissionError

    monkeypatch.setattr(os, "stat", refuse)
    assert trouble(str(tmp_path / "x")) is Trouble.FORBIDDEN


def test_names_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    (tmp_path / "a").write_bytes(pem_of(CA.certificate))
    assert pem.names_in(str(tmp_path)) == ["a", "b"]
    with pytest.raises(FileTrouble):
        pem.names_in(str(tmp_path / "a"))


def test_nobody_else_reads_pem_or_judges_signatures() -> None:
    """Nor is there a second limit of the days before a certificate ends."""
    package = Path(pem.__file__).parents[1]
    homes = {
        r"load_pem_": "tls/pem.py",
        r"verify_directly_issued_by": "tls/issuers.py",
        r"\bdays=|\b\w+_DAYS = ": "tls/expiry.py",
    }
    for pattern, home in homes.items():
        found = {
            path.relative_to(package).as_posix()
            for path in package.rglob("*.py")
            if re.search(pattern, path.read_text("utf-8"))
        }
        assert found == {home}, pattern
