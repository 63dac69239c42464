"""What the running server says once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from certificates import make_ca, make_pair
from trees import model_of

from fastlb.model.expiry import expiring

NOW = datetime.now(UTC)


def test_certificates_near_their_end_are_told_soonest_first(tmp_path: Path) -> None:
    ca = make_ca()
    for name, days in (("a", 200), ("b", 20), ("c", 10)):
        end = NOW + timedelta(days=days, hours=1)
        make_pair(ca, ["a.test", name], subject=name, not_after=end).write(
            tmp_path, name
        )
    model = model_of(
        f"Listen 8443\n<VirtualHost *:8443>\nServerName a.test\nSSLEngine on\n"
        f"SSLCertificateFile {tmp_path}/a.pem\nSSLCertificateFile {tmp_path}/b.pem\n"
        f"SSLProxyEngine on\nSSLProxyMachineCertificateFile {tmp_path}/c.pem\n"
        "ProxyPass / https://h/\n</VirtualHost>\n"
    )
    found = expiring(model, NOW)
    assert [item.name for item in found] == ["'c'", "'b'"]
    assert found[0].text.startswith(f"{tmp_path}/c.pem: 'c' expires in 10 days, on ")
    assert found[0].number == "FB0267"
    late = expiring(model, NOW + timedelta(days=15))
    assert [item.number for item in late] == ["FB0266", "FB0267"]
    (tmp_path / "b.pem").unlink()
    assert [item.name for item in expiring(model, NOW)] == ["'c'"]
    assert expiring(model, NOW, timedelta(days=1)) == ()
