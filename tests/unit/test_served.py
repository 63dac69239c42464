"""What is marked as served changes something that somebody reads.

Each directive, and each parameter of a member or balancer, is added to a configuration.
The models with and without it must differ in a field that has a reader (readers.py);
else it is parsed and forgotten.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import trees
from certificates import make_ca, make_crl, make_pair
from configs import REGISTRY
from every_word import in_its_place, values_of
from readers import PLACES, everything, unread_settings

from fastlb.config.checks import Choice
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import HEALTH, MEMBER
from fastlb.config.parameter import Parameter, number
from fastlb.config.registry import Directive, Registry, S, Status
from fastlb.facts.server import Model
from fastlb.lint import tls_files

BASE = """\
ServerRoot {folder}
Listen 8080
ServerName base.test
SSLEngine On
SSLCertificateFile {folder}/host.pem
SSLProxyEngine On
{first}
<Proxy balancer://b>
BalancerMember https://127.0.0.1:9 {member}
{balancer}
</Proxy>
ProxyPass /b balancer://b/
{text}
<VirtualHost *:80>
ServerName v.test
ProxyPass /c balancer://b/
</VirtualHost>
"""
# Words to try, in this order, where no sample stands below.
WORDS = (
    *("On", "Off", "1", "2", "9000", "127.0.0.1", "x", "/x", "a b", "/x /y", "set a b"),
    "/x http://127.0.0.1:9/",
)
CHECKED = """\
{0}
<Proxy balancer://checked>
BalancerMember http://127.0.0.1:9 {1}
</Proxy>"""
NAMED = "ProxyHCExpr e {true}\nProxyHCTemplate t hcuri=/t"
REQUIRE = """\
<Location />
<RequireAll>
Require all granted
<Require{0}>
Require ip 10
</Require{0}>
</RequireAll>
</Location>"""
DIRECTORY = "<Location /d>\nAuthLDAPURL ldap://h/dc=x\n</Location>"
# Words of a directive, or a whole section; behind what must stand before them: both
# configurations have that.
SAMPLES: dict[str, str | tuple[str, str]] = {
    "SetOutputFilter": "DEFLATE",
    "AddOutputFilterByType": "DEFLATE text/html",
    "AddOutputFilter": "DEFLATE html",
    "RemoveOutputFilter": "html",
    "BrotliCompressionWindow": "20",
    "BrotliCompressionMaxInputBlock": "20",
    "FilterDeclare": "name CONTENT_SET",
    "FilterProvider": "name DEFLATE true",
    "FilterChain": "name",
    "Substitute": "s/a/b/",
    "HttpProtocolOptions": "Unsafe",
    "Options": "Indexes",
    "IndexOptions": "FancyIndexing",
    "IndexOrderDefault": "Descending Name",
    "AllowOverride": "All",
    "AllowOverrideList": "Redirect",
    "AccessFileName": ".acl",
    "ExpiresByType": "text/html A1",
    "ExpiresDefault": "A1",
    "FileETag": "Size",
    "TypesConfig": "{folder}/types",
    "ErrorDocument": "404 gone",
    "LogLevel": "debug",
    "ErrorLogFormat": "%M",
    "Resolver": "127.0.0.1:5353",
    "HeartbeatListen": "127.0.0.1:9",
    "LoadModule": "x_module modules/mod_x.so",
    "Listen": "8081",
    "ProxyRemote": "* http://127.0.0.1:9",
    "ProxyRemoteMatch": "^https http://127.0.0.1:9 user:word",
    "NoProxy": ("ProxyRemote * http://127.0.0.1:9", "127"),
    "AllowCONNECT": ("ProxyRequests On", "99"),
    "ServerRoot": ("PidFile x", "{folder}/more"),
    "RequestReadTimeout": "header=1",
    "RemoteIPInternalProxyList": "{folder}/proxies",
    "RemoteIPTrustedProxyList": "{folder}/proxies",
    "Include": "more.conf",
    "IncludeOptional": "more.con[f]",
    "UnDefine": ("Define A", "A"),
    "Use": ("<Macro m>\nKeepAlive Off\n</Macro>", "m"),
    "AsyncRequestWorkerFactor": ("LoadModule mpm_event_module x\nCompat apache", "3"),
    "BalancerMember": "balancer://b http://127.0.0.1:8",
    "ProxySet": "balancer://b timeout=1",
    "SSLCertificateFile": "other.pem",
    "SSLCertificateKeyFile": "host.key",
    "SSLCertificateChainFile": "ca.crt",
    "SSLCACertificateFile": "ca.crt",
    "SSLCACertificatePath": ".",
    "SSLCARevocationFile": "ca.crl",
    "SSLCARevocationPath": ".",
    "SSLCARevocationCheck": ("SSLCARevocationFile ca.crl", "leaf"),
    "SSLCADNRequestFile": "ca.crt",
    "SSLCADNRequestPath": ".",
    "SSLProtocol": "TLSv1.3",
    "SSLCipherSuite": "HIGH",
    "SSLOptions": "+StdEnvVars",
    "SSLPassPhraseDialog": "exec:/bin/true",
    "SSLOpenSSLConfCmd": "Curves P-256",
    "SSLStaplingForceURL": ("SSLUseStapling On", "http://127.0.0.1/"),
    "SSLProxyCACertificateFile": "ca.crt",
    "SSLProxyCACertificatePath": ".",
    "SSLProxyCARevocationFile": "ca.crl",
    "SSLProxyCARevocationPath": ".",
    "SSLProxyCARevocationCheck": ("SSLProxyCARevocationFile ca.crl", "leaf"),
    "SSLProxyProtocol": "TLSv1.3",
    "SSLProxyCipherSuite": "HIGH",
    "SSLProxyMachineCertificateFile": "host.pem",
    "SSLProxyMachineCertificatePath": ".",
    "SSLProxyMachineCertificateChainFile": (
        "SSLProxyMachineCertificateFile host.pem",
        "ca.crt",
    ),
    "SSLVHostSNIPolicy": "strict",
    "SSLRequireSSL": "",
    "SSLRequire": '%{HTTPS} eq "on"',
    "SSLUserName": "SSL_CLIENT_S_DN_CN",
    "BalancerInherit": ("ProxyPassInherit Off", "Off"),
    "PassEnv": "HOME",
    "Require": "all denied",
    "Order": "Deny,Allow",
    "Allow": "from 127.0.0.1",
    "Deny": "from all",
    "LogFormat": ("CustomLog x a", "%h a"),
    "<VirtualHost>": "<VirtualHost *:81>\nServerName w\n</VirtualHost>",
    "<Location>": "<Location /l>\n</Location>",
    "<LocationMatch>": "<LocationMatch l>\n</LocationMatch>",
    "<Directory>": "<Directory /l>\n</Directory>",
    "<DirectoryMatch>": "<DirectoryMatch l>\n</DirectoryMatch>",
    "<Files>": "<Files l>\n</Files>",
    "<FilesMatch>": "<FilesMatch l>\n</FilesMatch>",
    "<Proxy>": "<Proxy http://x/>\n</Proxy>",
    "<ProxyMatch>": "<ProxyMatch x>\n</ProxyMatch>",
    "<IfModule>": "<IfModule !x>\nKeepAlive Off\n</IfModule>",
    "<Macro>": "<Macro m>\nKeepAlive Off\n</Macro>\nUse m",
    "<IfDefine>": "<IfDefine !x>\nKeepAlive Off\n</IfDefine>",
    "<IfVersion>": "<IfVersion >= 2.4>\nKeepAlive Off\n</IfVersion>",
    "<IfFile>": "<IfFile host.pem>\nKeepAlive Off\n</IfFile>",
    "<IfDirective>": "<IfDirective Listen>\nKeepAlive Off\n</IfDirective>",
    "<IfSection>": "<IfSection VirtualHost>\nKeepAlive Off\n</IfSection>",
    "RewriteEngine": "On",
    "RewriteOptions": "AllowAnyURI",
    "RewriteCond": (
        "RewriteRule x -",
        "%{HTTPS} on\nRewriteRule y -",
    ),
    "RewriteRule": "x - [F]",
    "RewriteBase": "/x",
    "RewriteMap": "lower int:tolower",
    "<If>": '<If "true">\nSetEnv a b\n</If>',
    "<ElseIf>": '<If "false">\n</If>\n<ElseIf "true">\nSetEnv a b\n</ElseIf>',
    "<Else>": '<If "false">\n</If>\n<Else>\nSetEnv a b\n</Else>',
    "SetEnvIfExpr": "true a=b",
    "<AuthnProviderAlias>": (
        "<AuthnProviderAlias anon a>\nAnonymous *\n</AuthnProviderAlias>\n"
        "<Location /l>\nAuthBasicProvider a\n</Location>"
    ),
    "<AuthzProviderAlias>": (
        "<AuthzProviderAlias group a b>\nAuthGroupFile g\n</AuthzProviderAlias>\n"
        "<Location /l>\nRequire a\n</Location>"
    ),
    "<RequireAll>": REQUIRE.format("All"),
    "<RequireAny>": REQUIRE.format("Any"),
    "<RequireNone>": REQUIRE.format("None"),
    "<Limit>": "<Location /l>\n<Limit GET>\nRequire local\n</Limit>\n</Location>",
    "<LimitExcept>": (
        "<Location /l>\n<LimitExcept GET>\nRequire local\n</LimitExcept>\n</Location>"
    ),
    "ProxyHCExpr": CHECKED.format("e {true}", "hcmethod=GET hcexpr=e"),
    "ProxyHCTemplate": CHECKED.format("t hcuri=/t", "hctemplate=t"),
    "AuthBasicProvider": "file",
    "AuthDigestProvider": "file",
    "AuthDigestQop": "auth",
    "AuthDigestAlgorithm": "MD5",
    "AllowMethods": "GET",
    "ProxyFCGISetEnvIf": "true X y",
    "AuthLDAPURL": "ldap://h/dc=x",
    "AuthLDAPInitialBindPattern": "(.*) uid=$1",
    "LDAPTrustedClientCert": (DIRECTORY, "CERT_BASE64 {folder}/host.pem"),
    "LDAPTrustedMode": (DIRECTORY, "SSL"),
    "LDAPTrustedGlobalCert": (DIRECTORY, "CA_BASE64 {folder}/ca.crt"),
    "LDAPVerifyServerCert": (DIRECTORY, "Off"),
    "LDAPConnectionTimeout": (DIRECTORY, "3"),
    "LDAPTimeout": (DIRECTORY, "3"),
    "LDAPCacheTTL": (DIRECTORY, "0"),
    "LDAPCacheEntries": (DIRECTORY, "0"),
    "LDAPOpCacheTTL": (DIRECTORY, "0"),
    "LDAPOpCacheEntries": (DIRECTORY, "0"),
    "AuthRequest": "http://127.0.0.1:9/",
    "AuthRequestSignIn": "/sign-in",
    "Anonymous_MustGiveEmail": "Off",
    "Anonymous_NoUserID": "On",
    "Anonymous_VerifyEmail": "On",
}
# Directives that act while files are read.
ACTS_AT_ONCE = {"Error", "UndefMacro"}  # ends the check; takes away what is used


def sample_of(item: Directive) -> Iterator[tuple[str, str]]:
    """(what stands before, lines) of configurations with the directive."""
    found = SAMPLES.get(item.shown_name)
    if found is not None:
        first, said = found if isinstance(found, tuple) else ("", found)
        yield (
            first,
            said if item.is_section else in_its_place(item, f"{item.name} {said}"),
        )
        return
    own = item.check.words if isinstance(item.check, Choice) else ()
    first = "SSLUseStapling On" if item.name.startswith("SSLStapling") else ""
    for words in (*own, *WORDS):
        yield first, in_its_place(item, f"{item.name} {words}")


class Models:
    """Models of the configuration above with more in it."""

    def __init__(self, folder: Path, registry: Registry = REGISTRY) -> None:
        authority = make_ca()
        for name in ("host", "other"):
            make_pair(authority, ["base.test"], client=True).write(folder, name)
        authority.write(folder)
        (folder / "ca.crl").write_bytes(make_crl(authority))
        (folder / "more").mkdir()
        (folder / "proxies").write_text("192.0.2.1\n")
        (folder / "more.conf").write_text("KeepAlive Off\n")
        self._folder = folder
        self.registry = registry
        self._made: dict[str, Model | None] = {}

    def of(self, **more: str) -> Model | None:
        """None: it is refused."""
        parts = {"first": "", "member": "", "balancer": "", "text": "", **more}
        text = BASE.format(folder=self._folder, **parts)
        text = text.replace("{folder}", str(self._folder))
        if text not in self._made:
            path = self._folder / "t.conf"
            path.write_text(text)
            self._made[text] = trees.resolve_file(path)[0]
        return self._made[text]

    def changes(self, first: str = "", **more: str) -> set[str]:
        """The fields that more changes."""
        without, changed = self.of(first=first), self.of(first=first, **more)
        if without is None or changed is None:
            return set()
        return set(differences(without, changed))


def differences(one: object, other: object, where: str = "") -> Iterator[str]:
    """`Class.field` of all that two models do not have in common."""
    if type(one) is not type(other):
        yield where
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            if field.name not in PLACES:
                here = f"{type(one).__name__}.{field.name}"
                pair = getattr(one, field.name), getattr(other, field.name)
                yield from differences(*pair, here)
    elif isinstance(one, tuple) and isinstance(other, tuple):
        if len(one) != len(other):
            yield where
        for pair in zip(one, other, strict=False):
            yield from differences(*pair, where)
    elif one != other:
        yield where


def unobeyed(models: Models, unread: set[str]) -> list[str]:
    """Directives that are marked as served and change no field that is read."""
    return [
        item.shown_name
        for item in models.registry
        if item.status is Status.SERVED and item.name not in ACTS_AT_ONCE
        if not any(
            models.changes(first, text=text) - unread for first, text in sample_of(item)
        )
    ]


def unobeyed_parameters(models: Models, unread: set[str]) -> list[str]:
    found = []
    for where, parameters in (("member", MEMBER), ("balancer", BALANCER)):
        for key, declared in parameters.table.items():
            texts = [f"{key}={value}" for value in (*values_of(key), "2", "On", "Off")]
            if where == "balancer":
                texts = [f"ProxySet {text}" for text in texts]
            needs = "agentcheck=9" if key == "agentinterval" else ""
            if key in HEALTH.table and key != "hcmethod":
                needs = "hcmethod=GET"
            if needs:
                # Of a member that is checked, or has an agent.
                texts = [
                    f"{needs} {key}={one}" for one in (*values_of(key), "2", "t", "e")
                ]
                plain = models.of(first=NAMED, member=needs)
                checked = (models.of(first=NAMED, member=text) for text in texts)
                found += [f"{key}="] * all(
                    one is None or not set(differences(plain, one)) - unread
                    for one in checked
                )
                continue
            if declared.status is Status.SERVED and not any(
                models.changes(**{where: text}) - unread for text in texts
            ):
                found.append(f"{key}=")
    return found


@pytest.fixture(scope="module")
def unread() -> set[str]:
    return unread_settings(everything())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with pytest.MonkeyPatch.context() as patch:
        # No file changes meanwhile, and the system's bundle holds 140 certificates.
        patch.setattr(tls_files, "read_pem", cache(tls_files.read_pem))
        yield Models(tmp_path_factory.mktemp("models"))


def test_a_directive_that_is_served_has_a_reader(
    models: Models, unread: set[str]
) -> None:
    assert models.of() is not None
    assert unobeyed(models, unread) == []


def test_a_parameter_that_is_served_has_a_reader(
    models: Models, unread: set[str]
) -> None:
    assert unobeyed_parameters(models, unread) == []


# --- faults that are planted: each is found


def test_a_directive_without_a_handler_is_found(tmp_path: Path) -> None:
    more = Directive("Planted", S, "n", "a fault", module="core.c")
    assert unobeyed(Models(tmp_path, Registry((more,))), set()) == ["Planted"]


def test_a_directive_whose_field_has_no_reader_is_found(models: Models) -> None:
    read = {
        path: text.replace("proxy_via", "nothing")
        for path, text in everything().items()
    }
    assert unobeyed(models, unread_settings(read)) == ["ProxyVia"]


def test_a_parameter_that_sets_no_field_is_found(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in (MEMBER.table, BALANCER.table):
        planted = Parameter("planted", number(0, 9, ""), "a fault")
        monkeypatch.setitem(table, "planted", planted)
    assert unobeyed_parameters(models, set()) == ["planted=", "planted="]
