"""What is said about certificates and the chains behind them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from certificates import make_ca, make_pair
from rows import rows

from fastlb.lint import chains
from fastlb.lint.chains import KnownRoots, covers
from fastlb.tls.issuers import has_issued

ROOT = make_ca("Root")
FIRST = make_ca("First", parent=ROOT)
SECOND = make_ca("Second", parent=FIRST)
LEAF = make_pair(SECOND, ["a.test", "*.b.test", "127.0.0.1"]).certificate
STRANGER = make_ca("Stranger").certificate
NOW = datetime.now(UTC)


def faults(*rest: chains.x509.Certificate, known: bool = True) -> list[str]:
    found = chains.chain_faults([LEAF], rest, lambda _: known)
    return [item.text for item in found]


def test_a_whole_chain_in_order_is_sound() -> None:
    assert faults(SECOND.certificate, FIRST.certificate) == []


def test_the_leaf_itself_in_the_chain_is_passed_over() -> None:
    assert faults(LEAF, SECOND.certificate, FIRST.certificate) == []


def test_a_chain_in_the_wrong_order_is_told_with_the_right_one() -> None:
    [found] = chains.chain_faults(
        [LEAF], [FIRST.certificate, SECOND.certificate], lambda _: True
    )
    assert found.text == "the chain is in the wrong order"
    assert found.cure == "write 'a.test', then 'Second', then 'First'"


def test_a_root_in_the_chain_is_useless_and_harmless() -> None:
    rest = [SECOND.certificate, FIRST.certificate, ROOT.certificate]
    [found] = chains.chain_faults([LEAF], rest, lambda _: False)
    assert found.text == "the chain holds the root, 'Root'"
    assert not found.is_serious


def test_a_certificate_that_issued_nothing_is_a_stranger() -> None:
    assert faults(SECOND.certificate, FIRST.certificate, STRANGER) == [
        "'Stranger' did not issue any certificate before it in the chain"
    ]


def test_an_authority_of_the_same_name_did_not_issue_it() -> None:
    namesake = make_ca("Second", parent=FIRST).certificate
    assert not has_issued(namesake, LEAF)
    assert has_issued(SECOND.certificate, LEAF)


def test_what_nobody_knows_is_mentioned() -> None:
    assert faults(SECOND.certificate, known=False) == [
        "'Second' was issued by 'First', which this system does not know"
    ]


def test_a_missing_intermediate_is_serious_where_it_can_be_fetched() -> None:
    leaf = make_pair(FIRST, ["a.test"], issuer="http://ca.test/first.cer").certificate
    [found] = chains.chain_faults([leaf], [], lambda _: False)
    assert found.text == "the intermediate certificate 'First' is missing"
    assert "http://ca.test/first.cer" in found.cure
    assert found.is_serious


def test_one_chain_serves_several_leaves() -> None:
    other = make_pair(FIRST, ["a.test"]).certificate
    rest = [SECOND.certificate, FIRST.certificate]
    assert chains.chain_faults([LEAF, other], rest, lambda _: True) == []


def test_known_roots_are_found_by_name_and_signature() -> None:
    roots = KnownRoots([STRANGER, ROOT.certificate, make_ca("Root").certificate])
    assert roots.have_issued(FIRST.certificate)
    assert not roots.have_issued(LEAF)
    assert not KnownRoots([make_ca("Root").certificate]).have_issued(FIRST.certificate)


@rows(
    ("starts", "ends", "text"),
    [
        (-9, 31, None),
        (-9, 29.5, "expires in 29 days"),
        (-9, 1.5, "expires in 1 day, "),
        (-9, 0.5, "expires today, "),
        (-9, -0.5, "expired on "),
        (0.5, 9, "is not valid before "),
    ],
)
def test_the_age_of_a_certificate(starts: float, ends: float, text: str | None) -> None:
    made = make_pair(
        ROOT,
        ["a.test"],
        not_before=NOW + timedelta(days=starts),
        not_after=NOW + timedelta(days=ends),
    )
    found = chains.age_fault(made.certificate, NOW)
    assert (found is None) is (text is None)
    if found is not None and text is not None:
        assert text in found.text
        assert found.is_serious is ("expires" not in text)


@rows(
    ("name", "is_covered"),
    [
        ("a.test", True),
        ("A.test.", True),
        ("b.test", False),
        ("x.b.test", True),
        ("x.y.b.test", False),
        ("*.b.test", True),
        ("*.a.test", False),
        ("x*.b.test", True),
        ("x.*.test", False),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("[::1]", False),
    ],
)
def test_the_names_that_a_certificate_covers(name: str, is_covered: bool) -> None:
    assert covers(chains.names_of(LEAF), name) is is_covered


def test_without_alternative_names_the_common_name_counts() -> None:
    made = make_pair(ROOT, (), subject="Old.test").certificate
    assert chains.names_of(made) == ("old.test",)


def test_short_keys_are_weak() -> None:
    weak = chains.weakness(make_pair(ROOT, ["w"], kind="rsa1024").certificate)
    assert weak is not None
    assert weak.text == "'w' has a RSA key of 1024 bits"
    assert chains.weakness(make_pair(ROOT, ["w"], kind="rsa").certificate) is None
    assert chains.weakness(LEAF) is None


def test_other_kinds_of_keys_are_not_measured() -> None:
    assert chains.weakness(make_pair(None, ["w"], kind="ed25519").certificate) is None


def test_a_forgeable_signature_is_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "WEAK_HASHES", ("sha256",))
    weak = chains.weakness(LEAF)
    assert weak is not None
    assert weak.text == "'a.test' is signed with SHA256"
    assert chains.weakness(ROOT.certificate) is None  # nobody looks at a root's own


def test_an_authority_is_told_from_a_leaf() -> None:
    assert chains.is_authority(FIRST.certificate)
    assert not chains.is_authority(LEAF)
