"""The declarations, and what is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import REGISTRY
from rows import rows

from fastlb.base.errors import Severity
from fastlb.config import conditions, modules
from fastlb.config.checks import Choice, Duration, Integer
from fastlb.config.directives_doc import document
from fastlb.config.registry import (
    SVD,
    Args,
    Context,
    Directive,
    Registry,
    S,
    Status,
    modules_of,
)

ROOT = Path(__file__).parents[2]
NAMED_IN_THE_SPEC = """
    <VirtualHost> <Location> <LocationMatch> <If> <ElseIf> <Else> <IfModule> <IfDefine>
    <IfVersion> <IfFile> <IfDirective> <IfSection> <Directory> <DirectoryMatch> <Files>
    <FilesMatch> <Limit> <LimitExcept> <Proxy> <ProxyMatch> <RequireAll> <RequireAny>
    <RequireNone> <Macro>
    AcceptFilter AddDefaultCharset AllowEncodedSlashes AllowOverride Options
    DirectoryIndex AccessFileName DefaultRuntimeDir Define UnDefine DocumentRoot Error
    ErrorDocument ErrorLog ErrorLogFormat ExtendedStatus HostnameLookups
    HttpProtocolOptions Include IncludeOptional KeepAlive KeepAliveTimeout
    MaxKeepAliveRequests LimitInternalRecursion LimitRequestBody LimitRequestFields
    LimitRequestFieldSize LimitRequestLine LimitXMLRequestBody LogLevel MergeSlashes
    MergeTrailers Mutex Protocols ProtocolsHonorOrder RegexDefaultOptions
    RegisterHttpMethod ServerAdmin ServerAlias ServerName ServerPath ServerRoot
    ServerSignature ServerTokens SetHandler SetEnv PassEnv UnsetEnv SetInputFilter
    SetOutputFilter AddOutputFilterByType StrictHostCheck TimeOut TraceEnable
    UseCanonicalName UseCanonicalPhysicalPort FileETag EnableMMAP EnableSendfile
    ContentDigest AcceptPathInfo RLimitCPU RLimitMEM RLimitNPROC ReadBufferSize
    FlushMaxThreshold FlushMaxPipelined MaxRanges MaxRangeOverlaps MaxRangeReversals
    Alias ScriptAlias TypesConfig AddType AddHandler IndexOptions Listen ListenBackLog
    ListenCoresBucketsRatio ListenTCPDeferAccept SendBufferSize ReceiveBufferSize
    StartServers MinSpareServers MaxSpareServers MaxRequestWorkers MaxClients
    ServerLimit ThreadsPerChild ThreadLimit MinSpareThreads MaxSpareThreads
    AsyncRequestWorkerFactor MaxConnectionsPerChild MaxRequestsPerChild
    GracefulShutdownTimeout PidFile ScoreBoardFile CoreDumpDirectory
    EnableExceptionHook MaxMemFree ThreadStackSize User Group ChrootDir LoadModule
    LoadFile ProxyPass ProxyPassMatch ProxyPassReverse ProxyPassReverseCookieDomain
    ProxyPassReverseCookiePath ProxyPreserveHost ProxyRequests BalancerMember ProxySet
    BalancerGrowth BalancerInherit BalancerPersist ProxyPassInherit ProxyTimeout
    ProxyAddHeaders ProxyVia ProxyErrorOverride ProxyStatus ProxyBadHeader
    ProxyIOBufferSize ProxyReceiveBufferSize ProxyMaxForwards ProxyPassInterpolateEnv
    Proxy100Continue ProxySourceAddress ProxyRemote ProxyRemoteMatch NoProxy ProxyBlock
    ProxyDomain ProxyHCExpr ProxyHCTemplate ProxyHCTPsize
    ProxyWebsocketFallbackToProxyHttp AllowCONNECT HeartbeatStorage HeartbeatListen
    HeartbeatMaxServers HeartbeatAddress WatchdogInterval SSLEngine SSLCertificateFile
    SSLCertificateKeyFile SSLCertificateChainFile SSLCACertificateFile
    SSLCACertificatePath SSLCARevocationFile SSLCARevocationPath SSLCARevocationCheck
    SSLCADNRequestFile SSLCADNRequestPath SSLVerifyClient SSLVerifyDepth SSLProtocol
    SSLCipherSuite SSLHonorCipherOrder SSLOptions SSLRequireSSL SSLRequire
    SSLSessionCache SSLSessionCacheTimeout SSLSessionTickets SSLSessionTicketKeyFile
    SSLStrictSNIVHostCheck SSLVHostSNIPolicy SSLUseStapling SSLStaplingCache
    SSLOCSPEnable SSLPassPhraseDialog SSLRandomSeed SSLCryptoDevice SSLFIPS
    SSLCompression SSLInsecureRenegotiation SSLRenegBufferSize SSLUserName
    SSLOpenSSLConfCmd SSLProxyEngine SSLProxyVerify SSLProxyVerifyDepth
    SSLProxyCACertificateFile SSLProxyCACertificatePath SSLProxyCARevocationFile
    SSLProxyCARevocationPath SSLProxyCARevocationCheck SSLProxyCheckPeerName
    SSLProxyCheckPeerCN SSLProxyCheckPeerExpire SSLProxyProtocol SSLProxyCipherSuite
    SSLProxyMachineCertificateFile SSLProxyMachineCertificatePath
    SSLProxyMachineCertificateChainFile SeeRequestTail Redirect RedirectMatch
    RedirectTemp RedirectPermanent RedirectRelative AliasPreservePath Header
    RequestHeader SetEnvIf SetEnvIfNoCase SetEnvIfExpr BrowserMatch BrowserMatchNoCase
    RemoteIPHeader RemoteIPInternalProxy RemoteIPTrustedProxy RemoteIPInternalProxyList
    RemoteIPTrustedProxyList RemoteIPProxiesHeader RemoteIPProxyProtocol
    RemoteIPProxyProtocolExceptions RequestReadTimeout LogFormat CustomLog TransferLog
    GlobalLog BufferedLogs LogIOTrackTTFB Require AuthMerging Order Allow Deny Satisfy
    AuthType AuthName AuthUserFile AuthBasicProvider RewriteEngine RewriteRule
    CacheEnable ExpiresActive H2Push MDomain AddModuleInfo UserDir Dav SecRuleEngine
    JkMount Use Compat
"""


@rows("name", NAMED_IN_THE_SPEC.split())
def test_every_directive_of_the_language_is_declared(name: str) -> None:
    is_section = name.startswith("<")
    assert REGISTRY.find(name.strip("<>"), is_section) is not None


@rows("item", list(REGISTRY), ids=lambda item: item.shown_name)
def test_a_declaration_says_all_that_its_readers_need(item: Directive) -> None:
    assert item.help
    assert not item.help.endswith(".")
    assert item.module.endswith(".c") or item.module == "fastlb"
    assert item.contexts
    assert item.syntax or item.args in (Args.NONE, Args.RAW)
    if item.status is not Status.SERVED and item.use_severity is not None:
        assert item.reason, "a message needs its reason"
    if item.is_section:
        assert item.args in (Args.RAW, Args.SECTION, Args.ONE_WORD_SECTION)


@rows("item", list(REGISTRY), ids=lambda item: item.shown_name)
def test_a_check_takes_any_words_that_have_the_right_count(item: Directive) -> None:
    for words in (("On",), ("",), ("a", "b"), ("1", "2", "3"), ("\xe9%{",) * 5):
        if item.count_problem(words) is None:
            item.value_problem(words)


def test_no_name_is_declared_twice() -> None:
    item = Directive("X", S, "x", "x", old_names=("x",))
    with pytest.raises(ValueError, match="declared twice"):
        Registry((item,))


def test_look_up_ignores_case_and_knows_old_names() -> None:
    listen = REGISTRY.command("lISTEN")
    assert listen is not None
    assert listen.name == "Listen"
    workers = REGISTRY.command("maxclients")
    assert workers is not None
    assert workers.name == "MaxRequestWorkers"
    assert REGISTRY.section("listen") is None


def test_refused_words_are_not_suggested() -> None:
    assert REGISTRY.suggestion("VirtualDocumentRot", False) is None
    assert REGISTRY.suggestion("Listn", False) == "Listen"
    assert REGISTRY.suggestion("Locatoin", True) == "<Location>"


@rows(
    ("args", "words", "complaint"),
    [
        (Args.NONE, "", ""),
        (Args.NONE, "a", "X takes no arguments"),
        (Args.ONE, "", "X takes one argument, help"),
        (Args.ONE, "a", ""),
        (Args.ONE, "a b", "X takes one argument, help"),
        (Args.TWO, "a", "X takes two arguments, help"),
        (Args.THREE, "a b", "X takes three arguments, help"),
        (Args.ONE_TWO, "a b c", "X takes 1-2 arguments, help"),
        (Args.TWO_THREE, "a", "X takes two or three arguments, help"),
        (Args.ONE_TO_THREE, "", "X takes one, two or three arguments, help"),
        (Args.ONE_OR_THREE, "a b", "X takes one or three arguments, help"),
        (Args.ONE_OR_THREE, "a b c", ""),
        (Args.LIST, "", "X requires at least one argument, help"),
        (Args.LIST, "a b c", ""),
        (Args.ONE_AND_LIST, "a", "X requires at least two arguments, help"),
        (Args.FLAG, "", "X must be On or Off"),
        (Args.FLAG, "oFF x", ""),
        (Args.RAW, "", ""),
    ],
)
def test_counts_are_told_in_apaches_words(
    args: Args, words: str, complaint: str
) -> None:
    item = Directive("X", S, "x", "help", takes=args)
    assert (item.count_problem(tuple(words.split())) or "") == complaint


@rows(
    ("syntax", "args"),
    [
        ("", Args.NONE),
        ("on|OFF", Args.FLAG),
        ("On|Off|Full", Args.ONE),
        ("[scheme://]name[:port]", Args.ONE),
        ('file|"|command" format [env=[!]VAR]', Args.TWO_THREE),
        ("[status] [path] URL", Args.ONE_TO_THREE),
        ("name [name] ...", Args.LIST),
        ("port[-port] ...", Args.LIST),
        ("from host ...", Args.ONE_AND_LIST),
        ("...", Args.RAW),
    ],
)
def test_a_grammar_says_how_many_words_there_are(syntax: str, args: Args) -> None:
    assert Directive("X", S, syntax, "help").args is args


def test_a_message_of_use_follows_the_status_unless_it_is_said() -> None:
    def severity(status: Status, **more: Severity) -> Severity | None:
        item = Directive("X", S, "", "help", status=status, **more)
        return item.use_severity

    assert severity(Status.SERVED) is None
    assert severity(Status.EXPLAINED) is Severity.NOTE
    assert severity(Status.UNSUPPORTED) is Severity.WARNING
    assert severity(Status.REFUSED) is Severity.ERROR
    assert severity(Status.UNSUPPORTED, on_use=Severity.ERROR) is Severity.ERROR


def test_modules_without_anything_served_are_not_built_in() -> None:
    built_in = modules_of(REGISTRY)
    assert {"core.c", "mod_proxy.c", "mod_headers.c", "mod_ssl.c"} <= set(built_in)
    assert "mod_vhost_alias.c" not in built_in


def test_every_context_is_somewhere_in_the_whole() -> None:
    assert Context.PROXY in Context.DIRECTORY
    assert Context.SECTION in SVD


def test_a_value_beyond_its_bounds_is_told_with_them() -> None:
    wrong = Integer(1, 9)("X", ("10",))
    assert wrong is not None
    assert (wrong.word, wrong.text) == (0, "X: 10 is not in 1 to 9")
    short = Duration("s", 5)("X", ("1ms",))
    assert short is not None
    assert short.text == "X: 1ms is shorter than 5 ms"


def test_each_of_two_numbers_is_looked_at() -> None:
    recursion = REGISTRY.expected("LimitInternalRecursion")
    assert recursion.value_problem(("1",)) is None
    assert recursion.value_problem(("1", "2")) is None
    for words, wrong in ((("0", "2"), 0), (("1", "0"), 1)):
        found = recursion.value_problem(words)
        assert found is not None
        assert found.word == wrong


def test_a_protocol_that_is_not_spoken_is_warned_of() -> None:
    protocols = REGISTRY.expected("Protocols")
    found = protocols.value_problem(("http/1.1", "H2"))
    assert found is not None
    assert (found.severity, found.word, found.number) == (Severity.NOTE, 1, "FB0117")
    assert protocols.value_problem(("HTTP/1.1",)) is None


def test_a_choice_without_a_near_word_names_all() -> None:
    found = Choice(("apache", "better"))("Compat", ("nginx",))
    assert found is not None
    assert found.cure == "write apache or better"


def test_modules_have_two_names() -> None:
    for written in ("mod_proxy.c", "proxy_module"):
        assert modules.base_name(written) == "proxy"
    for name in (*modules.EMULATED, *modules.PROCESS_MODELS):
        assert modules.verdict(f"{name}_module") is modules.Verdict.SERVED


def test_every_conditional_section_is_declared() -> None:
    for name in conditions.NAMES:
        assert REGISTRY.section(name) is not None


def test_the_manual_of_directives_is_up_to_date() -> None:
    written = (ROOT / "docs" / "directives.md").read_text()
    assert written == document(REGISTRY), (
        "run: python -m fastlb.config.directives_doc > docs/directives.md"
    )
