"""Rows of docs/differences-from-apache.md that nobody else shows."""

from __future__ import annotations

import gzip
import os
import re
import ssl
from pathlib import Path

import pytest
from ajp_packets import ended, headers, piece
from flow_bench import Bench
from flow_peers import ONE as PROXY
from flow_peers import SERVER, answer, get
from gateways import STDOUT, record
from gateways import answer as records
from rows import rows
from test_flow_ajp import take_request
from test_flow_filters import ACCEPTS, DEFLATE, TEXT, asked, chunk, unchunked
from test_flow_gateways import take_parameters
from test_flow_rewrite import line, member_of
from test_flow_tls import NAMES, Certificates, pair
from test_plan import Plan
from trees import errors, model_of, warnings

LISTEN = "Listen 127.0.0.1:8080\n"
ONE = "ProxyPass / http://127.0.0.1:8001/\n"
HTML = b"Content-Type: text/html\r\n\r\n"
COMPRESS = "SetOutputFilter DEFLATE"
UNKNOWN_TYPE = 11  # a record of the connection, by which FastCGI says no
CODED_MIN = 68  # CODED_BYTES_MIN: a body up to so many goes as it is


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


# Applications behind a gateway


def application(
    scheme: str, output: bytes, text: str = "", *fields: str
) -> tuple[bytes, bytes]:
    """The answer to one request, of which the application has said so much."""
    mapping = f"{SERVER}{text}\nProxyPass / {scheme}://127.0.0.1:8001/app/\n"
    with Bench(mapping) as bench:
        client = bench.ask(get("/", *fields))
        member = bench.members[0].accept()
        member.send(records(output) if scheme == "fcgi" else output)
        member.close()
        return client.message()


def told(text: str, target: str = "/") -> dict[str, str]:
    """What an application at fcgi:// is told of a request."""
    with Bench(f"{SERVER}{text}\n") as bench:
        bench.ask(get(target))
        return take_parameters(bench.members[0].accept())


def test_records_about_a_connection_are_skipped() -> None:
    with Bench(f"{SERVER}ProxyPass / fcgi://127.0.0.1:8001/\n") as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        member.send(record(UNKNOWN_TYPE, bytes(8), number=0) + records(b"\r\nbody"))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 200 ") and body == b"body"


@pytest.mark.parametrize("scheme", ["fcgi", "scgi"])
def test_an_application_says_nothing_of_our_connection(scheme: str) -> None:
    output = b"Connection: close, X-B\r\nKeep-Alive: a\r\nUpgrade: b\r\nX-A: c\r\n\r\n"
    head, _ = application(scheme, output + b"body")
    assert b"\r\nX-A: c\r\n" in head
    for name in (b"Connection", b"Keep-Alive", b"Upgrade"):
        assert b"\r\n" + name + b":" not in head


def test_an_application_redirects_clients_alone() -> None:
    head, _ = application("scgi", b"Location: /there\r\n\r\nbody")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nLocation: /there\r\n" in head
    assert errors(f"{LISTEN}ProxySCGIInternalRedirect On\n")


def test_an_application_judges_conditions_by_itself() -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    output = f'ETag: "a"\r\nLast-Modified: {date}\r\n\r\nbody'.encode()
    for condition in ('If-None-Match: "a"', f"If-Modified-Since: {date}"):
        head, body = application("fcgi", output, "", condition)
        assert head.startswith(b"HTTP/1.1 200 ") and body == b"body"


def test_a_note_to_the_proxy_is_no_variable_of_an_application() -> None:
    text = '<Location />\nSetHandler "proxy:fcgi://127.0.0.1:8001"\n</Location>\n'
    env = told(f"DocumentRoot /srv\n{text}SetEnv MINE 1", "/a.php")
    assert env["MINE"] == "1"
    assert "proxy-nokeepalive" not in env


def test_where_a_script_ends_may_be_said_by_setenv() -> None:
    mapping = "ProxyPass / fcgi://127.0.0.1:8001/app/"
    for line_ in ("SetEnv {0} first-dot", "SetEnvIf Request_URI . {0}=first-dot"):
        env = told(line_.format("proxy-fcgi-pathinfo") + f"\n{mapping}", "/a.php/b")
        assert env["PATH_INFO"] == "/b"
    env = told(f"SetEnv proxy-fcgi-pathinfo full\n{mapping}", "/a.php/b")
    assert "PATH_INFO" not in env


def test_pieces_of_an_application_go_on_as_they_come() -> None:
    with Bench(f"{SERVER}ProxyPass / fcgi://127.0.0.1:8001/\n") as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        member.send(record(STDOUT, b"\r\none"))
        assert b"chunked" in client.head()
        assert client.take(8) == b"3\r\none\r\n"
        member.send(record(STDOUT, b"two"))
        assert client.take(8) == b"3\r\ntwo\r\n"


def test_a_length_that_is_known_is_said_and_small_bodies_are_not_compressed() -> None:
    for size in (5, CODED_MIN):
        head, body = application("fcgi", HTML + b"a" * size, COMPRESS, ACCEPTS)
        assert body == b"a" * size
        assert f"\r\nContent-Length: {size}\r\n".encode() in head
        assert b"Content-Encoding" not in head
    head, body = application("fcgi", HTML + b"a" * 300, COMPRESS, ACCEPTS)
    assert gzip.decompress(body) == b"a" * 300
    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head


@pytest.mark.parametrize("fields", [[], [("Content-Length", "5")]])
def test_small_bodies_of_members_at_ajp_are_not_compressed(
    fields: list[tuple[str, str]],
) -> None:
    text = f"{SERVER}{COMPRESS}\nProxyPass / ajp://127.0.0.1:8001/\n"
    with Bench(text) as bench:
        client = bench.ask(get("/", ACCEPTS))
        member = bench.members[0].accept()
        take_request(member)
        head = headers(200, [("Content-Type", "text/html"), *fields])
        member.send(head + piece(b"aaaaa") + ended())
        assert b"Content-Encoding" not in client.head()
        got = client.take(5) if fields else b"".join(unchunked(client))
        assert got == b"aaaaa"


# Bodies


def test_a_window_of_deflate_is_at_least_9() -> None:
    with asked(f"{DEFLATE}DeflateWindowSize 1\n", ACCEPTS) as (_, client, member):
        member.send(answer(TEXT[:4000]))
        head, body = client.message()
        assert b"\r\nContent-Encoding: gzip\r\n" in head
        assert gzip.decompress(body) == TEXT[:4000]


MANY_RULES = "".join(f"Substitute s/a{n}/b/n\n" for n in range(40))


@pytest.mark.parametrize(
    "text",
    [
        f"SetOutputFilter {';'.join(['SUBSTITUTE'] * 4 + ['DEFLATE'])}",
        "SetOutputFilter RATE_LIMIT;INFLATE;INFLATE;SUBSTITUTE;DEFLATE",
        f"SetOutputFilter {';'.join(['DEFLATE'] * 33)}",
        f"AddOutputFilter {';'.join(['SUBSTITUTE'] * 5)} html",
        f"FilterChain {' '.join(f'f{n}' for n in range(33))}",
        f"SetOutputFilter SUBSTITUTE\n{MANY_RULES}{MANY_RULES}",
    ],
)
def test_more_filters_than_an_answer_passes(text: str) -> None:
    (told,) = errors(f"{PROXY}{text}\n")
    assert re.search(
        r"SetOutputFilter names|AddOutputFilter names|in the chain|than 64", told
    )


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (
            "AddOutputFilterByType SUBSTITUTE text/html\nSubstitute s/a/b/n",
            "SetOutputFilter SUBSTITUTE;SUBSTITUTE;SUBSTITUTE;SUBSTITUTE",
        ),
        (
            f"FilterChain {' '.join(f'f{n}' for n in range(20))}",
            f"FilterChain {' '.join(f'g{n}' for n in range(20))}",
        ),
        (
            f"SetOutputFilter SUBSTITUTE\n{MANY_RULES}",
            MANY_RULES,
        ),
    ],
)
def test_sections_that_come_to_more_filters_are_500(outer: str, inner: str) -> None:
    text = (
        f"{PROXY}<Location /a>\n{outer}\n</Location>\n"
        f"<Location /a/b>\n{inner}\n</Location>\n"
    )
    for path, status in (("/a", 200), ("/a/b", 500)):
        with Bench(text) as bench:
            client = bench.ask(get(path))
            member = bench.members[0].accept()
            member.message()
            member.send(answer(b"a" * 300, "Content-Type: text/html"))
            assert client.head().startswith(b"HTTP/1.1 %d " % status)
            assert bench.has_said("FB0823") == (status == 500)


def test_every_filter_once_is_not_too_many() -> None:
    names = "INFLATE;SUBSTITUTE;BROTLI_COMPRESS;DEFLATE;RATE_LIMIT"
    text = f"{PROXY}SetOutputFilter {names}\nSubstitute s/a/b/n\n"
    with asked(text, ACCEPTS) as (_, client, member):
        member.send(answer(b"a" * 300))
        assert b"-Encoding: gzip" in client.head()


# Files of the server's own


def of_files(folder: Path, text: str, request: bytes) -> tuple[bytes, bytes]:
    settings = f"Listen 80\nServerName h\nDocumentRoot {folder}\n{text}\n"
    with Bench(settings) as bench:
        client = bench.ask(request)
        head = client.head()
        length = head.partition(b"Content-Length: ")[2].partition(b"\r")[0]
        size = 0 if request.startswith(b"HEAD") else int(length or b"0")
        return head, client.take(size) if size else b""


def test_what_a_file_may_be_asked_for_has_no_type(tmp_path: Path) -> None:
    (tmp_path / "a.x").write_bytes(b"a")
    for method, typed in (("GET", True), ("OPTIONS", False)):
        head, _ = of_files(tmp_path, "AddType a/b .x", get("/a.x", method=method))
        assert head.startswith(b"HTTP/1.1 200 ")
        assert (b"\r\nContent-Type: a/b\r\n" in head) is typed


def test_the_length_of_an_empty_file_is_told_to_head(tmp_path: Path) -> None:
    (tmp_path / "a.x").write_bytes(b"")
    head, _ = of_files(tmp_path, "", get("/a.x", method="HEAD"))
    assert b"\r\nContent-Length: 0\r\n" in head


def test_head_does_not_compress_a_file_to_know_its_length(tmp_path: Path) -> None:
    (tmp_path / "a.x").write_bytes(TEXT[:4000])
    head, _ = of_files(tmp_path, COMPRESS, get("/a.x", ACCEPTS, method="HEAD"))
    assert b"\r\nContent-Encoding: gzip\r\n" in head
    assert b"Content-Length" not in head


def test_a_page_that_is_made_here_passes_no_filter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = 200, "text/html", TEXT[:4000], ()
    monkeypatch.setattr("flow_peers.Services.handle", lambda *_: made)
    text = f"{SERVER}{COMPRESS}\n<Location />\nSetHandler server-info\n</Location>\n"
    with Bench(text) as bench:
        head, body = bench.ask(get("/", ACCEPTS)).message()
        assert b"Content-Encoding" not in head
        assert body == TEXT[:4000]
