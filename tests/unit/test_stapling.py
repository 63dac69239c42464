"""Answers reach handshakes: memory, C function, and the monitor that fetches them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Authority, Pair, make_ca, make_pair
from cryptography.x509 import ocsp as encoded
from OpenSSL import SSL
from responder import HOUR, answer, now, responder
from tls_peers import model_with, settings

from fastlb._core import STAPLE_ANSWER_MAX, STAPLE_FUNCTIONS, Staples, Table
from fastlb.facts.tls import Stapling, TlsServer
from fastlb.facts.words import Compat
from fastlb.monitor.stapling import FIRST_RETRY_S, Report, StapleWatch, fetch
from fastlb.tls.contexts import Contexts
from fastlb.tls.library import addresses
from fastlb.tls.ocsp import TRY_LATER, OcspError
from fastlb.tls.pass_phrases import PassPhrases

STAPLING = Stapling(
    responder_timeout_s=5.0,
    response_max_age_s=-1,
    standard_cache_timeout_s=3600,
    error_cache_timeout_s=600,
    return_responder_errors=True,
    fake_try_later=True,
    force_url=None,
)


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


def host(ca: Authority, tmp_path: Path, *pairs: Pair, **more: object) -> TlsServer:
    """With the issuer's certificate behind each leaf."""
    files = []
    for number, pair in enumerate(pairs):
        files.append(pair.write(tmp_path, f"pair{number}"))
        files[-1].full.write_bytes(pair.pem + ca.pem + pair.key_pem)
    return settings(*files, stapling=replace(STAPLING, **more))  # type: ignore[arg-type]


def contexts(tls: TlsServer, previous: Contexts | None = None) -> Contexts:
    return Contexts(model_with(tls), PassPhrases(), 0.0, previous)


def received(made: Contexts, ciphers: bytes | None = None) -> bytes:
    """What a client that asks gets with the certificate; b"" for nothing."""
    got = []

    def on_answer(_connection: SSL.Connection, data: bytes, _more: object) -> bool:
        got.append(data)
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if ciphers is not None:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(ciphers)
    context.set_ocsp_client_callback(on_answer)
    client = SSL.Connection(context, None)
    client.request_ocsp()
    client.set_connect_state()
    host_of = made.servers[1]
    assert host_of is not None
    ours = SSL.Connection(host_of.session.context, None)
    ours.set_context(host_of.certificate.context)
    ours.set_accept_state()
    wants = [client, ours]
    for _ in range(10):
        for one, other in ((client, ours), (ours, client)):
            try:
                if one in wants:
                    one.do_handshake()
                    wants.remove(one)
            except SSL.WantReadError:
                pass
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    assert not wants
    return got[0]


def attempt(watch: StapleWatch) -> Report | None:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(watch.attempt(loop))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def watch_of(made: Contexts, compat: Compat = Compat.BETTER) -> StapleWatch:
    (stapled,) = made.stapled()
    return StapleWatch(stapled, compat, 0.0)


# the memory and the C function


def test_each_certificate_is_sent_with_its_own_answer(
    ca: Authority, tmp_path: Path
) -> None:
    curve, rsa = make_pair(ca, ["one.test"]), make_pair(ca, ["one.test"], kind="rsa")
    made = contexts(host(ca, tmp_path, curve, rsa))
    first, second = made.stapled()
    later = int(time.time()) + 60
    answers = (answer(curve, ca), answer(rsa, ca))
    first.staples.put(0, answers[0], later)
    second.staples.put(1, answers[1], later)
    assert received(made) == answers[0]
    assert received(made, b"ECDHE-RSA-AES128-GCM-SHA256") == answers[1]
    first.staples.put(0, b"", later)
    assert received(made) == b""


def test_an_answer_that_has_ended_is_not_sent(ca: Authority, tmp_path: Path) -> None:
    made = contexts(host(ca, tmp_path, make_pair(ca, ["one.test"])))
    (stapled,) = made.stapled()
    stapled.staples.put(0, TRY_LATER, int(time.time()))
    assert received(made) == b""


def test_without_stapling_nothing_is_sent(ca: Authority, tmp_path: Path) -> None:
    made = contexts(
        replace(host(ca, tmp_path, make_pair(ca, ["one.test"])), stapling=None)
    )
    assert made.stapled() == ()
    assert received(made) == b""


def test_what_one_process_writes_another_sends() -> None:
    staples = Staples([1, 2], addresses(STAPLE_FUNCTIONS))
    pid = os.fork()
    if pid == 0:
        staples.put(1, b"x" * STAPLE_ANSWER_MAX, 100)
        os._exit(0)
    os.waitpid(pid, 0)
    assert staples.get(1, 99) == b"x" * STAPLE_ANSWER_MAX
    assert staples.get(1, 100) is None
    assert staples.get(0, 0) is None


def test_a_worker_cannot_write_answers() -> None:
    table = Table.create(1, 1, 1)
    slot = table.claim_worker(0, 1, 0)
    staples = Staples([1], addresses(STAPLE_FUNCTIONS))
    libc = ctypes.CDLL(None)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            table.be_worker(slot)
            first = ctypes.c_void_p(staples.address)
            assert libc.mprotect(first, ctypes.c_size_t(4096), 3) != 0
            with pytest.raises(RuntimeError, match="only master and monitor"):
                staples.put(0, b"lie", 100)
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    staples.put(0, b"true", 100)
    assert staples.get(0, 99) == b"true"


def test_the_memory_has_bounds() -> None:
    staples = Staples([1], addresses(STAPLE_FUNCTIONS))
    with pytest.raises(ValueError, match="not kept"):
        staples.put(0, b"x" * (STAPLE_ANSWER_MAX + 1), 100)
    for index in (-1, 1):
        with pytest.raises(IndexError):
            staples.put(index, b"", 0)
        with pytest.raises(IndexError):
            staples.get(index, 0)
    with pytest.raises(ValueError, match="certificate"):
        Staples([], addresses(STAPLE_FUNCTIONS))


def test_a_reload_keeps_the_answers(ca: Authority, tmp_path: Path) -> None:
    pair = make_pair(ca, ["one.test"])
    tls = host(ca, tmp_path, pair)
    first = contexts(tls)
    kept = answer(pair, ca)
    first.stapled()[0].staples.put(0, kept, int(time.time()) + 60)
    same = contexts(tls, first)
    assert received(same) == kept
    changed = contexts(replace(tls, session_timeout_s=77), same)
    assert changed.stapled()[0].staples is not first.stapled()[0].staples
    assert received(changed) == kept
    host(ca, tmp_path, make_pair(ca, ["one.test"]))
    assert received(contexts(tls, changed)) == b""


# the monitor


def test_a_fetched_answer_is_in_the_next_handshake(
    ca: Authority, tmp_path: Path
) -> None:
    pair = make_pair(ca, ["one.test"])
    good = answer(pair, ca)
    asked = []

    def say(request: bytes) -> tuple[int, bytes]:
        asked.append(encoded.load_der_ocsp_request(request).serial_number)
        return 200, good

    with responder(say) as url:
        made = contexts(host(ca, tmp_path, pair, force_url=url))
        watch = watch_of(made)
        assert watch.is_due(0.0)
        report = attempt(watch)
        assert report is not None
        assert report.level == "info"
        assert attempt(watch) is None
    assert received(made) == good
    assert asked == [pair.certificate.serial_number] * 2
    assert 3500 < watch.due_s - time.monotonic() <= 3600
    again = watch_of(made)
    again.begin(100.0)
    assert again.due_s == pytest.approx(3700, abs=5)


def test_the_url_of_the_certificate_is_asked(ca: Authority, tmp_path: Path) -> None:
    with responder(lambda _: (200, good)) as url:
        pair = make_pair(ca, ["one.test"], ocsp=url)
        good = answer(pair, ca, next_update=now() + HOUR)
        made = contexts(host(ca, tmp_path, pair))
        watch = watch_of(made)
        attempt(watch)
        assert received(made) == good
        assert watch.due_s - time.monotonic() == pytest.approx(1800, abs=5)


def test_the_last_good_answer_outlives_a_failure(ca: Authority, tmp_path: Path) -> None:
    pair = make_pair(ca, ["one.test"])
    good = answer(pair, ca)
    answers = iter([(200, good), (503, b""), (200, b"nonsense"), (200, TRY_LATER)])
    with responder(lambda _: next(answers)) as url:
        made = contexts(host(ca, tmp_path, pair, force_url=url))
        watch = watch_of(made)
        attempt(watch)
        delays = []
        for words in ("it answers 503", "cannot be read", "try_later"):
            report = attempt(watch)
            assert report is not None
            assert report.level == "error"
            assert report.text.startswith("AH01941: stapling_renew_response")
            assert words in report.text
            delays.append(round(watch.due_s - time.monotonic()))
    assert delays == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert received(made) == good


@pytest.mark.parametrize(
    ("compat", "sent"), [(Compat.BETTER, b""), (Compat.APACHE, TRY_LATER)]
)
def test_a_failure_is_sent_only_where_apache_is_asked_for(
    ca: Authority, tmp_path: Path, compat: Compat, sent: bytes
) -> None:
    pair = make_pair(ca, ["one.test"])
    made = contexts(host(ca, tmp_path, pair, force_url="http://127.0.0.1:1/"))
    report = attempt(watch_of(made, compat))
    assert report is not None
    assert "Connection refused" in report.text
    assert received(made) == sent


@pytest.mark.parametrize("errors", [True, False])
def test_a_revoked_certificate_is_told_and_its_answer_sent_if_wanted(
    ca: Authority, tmp_path: Path, errors: bool
) -> None:
    pair = make_pair(ca, ["one.test"])
    revoked = answer(pair, ca, status=encoded.OCSPCertStatus.REVOKED)
    with responder(lambda _: (200, revoked)) as url:
        tls = host(ca, tmp_path, pair, force_url=url, return_responder_errors=errors)
        made = contexts(tls)
        report = attempt(watch_of(made))
    assert report is not None
    assert report.text.startswith("AH02969: ")
    assert "certificate status revoked" in report.text
    assert received(made) == (revoked if errors else b"")


def test_an_answer_lasts_no_longer_than_is_allowed(
    ca: Authority, tmp_path: Path
) -> None:
    pair = make_pair(ca, ["one.test"])
    with responder(lambda _: (200, answer(pair, ca))) as url:
        tls = host(ca, tmp_path, pair, force_url=url, response_max_age_s=4000)
        made = contexts(tls)
        attempt(watch_of(made))
    (stapled,) = made.stapled()
    wall_s = int(now().timestamp())
    assert stapled.staples.get(0, wall_s + 300) is not None
    assert stapled.staples.get(0, wall_s + 500) is None


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("alone", "AH02217: ssl_stapling_init_cert: it is signed by itself"),
        ("no issuer", "can't retrieve issuer certificate!"),
        ("no url", "AH02218: ssl_stapling_init_cert: no OCSP URI"),
        ("other url", "AH01940: stapling_renew_response: Unsupported uri https://x/"),
    ],
)
def test_what_cannot_be_stapled_is_told(
    ca: Authority, tmp_path: Path, case: str, words: str
) -> None:
    pair = make_pair(None if case == "alone" else ca, ["one.test"])
    tls = host(
        ca, tmp_path, pair, force_url="https://x/" if case == "other url" else None
    )
    if case == "no issuer":
        (tmp_path / "pair0.pem").write_bytes(pair.pem + pair.key_pem)
    watch = watch_of(contexts(tls))
    assert words in watch.stapled.trouble
    assert not watch.is_due(1e9)


def test_a_responder_that_says_too_much_or_is_none_is_left() -> None:
    with (
        responder(lambda _: (200, b"x" * (STAPLE_ANSWER_MAX + 1))) as url,
        pytest.raises(OcspError, match="more than"),
    ):
        fetch(url, b"", 5.0)
    for bad in ("http://[::1", "http://127.0.0.1:x/"):
        with pytest.raises(OcspError):
            fetch(bad, b"", 1.0)
