"""The monitor tells of certificates: those that end soon, those it cannot staple."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

from certificates import make_ca, make_pair
from responder import answer, responder
from test_stapling import STAPLING
from tls_peers import model_with, settings

from fastlb._core import Table
from fastlb.base.levels import Level
from fastlb.facts.tls import TlsServer
from fastlb.monitor.heritage import MonitorHeritage
from fastlb.monitor.monitor import Monitor
from fastlb.tls.contexts import Contexts
from fastlb.tls.expiry import DAY_S, Expiry
from fastlb.tls.pass_phrases import PassPhrases


def heritage(tls: TlsServer, log: int, *known: Expiry) -> MonitorHeritage:
    model = model_with(tls)
    contexts = Contexts(model, PassPhrases(), 0.0)
    return MonitorHeritage(
        model=replace(
            model,
            vhosts=tuple(
                replace(vhost, log_level=Level.INFO) for vhost in model.vhosts
            ),
        ),
        table=Table.create(1, 1, 1),  # members are not what is tested
        member_slots=(0, 1),
        probed=frozenset(),
        error_fds=(log,),
        expiries=known,
        stapled=contexts.stapled(),
    )


def log_of(given: MonitorHeritage, path: Path, word: str) -> str:
    """What is logged until word comes."""

    async def live() -> str:
        monitor = Monitor(given, asyncio.get_running_loop())
        monitor.turn()
        monitor.tell_of_expiries()
        ends_s = time.monotonic() + 10
        while word not in path.read_text() and time.monotonic() < ends_s:
            await asyncio.sleep(0.01)
        return path.read_text()

    return asyncio.run(live())


def test_a_certificate_that_ends_soon_is_told(tmp_path: Path) -> None:
    files = make_pair(make_ca(), ["one.test"]).write(tmp_path, "one")
    path = tmp_path / "log"
    log = os.open(path, os.O_WRONLY | os.O_CREAT)
    known = Expiry("/c.pem", "CN=x", time.time() + 3.5 * DAY_S)
    text = log_of(heritage(settings(files), log, known), path, "renew")
    os.close(log)
    assert "[ssl:warn]" in text
    assert "the certificate CN=x in /c.pem expires in 3 days, on " in text


def test_what_is_stapled_is_told_and_what_is_not(tmp_path: Path) -> None:
    ca = make_ca()
    pair = make_pair(ca, ["one.test"])
    files = pair.write(tmp_path, "one")
    path = tmp_path / "log"
    log = os.open(path, os.O_WRONLY | os.O_CREAT)
    given = heritage(settings(files, stapling=STAPLING), log)
    text = log_of(given, path, "AH02604")
    assert "AH02217: ssl_stapling_init_cert: can't retrieve issuer certificate!" in text
    assert "AH02604: Unable to configure certificate one.test:443:0" in text
    files.full.write_bytes(pair.pem + ca.pem + pair.key_pem)
    with responder(lambda _: (200, answer(pair, ca))) as url:
        tls = settings(files, stapling=replace(STAPLING, force_url=url))
        text = log_of(heritage(tls, log), path, "is stapled")
    os.close(log)
    assert "[ssl:info]" in text
    assert f"one.test:443:0: OCSP answer of {url} is stapled" in text
