"""SSL* and SSLProxy* lines become TlsServer and TlsMember."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import make_ca, make_crl, make_pair
from rows import rows
from trees import errors, model_of, resolve_text

from fastlb.base.errors import Severity
from fastlb.config import tls_checks
from fastlb.config.tls_checks import Versions
from fastlb.facts.server import Model
from fastlb.facts.tls import RevocationCheck, TlsMember, TlsServer, Verify

LISTEN = "Listen 80\n"
PAIR = make_pair(None, ["a.test", "b.test"])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory with a.pem, b.pem, c.pem, which are equal, and a list."""
    directory = tmp_path_factory.mktemp("pki")
    for name in "abc":
        PAIR.write(directory, name)
    (directory / "list").write_bytes(make_crl(make_ca()))
    return str(directory)


def host(files: str, *lines: str, before: str = "", name: str = "a.test") -> str:
    """The main server's lines, and a virtual host with TLS."""
    return "\n".join(
        [
            f"ServerRoot {files}",
            "Listen 8443",
            before,
            "<VirtualHost *:8443>",
            f"ServerName {name}",
            "SSLEngine on",
            *lines,
            "</VirtualHost>",
            "",
        ]
    )


def served(text: str, index: int = 1) -> TlsServer:
    found = model_of(text).vhosts[index].tls
    assert found is not None
    return found


def certificates(model: Model, index: int) -> list[tuple[str, str]]:
    tls = model.vhosts[index].tls
    assert tls is not None
    return [(pair.certificate_file[-5:], pair.key_file[-5:]) for pair in tls.pairs]


# -- clients


def test_a_host_without_engine_speaks_plain(files: str) -> None:
    model = model_of(LISTEN + "<VirtualHost *:8080>\nSSLProtocol all\n</VirtualHost>\n")
    assert [vhost.tls for vhost in model.vhosts] == [None, None]
    assert [vhost.tls_group for vhost in model.vhosts] == [-1, -1]


def test_defaults_are_apaches(files: str) -> None:
    tls = served(host(files, "SSLCertificateFile a.pem"))
    assert tls.protocols.versions == ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    assert (tls.protocols.ciphers, tls.protocols.suites) == (None, None)
    assert (tls.verify, tls.verify_depth) == (Verify.NONE, 1)
    assert tls.session_tickets and tls.session_timeout_s == 300
    assert not tls.honor_cipher_order and not tls.strict_sni
    assert (tls.stapling, tls.chain_file, tls.pass_phrase) == (None, None, "builtin")
    assert tls.trust.revocation_check is RevocationCheck.NONE


def test_a_key_may_stand_in_the_certificate_file(files: str) -> None:
    model = model_of(host(files, "SSLCertificateFile a.pem"))
    assert certificates(model, 1) == [("a.pem", "a.pem")]


def test_keys_belong_to_certificates_in_their_order(files: str) -> None:
    model = model_of(
        host(
            files,
            "SSLCertificateKeyFile c.pem",
            "SSLCertificateFile a.pem",
            "SSLCertificateFile b.pem",
        )
    )
    assert certificates(model, 1) == [("a.pem", "c.pem"), ("b.pem", "b.pem")]


def test_a_hosts_certificates_take_the_places_of_the_main_servers(files: str) -> None:
    before = "SSLCertificateFile a.pem\nSSLCertificateFile b.pem"
    model = model_of(host(files, "SSLCertificateFile c.pem", before=before))
    assert certificates(model, 1) == [("c.pem", "c.pem"), ("b.pem", "b.pem")]


def test_every_setting_reaches_the_model(files: str) -> None:
    tls = served(
        host(
            files,
            "SSLCertificateFile a.pem",
            "SSLCertificateChainFile b.pem",
            "SSLProtocol -all +TLSv1.3 +TLSv1.2",
            "SSLCipherSuite HIGH",
            "SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256",
            "SSLHonorCipherOrder on",
            "SSLVerifyClient optional_no_ca",
            "SSLVerifyDepth 4",
            "SSLCACertificateFile a.pem",
            "SSLCADNRequestFile b.pem",
            "SSLSessionTickets off",
            "SSLSessionCacheTimeout 20",
            "SSLStrictSNIVHostCheck on",
            "SSLOpenSSLConfCmd Groups X25519",
            "SSLOpenSSLConfCmd DHParameters a.pem",
            before="SSLPassPhraseDialog exec:/bin/true\n"
            "SSLOpenSSLConfCmd Options ServerPreference",
        )
    )
    assert tls.chain_file == f"{files}/b.pem"
    assert tls.protocols.versions == ("TLSv1.2", "TLSv1.3")
    assert tls.protocols.ciphers == "HIGH:!aNULL:!eNULL:!EXP"
    assert tls.protocols.suites == "TLS_AES_128_GCM_SHA256"
    assert (tls.verify, tls.verify_depth) == (Verify.OPTIONAL_NO_CA, 4)
    assert tls.trust.ca_file == f"{files}/a.pem"
    assert tls.dn_request_file == f"{files}/b.pem"
    assert tls.honor_cipher_order and tls.strict_sni and not tls.session_tickets
    assert tls.session_timeout_s == 20
    assert tls.pass_phrase == "exec:/bin/true"
    assert tls.conf_commands == (
        ("Options", "ServerPreference"),
        ("Groups", "X25519"),
        ("DHParameters", f"{files}/a.pem"),
    )


def test_stapling_is_off_unless_it_is_on(files: str) -> None:
    lines = ["SSLCertificateFile a.pem", "SSLStaplingResponderTimeout 2min"]
    assert served(host(files, *lines)).stapling is None
    lines += ["SSLUseStapling on", "SSLStaplingForceURL http://ocsp.test/"]
    stapling = served(host(files, *lines)).stapling
    assert stapling is not None
    assert stapling.responder_timeout_s == 120
    assert (stapling.response_max_age_s, stapling.response_skew_s) == (-1, 300)
    assert stapling.force_url == "http://ocsp.test/"


def test_the_main_servers_engine_holds_in_virtual_hosts(files: str) -> None:
    text = (
        f"ServerRoot {files}\nListen 8443\nSSLEngine on\nSSLCertificateFile a.pem\n"
        "<VirtualHost *:8443>\nServerName a.test\n</VirtualHost>\n"
        "<VirtualHost *:8444>\nSSLEngine off\n</VirtualHost>\n"
    )
    model = model_of(text)
    assert model.vhosts[0].tls == model.vhosts[1].tls is not None
    assert model.vhosts[2].tls is None


@rows(
    ("listen", "address", "speaks"),
    [
        ("8443 https", "*:8443", True),
        ("127.0.0.1:8443 https", "127.0.0.1:8443", True),
        ("127.0.0.1:8443 https", "*:8443", False),
        ("8443 https", "127.0.0.1:8443", False),
        ("8443", "*:8443", False),
        ("443", "*:443", True),
    ],
)
def test_listen_https_turns_tls_on_where_the_address_is_the_same(
    files: str, listen: str, address: str, speaks: bool
) -> None:
    text = (
        f"ServerRoot {files}\nListen {listen}\n<VirtualHost {address}>\n"
        "ServerName a.test\nSSLCertificateFile a.pem\n</VirtualHost>\n"
    )
    assert (model_of(text).vhosts[1].tls is not None) is speaks


@rows(
    ("words", "versions"),
    [
        ("all", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("all -SSLv3 -TLSv1 -tlsv1.1", "TLSv1.2 TLSv1.3"),
        ("TLSv1.2 +TLSv1.3", "TLSv1.2 TLSv1.3"),
        ("TLSv1.2 TLSv1.3", "TLSv1.3"),
        ("-all +TLSv1.2", "TLSv1.2"),
        ("-all", ""),
    ],
)
def test_a_word_without_sign_forgets_those_before_it(words: str, versions: str) -> None:
    assert " ".join(Versions().value(tuple(words.split()))) == versions


# -- which hosts may serve for one another


def two_hosts(files: str, policy: str, *lines: str) -> list[int]:
    """tls_group of two virtual hosts, the second with some lines more."""
    first = host(files, "SSLCertificateFile a.pem", before=policy)
    second = host(files, "SSLCertificateFile a.pem", *lines, name="b.test")
    text = first + second[second.index("<VirtualHost") :]
    model = model_of(text)
    return [vhost.tls_group for vhost in model.vhosts[1:]]


@rows(
    ("policy", "lines", "alike"),
    [
        ("", [], True),
        ("", ["SSLSessionCacheTimeout 5"], True),
        ("", ["SSLCertificateFile b.pem"], False),
        ("", ["SSLProtocol TLSv1.3"], False),
        ("", ["SSLCipherSuite HIGH"], False),
        ("", ["SSLVerifyClient optional_no_ca"], False),
        ("", ["SSLCADNRequestFile a.pem"], False),
        ("", ["SSLCACertificateFile a.pem"], False),
        ("", ["SSLCARevocationFile list"], False),
        ("", ["SSLOpenSSLConfCmd Groups X25519"], False),
        ("", ["SSLCertificateChainFile a.pem"], True),
        ("", ["SSLHonorCipherOrder on"], True),
        ("", ["SSLSessionTickets off"], True),
        ("", ["SSLStrictSNIVHostCheck on"], True),
        ("SSLVHostSNIPolicy strict", [], False),
        ("SSLVHostSNIPolicy authonly", ["SSLProtocol TLSv1.3"], True),
        ("SSLVHostSNIPolicy authonly", ["SSLCipherSuite HIGH"], True),
        ("SSLVHostSNIPolicy authonly", ["SSLCADNRequestFile a.pem"], False),
        ("SSLVHostSNIPolicy authonly", ["SSLCARevocationFile list"], False),
        ("SSLVHostSNIPolicy AuthOnly", ["SSLVerifyDepth 3"], False),
        ("SSLVHostSNIPolicy insecure", ["SSLVerifyDepth 3"], True),
    ],
)
def test_the_policy_says_which_hosts_are_alike(
    files: str, policy: str, lines: list[str], alike: bool
) -> None:
    first, second = two_hosts(files, policy, *lines)
    assert (first == second) is alike
    assert min(first, second) >= 0


# -- sections


def on(files: str, *lines: str) -> str:
    """A main server with TLS."""
    return "\n".join(
        [LISTEN + "SSLEngine on", f"SSLCertificateFile {files}/a.pem", *lines]
    )


def in_section(*lines: str) -> str:
    inside = "\n".join(lines)
    return f"<Location /x>\n{inside}\n</Location>\n"


@rows(
    ("host", "section"),
    [
        ("", "SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256"),
        ("SSLVerifyClient require", "SSLVerifyClient optional_no_ca"),
        ("SSLVerifyClient optional\nSSLVerifyDepth 3", "SSLVerifyDepth 2"),
    ],
)
def test_what_needs_a_second_handshake_is_refused_in_sections(
    files: str, host: str, section: str
) -> None:
    model, found = resolve_text(on(files, host, in_section(section)))
    assert model is None
    assert [item.number for item in found if item.is_error] == ["FB0218"]


def test_a_section_keeps_its_own_ciphers(files: str) -> None:
    [main] = model_of(on(files, in_section("SSLCipherSuite HIGH"))).vhosts
    assert main.tls is not None
    assert main.tls.protocols.ciphers is None
    assert main.default_conf.tls_ciphers is None
    assert main.sections[0].conf.tls_ciphers == "HIGH:!aNULL:!eNULL:!EXP"


def test_a_section_that_wants_a_certificate_lets_the_handshake_ask(files: str) -> None:
    need = in_section("SSLVerifyClient require", "SSLVerifyDepth 4")
    [main] = model_of(on(files, need)).vhosts
    assert main.tls is not None
    assert (main.tls.verify, main.tls.verify_depth) == (Verify.OPTIONAL, 4)
    assert main.sections[0].conf.tls_verify is Verify.REQUIRE
    [main] = model_of(on(files, "SSLVerifyClient require", need)).vhosts
    assert main.tls is not None
    assert (main.tls.verify, main.tls.verify_depth) == (Verify.REQUIRE, 1)


def test_a_main_servers_section_makes_each_host_ask(files: str) -> None:
    hosts = "".join(
        f"<VirtualHost *:443>\nServerName {name}.test\nSSLEngine on\n"
        f"SSLCertificateFile {files}/a.pem\n</VirtualHost>\n"
        for name in ("a", "b")
    )
    need = in_section("SSLVerifyClient optional")
    model = model_of(LISTEN + hosts + need)
    assert [host.tls and host.tls.verify for host in model.vhosts[1:]] == (
        [Verify.OPTIONAL, Verify.OPTIONAL]
    )


def section(name: str, *lines: str) -> str:
    inside = "\n".join(lines)
    return f"<Location {name}>\n{inside}\n</Location>\n"


ASKS = "SSLVerifyClient require"


@rows(
    ("host", "sections"),
    [
        (
            "SSLVerifyDepth 1",
            [section("/a", ASKS), section("/b", ASKS, "SSLVerifyDepth 5")],
        ),
        ("", [section("/a", ASKS), section("/b", ASKS, "SSLVerifyDepth 5")]),
        ("", [section("/", ASKS), section("/b", "SSLVerifyDepth 5")]),
        (
            "",
            [
                section("/a", ASKS, "SSLVerifyDepth 2"),
                section("/b", ASKS, "SSLVerifyDepth 5"),
            ],
        ),
        (
            "SSLVerifyDepth 5",
            [section("/a", ASKS), section("/b", ASKS, "SSLVerifyDepth 2")],
        ),
    ],
)
def test_one_section_gives_another_no_deeper_certificates(
    files: str, host: str, sections: list[str]
) -> None:
    for said in (sections, sections[::-1]):
        model, found = resolve_text(on(files, host, *said))
        assert model is None
        assert [item.number for item in found if item.is_error] == ["FB0218"]


def test_a_main_servers_section_gives_a_host_no_deeper_certificates(
    files: str,
) -> None:
    host = (
        "<VirtualHost *:443>\nServerName a.test\nSSLEngine on\n"
        f"SSLCertificateFile {files}/a.pem\n{section('/a', ASKS)}</VirtualHost>\n"
    )
    need = section("/b", ASKS, "SSLVerifyDepth 5")
    model, found = resolve_text(LISTEN + host + need)
    assert model is None
    assert [item.number for item in found if item.is_error] == ["FB0218"]


def test_sections_that_agree_on_a_depth_are_taken(files: str) -> None:
    both = section("/a", ASKS, "SSLVerifyDepth 5"), section("/b", ASKS)
    for host, sections, want in (
        ("SSLVerifyDepth 5", both, 5),
        ("SSLVerifyDepth 1", [section("/a", ASKS, "SSLVerifyDepth 5")], 5),
        (
            "",
            [
                section("/a", ASKS, "SSLVerifyDepth 3"),
                section("/b", "SSLVerifyClient none", "SSLVerifyDepth 9"),
            ],
            3,
        ),
    ):
        [main] = model_of(on(files, host, *sections)).vhosts
        assert main.tls is not None
        assert (main.tls.verify, main.tls.verify_depth) == (Verify.OPTIONAL, want)


def test_none_in_a_section_asks_nobody(files: str) -> None:
    none = in_section("SSLVerifyClient none")
    [main] = model_of(on(files, none)).vhosts
    assert main.tls is not None
    assert main.tls.verify is Verify.NONE


@rows(
    ("line", "told"),
    [
        ("SSLRequire", "SSLRequire: syntax error, unexpected $end"),
        (
            "SSLRequire %{SSL_CIPHER} foo",
            "SSLRequire: syntax error, unexpected T_ID",
        ),
        (
            'SSLRequire "%{SSL_CIPHER} eq 3"',
            "SSLRequire: syntax error, unexpected $end",
        ),
    ],
)
def test_a_requirement_is_read_as_an_expression(line: str, told: str) -> None:
    assert errors(LISTEN + in_section(line)) == [f"3: {told}"]


def test_sections_about_files_hold_for_files_alone() -> None:
    text = LISTEN + "<Directory /x>\nSSLRequireSSL\n</Directory>\n"
    [main] = model_of(text).vhosts
    assert main.default_conf.require_ssl is None
    assert main.file_sections[0].conf.require_ssl is True


@rows(
    ("lines", "std", "export"),
    [
        ("SSLOptions +StdEnvVars", True, None),
        ("SSLOptions +StdEnvVars\nSSLOptions +ExportCertData", True, True),
        ("SSLOptions +StdEnvVars\nSSLOptions -StdEnvVars", False, None),
        ("SSLOptions StdEnvVars", True, False),
        ("SSLOptions +StdEnvVars\nSSLOptions ExportCertData", False, True),
        ("SSLOptions +StrictRequire", None, None),
        ("SSLOptions StrictRequire", False, False),
        ("SSLOptions +FakeBasicAuth", None, None),
    ],
)
def test_options_with_signs_change_and_without_replace(
    lines: str, std: bool | None, export: bool | None
) -> None:
    text = LISTEN + f"<Location /x>\n{lines}\nSSLRequireSSL\n</Location>\n"
    conf = model_of(text).vhosts[0].sections[0].conf
    assert (conf.std_env_vars, conf.export_cert_data) == (std, export)
    assert conf.require_ssl is True
    assert bool(conf.fake_basic_auth) is ("Fake" in lines)


@rows("option", ["LegacyDNStringFormat", "+LegacyDNStringFormat"])
def test_an_option_that_changes_what_others_see_is_refused(option: str) -> None:
    [error] = errors(LISTEN + f"SSLOptions +StdEnvVars {option}\n")
    assert error == f"2: SSLOptions: {option} is not served"
    assert errors(LISTEN + f"SSLOptions -{option.lstrip('+')}\n") == []


def test_tls_variables_are_pieces_of_formats() -> None:
    model = model_of(
        LISTEN + 'RequestHeader set X-Cipher "%{SSL_CIPHER}s"\n'
        'CustomLog /dev/null "%{SSL_PROTOCOL}x %{version}c"\n'
    )
    [rule] = model.vhosts[0].default_conf.request_header_rules
    assert [(piece.kind, piece.arg) for piece in rule.value] == [("s", "SSL_CIPHER")]
    [log] = model.vhosts[0].access_logs
    assert [(piece.kind, piece.arg) for piece in log.format][::2] == [
        ("x", "SSL_PROTOCOL"),
        ("c", "version"),
    ]


# -- members


def members(text: str) -> dict[str, TlsMember]:
    return {
        member.url: member.tls
        for member in model_of(LISTEN + "SSLProxyEngine on\n" + text).members
        if member.tls is not None
    }


BALANCER = (
    "<Proxy balancer://b>\nBalancerMember https://h1\nBalancerMember http://h2\n"
    "BalancerMember wss://h3\n{}</Proxy>\nProxyPass / balancer://b/\n"
)


def test_only_https_and_wss_members_have_tls() -> None:
    assert list(members(BALANCER.format(""))) == ["https://h1", "wss://h3"]


def test_defaults_for_members_are_apaches() -> None:
    tls = members(BALANCER.format(""))["https://h1"]
    assert tls.engine
    assert (tls.verify, tls.verify_depth) == (Verify.NONE, 1)
    assert tls.check_name and not tls.check_cn and tls.check_expire


def test_a_section_says_it_over_the_server(files: str) -> None:
    more = (
        "SSLProxyVerify require\nSSLProxyVerifyDepth 3\n"
        f"SSLProxyCACertificateFile {files}/a.pem\n"
        f"SSLProxyMachineCertificateFile {files}/b.pem\n"
        "SSLProxyProtocol TLSv1.3\nSSLProxyCheckPeerExpire off\n"
    )
    before = "SSLProxyProtocol TLSv1.2\nSSLProxyCipherSuite HIGH\n"
    tls = members(before + BALANCER.format(more))["wss://h3"]
    assert (tls.verify, tls.verify_depth) == (Verify.REQUIRE, 3)
    assert tls.trust.ca_file == f"{files}/a.pem"
    assert tls.machine_certificate_file == f"{files}/b.pem"
    assert tls.protocols.versions == ("TLSv1.3",)
    assert tls.protocols.ciphers == "HIGH:!aNULL:!eNULL:!EXP"
    assert tls.engine and not tls.check_expire


@rows(
    ("lines", "name", "common"),
    [
        ("", True, False),
        ("SSLProxyCheckPeerCN off", False, False),
        ("SSLProxyCheckPeerCN off\nSSLProxyCheckPeerName on", True, False),
        ("SSLProxyCheckPeerName off", False, False),
        ("SSLProxyCheckPeerName off\nSSLProxyCheckPeerCN on", False, True),
        ("SSLProxyCheckPeerCN on", True, False),
    ],
)
def test_names_are_checked_as_mod_ssl_reads_the_two_switches(
    lines: str, name: bool, common: bool
) -> None:
    tls = members(lines + "\nProxyPass / https://h/\n")["https://h/"]
    assert (tls.check_name, tls.check_cn) == (name, common)


SECTIONS = (
    "<Proxy *>\nSSLProxyProtocol TLSv1.3\n</Proxy>\n"
    "<Proxy https://h/>\nSSLProxyVerifyDepth 7\n</Proxy>\nProxyPass / https://h/\n"
)


def test_a_later_section_adds_to_an_earlier_one() -> None:
    tls = members(SECTIONS)["https://h/"]
    assert (tls.protocols.versions, tls.verify_depth) == (("TLSv1.3",), 7)


def test_under_compat_apache_the_last_section_hides_the_others() -> None:
    tls = members("Compat apache\n" + SECTIONS)["https://h/"]
    assert (len(tls.protocols.versions), tls.verify_depth) == (4, 7)


def test_one_member_becomes_two_where_it_is_spoken_to_in_two_ways() -> None:
    text = (
        "ProxyPass /a/ https://h/a/\nProxyPass /b/ https://h/b/\n"
        "<Proxy https://h/b/>\nSSLProxyVerifyDepth 5\n</Proxy>\n"
    )
    model = model_of(LISTEN + "SSLProxyEngine on\n" + text)
    depths = [member.tls.verify_depth for member in model.members if member.tls]
    assert depths == [1, 5]
    first, second = model.vhosts[0].mappings
    assert first.member_index != second.member_index


def test_a_host_with_other_settings_has_members_of_its_own() -> None:
    text = (
        LISTEN
        + "SSLProxyEngine on\n"
        + BALANCER.format("")
        + "<VirtualHost *:8080>\nServerName a\nSSLProxyVerifyDepth 9\n</VirtualHost>\n"
        + "<VirtualHost *:8080>\nServerName b\n</VirtualHost>\n"
    )
    model = model_of(text)
    balancers = [vhost.mappings[0].balancer_index for vhost in model.vhosts]
    assert balancers[0] == balancers[2] != balancers[1]
    depths = {member.tls.verify_depth for member in model.members if member.tls}
    assert depths == {1, 9}


@rows(
    ("target", "port", "upgrade"),
    [
        ("ws://h/", 80, ("websocket",)),
        ("wss://h/", 443, ("websocket",)),
        ("wss://h/ upgrade=ANY", 443, ("ANY",)),
        ("http://h/ upgrade=websocket,foo", 80, ("websocket", "foo")),
        ("https://h/", 443, ()),
    ],
)
def test_what_a_member_may_upgrade_to(
    target: str, port: int, upgrade: tuple[str, ...]
) -> None:
    [member] = model_of(LISTEN + f"SSLProxyEngine on\nProxyPass / {target}\n").members
    assert (member.port, member.upgrade) == (port, upgrade)


# -- CONNECT and tunnels


def test_connect_is_off_without_proxy_requests() -> None:
    assert model_of(LISTEN + "AllowCONNECT 8443\n").vhosts[0].connect_ports == ()


def test_ports_of_connect_add_up() -> None:
    model = model_of(
        LISTEN + "ProxyRequests On\nAllowCONNECT 443\n<VirtualHost *:8080>\n"
        "AllowCONNECT 8000-8100 9000\n</VirtualHost>\n"
        "<VirtualHost *:8081>\nProxyRequests Off\n</VirtualHost>\n"
    )
    main, own, without = model.vhosts
    assert main.connect_ports == ((443, 443),)
    assert own.connect_ports == ((443, 443), (8000, 8100), (9000, 9000))
    assert without.connect_ports == ()


def test_connect_reaches_443_and_563_by_default() -> None:
    [main] = model_of(LISTEN + "ProxyRequests On\n").vhosts
    assert main.connect_ports == ((443, 443), (563, 563))


def test_the_idle_time_of_tunnels_is_inherited() -> None:
    model = model_of(
        LISTEN + "ProxyWebsocketIdleTimeout 90\n<VirtualHost *:8080>\n</VirtualHost>\n"
    )
    assert [vhost.websocket_idle_ms for vhost in model.vhosts] == [90_000, 90_000]
    assert model_of(LISTEN).vhosts[0].websocket_idle_ms is None


def test_the_ciphers_of_the_system_are_taken_where_it_has_a_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "openssl.config"
    monkeypatch.setattr(tls_checks, "SYSTEM_POLICY", str(policy))
    reader = tls_checks.Ciphers()
    for words in (("PROFILE=SYSTEM",), ("SSL", "PROFILE=SYSTEM")):
        policy.unlink(missing_ok=True)
        assert reader.value(words)["ciphers"] == f"DEFAULT{tls_checks.NO_ANONYMOUS}"
        told = reader("SSLCipherSuite", words)
        assert told is not None
        assert told.severity is Severity.NOTE
        assert "the library's default" in told.text
        policy.write_text("@SECLEVEL=2:kEECDH\nanything\n")
        taken = f"@SECLEVEL=2:kEECDH{tls_checks.NO_ANONYMOUS}"
        assert reader.value(words)["ciphers"] == taken
        told = reader("SSLCipherSuite", words)
        assert told is not None
        assert str(policy) in told.text
    assert reader("SSLCipherSuite", ("HIGH",)) is None
