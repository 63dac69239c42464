"""Which OCSP answers are believed."""

from __future__ import annotations

import pytest
from certificates import Authority, Pair, make_ca, make_pair
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as encoded
from hypothesis import given
from hypothesis import strategies as st
from responder import HOUR, answer, delegate, now

from fastlb.tls import ocsp
from fastlb.tls.issuers import OCSP, issuer_of, url_of
from fastlb.tls.ocsp import Answer, OcspError

SKEW_S = 300.0


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


@pytest.fixture(scope="module")
def pair(ca: Authority) -> Pair:
    return make_pair(ca, ["one.test"], ocsp="http://ocsp.test/")


def judged(der: bytes, pair: Pair, ca: Authority) -> Answer:
    now_s = now().timestamp()
    return ocsp.judge(der, pair.certificate, ca.certificate, now_s, SKEW_S)


def refused(der: bytes, pair: Pair, ca: Authority) -> str:
    with pytest.raises(OcspError) as caught:
        judged(der, pair, ca)
    return str(caught.value)


@pytest.mark.parametrize("by_key", [True, False])
def test_the_issuer_itself_may_answer(pair: Pair, ca: Authority, by_key: bool) -> None:
    found = judged(answer(pair, ca, by_key=by_key), pair, ca)
    assert (found.is_good, found.status) == (True, "good")
    assert found.next_update_s == (now() + 10 * HOUR).timestamp()


def test_an_authority_with_an_rsa_key_may_answer() -> None:
    ca = make_ca(kind="rsa")
    pair = make_pair(ca, ["one.test"])
    assert judged(answer(pair, ca), pair, ca).is_good


@pytest.mark.parametrize("by_key", [True, False])
def test_whom_the_issuer_has_named_may_answer(
    pair: Pair, ca: Authority, by_key: bool
) -> None:
    der = answer(pair, ca, signer=delegate(ca), by_key=by_key)
    assert judged(der, pair, ca).is_good


def test_nobody_else_may_answer(pair: Pair, ca: Authority) -> None:
    stranger = delegate(make_ca("other"))
    assert "no leave" in refused(answer(pair, ca, signer=stranger), pair, ca)
    server = delegate(ca, may_sign=False)
    assert "no leave" in refused(answer(pair, ca, signer=server), pair, ca)
    late = delegate(ca, not_after=now() - HOUR)
    assert "own certificate is out of date" in refused(
        answer(pair, ca, signer=late), pair, ca
    )
    whole = answer(pair, ca)
    forged = whole[:-1] + bytes([whole[-1] ^ 1])  # the signature stands last
    assert "signature of the answer is wrong" in refused(forged, pair, ca)
    other = make_ca("other")
    assert "nobody known" in refused(answer(pair, other), pair, ca)


def test_an_answer_about_another_certificate_is_none(pair: Pair, ca: Authority) -> None:
    der = answer(make_pair(ca, ["two.test"]), ca)
    assert "about another certificate" in refused(der, pair, ca)


def test_an_answer_holds_for_its_time(pair: Pair, ca: Authority) -> None:
    old = answer(pair, ca, this_update=now() - 9 * HOUR, next_update=now() - HOUR)
    assert "out of date" in refused(old, pair, ca)
    early = answer(pair, ca, this_update=now() + HOUR)
    assert "of the future" in refused(early, pair, ca)


def test_what_is_revoked_is_told(pair: Pair, ca: Authority) -> None:
    found = judged(answer(pair, ca, status=encoded.OCSPCertStatus.REVOKED), pair, ca)
    assert (found.is_good, found.status) == (False, "revoked")


def test_an_error_of_the_responder_is_its_word(pair: Pair, ca: Authority) -> None:
    built = encoded.OCSPResponseBuilder.build_unsuccessful(
        encoded.OCSPResponseStatus.TRY_LATER
    )
    assert built.public_bytes(Encoding.DER) == ocsp.TRY_LATER
    assert refused(ocsp.TRY_LATER, pair, ca) == "the responder says try_later"


@given(data=st.binary(max_size=60))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    assert refused(data, SOME, SOME_CA)


def test_a_certificate_tells_its_responder(pair: Pair, ca: Authority) -> None:
    assert url_of(pair.certificate, OCSP) == "http://ocsp.test/"
    assert url_of(ca.certificate, OCSP) == ""
    others = (make_ca("other").certificate, ca.certificate)
    assert issuer_of(pair.certificate, others) == ca.certificate
    assert issuer_of(pair.certificate, others[:1]) is None


SOME_CA = make_ca()
SOME = make_pair(SOME_CA, ["some.test"])
