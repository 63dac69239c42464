"""Process, server and section settings, and how they are merged."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows
from trees import errors, model_of, resolve_text, warnings

from fastlb.base.levels import Level
from fastlb.base.messages import MESSAGES
from fastlb.facts.vhost import ReadLimit, SectionKind
from fastlb.facts.words import Compat, EncodedSlashes, Via

LISTEN = "Listen 8080\n"


def test_defaults_are_apaches() -> None:
    model = model_of(LISTEN)
    main = model.vhosts[0]
    assert main.timeout_ms == 60_000
    assert (main.keepalive, main.keepalive_timeout_ms) == (True, 5_000)
    assert main.max_keepalive_requests == 100
    assert main.limit_request_line == 8190
    assert main.limit_request_fields == 100
    assert main.strict and main.allow_http09 and main.merge_slashes
    assert main.proxy_timeout_ms is None
    assert main.allow_encoded_slashes is EncodedSlashes.OFF
    assert main.log_level == Level.WARN
    assert model.process.start_servers == 2  # cpu_count
    assert model.process.max_connections_per_child == 0
    assert model.process.listen_backlog == 511


def test_process_directives_and_their_old_names() -> None:
    process = model_of(
        LISTEN + "StartServers 3\nMaxClients 70\nMaxRequestsPerChild 9\n"
        "ListenBackLog 12\nGracefulShutdownTimeout 4\nUser nobody\nGroup #33\n"
        "PidFile run/x.pid\nDefaultRuntimeDir run\n"
    ).process
    assert process.start_servers == 3
    assert process.max_request_workers == 70
    assert process.max_connections_per_child == 9
    assert process.listen_backlog == 12
    assert process.graceful_shutdown_timeout_s == 4
    assert (process.user, process.group) == ("nobody", "#33")
    assert process.pid_file == "/srv/run/x.pid"
    assert process.runtime_dir == "/srv/run"


def test_compat_apache_bounds_connections_as_prefork_does() -> None:
    model = model_of(LISTEN + "Compat apache\n")
    assert model.compat is Compat.APACHE
    assert model.process.max_request_workers == 256
    assert model_of(LISTEN).process.max_request_workers == 0


@rows(
    ("mpm", "text", "workers", "factor"),
    [
        ("prefork", "", 256, 0),
        ("worker", "AsyncRequestWorkerFactor 4\n", 400, 0),
        ("event", "", 400, 32),
        ("event", "AsyncRequestWorkerFactor 1.5\nMaxRequestWorkers 9\n", 9, 24),
        ("event", "AsyncRequestWorkerFactor .01\n", 400, 16),
    ],
)
def test_compat_apache_bounds_connections_by_its_process_model(
    mpm: str, text: str, workers: int, factor: int
) -> None:
    module = f"LoadModule mpm_{mpm}_module modules/mod_mpm_{mpm}.so\n"
    process = model_of(LISTEN + module + text + "Compat apache\n").process
    assert process.max_request_workers == workers
    assert process.async_factor == factor
    assert model_of(LISTEN + module + text).process.async_factor == -1


def test_request_read_timeout_is_merged_by_stage() -> None:
    text = (
        LISTEN + "RequestReadTimeout header=5-9,MinRate=7\n"
        "<VirtualHost *:8080>\nRequestReadTimeout BODY=3 handshake=4\n</VirtualHost>\n"
    )
    main, host = model_of(text).vhosts
    assert main.read_header == host.read_header == ReadLimit(5, 9, 7)
    assert main.read_body == ReadLimit(20, 0, 500)
    assert main.read_handshake == ReadLimit()
    assert host.read_body == ReadLimit(3)
    assert host.read_handshake == ReadLimit(4)


def test_request_read_timeout_has_apaches_defaults() -> None:
    module = "LoadModule reqtimeout_module modules/mod_reqtimeout.so\n"
    for text in (LISTEN, LISTEN + module + "Compat apache\n"):
        main = model_of(text).vhosts[0]
        assert main.read_header == ReadLimit(20, 40, 500)
        assert main.read_body == ReadLimit(20, 0, 500)
    # Where Apache does not load the module, nothing of it holds.
    main = model_of(LISTEN + "Compat apache\n").vhosts[0]
    assert main.read_header == main.read_body == ReadLimit()


def test_max_client_connections_is_our_own() -> None:
    text = LISTEN + "MaxClientConnections 70\n"
    assert model_of(text).process.max_client_connections == 70
    assert model_of(LISTEN).process.max_client_connections == 0


@rows(
    ("word", "header"),
    [
        ("Full", "fastlb/0.1.0 (Linux)"),
        ("OS", "fastlb/0.1.0 (Linux)"),
        ("Minimal", "fastlb/0.1.0"),
        ("Minor", "fastlb/0.1"),
        ("Major", "fastlb/0"),
        ("Prod", "fastlb"),
    ],
)
def test_server_tokens_shape_the_server_header(word: str, header: str) -> None:
    assert model_of(LISTEN + f"ServerTokens {word}\n").vhosts[0].server_tokens == header


def test_a_virtual_host_overrides_what_it_says_and_inherits_the_rest() -> None:
    model = model_of(
        LISTEN + "Timeout 7\nKeepAlive Off\nKeepAliveTimeout 300ms\nProxyTimeout 9\n"
        "<VirtualHost *:8080>\nTimeout 8\nServerName a\nProxyVia full\n"
        "HttpProtocolOptions Unsafe Require1.0\n</VirtualHost>\n"
    )
    main, host = model.vhosts
    assert (main.timeout_ms, host.timeout_ms) == (7_000, 8_000)
    assert (host.keepalive, host.keepalive_timeout_ms) == (False, 300)
    assert host.proxy_timeout_ms == 9_000
    assert (main.proxy_via, host.proxy_via) == (Via.OFF, Via.FULL)
    assert (host.strict, host.allow_http09) == (False, False)


def test_settings_outside_sections_are_merged_main_first() -> None:
    model = model_of(
        LISTEN + "ProxyPreserveHost On\nHeader set A 1\nRedirect /m http://m/\n"
        "ErrorDocument 404 /main\nErrorDocument 503 /main\n"
        "<VirtualHost *:8080>\nServerName a\nHeader set B 2\nRedirect /v http://v/\n"
        "ErrorDocument 404 default\n</VirtualHost>\n"
    )
    conf = model.vhosts[1].default_conf
    assert conf.preserve_host is True
    assert [rule.name for rule in conf.header_rules] == ["A", "B"]
    assert [rule.pattern for rule in conf.redirects] == ["/v", "/m"]
    assert dict(conf.error_documents) == {404: "", 503: "/main"}


def test_sections_of_the_main_server_come_first_in_every_host() -> None:
    model = model_of(
        LISTEN + "<VirtualHost *:8080>\nServerName a\n<Location /v>\n</Location>\n"
        "</VirtualHost>\n<LocationMatch ^/m>\n</LocationMatch>\n"
        '<Location ~ "x$">\n</Location>\n<Location /g/*>\n</Location>\n'
    )
    found = [
        (s.kind, s.pattern, s.is_regex, s.is_glob) for s in model.vhosts[1].sections
    ]
    assert found == [
        (SectionKind.LOCATION_MATCH, "^/m", True, False),
        (SectionKind.LOCATION, "x$", True, False),
        (SectionKind.LOCATION, "/g/*", False, True),
        (SectionKind.LOCATION, "/v", False, False),
    ]
    assert len(model.vhosts[0].sections) == 3


def test_section_settings_stay_in_their_section() -> None:
    model = model_of(
        LISTEN + "<Location /a>\nProxyPreserveHost On\nProxyErrorOverride On 404 500\n"
        "SetHandler server-status\nLimitRequestBody 10\nUseCanonicalName DNS\n"
        "</Location>\n<Directory /x>\nRequire all denied\n</Directory>\n"
    )
    conf = model.vhosts[0].sections[0].conf
    assert conf.preserve_host is True
    assert conf.error_override == (404, 500)
    assert conf.handler == "server-status"
    assert conf.limit_request_body == 10
    assert conf.use_canonical_name is True
    assert model.vhosts[0].default_conf.preserve_host is None
    assert len(model.vhosts[0].sections) == 1


def test_error_override_on_covers_all_errors() -> None:
    model = model_of(LISTEN + "ProxyErrorOverride On\n")
    codes = model.vhosts[0].default_conf.error_override
    assert codes is not None
    assert (codes[0], codes[-1], len(codes)) == (400, 599, 200)


def test_a_bad_regex_of_a_section_is_refused() -> None:
    assert errors(LISTEN + "<LocationMatch (>\n</LocationMatch>\n") == [
        "2: Regex could not be compiled"
    ]


def test_complaints_of_all_files_come_in_one_run() -> None:
    model, found = resolve_text(
        LISTEN + "ProxyPass / http\nBalancerMember x\nLogFormat %Z\n"
        "<Proxy balancer://b>\nBalancerMember http://h loadfactor=0\n</Proxy>\n"
    )
    assert model is None
    assert [d.line for d in found if d.is_error] == [2, 3, 4, 6]


def test_no_listen_is_a_warning_because_apaches_check_passes() -> None:
    assert warnings("ServerName a\n") == ["0: no Listen stands in the configuration"]


def test_logs_go_to_the_hosts_own_files_or_the_main_servers() -> None:
    model = model_of(
        LISTEN + 'LogFormat "%h %>s" short\nCustomLog logs/a.log short env=!quiet\n'
        'GlobalLog "|cat" "%m"\nErrorLog logs/err\n'
        "<VirtualHost *:8080>\nServerName a\n</VirtualHost>\n"
        "<VirtualHost *:8080>\nServerName b\nTransferLog logs/a.log\n"
        "LogLevel info proxy:debug mod_ssl.c:trace3\n</VirtualHost>\n"
    )
    main, one, two = model.vhosts
    assert [t.target for t in model.log_targets] == ["/srv/logs/a.log", "|cat"]
    assert one.access_logs == main.access_logs
    condition = main.access_logs[0].condition
    assert condition is not None
    assert (condition.name, condition.negated) == ("quiet", True)
    assert [p.kind for p in main.access_logs[0].format] == ["h", "literal", "s"]
    assert [log.target_index for log in two.access_logs] == [0, 1]
    assert two.access_logs[0].format[0].kind == "h"
    assert main.error_log == "/srv/logs/err"
    assert (two.log_level, two.log_levels) == (
        Level.INFO,
        (("proxy", Level.DEBUG), ("ssl", Level.TRACE3)),
    )


def test_a_nickname_may_be_defined_behind_its_use() -> None:
    model = model_of(LISTEN + 'CustomLog a nick\nLogFormat "%m" nick\n')
    assert [p.kind for p in model.vhosts[0].access_logs[0].format] == ["m"]


WORDS_TEXT = """
/ /a /a/ ! ~ ( ^(/.*)$ * balancer://b balancer://b/ balancer://$1 http://h:1/ http://h$1
http:// unix:/s|http://h/ unix:/s| https://h ajp://h a=b timeout=1 route=x status=+H
lbmethod=byrequests stickysession=A|b loadfactor=2 = =x On Off all granted denied not ip
10.1 host env local from set unset add edit echo X-A %{A}e %Z env=A env=! early expr=x
permanent 302 410 1 0 -1 99999999999999999999 5ms server-status default ::1 [::1]:80
127.0.0.1:0 :80 80 *:80 https wss://h/ upgrade=ANY all -all +TLSv1.2 TLSv1.3 require
strict /etc/ssl/certs exec:/x Groups Options \u00e9 $ % { \\
"""
NAMES_TEXT = """
ProxyPass ProxyPassMatch ProxyPassReverse BalancerMember ProxySet Header RequestHeader
SetEnvIf SetEnv PassEnv UnsetEnv BrowserMatch Redirect RedirectMatch ErrorDocument
LogFormat CustomLog TransferLog LogLevel Listen ServerName Require ServerAlias Order
Allow Deny Satisfy SetHandler ProxyErrorOverride Timeout KeepAliveTimeout ProxyVia
ServerTokens HttpProtocolOptions UseCanonicalName SSLEngine SSLCertificateFile
SSLCertificateKeyFile SSLProtocol SSLCipherSuite SSLVerifyClient SSLCARevocationCheck
SSLCACertificateFile SSLOptions SSLRequireSSL SSLOpenSSLConfCmd SSLVHostSNIPolicy
SSLProxyEngine SSLProxyVerify SSLProxyCheckPeerName SSLProxyCACertificatePath
SSLPassPhraseDialog ProxyRequests AllowCONNECT ProxyBlock ProxyWebsocketIdleTimeout
"""
SECTIONS_TEXT = (
    "VirtualHost Location LocationMatch Proxy ProxyMatch RequireAll Directory"
)
WORDS = st.sampled_from(WORDS_TEXT.split())
NAMES = st.sampled_from(NAMES_TEXT.split())
SECTIONS = st.sampled_from(SECTIONS_TEXT.split())


def joined(name: str, words: list[str]) -> str:
    return " ".join([name, *words])


LINES = st.builds(joined, NAMES, st.lists(WORDS, max_size=5))
BLOCKS = st.recursive(
    LINES,
    lambda inner: st.builds(
        lambda name, words, body: "\n".join(
            [f"<{joined(name, words)}>", *body, f"</{name}>"]
        ),
        SECTIONS,
        st.lists(WORDS, min_size=1, max_size=3),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=120)
@given(st.lists(BLOCKS, max_size=6), st.booleans())
def test_any_configuration_gives_a_model_or_errors(
    blocks: list[str], lenient: bool
) -> None:
    model, found = resolve_text("\n".join([LISTEN, *blocks, ""]), lenient=lenient)
    assert (model is None) == any(item.is_error for item in found)
    assert all(item.number in MESSAGES for item in found)
