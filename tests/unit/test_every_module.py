"""Nothing of httpd is ignored in silence: every directive of every module of 2.4.71.

Each is written inside its module's own <IfModule>, below the module's LoadModule. It is
served, or refused, or taken with a message that says why nothing changes; and what
protects or routes is never taken with a message alone.

tests/unit/data/record_directives.py records the directives.
"""

from __future__ import annotations

import json
from pathlib import Path

from configs import read
from rows import rows

from fastlb.base.errors import Severity
from fastlb.config import modules
from fastlb.config.registry import Args, Context, Directive, Status, collect

RECORDED = json.loads(
    (Path(__file__).parent / "data/httpd_directives.json").read_text()
)
MODULES: dict[str, list[str]] = RECORDED["modules"]
EACH = [(module, name) for module, names in MODULES.items() for name in names]
REGISTRY = collect()

# Served or refused, each of their directives.
_MATTERS = """
access_compat actions allowmethods auth_basic auth_digest auth_form authn_anon
authn_core authn_dbd authn_dbm authn_file authn_socache authnz_fcgi authnz_ldap
authz_core authz_dbd authz_dbm authz_groupfile echo env ext_filter headers lua macro md
proxy_connect proxy_express remoteip rewrite sed session session_cookie session_crypto
session_dbd setenvif substitute vhost_alias
"""
MATTERS = tuple(_MATTERS.split())

# Taken with a note: why a server without them lets nobody do more, and why a proxied
# request gets the same answer. The rest of their modules is served or refused.
HARMLESS = {
    "they are about files, and none are served (what no mapping takes is 404)": """
        mime mime_magic autoindex negotiation userdir cgi cgid include dav dav_fs
        dav_lock speling file_cache cern_meta imagemap dialup suexec
        AliasPreservePath DirectoryCheckHandler DirectoryIndexRedirect
        AddDefaultCharset CGIPassAuth CGIVar
        ContentDigest DefaultType EnableMMAP EnableSendfile FileETag
        ForceType LimitXMLRequestBody MaxRanges MaxRangeOverlaps MaxRangeReversals
        QualifyRedirectURL ReadBufferSize RLimitCPU RLimitMEM RLimitNPROC Suexec
    """,
    "they shape processes, memory and locks that are others here": """
        AsyncRequestWorkerFactor CoreDumpDirectory ListenCoresBucketsRatio MaxMemFree
        MaxSpareServers MaxSpareThreads MinSpareServers MinSpareThreads Mutex
        ScoreBoardFile ServerLimit ThreadLimit ThreadsPerChild ThreadStackSize
        FlushMaxThreshold FlushMaxPipelined WatchdogInterval BufferedLogs ProxyHCTPsize
        BalancerGrowth BalancerPersist SSLSessionCache SSLStaplingCache LoadFile
    """,
    "they are of a protocol that is not spoken": "http2 ProtocolsHonorOrder Protocol",
    "they tune how a directory is asked, or are usual": """
        util_ldap AuthLDAPCharsetConfig
    """,
    "they serve directives that are refused": """
        dbd socache_memcache socache_redis request
    """,
    "they name the one kind that is read; another is refused": """
        AuthDBMType AuthzDBMType
    """,
    "they are of pages and logs": """
        info ident log_debug SeeRequestTail SSLLog SSLLogLevel MacroIgnoreEmptyArgs
        MacroIgnoreBadNesting
    """,
    "they bound how long what is known of a user holds: here as long as its file": """
        authn_socache AuthnCacheContext AuthnCacheEnable AuthnCacheProvideFor
        AuthnCacheSOCache AuthnCacheTimeout Anonymous_LogEmail
    """,
    "they are checked elsewhere, where they could matter": """
        ProxyBlock NoProxy ProxyDomain NameVirtualHost AcceptFilter MergeTrailers
        LimitInternalRecursion
    """,
    "they say how something works that is not switched on": """
        brotli deflate filter cache cache_disk cache_socache charset_lite
        xml2enc usertrack ProxyHTMLBufSize proxy_ftp proxy_scgi BufferSize
    """,
    "what they would compress says the same": """
        AddOutputFilterByType FilterProvider SetOutputFilter
    """,
    "they are of a library, or of what it does not do": """
        SSLCryptoDevice SSLRandomSeed SSLFIPS SSLCompression SSLUserName
        SSLSRPVerifierFile SSLSRPUnknownUserSeed SSLRenegBufferSize
        SSLOCSPDefaultResponder SSLOCSPNoVerify SSLOCSPOverrideResponder SSLOCSPProxyURL
        SSLOCSPResponderCertificateFile SSLOCSPResponderTimeout SSLOCSPResponseMaxAge
        SSLOCSPResponseTimeSkew SSLOCSPUseRequestNonce
    """,
}
EXPLAINED = {word for words in HARMLESS.values() for word in words.split()}

# Taken with a warning, an error under --strict: answers change, and open nothing.
_CHANGES_ANSWERS = """
cache case_filter case_filter_in charset_lite dumpio heartbeat heartmonitor
lbmethod_heartbeat log_forensic reflector
CookieTracking Dav DAV ProxyHTMLCharsetOut ProxyHTMLMeta
AddInputFilter AddOutputFilter ErrorLogFormat ProxyHCExpr ProxyHCTemplate
Protocols RequestReadTimeout SetInputFilter SetOutputFilter
SSLSessionTicketKeyFile
"""
CHANGES_ANSWERS = frozenset(_CHANGES_ANSWERS.split())

_MODELS = {"prefork.c": "mpm_prefork", "worker.c": "mpm_worker", "event.c": "mpm_event"}


def module_name(file: str) -> str:
    """`mod_x.c` as `x`."""
    return _MODELS.get(file, file.removeprefix("mod_").removesuffix(".c"))


def declared(written: str) -> Directive:
    found = REGISTRY.find(written.removeprefix("<"), written.startswith("<"))
    assert found is not None, f"{written} is a word that nobody knows"
    return found


def words_for(directive: Directive) -> str:
    """As many words as it takes; `x` is none that a check would like."""
    few = {Args.NONE: 0, Args.RAW: 1, Args.FLAG: 1, Args.TWO: 2, Args.THREE: 3}
    few |= {Args.TWO_THREE: 2, Args.ONE_AND_LIST: 2}
    word = "On" if directive.args is Args.FLAG else "deflate"
    return " ".join([word] * few.get(directive.args, 1))


def in_its_module(file: str, written: str) -> tuple[str, int]:
    """The configuration, and the line on which the directive stands."""
    directive = declared(written)
    line = f"{written} {words_for(directive)}".rstrip()
    if directive.is_section:
        line = f"{line}>\n</{directive.name}>"
    if not directive.contexts & (Context.SERVER | Context.VHOST):
        section = "Proxy" if Context.SECTION not in directive.contexts else "Location"
        line = f"<{section} /admin>\n{line}\n</{section}>"
    name = module_name(file)
    identifier = {"util_ldap": "ldap"}.get(name, name)
    load = f"LoadModule {identifier}_module m.so"
    lines = [load, f"<IfModule {file}>", *line.split("\n"), "</IfModule>"]
    place = next(n for n, one in enumerate(lines) if n > 1 and one.startswith(written))
    return "\n".join(lines) + "\n", place + 1


@rows(("file", "written"), EACH)
def test_it_is_served_or_refused_or_explained(
    tmp_path: Path, file: str, written: str
) -> None:
    directive = declared(written)
    text, line = in_its_module(file, written)
    _, diagnostics = read(tmp_path, text)
    said = [d for d in diagnostics if d.line == line]
    if directive.status is Status.SERVED and not said:
        return
    assert said, f"{written} in <IfModule {file}> vanishes"
    if any(d.is_error for d in said):
        return
    assert any(directive.reason in d.text for d in said)
    if directive.status is Status.SERVED:
        return
    names = {written, directive.name, module_name(file)}
    if all(d.severity is Severity.NOTE for d in said):
        assert names & EXPLAINED, f"{written}: {directive.reason}"
    else:
        assert names & CHANGES_ANSWERS, f"{written}: {directive.reason}"


@rows("module", MATTERS)
def test_what_protects_or_routes_is_served_or_refused(module: str) -> None:
    for written in MODULES[f"mod_{module}.c"]:
        directive = declared(written)
        refused = directive.use_severity is Severity.ERROR
        served = directive.status is Status.SERVED
        assert served or refused or written in EXPLAINED, written


def test_modules_without_directives_are_known() -> None:
    """Their LoadModule says enough: a note that they are not part of it, or nothing."""
    listed = {module_name(file) for file in MODULES}
    assert set(MATTERS) <= listed


@rows(
    "line",
    [
        "SetOutputFilter SED",
        "SetInputFilter DEFLATE;mod_security",
        "AddOutputFilterByType SED text/html",
        "AddOutputFilterByType DEFLATE;REFLECTOR text/html",
        "AddOutputFilter mask .html",
        "FilterProvider hide SED true",
        "SetInputFilter DEFLATE",
    ],
)
def test_a_filter_that_could_hide_or_limit_is_refused(
    tmp_path: Path, line: str
) -> None:
    _, diagnostics = read(tmp_path, f"{line}\n")
    assert [d.number for d in diagnostics if d.is_error] == ["FB0116"]
    assert all(d.cure for d in diagnostics if d.is_error)


def test_compression_is_served_and_what_changes_nothing_noted(tmp_path: Path) -> None:
    text = "AddOutputFilterByType DEFLATE text/html\nSetOutputFilter CACHE\n"
    _, diagnostics = read(tmp_path, text)
    assert [d.severity for d in diagnostics] == [Severity.NOTE]


@rows(
    "line",
    [
        "SetOutputFilter INCLUDES",
        "AddOutputFilterByType XML2ENC text/html",
        "ProxyHTMLMeta On",
        "ProxyHTMLCharsetOut utf-8",
        "CookieTracking on",
        "Dav filesystem",
        "CacheEnable disk /",
    ],
)
def test_what_shows_in_an_answer_is_warned_about(tmp_path: Path, line: str) -> None:
    _, diagnostics = read(tmp_path, f"{line}\n")
    assert Severity.WARNING in [d.severity for d in diagnostics]
    assert all(d.cure for d in diagnostics if d.severity is Severity.WARNING)
    assert not any(d.is_error for d in diagnostics)


@rows(
    "line",
    [
        "AddOutputFilter INCLUDES .shtml",
        "CookieTracking off",
        "ProxyHTMLMeta Off",
        "ProxyHTMLCharsetOut *",
        "Dav Off",
        "Protocols h2 http/1.1",
    ],
)
def test_what_shows_in_none_is_noted(tmp_path: Path, line: str) -> None:
    _, diagnostics = read(tmp_path, f"{line}\n")
    assert {d.severity for d in diagnostics} == {Severity.NOTE}


@rows(
    "line",
    [
        "php_admin_value a b",
        "WSGIScriptAlias / /srv/app.wsgi",
        "PassengerEnabled on",
        "PerlModule A",
        "<Perl>\n</Perl>",
        "ShibRequestSetting requireSession 1",
        "CASLoginURL https://h/login",
    ],
)
def test_programs_within_httpd_are_refused_with_what_to_do(
    tmp_path: Path, line: str
) -> None:
    _, diagnostics = read(tmp_path, f"{line}\n")
    [refused] = [d for d in diagnostics if d.is_error]
    assert refused.number == "FB0116"
    assert "is not part of fastlb" in refused.text
    assert refused.cure


def test_a_module_with_a_directive_that_is_served_counts_as_there() -> None:
    own = ("fastlb", "mpm_common")
    served = {
        modules.base_name(item.module)
        for item in REGISTRY
        if item.status is Status.SERVED
    }
    known = {*modules.EMULATED, *modules.PROCESS_MODELS, *own}
    assert served - known == set()
