"""One configuration with a section for each thing that AuthLDAP* and Require ldap-* do.

Whom a section lets in is what httpd lets in.
"""

from __future__ import annotations

import base64
import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path

from harness import HOST
from peers import Message, Peer, request, response
from slapd import ODD_UID, READER, READERS_PASSWORD, Slapd, dn_of, dn_of_group

DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str

    @property
    def field(self) -> str:
        word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return f"Authorization: Basic {word}\r\n"


LOGINS = {
    "bob": Login("bob", "secret"),
    "bob/wrong": Login("bob", "wrong"),
    "bob/empty": Login("bob", ""),
    "bob/file": Login("bob", "kept in a file"),
    "local": Login("local", "kept in a file"),
    "eve": Login("eve", "apple"),
    "joe": Login("joe", "gänse:füße"),
    "odd": Login(ODD_UID, "odd"),
    "zoe": Login("zoe", "x"),
    "own": Login("own", "mine"),
    # what a filter could be talked into
    "BOB": Login("BOB", "secret"),
    "star": Login("*", "secret"),
    "b*": Login("b*", "secret"),
    "injection": Login("*)(uid=*", "secret"),
    "or": Login("bob)(|(uid=*", "secret"),
    "escape": Login("\\62ob", "secret"),
    "NUL": Login("bob\0", "secret"),
    "NUL*": Login("*\0", "secret"),
    "nameless": Login("", "secret"),
    "nothing": Login("", ""),
    "long": Login("b" * 200, "secret"),
    "dn": Login(dn_of("bob"), "secret"),
    # what a bind could be talked into: without a password it is anybody's
    "nopass": Login("nopass", "x"),
    "nopass/empty": Login("nopass", ""),
    "twin/one": Login("twin", "one"),
    "twin/two": Login("twin", "two"),
    "hid": Login("hid", "seek"),
    "mail": Login("bob@example.org", "secret"),
    "cn": Login("Bob Builder", "secret"),
}
EVERYBODY = " ".join(LOGINS)
COMMON = "bob bob/wrong bob/empty bob/file local eve joe odd zoe"


@dataclass(frozen=True, slots=True)
class Section:
    """text: of <Location /name>; who gets in, of those who ask; who gets 500.

    Everybody else is asked for another password (401), as is who sends none.
    """

    text: str
    let_in: str = ""
    more: str = ""  # who asks beside the common ones
    fails: str = ""

    def status(self, who: str) -> int:
        if who in self.fails.split():
            return 500
        return 200 if who in self.let_in.split() else 401

    @property
    def asking(self) -> list[str]:
        return list(dict.fromkeys(f"{COMMON} {self.let_in} {self.more}".split()))


BASE = "{url}/dc=example,dc=org"
URL = f"AuthLDAPURL {BASE}?uid\n"
PEOPLE = "bob eve joe odd"
FILE = 'AuthUserFile "{users}"\n'


def group(name: str) -> str:
    return f"Require ldap-group {dn_of_group(name)}"


SECTIONS = {
    # AuthLDAPURL
    "valid": Section(f"{URL}Require valid-user", f"{PEOPLE} BOB", EVERYBODY),
    "sub": Section(f"AuthLDAPURL {BASE}?uid?sub\nRequire valid-user", PEOPLE),
    "plain": Section(f"AuthLDAPURL {BASE}?uid NONE\nRequire valid-user", PEOPLE),
    "no-attribute": Section(f"AuthLDAPURL {BASE}\nRequire valid-user", PEOPLE),
    "one": Section(
        "AuthLDAPURL {url}/ou=people,dc=example,dc=org?uid?one\nRequire valid-user",
        f"{PEOPLE} twin/one",
        "twin/two",
    ),
    "one-above": Section(
        f"AuthLDAPURL {BASE}?uid?one\nRequire valid-user", "", "twin/one"
    ),
    "escaped": Section(
        "AuthLDAPURL {url}/ou=people%2Cdc=example%2Cdc=org?uid?sub?(cn=Bob%20Builder)\n"
        "Require valid-user",
        "bob",
    ),
    "filter": Section(
        f"AuthLDAPURL {BASE}?uid?sub?(departmentNumber=sales)\nRequire valid-user",
        "bob joe",
    ),
    "bare-filter": Section(
        f"AuthLDAPURL {BASE}?uid?sub?departmentNumber=sales\nRequire valid-user",
        "bob joe",
    ),
    "by-mail": Section(
        f"AuthLDAPURL {BASE}?mail\nRequire valid-user", "mail", "mail cn"
    ),
    "by-name": Section(f"AuthLDAPURL {BASE}?cn\nRequire valid-user", "cn", "mail"),
    "no-base": Section("AuthLDAPURL {url}/?uid\nRequire valid-user"),
    "other-base": Section("AuthLDAPURL {url}/dc=nowhere?uid\nRequire valid-user"),
    "two-hosts": Section(
        'AuthLDAPURL "ldap://127.0.0.1:1 {host}/dc=example,dc=org?uid"\n'
        "Require valid-user",
        PEOPLE,
    ),
    # AuthLDAPBindDN
    "reader": Section(
        f"{URL}AuthLDAPBindDN {READER}\n"
        f'AuthLDAPBindPassword "{READERS_PASSWORD}"\nRequire valid-user',
        f"{PEOPLE} hid",
        "twin/one",
    ),
    "reader-program": Section(
        f"{URL}AuthLDAPBindDN {READER}\n"
        f'AuthLDAPBindPassword "exec:/bin/echo {READERS_PASSWORD}"\n'
        "Require valid-user",
        f"{PEOPLE} hid",
    ),
    "other-reader": Section(
        f"{URL}AuthLDAPBindDN {READER}\nAuthLDAPBindPassword wrong\nRequire valid-user"
    ),
    "other-reader-file": Section(
        f"AuthBasicProvider ldap file\n{URL}{FILE}AuthLDAPBindDN {READER}\n"
        "AuthLDAPBindPassword wrong\nAuthLDAPBindAuthoritative off\n"
        "Require valid-user",
        "bob/file local",
    ),
    # Require ldap-user
    "user": Section(f'{URL}Require ldap-user bob "joe"', "bob joe BOB"),
    "user-case": Section(f"{URL}Require ldap-user BOB", "bob BOB"),
    "user-mail": Section(
        f"AuthLDAPURL {BASE}?mail\nRequire ldap-user bob@example.org", "mail"
    ),
    "user-words": Section(
        f"AuthLDAPURL {BASE}?cn\nRequire ldap-user Bob Builder", "cn", "mail"
    ),
    # Require ldap-group
    "group": Section(f"{URL}{group('staff')}", "bob"),
    "group-case": Section(
        f"{URL}Require ldap-group CN=Staff, OU=Groups, DC=Example, DC=Org", "bob"
    ),
    "group-words": Section(f"{URL}{group('Two Words')}", "eve"),
    "group-odd": Section(f"{URL}{group('odd')}", "odd"),
    "group-none": Section(f"{URL}{group('nowhere')}"),
    "group-second": Section(f"{URL}{group('nowhere')}\n{group('staff')}", "bob"),
    "group-attribute": Section(
        f"{URL}AuthLDAPGroupAttribute uniqueMember\n{group('staff')}"
    ),
    "group-attributes": Section(
        f"{URL}AuthLDAPGroupAttribute uniqueMember\nAuthLDAPGroupAttribute member\n"
        f"{group('staff')}",
        "bob",
    ),
    "unix": Section(
        f"{URL}AuthLDAPGroupAttribute memberUid\nAuthLDAPGroupAttributeIsDN off\n"
        f"{group('unix')}",
        "bob",
    ),
    "unix-dn": Section(f"{URL}AuthLDAPGroupAttribute memberUid\n{group('unix')}"),
    "nested-0": Section(f"{URL}AuthLDAPMaxSubGroupDepth 0\n{group('inner')}", "eve"),
    "nested-one-above-0": Section(f"{URL}AuthLDAPMaxSubGroupDepth 0\n{group('outer')}"),
    "nested-1": Section(f"{URL}AuthLDAPMaxSubGroupDepth 1\n{group('outer')}", "eve"),
    "nested-two-above-1": Section(
        f"{URL}AuthLDAPMaxSubGroupDepth 1\n{group('outermost')}"
    ),
    "nested-2": Section(
        f"{URL}AuthLDAPMaxSubGroupDepth 2\n{group('outermost')}", "eve"
    ),
    "nested": Section(f"{URL}{group('outermost')}", "eve"),
    "nested-class": Section(
        f"{URL}AuthLDAPSubGroupClass posixGroup\nAuthLDAPMaxSubGroupDepth 5\n"
        f"{group('outermost')}"
    ),
    "nested-attribute": Section(
        f"{URL}AuthLDAPSubGroupAttribute uniqueMember\nAuthLDAPMaxSubGroupDepth 5\n"
        f"{group('outermost')}"
    ),
    "loop": Section(f"{URL}AuthLDAPMaxSubGroupDepth 10\n{group('loop')}"),
    # Require ldap-dn, ldap-attribute, ldap-filter
    "dn": Section(f"{URL}Require ldap-dn {dn_of('bob')}", "bob BOB"),
    "dn-server": Section(
        f"{URL}AuthLDAPCompareDNOnServer on\n"
        "Require ldap-dn UID=Bob,OU=People, DC=Example,DC=Org",
        "bob",
    ),
    "dn-none": Section(
        f"{URL}AuthLDAPCompareDNOnServer on\nRequire ldap-dn {dn_of('nobody')}"
    ),
    "attribute": Section(
        f"{URL}Require ldap-attribute departmentNumber=sales", "bob joe"
    ),
    "attribute-case": Section(
        f"{URL}Require ldap-attribute departmentNumber=SALES", "bob joe"
    ),
    "attributes": Section(
        f"{URL}Require ldap-attribute title=boss departmentNumber=legal", "bob eve"
    ),
    "attribute-words": Section(f'{URL}Require ldap-attribute cn="Bob Builder"', "bob"),
    "attribute-none": Section(f"{URL}Require ldap-attribute nosuch=x"),
    "ldap-filter": Section(
        f"{URL}Require ldap-filter departmentNumber=sales", "bob joe"
    ),
    "ldap-filter-and": Section(
        f"{URL}Require ldap-filter &(departmentNumber=sales)(title=boss)", "bob"
    ),
    "ldap-search": Section(
        f"{URL}<RequireAll>\nRequire valid-user\nRequire ldap-search"
        " (uid=%{tolower:BOB})\n</RequireAll>",
        PEOPLE,
    ),
    "ldap-search-bare": Section(
        f"{URL}<RequireAll>\nRequire valid-user\nRequire ldap-search uid=bob\n"
        "</RequireAll>",
        PEOPLE,
    ),
    "ldap-search-of-two": Section(
        f"{URL}Require ldap-user joe\nRequire ldap-search (departmentNumber=sales)",
        "joe",
    ),
    # ... with expressions
    "group-made": Section(
        f"{URL}Require ldap-group cn=%{{tolower:STAFF}},ou=groups,dc=example,dc=org",
        "bob",
    ),
    "user-made": Section(f"{URL}Require ldap-user %{{tolower:JOE}}", "joe"),
    "attribute-made": Section(
        f"{URL}Require ldap-attribute departmentNumber=%{{tolower:SALES}}", "bob joe"
    ),
    "filter-made": Section(
        f"{URL}Require ldap-filter departmentNumber=%{{tolower:SALES}}", "bob joe"
    ),
    # rules together
    "any": Section(f"{URL}Require ldap-user joe\n{group('staff')}", "bob joe"),
    "not": Section(
        f"{URL}<RequireAll>\nRequire valid-user\n"
        f"Require not ldap-group {dn_of_group('staff')}\n</RequireAll>",
        "eve joe odd",
    ),
    "all": Section(
        f"{URL}<RequireAll>\nRequire ldap-attribute departmentNumber=sales\n"
        f"{group('staff')}\n</RequireAll>",
        "bob",
    ),
    "user-file": Section(f"{URL}Require user bob", "bob"),
    # with a file of users
    "ldap-file": Section(
        f"AuthBasicProvider ldap file\n{URL}{FILE}Require valid-user",
        f"{PEOPLE} local",
    ),
    "file-ldap": Section(
        f"AuthBasicProvider file ldap\n{URL}{FILE}Require valid-user",
        "bob/file eve joe odd local",
    ),
    "ldap-file-rest": Section(
        f"AuthBasicProvider ldap file\nAuthLDAPBindAuthoritative off\n{URL}{FILE}"
        "Require valid-user",
        f"{PEOPLE} bob/file local",
        "nopass twin/one",
    ),
    "file-group": Section(
        f"AuthBasicProvider file\n{URL}{FILE}{group('staff')}", "bob/file"
    ),
    "file-user": Section(
        f"AuthBasicProvider file\n{URL}{FILE}Require ldap-user bob local", "bob/file"
    ),
    # by other names
    "alias": Section("AuthBasicProvider bosses\nRequire valid-user", "bob"),
    "aliases": Section(
        f"AuthBasicProvider bosses lawyers\nAuthLDAPURL {BASE}?mail\n"
        "Require valid-user",
        "bob eve",
        "mail",
    ),
    "alias-of-the-section": Section(
        f"AuthBasicProvider bare\n{URL}Require valid-user", PEOPLE
    ),
    "alias-file": Section(
        f"AuthBasicProvider local bosses\n{FILE}Require valid-user", "bob/file local"
    ),
    "alias-group": Section(f"{URL}Require staff", "bob"),
    "alias-not": Section(
        f"{URL}<RequireAll>\nRequire valid-user\nRequire not staff\n</RequireAll>",
        "eve joe odd",
    ),
    "alias-and-rule": Section(
        f"{URL}Require staff\nRequire ldap-attribute departmentNumber=legal", "bob eve"
    ),
    # who cannot be asked
    "down": Section(
        "AuthLDAPURL ldap://127.0.0.1:1/dc=example,dc=org?uid\nRequire valid-user",
        fails="bob bob/wrong bob/file local eve joe odd zoe",
    ),
    "down-file": Section(
        "AuthBasicProvider ldap file\n"
        "AuthLDAPURL ldap://127.0.0.1:1/dc=example,dc=org?uid\n"
        f"{FILE}Require valid-user",
        fails="bob bob/wrong bob/file local eve joe odd zoe",
    ),
    "file-down": Section(
        "AuthBasicProvider file ldap\n"
        "AuthLDAPURL ldap://127.0.0.1:1/dc=example,dc=org?uid\n"
        f"{FILE}Require valid-user",
        "bob/file local",
        fails="eve joe odd zoe",
    ),
    "starttls": Section(f"AuthLDAPURL {BASE}?uid STARTTLS\nRequire valid-user", PEOPLE),
    "tls-word": Section(f"AuthLDAPURL {BASE}?uid TLS\nRequire valid-user", PEOPLE),
    "ldaps": Section(
        "AuthLDAPURL {tls_url}/dc=example,dc=org?uid\nRequire valid-user", PEOPLE
    ),
}


ALIASES = f"""\
<AuthnProviderAlias ldap bosses>
  AuthLDAPURL {BASE}?uid?sub?(title=boss)
</AuthnProviderAlias>
<AuthnProviderAlias ldap lawyers>
  AuthLDAPURL {BASE}?uid?sub?(departmentNumber=legal)
</AuthnProviderAlias>
<AuthnProviderAlias ldap bare>
</AuthnProviderAlias>
<AuthnProviderAlias file local>
  {FILE}
</AuthnProviderAlias>
<AuthzProviderAlias ldap-group staff "{dn_of_group("staff")}">
  {URL}
</AuthzProviderAlias>
"""


def echo(message: Message) -> bytes:
    return response((message.field("X-User") or "-").encode("latin-1"))


def sha(password: str) -> str:
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()


def section(name: str, text: str) -> str:
    providers = "" if "AuthBasicProvider" in text else "AuthBasicProvider ldap\n"
    return (
        f"<Location /{name}>\nAuthType Basic\nAuthName vault\n{providers}{text}\n"
        "</Location>\n"
    )


def server_text(directory: Slapd, *, keeps: bool = False) -> str:
    kept = "" if keeps else "LDAPCacheEntries 0\nLDAPOpCacheEntries 0\n"
    return (
        f'LDAPTrustedGlobalCert CA_BASE64 "{directory.ca}"\n{kept}'
        'RequestHeader set X-User "expr=%{REMOTE_USER}"\n'
    )


def filled(text: str, directory: Slapd, users: Path) -> str:
    """Braces stand for themselves in expressions: named ones alone are replaced."""
    for name, value in {
        "{url}": f"ldap://{HOST}:{directory.port}",
        "{tls_url}": f"ldaps://{HOST}:{directory.tls_port}",
        "{host}": f"{HOST}:{directory.port}",
        "{users}": str(users),
    }.items():
        text = text.replace(name, value)
    return text


def everything(directory: Slapd, users: Path) -> str:
    sections = "".join(section(name, s.text) for name, s in SECTIONS.items())
    return server_text(directory) + filled(ALIASES + sections, directory, users)


def ask(port: int, path: str, who: str = "", fields: str = "") -> Message:
    sent = fields + (LOGINS[who].field if who else "")
    with socket.create_connection((HOST, port), DEADLINE_S) as sock:
        peer = Peer(sock)
        peer.send(request(path, fields=f"{sent}Connection: close\r\n"))
        return peer.take_response()
