"""Certificates that end soon are told of in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certificates import make_ca, make_pair
from rows import rows
from tls_peers import MEMBER, model_with, settings

from fastlb.tls.expiry import DAY_S, Expiry, expiries, warnings_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_certificate_that_is_sent_is_looked_at_once(tmp_path: Path) -> None:
    ca = make_ca()
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
    middle = make_ca("middle", parent=ca, not_after=end)
    files = make_pair(middle, ["one.test"]).write(tmp_path, "one")
    machine = make_pair(ca, ["machine"]).write(tmp_path, "machine")
    member = replace(MEMBER, machine_certificate_file=str(machine.full))
    tls = settings(files)
    model = model_with(tls, replace(tls, strict_sni=True), members=(member,))
    found = expiries(model)
    assert [item.subject for item in found] == [
        "CN=one.test",
        "CN=middle",
        "CN=machine",
    ]
    assert found[1].ends_s == end.timestamp()
    files.full.unlink()
    assert [item.subject for item in expiries(model)] == ["CN=machine"]


@rows(
    ("days", "words"),
    [
        (-1, "has expired, on 2026-02-28 12:00:00 GMT"),
        (0.5, "expires today, on 2026-03-02 00:00:00 GMT"),
        (1.5, "expires in 1 day, on "),
        (29.5, "expires in 29 days, on 2026-03-31 00:00:00 GMT"),
        (30.0, None),
    ],
)
def test_thirty_days_before_the_end_it_is_told(days: float, words: str | None) -> None:
    now_s = NOW.timestamp()
    told = warnings_of([Expiry("/c.pem", "CN=x", now_s + days * DAY_S)], now_s)
    if words is None:
        assert told == []
    else:
        (text,) = told
        assert text.startswith("the certificate CN=x in /c.pem ")
        assert words in text
