"""SSLProxy* lines that cannot work, or not for those whom they are meant for."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import make_ca, make_crl, make_pair
from rows import rows
from trees import resolve_text

ON = "Listen 80\nSSLProxyEngine on\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pki")
    ca = make_ca()
    ca.write(directory)
    make_pair(ca, ["machine"], client=True).write(directory, "machine")
    make_pair(ca, ["locked"], client=True).write(directory, "locked", b"secret")
    (directory / "list").write_bytes(make_crl(ca))
    return directory


def lint(text: str) -> list[tuple[int, str]]:
    """(line, number) of what is said, notes left out."""
    _, found = resolve_text(text)
    return [(d.line, d.number) for d in found if d.severity.value != "note"]


@rows("url", ["https://h/", "wss://h/"])
def test_members_want_an_engine(url: str) -> None:
    assert lint(f"Listen 80\nProxyPass / {url}\n") == [(2, "FB0276")]
    assert lint(ON + f"ProxyPass / {url}\n") == []


def test_a_balancer_is_complained_about_once() -> None:
    text = (
        "Listen 80\n<Proxy balancer://b>\nBalancerMember http://h0\n"
        "BalancerMember https://h1\nBalancerMember https://h2\n{}</Proxy>\n"
        "ProxyPass / balancer://b/\n"
    )
    assert lint(text.format("")) == [(4, "FB0276")]
    assert lint(text.format("SSLProxyEngine on\n")) == []


def test_a_mapping_in_a_section_wants_an_engine() -> None:
    text = "Listen 80\n<Location /x>\nProxyPass https://h/\n</Location>\n"
    assert (3, "FB0276") in lint(text)


def test_verification_wants_authorities(files: Path) -> None:
    text = (
        ON + "{}<Proxy *>\nSSLProxyVerify require\n</Proxy>\nProxyPass / https://h/\n"
    )
    assert lint(text.format("")) == [(4, "FB0277")]
    assert lint(text.format(f"SSLProxyCACertificateFile {files}/ca.crt\n")) == []


def test_settings_in_sections_are_looked_at(files: Path) -> None:
    text = ON + "<Proxy https://h>\n{}\n</Proxy>\nProxyPass / https://h/\n"
    for line, said in (
        ("SSLProxyCARevocationCheck chain", [(4, "FB0279")]),
        (f"SSLProxyCARevocationFile {files}/list", [(4, "FB0279")]),
        ("SSLProxyProtocol -all", [(4, "FB0216")]),
        ("SSLProxyProtocol +TLSv1.1", [(4, "FB0269")]),
        ("SSLProxyCipherSuite NOPE", [(4, "FB0217")]),
        (f"SSLProxyMachineCertificateFile {files}/machine.pem", []),
        (f"SSLProxyMachineCertificateFile {files}/machine.crt", [(4, "FB0258")]),
        (f"SSLProxyMachineCertificateFile {files}/locked.pem", [(4, "FB0258")]),
        (f"SSLProxyMachineCertificateChainFile {files}/ca.crt", []),
        (f"SSLProxyMachineCertificatePath {files}", []),
    ):
        assert lint(text.format(line)) == said, line


def test_a_section_for_some_paths_only_is_refused() -> None:
    text = (
        ON + "<Proxy https://h/secret>\nSSLProxyVerifyDepth 2\n</Proxy>\n"
        "ProxyPass / https://h/\n"
    )
    assert lint(text) == [(4, "FB0278")]


def test_a_members_url_is_not_what_a_balancers_sections_are_compared_with() -> None:
    text = (
        ON + "<Proxy balancer://b>\nBalancerMember https://h\n</Proxy>\n"
        "<Proxy https://h>\nSSLProxyVerifyDepth 2\n</Proxy>\n"
        "ProxyPass / balancer://b/\n"
    )
    _, [found] = resolve_text(text)
    assert (found.line, found.number) == (7, "FB0278")
    assert found.cure == "write the lines into <Proxy balancer://name>"
