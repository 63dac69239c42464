"""AuthBasicProvider ldap and Require ldap-*: a real slapd, and what httpd says to it.

Whom a section of ldap_site.py lets in is what httpd lets in: a test plays it there too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpd
import pytest
from certificates import make_pair
from conftest import MemberMaker
from harness import HOST, Fastlb, wait_for
from ldap_site import (
    BASE,
    FILE,
    LOGINS,
    SECTIONS,
    URL,
    ask,
    echo,
    everything,
    filled,
    group,
    section,
    server_text,
)
from peers import Handler, ScriptedMember, answering
from rig import Rig
from slapd import READER, READERS_PASSWORD, SUFFIX, Slapd, dn_of, dn_of_group, hashed

pytestmark = pytest.mark.needs("slapd", "slapadd")

MODULES = (
    *("auth_basic", "authn_file", "authz_user", "headers"),
    *("ldap", "authnz_ldap"),
)
HttpdServes = Callable[[str], AbstractContextManager[int]]


@pytest.fixture
def httpd_serves(
    ldap_folder: Path, scripted: Callable[[Handler], ScriptedMember]
) -> HttpdServes:
    """httpd with some text, in front of a member that says who asks it; its port."""
    member = scripted(answering(echo))
    return lambda text: httpd.running(
        ldap_folder, MODULES, f"{text}ProxyPass / {member.url}/\n"
    )


def odd_ones(port: int) -> dict[str, tuple[int | str, int | str]]:
    """Of every section and everybody who asks: what came, where it is not expected."""
    found: dict[str, tuple[int | str, int | str]] = {}
    for name, one in SECTIONS.items():
        for who in ("", *one.asking):
            got = ask(port, f"/{name}", who)
            expected: int | str = one.status(who)
            came: int | str = got.status
            if got.status == 200:
                came = got.body.decode()
            elif got.status == 401:
                assert got.field("WWW-Authenticate") == 'Basic realm="vault"'
            if expected == 200:
                expected = LOGINS[who].user
            if came != expected:
                found[f"/{name} {who}"] = (came, expected)
    return found


@pytest.mark.needs("apache2")
def test_httpd_lets_the_same_in(
    directory: Slapd, ldap_folder: Path, httpd_serves: HttpdServes
) -> None:
    with httpd_serves(everything(directory, ldap_folder / "users")) as port:
        assert odd_ones(port) == {}


def test_who_is_let_in(rig: Rig, directory: Slapd, ldap_folder: Path) -> None:
    rig.serve(answering(echo), text=everything(directory, ldap_folder / "users"))
    assert odd_ones(rig.port) == {}


@pytest.mark.needs("apache2")
def test_an_alias_asks_its_own_directory(
    rig: Rig,
    directory: Slapd,
    ldap_folder: Path,
    httpd_serves: HttpdServes,
) -> None:
    """Where bob is nobody; httpd asks there about the entry of the section's."""
    alias = (
        f'<AuthzProviderAlias ldap-group staff "{dn_of_group("staff")}">\n'
        f"AuthLDAPURL {BASE}?uid?sub?(departmentNumber=legal)\n"
        "</AuthzProviderAlias>\n"
    )
    text = alias + section("in", f"{URL}Require staff")
    text = server_text(directory) + filled(text, directory, ldap_folder / "users")
    with httpd_serves(text) as port:
        assert ask(port, "/in", "bob").status == 200
    rig.serve(answering(echo), text=text)
    assert ask(rig.port, "/in", "bob").status == 401


MEMBERS = f"cn=members,ou=private,{SUFFIX}"
MAILS = URL.replace("?uid", "?uid,mail,telephoneNumber")
BINDS = (
    f"{URL}AuthLDAPInitialBindAsUser on\n"
    "AuthLDAPInitialBindPattern (.+) uid=$1,ou=private,dc=example,dc=org\n"
)
BOTH = "AuthLDAPSearchAsUser on\nAuthLDAPCompareAsUser on\n"
CALLED = {
    # what he is called from then on
    "mail": f"{MAILS}AuthLDAPRemoteUserAttribute mail\nRequire valid-user",
    "mail-user": f"{MAILS}AuthLDAPRemoteUserAttribute mail\n"
    "Require user bob@example.org",
    "mail-uid": f"{MAILS}AuthLDAPRemoteUserAttribute mail\nRequire user bob",
    "mail-group": f"{MAILS}AuthLDAPRemoteUserAttribute mail\n{group('staff')}",
    "mail-unix": f"{MAILS}AuthLDAPRemoteUserAttribute mail\n"
    "AuthLDAPGroupAttribute memberUid\nAuthLDAPGroupAttributeIsDN off\n"
    f"{group('unix')}",
    "mail-ldap-user": f"{MAILS}AuthLDAPRemoteUserAttribute mail\nRequire ldap-user bob",
    "mail-unnamed": f"{URL}AuthLDAPRemoteUserAttribute mail\nRequire valid-user",
    "uid": f"{URL}AuthLDAPRemoteUserAttribute uid\nRequire valid-user",
    "none": f"{MAILS}AuthLDAPRemoteUserAttribute telephoneNumber\nRequire valid-user",
    "dn": f"{URL}AuthLDAPRemoteUserIsDN on\nRequire valid-user",
    "dn-group": f"{URL}AuthLDAPRemoteUserIsDN on\n{group('staff')}",
    "dn-mail": f"{MAILS}AuthLDAPRemoteUserIsDN on\n"
    "AuthLDAPRemoteUserAttribute mail\nRequire valid-user",
    "dn-off": f"{URL}AuthLDAPRemoteUserIsDN off\nRequire valid-user",
    # who asks
    "nobody": f"{URL}Require ldap-group {MEMBERS}",
    "search": f"{URL}AuthLDAPSearchAsUser on\nRequire ldap-group {MEMBERS}",
    "compare": f"{URL}AuthLDAPCompareAsUser on\nRequire ldap-group {MEMBERS}",
    "himself": f"{URL}{BOTH}Require ldap-group {MEMBERS}",
    "himself-made": f"{URL}{BOTH}Require ldap-group %{{tolower:{MEMBERS}}}",
    "himself-dn": f"{MAILS}{BOTH}AuthLDAPRemoteUserIsDN on\n"
    f"Require ldap-group {MEMBERS}",
    "himself-not": f"{URL}{BOTH}<RequireAll>\nRequire valid-user\n"
    f"Require not ldap-group {MEMBERS}\n</RequireAll>",
    "himself-filter": f"{URL}AuthLDAPSearchAsUser on\n"
    "Require ldap-filter departmentNumber=sales",
    "himself-search": f"{URL}AuthLDAPSearchAsUser on\n<RequireAll>\n"
    "Require valid-user\nRequire ldap-search (uid=own)\n</RequireAll>",
    "file": f"AuthBasicProvider file\n{URL}{FILE}{BOTH}Require ldap-group {MEMBERS}",
    # who searches for his entry
    "binds": f"{BINDS}Require valid-user",
    "binds-mail": BINDS.replace("?uid", "?uid,mail")
    + "AuthLDAPRemoteUserAttribute mail\nRequire valid-user",
    "binds-user": f"{BINDS}AuthLDAPCompareAsUser on\nRequire ldap-user own",
    "binds-as-he-says": f"{URL}AuthLDAPInitialBindAsUser on\nRequire valid-user",
}


@pytest.mark.needs("apache2")
def test_names_and_questions_of_users_are_those_of_httpd(
    rig: Rig,
    directory: Slapd,
    ldap_folder: Path,
    httpd_serves: HttpdServes,
) -> None:
    """AuthLDAPRemoteUser*, AuthLDAP*AsUser; a second time by what is kept."""
    sections = "".join(section(name, one) for name, one in CALLED.items())
    sections = filled(sections, directory, ldap_folder / "users")
    asking = ("", "bob", "BOB", "bob/wrong", "eve", "own", "bob/file", "dn")

    def seen(port: int) -> dict[str, tuple[int, bytes]]:
        found = {}
        for name in CALLED:
            for who in asking:
                got = ask(port, f"/{name}", who)
                body = got.body if got.status == 200 else b""
                found[f"{name} {who}"] = (got.status, body)
        return found

    with httpd_serves(server_text(directory) + sections) as port:
        expected = seen(port)
    assert expected["mail bob"] == (200, b"bob@example.org")
    assert expected["dn bob"] == (200, dn_of("bob").encode())
    assert (expected["nobody bob"][0], expected["himself bob"][0]) == (401, 200)
    assert expected["binds own"] == (200, b"own")
    text = server_text(directory, keeps=True) + sections
    rig.serve(answering(echo), text=text)
    for _ in range(2):
        found = seen(rig.port)
        odd = {
            name: (found[name], expected[name])
            for name in expected
            if found[name] != expected[name]
        }
        assert odd == {}


@pytest.mark.needs("apache2")
def test_a_password_is_for_the_server_that_knows_it(
    rig: Rig,
    directory: Slapd,
    ldap_folder: Path,
    httpd_serves: HttpdServes,
) -> None:
    """By another name it is another server, which httpd hands the password to."""
    alias = f"<AuthnProviderAlias ldap knows>\n{URL}</AuthnProviderAlias>\n"
    asks = f"{BOTH}Require ldap-group {MEMBERS}"
    other = URL.replace("{url}", "ldap://localhost:{port}")
    text = alias + "".join(
        section(name, f"AuthBasicProvider knows\n{url}{asks}")
        for name, url in (("same", URL), ("other", other))
    )
    text = text.replace("{port}", str(directory.port))
    text = server_text(directory) + filled(text, directory, ldap_folder / "users")
    with httpd_serves(text) as port:
        assert ask(port, "/same", "bob").status == 200
        assert ask(port, "/other", "bob").status == 200
    rig.serve(answering(echo), text=text)
    assert ask(rig.port, "/same", "bob").status == 200
    assert ask(rig.port, "/other", "bob").status == 401


def test_a_directory_knows_us_by_a_certificate(
    rig: Rig, own_directory: Slapd, ldap_folder: Path
) -> None:
    """LDAPTrustedClientCert, of the server and of a section; without it nobody is."""
    conf = own_directory.root / "slapd.conf"
    key = "TLSCertificateKeyFile"
    text = conf.read_text().replace(key, f"TLSVerifyClient demand\n{key}")
    conf.write_text(text)
    own_directory.stop()
    own_directory.start()
    make_pair(own_directory.authority, client=True).write(rig.folder, "us")
    lines = "".join(
        f'LDAPTrustedClientCert {kind}_BASE64 "{rig.folder}/us.{ending}"\n'
        for kind, ending in (("CERT", "crt"), ("KEY", "key"))
    )
    url = "AuthLDAPURL {tls_url}/dc=example,dc=org?uid\nRequire valid-user\n"
    sections = section("in", f"{lines}{url}") + section("out", url)
    common = server_text(own_directory)
    text = common + filled(sections, own_directory, ldap_folder / "users")
    rig.serve(answering(echo), text=text)
    assert ask(rig.port, "/in", "bob").status == 200
    assert ask(rig.port, "/in", "bob/wrong").status == 401
    assert ask(rig.port, "/out", "bob").status == 500


TOLD = (
    f"{URL}".replace("?uid", "?uid,mail,cn,nosuch")
    + 'Require valid-user\nRequestHeader set X-User "'
    + "|".join(f"%{{AUTHENTICATE_{name}}}e" for name in ("UID", "MAIL", "CN", "NOSUCH"))
    + '"'
)


@pytest.mark.needs("apache2")
def test_variables_tell_of_a_user(
    rig: Rig,
    directory: Slapd,
    ldap_folder: Path,
    httpd_serves: HttpdServes,
) -> None:
    """As httpd; a second login is let in by what is kept."""
    sections = section("in", TOLD)
    text = server_text(directory, keeps=True)
    text += filled(sections, directory, ldap_folder / "users")
    found = []
    with httpd_serves(text) as port:
        found.append([ask(port, "/in", who).body for who in ("bob", "joe", "bob")])
    rig.serve(answering(echo), text=text)
    found.append([ask(rig.port, "/in", who).body for who in ("bob", "joe", "bob")])
    assert found[0] == found[1]
    assert found[0][0].startswith(b"bob|bob@example.org|Bob Builder|")


MORE = URL.replace("?uid", "?uid,mail,nosuch")
_NAMES = "|".join(
    f"%{{{prefix}{name}}}e"
    for prefix in ("AUTHENTICATE_", "AUTHORIZE_", "X_")
    for name in ("UID", "MAIL", "NOSUCH")
)
SHOWN = f'RequestHeader set X-User "{_NAMES}"'
BY_FILE = f"AuthBasicProvider file\n{FILE}"
GRANTED = {
    "both": f"{MORE}Require ldap-user bob joe\n",
    "valid": f"{MORE}Require valid-user\n",
    "group": f"{MORE}{group('staff')}\n",
    "file": f"{BY_FILE}{MORE}Require ldap-user bob joe\n",
    "filter": f"{BY_FILE}{MORE}Require ldap-filter objectClass=*\n",
    "search": f"{MORE}Require ldap-search uid=bob\n",
    "prefix": f"{BY_FILE}{MORE}AuthLDAPAuthorizePrefix X_\nRequire ldap-user bob\n",
    "not": f"{MORE}<RequireAny>\nRequire ldap-user joe\nRequire user bob\n"
    "</RequireAny>\n",
}


@pytest.mark.needs("apache2")
def test_variables_tell_of_whom_a_rule_lets_in(
    rig: Rig,
    directory: Slapd,
    ldap_folder: Path,
    httpd_serves: HttpdServes,
) -> None:
    sections = "".join(
        section(name, f"{text}{SHOWN}") for name, text in GRANTED.items()
    )
    text = server_text(directory, keeps=True)
    text += filled(sections, directory, ldap_folder / "users")
    asked = [(path, who) for path in GRANTED for who in ("bob", "joe", "bob/file")]

    def said(port: int) -> dict[tuple[str, str], tuple[int, bytes]]:
        found = {}
        for path, who in asked * 2:
            got = ask(port, f"/{path}", who)
            came = got.status, got.body if got.status == 200 else b""
            assert found.setdefault((path, who), came) == came
        return found

    with httpd_serves(text) as port:
        theirs = said(port)
    rig.serve(answering(echo), text=text)
    assert said(rig.port) == theirs
    assert b"bob@example.org" in theirs["prefix", "bob/file"][1]


@pytest.mark.needs("ldapmodify")
def test_what_changes_holds_for_the_next_request(
    rig: Rig, own_directory: Slapd
) -> None:
    sections = section("in", f"{URL}Require valid-user")
    sections += section("staff", f"{URL}{group('staff')}")
    text = filled(sections, own_directory, rig.folder / "users")
    rig.serve(answering(echo), text=server_text(own_directory) + text)
    assert ask(rig.port, "/in", "bob").status == 200
    assert ask(rig.port, "/staff", "bob").status == 200
    assert ask(rig.port, "/staff", "eve").status == 401
    own_directory.modify(
        f"dn: {dn_of('bob')}\nchangetype: modify\nreplace: userPassword\n"
        f"userPassword: {hashed('wrong')}\n\n"
        f"dn: {dn_of_group('staff')}\nchangetype: modify\nreplace: member\n"
        f"member: {dn_of('eve')}\n"
    )
    assert ask(rig.port, "/in", "bob").status == 401
    assert ask(rig.port, "/in", "bob/wrong").status == 200
    assert ask(rig.port, "/staff", "bob/wrong").status == 401
    assert ask(rig.port, "/staff", "eve").status == 200


@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_mode_of_the_whole_server(rig: Rig, directory: Slapd, way: str) -> None:
    """LDAPTrustedMode; where nothing is named, what AuthLDAPURL says goes first."""
    port = directory.tls_port if way == "ldaps" else directory.port
    mode = "SSL" if way == "ldaps" else "STARTTLS"
    url = f"AuthLDAPURL ldap://{HOST}:{port}/{SUFFIX}?uid"
    rig.serve(
        answering(echo),
        text=server_text(directory)
        + f"LDAPTrustedMode {mode}\n"
        + section("in", f"{url}\nRequire valid-user"),
    )
    before = len(directory.log)
    assert ask(rig.port, "/in", "bob").status == 200
    wait_for(lambda: "TLS established" in directory.log[before:], "TLS")


def test_what_the_logs_say(rig: Rig, directory: Slapd) -> None:
    text = section("in", f"{URL}Require ldap-user bob twin")
    text = filled(text, directory, rig.folder / "users")
    rig.serve(
        answering(echo), text=server_text(directory) + text + 'CustomLog u.log "%u %>s"'
    )
    for who in ("bob", "bob/wrong", "eve", "zoe", "twin/one"):
        ask(rig.port, "/in", who)
    logged = rig.folder / "u.log"
    wanted = ["bob 200", "bob 401", "eve 401", "zoe 401", "twin 401"]
    wait_for(lambda: logged.read_text().splitlines() == wanted, "the log")
    said = rig.error_log
    assert 'AH01617: user bob: authentication failure for "/in"' in said
    assert 'AH01631: user eve: authorization failure for "/in"' in said
    assert "AH01618: user zoe not found: /in" in said
    assert "AH01618: user twin not found: /in" in said
    for word in ("secret", "apple", READERS_PASSWORD):
        assert word not in said


def test_workers_of_another_user_and_a_reload(
    server: Fastlb, make_member: MemberMaker, directory: Slapd, ldap_folder: Path
) -> None:
    """What only the master may read, and what it ran, serve the workers as well."""
    secret = server.folder / "authority.crt"
    secret.write_bytes(directory.ca.read_bytes())
    secret.chmod(0o600)
    login = f'AuthLDAPBindDN {READER}\nAuthLDAPBindPassword "exec:/bin/cat pw"\n'
    password = server.folder / "pw"
    password.write_text(READERS_PASSWORD + "\n")
    password.chmod(0o600)
    ldaps = "AuthLDAPURL {tls_url}/dc=example,dc=org?uid\n"
    login = login.replace("cat pw", f"cat {password}")

    def text(rule: str) -> str:
        return (
            f'LDAPTrustedGlobalCert CA_BASE64 "{secret}"\n'
            + filled(section("in", f"{ldaps}{login}{rule}"), directory, ldap_folder)
            + f"ProxyPass / {make_member('a').url}/\n"
        )

    server.write(text("Require valid-user"), workers=2)
    server.start()
    for _ in range(8):
        assert ask(server.port, "/in", "hid").status == 200
        assert ask(server.port, "/in", "bob").status == 200
    server.write(text(group("staff")), workers=2)
    old = server.workers()
    server.reload()
    wait_for(lambda: not set(old) & set(server.workers()), "the old workers have gone")
    for _ in range(4):
        assert ask(server.port, "/in", "hid").status == 401
        assert ask(server.port, "/in", "bob").status == 200
