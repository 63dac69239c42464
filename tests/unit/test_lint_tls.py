"""The check opens every certificate, key, chain and list, and says what is wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import make_ca, make_crl, make_pair, pem_of
from cryptography.hazmat.primitives.serialization import Encoding
from rows import rows
from trees import REGISTRY

from fastlb.base.errors import Diagnostic, Severity
from fastlb.config.parser import parse
from fastlb.lint import tls_files
from fastlb.lint.check import checked_model
from fastlb.tls import pem
from fastlb.tls.pem import FileTrouble, PemFile, Trouble

NOW = datetime.now(UTC)
ROOT = make_ca("Root")
MIDDLE = make_ca("Middle", parent=ROOT)


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """ca.crt, www.*, other.*, old.*, soon.*, weak.*, locked.*, list, late_list."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ROOT.write(directory)
        make_pair(MIDDLE, ["www.test"]).write(directory, "www")
        make_pair(MIDDLE, ["other.test", "*.other.test"]).write(directory, "other")
        make_pair(
            MIDDLE,
            ["www.test"],
            not_before=NOW - timedelta(days=9),
            not_after=NOW - timedelta(days=2),
        ).write(directory, "old")
        make_pair(MIDDLE, ["www.test"], not_after=NOW + timedelta(days=3)).write(
            directory, "soon"
        )
        make_pair(MIDDLE, ["www.test"], kind="rsa1024").write(directory, "weak")
        make_pair(MIDDLE, ["www.test"]).write(directory, "locked", b"secret")
        (directory / "list").write_bytes(make_crl(ROOT))
        (directory / "late_list").write_bytes(
            make_crl(ROOT, next_update=NOW - timedelta(hours=1))
        )
        (directory / "wrong.chain").write_bytes(
            pem_of(ROOT.certificate, MIDDLE.certificate)
        )
        (directory / "nonsense").write_text("nonsense\n")
        (directory / "empty").touch()
        der = ROOT.certificate.public_bytes(Encoding.DER)
        (directory / "der").write_bytes(der)
        (directory / "hashes").mkdir()
        (directory / "hashes" / "5f15c80c.0").touch()
        yield directory


@pytest.fixture(autouse=True)
def _no_system_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_files, "SYSTEM_BUNDLES", ())


def check(
    files: Path,
    *lines: str,
    before: str = "SSLCACertificateFile ca.crt",
    now: datetime = NOW,
) -> list[Diagnostic]:
    """What is said about a virtual host www.test; its first line is number 101."""
    padding = "\n" * (94 - before.count("\n"))
    text = "\n".join(
        [
            f"ServerRoot {files}",
            "Listen 8443",
            before + padding,
            "<VirtualHost *:8443>",
            "ServerName www.test",
            "SSLEngine on",
            *lines,
            "</VirtualHost>\n",
        ]
    )
    (files / "main.conf").write_text(text)
    tree, found = parse(
        str(files / "main.conf"),
        server_root=str(files),
        defines=(),
        environ={},
        registry=REGISTRY,
        lenient=True,
    )
    assert not found
    _, said = checked_model(tree, lenient=True, environ={}, cpu_count=1, now=now)
    return said


def numbers(found: list[Diagnostic]) -> list[tuple[str, str, int]]:
    return [(item.severity.value, item.number, item.line - 100) for item in found]


SOUND = "SSLCertificateFile www.pem"


def test_a_sound_host_is_silent(files: Path) -> None:
    assert check(files, SOUND) == []
    lines = (
        "SSLCertificateFile www.crt",
        "SSLCertificateKeyFile www.key",
        "SSLCertificateChainFile www.chain",
    )
    assert check(files, *lines) == []


@rows(
    ("line", "text"),
    [
        ("SSLCertificateFile no", "SSLCertificateFile: file '{}/no' does not exist or"),
        ("SSLCertificateFile empty", "SSLCertificateFile: file '{}/empty' does not"),
        ("SSLCACertificateFile no", "SSLCACertificateFile: file '{}/no' does not exi"),
        ("SSLCACertificatePath no", "SSLCACertificatePath: directory '{}/no' does no"),
        ("SSLCARevocationFile no", "SSLCARevocationFile: file '{}/no' does not exist"),
        ("SSLCARevocationPath no", "SSLCARevocationPath: directory '{}/no' does not e"),
        ("SSLCADNRequestFile no", "SSLCADNRequestFile: file '{}/no' does not exist"),
        (
            "SSLOpenSSLConfCmd DHParameters no",
            "SSLOpenSSLConfCmd: file '{}/no' does not exist or is empty",
        ),
        (
            "SSLProxyMachineCertificateFile no",
            "SSLProxyMachineCertificateFile: file '{}/no' does not exist or is empty",
        ),
        (
            "SSLProxyCACertificatePath no",
            "SSLProxyCACertificatePath: directory '{}/no' does not exist",
        ),
    ],
)
def test_what_is_not_there_is_told_in_apaches_words(
    files: Path, line: str, text: str
) -> None:
    found = [item for item in check(files, SOUND, line) if item.number == "FB0238"]
    assert [item.line for item in found] == [102]
    assert found[0].is_error
    assert found[0].text.startswith(text.format(files))


def test_files_are_looked_for_even_where_tls_is_off(files: Path) -> None:
    found = check(
        files,
        SOUND,
        before="SSLCACertificateFile ca.crt\nSSLEngine off\nSSLCertificateFile no",
    )
    assert [item.number for item in found] == ["FB0238"]


@rows(
    ("line", "text"),
    [
        ("SSLCertificateFile nonsense", "{}/nonsense: it holds no PEM"),
        ("SSLCACertificateFile der", "{}/der: it is in DER, not in PEM"),
        ("SSLCertificateFile www.key", "no certificate is in {}/www.key"),
        ("SSLCertificateChainFile www.key", "no certificate is in {}/www.key"),
        ("SSLCACertificateFile list", "no certificate is in {}/list"),
        ("SSLCARevocationFile ca.crt", "no revocation list is in {}/ca.crt"),
    ],
)
def test_files_must_hold_what_they_are_for(files: Path, line: str, text: str) -> None:
    found = [item for item in check(files, SOUND, line) if item.number == "FB0257"]
    assert [item.text for item in found] == [text.format(files)]
    assert found[0].is_error


def test_a_file_that_may_not_be_read_is_passed_over(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guarded(path: str) -> PemFile:
        if path.endswith(".key"):
            raise FileTrouble(Trouble.FORBIDDEN)
        return pem.read_pem(path)

    monkeypatch.setattr(tls_files, "read_pem", guarded)
    lines = "SSLCertificateFile www.pem", "SSLCertificateKeyFile www.key"
    [found] = check(files, *lines)
    assert (found.severity, found.number) == (Severity.WARNING, "FB0256")
    assert (
        found.text == f"{files}/www.key may not be read by this user, and was not"
        " checked"
    )


def test_a_file_without_end_is_none_of_certificates(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pem, "PEM_BYTES_MAX", 10)
    found = check(files, SOUND)
    assert found[0].text.endswith("/ca.crt' is too long to be one of certificates")


def test_a_key_must_belong_to_its_certificate(files: Path) -> None:
    lines = "SSLCertificateFile www.pem", "SSLCertificateKeyFile other.key"
    [found] = check(files, *lines)
    assert (found.number, found.line, found.is_error) == ("FB0258", 102, True)
    assert found.text.startswith("AH02565: Certificate and private key from")


def test_a_certificate_without_key_is_an_error(files: Path) -> None:
    [found] = [
        item for item in check(files, "SSLCertificateFile www.crt") if item.is_error
    ]
    assert found.text == f"no private key is in {files}/www.crt"


def test_an_encrypted_key_needs_a_dialogue(files: Path) -> None:
    line = "SSLCertificateFile locked.pem"
    assert numbers(check(files, line)) == [("warning", "FB0259", 1)]
    trust = "SSLCACertificateFile ca.crt\nSSLPassPhraseDialog "
    assert check(files, line, before=trust + "exec:/bin/true") == []
    assert check(files, line, before=trust + '"exec:/bin/echo a b"') == []
    [missing] = check(files, line, before=trust + "exec:/no/such")
    assert missing.text == "SSLPassPhraseDialog: file '/no/such' does not exist"


def test_an_engine_without_certificate_is_an_error(files: Path) -> None:
    [found] = check(files)
    assert (found.number, found.line, found.is_error) == ("FB0274", 100, True)
    assert found.text == (
        "AH02572: Failed to configure at least one certificate and key for"
        " www.test:8443"
    )


def test_a_port_of_https_without_certificate_is_plain(files: Path) -> None:
    more = "</VirtualHost>\n<VirtualHost *:443>\nServerName b.test"
    trust = "SSLCACertificateFile ca.crt\nListen 443"
    [found] = check(files, SOUND, more, before=trust)
    assert (found.number, found.is_error) == ("FB0209", False)
    assert "AH01916" in found.text


def test_an_engine_of_the_main_server_wants_a_certificate_there(files: Path) -> None:
    [found] = check(files, SOUND, before="SSLEngine on")[:1]
    assert found.number == "FB0274"
    assert found.cure.startswith("move SSLEngine on into the <VirtualHost>")


@rows(
    ("name", "severity", "number"),
    [
        ("old", "warning", "FB0266"),
        ("soon", "warning", "FB0267"),
        ("weak", "error", "FB0269"),
        ("other", "warning", "FB0268"),
    ],
)
def test_what_is_said_about_a_certificate(
    files: Path, name: str, severity: str, number: str
) -> None:
    found = check(files, f"SSLCertificateFile {name}.pem")
    assert numbers(found) == [(severity, number, 1)]


def test_the_clock_is_asked_for_ages(files: Path) -> None:
    found = check(files, SOUND, now=NOW + timedelta(days=400))
    assert {item.number for item in found} == {"FB0266"}


def test_a_weak_key_is_taken_where_the_ciphers_say_so(files: Path) -> None:
    lines = "SSLCertificateFile weak.pem", "SSLCipherSuite ALL:@SECLEVEL=0"
    assert numbers(check(files, *lines)) == [("warning", "FB0269", 1)]


def test_names_that_are_not_covered_are_listed(files: Path) -> None:
    lines = "SSLCertificateFile other.pem", "ServerAlias x.other.test other.test a.test"
    [found] = check(files, *lines)
    assert found.text == (
        "AH01909: www.test:8443 server certificate does NOT include an ID which matches"
        " the server name"
    )
    assert found.why.endswith("not for www.test, a.test")
    [found] = check(files, SOUND, "ServerAlias b.test *")
    assert found.text == "the certificate does not cover b.test"


def test_an_authoritys_certificate_is_no_servers(files: Path) -> None:
    found = check(files, "SSLCertificateFile ca.crt", "SSLCertificateKeyFile www.key")
    assert "AH01906" in " ".join(item.text for item in found)


def test_chains_are_looked_at(files: Path) -> None:
    lines = (
        "SSLCertificateFile www.crt",
        "SSLCertificateKeyFile www.key",
        "SSLCertificateChainFile wrong.chain",
    )
    assert numbers(check(files, *lines)) == [
        ("warning", "FB0265", 3),
        ("note", "FB0265", 3),
    ]
    found = check(files, *lines[:2])
    assert numbers(found) == [("note", "FB0265", 1)]
    assert "'Middle', which this system does not know" in found[0].text


def test_one_chain_file_may_serve_two_certificates(files: Path) -> None:
    lines = (
        "ServerAlias other.test",
        "SSLCertificateFile www.pem",
        "SSLCertificateFile other.pem",
        "SSLCertificateChainFile www.chain",
    )
    assert {item.number for item in check(files, *lines)} == {"FB0268"}


@rows(
    ("lines", "said"),
    [
        (["SSLProtocol -all"], [("error", "FB0216", 2)]),
        (["SSLProtocol all -TLSv1"], []),
        (["SSLProtocol TLSv1 +TLSv1.2"], [("warning", "FB0269", 2)]),
        (["SSLProtocol TLSv1", "SSLCipherSuite ALL:@SECLEVEL=0"], []),
        (["SSLCipherSuite NOPE"], [("error", "FB0217", 2)]),
        (["SSLCipherSuite TLSv1.3 NOPE"], [("error", "FB0217", 2)]),
        (
            ["<Location /x>", "SSLCipherSuite NOPE", "</Location>"],
            [("error", "FB0217", 3)],
        ),
        (
            ["<Location /x>", "SSLCipherSuite ECDHE+AES256", "</Location>"],
            [],
        ),
        (
            [
                "SSLCipherSuite ECDHE+AES128",
                "<Location /x>",
                "SSLCipherSuite ECDHE+AES256",
                "</Location>",
            ],
            [("warning", "FB0375", 4)],
        ),
        (["SSLCARevocationCheck chain"], [("error", "FB0279", 2)]),
        (["SSLCARevocationFile list"], [("warning", "FB0279", 2)]),
        (["SSLCARevocationFile list", "SSLCARevocationCheck leaf"], []),
        (
            ["SSLCARevocationFile late_list", "SSLCARevocationCheck leaf"],
            [("warning", "FB0266", 2)],
        ),
        (["SSLVerifyClient require"], []),
        (["SSLCACertificatePath hashes"], []),
        (["SSLCACertificatePath ."], [("warning", "FB0277", 2)]),
    ],
)
def test_settings_that_cannot_work(
    files: Path, lines: list[str], said: list[tuple[str, str, int]]
) -> None:
    assert numbers(check(files, SOUND, *lines)) == said


def test_clients_are_asked_for_certificates_that_nobody_can_verify(
    files: Path,
) -> None:
    (files / "self.pem").write_bytes((files / "www.pem").read_bytes())
    found = check(files, SOUND, "SSLVerifyClient optional", before="")
    said = [item for item in found if item.severity is Severity.WARNING]
    assert [item.number for item in said] == ["FB0277"]
    assert said[0].text.startswith("AH01897: Init: Oops")


def test_a_certificate_without_engine_is_a_mistake(files: Path) -> None:
    more = "</VirtualHost>\n<VirtualHost *:8443>\nServerName b.test\n"
    found = check(files, SOUND, more + SOUND)
    assert [(item.number, item.line) for item in found] == [
        ("FB0288", 103),
        ("FB0219", 105),
    ]


def test_a_host_without_name_is_out_of_reach(files: Path) -> None:
    more = "</VirtualHost>\n<VirtualHost *:8443>\nSSLEngine on\n"
    found = check(files, SOUND, more + SOUND)
    assert [(item.number, item.line) for item in found] == [("FB0275", 103)]


@rows(
    ("port", "engine", "text"),
    [
        (80, "on", "AH01915: Init: (www.test:80) You configured HTTPS(443) on the"),
        (443, "off", "AH01916: Init: (www.test:443) You configured HTTP(80) on the"),
    ],
)
def test_ports_are_for_what_clients_expect(
    files: Path, port: int, engine: str, text: str
) -> None:
    more = f"</VirtualHost>\n<VirtualHost *:{port}>\nServerName www.test\n"
    more += f"SSLEngine {engine}\n"
    trust = f"SSLCACertificateFile ca.crt\nListen {port}"
    [found] = check(files, SOUND, more + SOUND, before=trust)
    assert (found.number, found.line) == ("FB0209", 103)
    assert found.text.startswith(text)
