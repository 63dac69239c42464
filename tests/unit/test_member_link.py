"""Checks of members that speak TLS: whose certificate is accepted, who breaks off."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import Authority, make_ca, make_pair
from test_checks import OK, checked, saying
from trees import model_of

from fastlb.facts.health import CheckResult, Phase, Reason
from fastlb.facts.member import Member
from fastlb.facts.words import Compat
from fastlb.monitor.checks import inquiry_of
from fastlb.tls.member_context import member_context

CONF = """\
Listen 80
SSLProxyEngine On
{settings}
<Proxy balancer://b>
    BalancerMember https://{host}:443 hcmethod=GET
</Proxy>
ProxyPass / balancer://b/
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    authority = make_ca()
    authority.write(made)
    make_ca("another").write(made, "another")
    write(made, authority, "good", ["member.test", "127.0.0.1"])
    now = datetime.now(UTC)
    old = {"not_before": now - timedelta(9), "not_after": now - timedelta(1)}
    make_pair(authority, ["member.test"], **old).write(made, "old")
    write(made, authority, "client", ["client.test"])
    return made


def write(folder: Path, authority: Authority, name: str, names: list[str]) -> None:
    make_pair(authority, names, client=name == "client").write(folder, name)


def server_context(folder: Path, name: str, *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem")
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.crt")
    return context


def member_of(settings: str, host: str = "member.test") -> Member:
    return model_of(CONF.format(settings=settings, host=host)).members[0]


def found_at(member: Member, context: ssl.SSLContext | None) -> CheckResult:
    assert member.health is not None
    assert member.tls is not None
    asked = inquiry_of(
        member,
        member.health,
        "/",
        server_ms=3000,
        compat=Compat.BETTER,
        context=member_context(member.tls, "member.test"),
    )
    found, _ = asyncio.run(checked(saying(OK), asked, context=context))
    return found


@pytest.mark.parametrize(
    ("certificate", "settings", "host", "reason"),
    [
        ("good", "", "member.test", Reason.NONE),
        ("good", "", "127.0.0.1", Reason.NONE),
        ("good", "", "other.test", Reason.CERTIFICATE),
        ("good", "SSLProxyCheckPeerName off", "other.test", Reason.NONE),
        ("old", "", "member.test", Reason.CERTIFICATE),
        ("old", "SSLProxyCheckPeerExpire off", "member.test", Reason.NONE),
        ("good", "SSLProxyVerify require\nCA ca", "member.test", Reason.NONE),
        (
            "good",
            "SSLProxyVerify require\nCA another",
            "member.test",
            Reason.CERTIFICATE,
        ),
        ("good", "SSLProxyProtocol TLSv1.2", "member.test", Reason.NONE),
    ],
)
def test_a_certificate_is_accepted_as_for_requests(
    folder: Path, certificate: str, settings: str, host: str, reason: Reason
) -> None:
    for name in ("ca", "another"):
        path = f"SSLProxyCACertificateFile {folder}/{name}.crt"
        settings = settings.replace(f"CA {name}", path)
    found = found_at(member_of(settings, host), server_context(folder, certificate))
    assert found.reason is reason
    assert found.phase is (Phase.TLS if reason is not Reason.NONE else Phase.VERDICT)


def test_a_certificate_of_ours_is_shown(folder: Path) -> None:
    context = server_context(folder, "good", asks=True)
    shown = f"SSLProxyMachineCertificateFile {folder}/client.pem"
    assert found_at(member_of(shown), context).has_passed
    assert not found_at(member_of(""), context).has_passed


def test_a_member_without_tls_has_none() -> None:
    found = found_at(member_of(""), None)
    assert (found.phase, found.has_passed) == (Phase.TLS, False)
