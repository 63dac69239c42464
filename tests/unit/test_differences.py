"""Rows of docs/differences-from-apache.md that nobody else shows."""

from __future__ import annotations

import gzip
import os
import ssl
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import ONE as PROXY
from flow_peers import SERVER, answer, get
from rows import rows
from test_flow_filters import ACCEPTS, DEFLATE, TEXT, asked, chunk
from test_flow_rewrite import line, member_of
from test_flow_tls import NAMES, Certificates, pair
from test_plan import Plan
from trees import errors, model_of, warnings

LISTEN = "Listen 127.0.0.1:8080\n"
ONE = "ProxyPass / http://127.0.0.1:8001/\n"


@rows("text", ["ChrootDir /srv", "SSLFIPS On", "SSLEngine optional"])
def test_what_would_be_missed_is_refused(text: str) -> None:
    (told,) = errors(f"{LISTEN}{text}\n")
    assert told.startswith("2: ")


@rows("text", ["LDAPReferrals On", "LDAPRetries 9", "LDAPConnectionPoolTTL 5"])
def test_what_directories_are_not_asked_for_is_taken(text: str) -> None:
    assert errors(f"{LISTEN}{text}\n") == []
    assert [one for one in warnings(f"{LISTEN}{text}\n") if "1: " not in one[:3]] == []


def test_a_root_that_is_missing_is_taken() -> None:
    assert errors(f"{LISTEN}DocumentRoot /none-such\n") == []
    told = warnings(f"{LISTEN}DocumentRoot /none-such\n{ONE}")
    assert all("DocumentRoot" in one for one in told)


def test_a_rule_holds_for_trace() -> None:
    plan = Plan("<Location /x>\nRequire all denied\n</Location>\n" + ONE)
    assert plan("/x", method="TRACE")["status"] == 403


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("expr \"'localhost' -ipmatch '127.0.0.0/8'\"", "error"),
        ("expr \"'127.0.0.1' -ipmatch '127.0.0.0/8'\"", "member"),
        ("expr \"%{REMOTE_HOST} == '192.0.2.1'\"", "member"),
        ("env hit", "member"),
    ],
)
def test_no_request_waits_for_a_name_server(rule: str, what: str) -> None:
    plan = Plan(
        "HostnameLookups On\nSetEnvIf Remote_Host ^192 hit\n"
        f"<Location />\nRequire {rule}\n</Location>\n{ONE}"
    )
    assert plan("/")["what"] == what


def test_a_file_that_is_too_large_cannot_be_read(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)
    for size, what, status in ((65536, "member", None), (65537, "error", 500)):
        path = tmp_path / str(size)
        path.write_bytes(b"x" * size)
        text = f"<Location />\nRequire expr \"file('{path}') =~ /x/\"\n</Location>\n"
        found = Plan(text + ONE)("/")
        assert found["what"] == what
        assert status is None or found["status"] == status


def test_a_rule_for_answers_sees_what_the_client_sent() -> None:
    text = f'{PROXY}RequestHeader set X-A new\nHeader set X-B "expr=%{{req:X-A}}"\n'
    with Bench(text) as bench:
        client, member, head = member_of(bench, get("/", "X-A: old"))
        assert line(head, "X-A") == "new"
        member.send(answer())
        assert b"\r\nX-B: old\r\n" in client.head()


def test_a_host_inherits_each_setting_of_deflate() -> None:
    text = (
        f"{LISTEN}DeflateCompressionLevel 3\n"
        "<VirtualHost *:8080>\nDeflateMemLevel 2\n</VirtualHost>\n"
    )
    main, host = model_of(text).vhosts
    assert host.deflate_level == main.deflate_level == 3


def test_types_that_are_missing_are_a_warning() -> None:
    text = f"{LISTEN}LoadModule mime_module x\nTypesConfig /none-such\n"
    assert errors(text) == []
    assert any("TypesConfig" in told or "none-such" in told for told in warnings(text))


def test_a_client_that_does_not_offer_http_1_1_is_answered_nothing(
    tmp_path: Path,
) -> None:
    made = Certificates(tmp_path)
    pair("good").write(tmp_path, "site")
    with made.bench(SERVER + NAMES) as bench:
        for offer, chosen in ((["h2"], None), (["h2", "http/1.1"], "http/1.1")):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(offer)
            client = bench.client()
            client.shake(context, name="h")
            assert isinstance(client.sock, ssl.SSLSocket)
            assert client.sock.selected_alpn_protocol() == chosen


def test_trailers_of_a_body_that_is_changed_are_dropped() -> None:
    with asked(DEFLATE, ACCEPTS, "TE: trailers") as (_, client, member):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n"
        head += b"Content-Type: text/html\r\n\r\n"
        member.send(head + chunk(TEXT[:4000]) + b"0\r\nX-T: v\r\n\r\n")
        _, body = client.message()
        assert gzip.decompress(body) == TEXT[:4000]
        assert b"X-T: v" not in bytes(client.received) + client.taken
