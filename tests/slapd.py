"""A directory for tests: Debian's slapd with people and groups, on ports of its own.

    directory = Slapd(tmp_path)            # its files; nothing runs yet
    directory.start()                      # answers when this returns
    directory.port, directory.tls_port     # ldap:// and StartTLS; ldaps://
    directory.stop()                       # and start() again: the same ports and data

It needs no rights: it runs as whoever tests, below the directory that it is given, and
listens on loopback only. `pair` is the certificate it shows (ldaps and StartTLS), `ca`
the file with the authority that signed it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from certificates import Pair, make_ca, make_pair
from ports import HOST, free_port
from programs import ForeignServer, bare_environment

SUFFIX = "dc=example,dc=org"
READER = f"cn=reader,{SUFFIX}"
READERS_PASSWORD = "reading room"
ADMIN = f"cn=admin,{SUFFIX}"
ADMINS_PASSWORD = "may write"
SCHEMAS = ("core", "cosine", "inetorgperson", "nis")
MODULES = "/usr/lib/ldap"

# What the login of an entry may be made of at the worst: all that a filter and a DN
# give a meaning to.
ODD_UID = "a*b(c)\\d,ü"
ODD_DN = f"cn=Odd \\22one\\22\\2c a*b(c)\\5cd\\2b #ü,ou=people,{SUFFIX}"

# (RDN, parent, attributes): a password is in clear here and hashed in the directory.
Entry = tuple[str, str, dict[str, str | Sequence[str]]]


def person(uid: str, name: str, password: str, **more: str) -> Entry:
    attributes: dict[str, str | Sequence[str]] = {
        "objectClass": "inetOrgPerson",
        "uid": uid,
        "cn": name,
        "sn": name.rsplit(maxsplit=1)[-1],
        "mail": f"{uid}@example.org",
    }
    if password:
        attributes["userPassword"] = password
    return f"uid={uid}", "ou=people", {**attributes, **more}


def group(name: str, kind: str, **members: str | Sequence[str]) -> Entry:
    return f"cn={name}", "ou=groups", {"objectClass": kind, "cn": name, **members}


def dn_of(uid: str) -> str:
    return f"uid={uid},ou=people,{SUFFIX}"


def dn_of_group(name: str) -> str:
    return f"cn={name},ou=groups,{SUFFIX}"


ENTRIES: tuple[Entry, ...] = (
    *(
        (f"ou={name}", "", {"objectClass": "organizationalUnit", "ou": name})
        for name in ("people", "others", "groups", "hidden", "private")
    ),
    (
        "cn=reader",
        "",
        {
            "objectClass": ("organizationalRole", "simpleSecurityObject"),
            "cn": "reader",
            "userPassword": READERS_PASSWORD,
        },
    ),
    person("bob", "Bob Builder", "secret", departmentNumber="sales", title="boss"),
    person("eve", "Eve Apple", "apple", departmentNumber="legal"),
    person("joe", "Joe Umlaut", "gänse:füße", departmentNumber="sales"),
    person("nopass", "No Password", ""),
    # Two who share their login, each below a branch of its own.
    person("twin", "Twin One", "one"),
    ("uid=twin", "ou=others", person("twin", "Twin Two", "two")[2]),
    # Only the reader sees this one.
    ("uid=hid", "ou=hidden", person("hid", "Hid Den", "seek")[2]),
    (
        ODD_DN.partition(",ou=")[0],
        "ou=people",
        {
            "objectClass": "inetOrgPerson",
            "uid": ODD_UID,
            "cn": 'Odd "one", a*b(c)\\d+ #ü',
            "sn": "Odd",
            "mail": "odd@example.org",
            "userPassword": "odd",
        },
    ),
    # Only who has logged in sees what is private.
    ("uid=own", "ou=private", person("own", "Own Er", "mine")[2]),
    (
        "cn=members",
        "ou=private",
        {"objectClass": "groupOfNames", "cn": "members", "member": dn_of("bob")},
    ),
    group("staff", "groupOfNames", member=dn_of("bob")),
    group("odd", "groupOfNames", member=ODD_DN),
    group("Two Words", "groupOfUniqueNames", uniqueMember=dn_of("eve")),
    group("unix", "posixGroup", gidNumber="100", memberUid=("bob", "zoe")),
    # eve is in inner, inner in outer, outer in outermost; loop is in itself.
    group("inner", "groupOfNames", member=dn_of("eve")),
    group("outer", "groupOfNames", member=dn_of_group("inner")),
    group("outermost", "groupOfNames", member=dn_of_group("outer")),
    group("loop", "groupOfNames", member=dn_of_group("pool")),
    group("pool", "groupOfNames", member=dn_of_group("loop")),
)

CONF = """\
{includes}
modulepath {modules}
# A DN without a password is let in, as nobody: what many directories do, and what a
# client that asks for passwords must not take for a right one.
allow bind_anon_cred
moduleload back_mdb
TLSCACertificateFile {root}/ca.crt
TLSCertificateFile {root}/slapd.pem
TLSCertificateKeyFile {root}/slapd.key
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {root}/data
maxsize 8388608
index objectClass,uid eq
access to attrs=userPassword
    by anonymous auth
    by * none
access to dn.subtree="ou=hidden,{suffix}"
    by dn.exact="{reader}" read
    by * none
access to dn.subtree="ou=private,{suffix}"
    by users read
    by * none
access to *
    by * read
"""


class Slapd(ForeignServer):
    """One slapd; port and tls_port stay the same over its life."""

    def __init__(self, root: Path) -> None:
        self.root = root / "slapd"
        self.port, self.tls_port = free_port(), free_port()
        (self.root / "data").mkdir(parents=True)
        self.authority = make_ca("fastlb test directory")
        self.ca = self.authority.write(self.root)
        self.show(make_pair(self.authority))
        conf = CONF.format(
            includes="".join(f"include /etc/ldap/schema/{s}.schema\n" for s in SCHEMAS),
            modules=MODULES,
            root=self.root,
            suffix=SUFFIX,
            reader=READER,
            admin=ADMIN,
            password=ADMINS_PASSWORD,
        )
        (self.root / "slapd.conf").write_text(conf)
        (self.root / "all.ldif").write_text(ldif())
        self._run("slapadd", "-q", "-l", str(self.root / "all.ldif"))
        where = f"ldap://{HOST}:{self.port}/ ldaps://{HOST}:{self.tls_port}/"
        words = ["-f", str(self.root / "slapd.conf"), "-h", where, "-d", "stats"]
        super().__init__(
            [_found("slapd"), *words], [self.port, self.tls_port], self.root / "log"
        )

    def show(self, pair: Pair) -> None:
        """The certificate it has from its next start on."""
        pair.write(self.root, "slapd")

    def _run(self, program: str, *words: str) -> None:
        ran = subprocess.run(
            [_found(program), "-f", str(self.root / "slapd.conf"), *words],
            env=bare_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    @property
    def log(self) -> str:
        """What it was asked, a line for each operation and its result."""
        return (self.root / "log").read_text(errors="replace")

    def modify(self, text: str) -> None:
        """Changes in LDIF, by ldapmodify."""
        url, login = f"ldap://{HOST}:{self.port}", ("-D", ADMIN, "-w", ADMINS_PASSWORD)
        subprocess.run(
            [_found("ldapmodify"), "-x", "-H", url, *login],
            env=bare_environment(),
            input=text,
            text=True,
            capture_output=True,
            check=True,
        )


def ldif() -> str:
    """The whole directory as slapadd reads it."""
    domain = {"objectClass": ("dcObject", "organization"), "dc": "example", "o": "x"}
    parts = [_entry(SUFFIX, domain)]
    for rdn, parent, attributes in ENTRIES:
        dn = ",".join(part for part in (rdn, parent, SUFFIX) if part)
        parts.append(_entry(dn, attributes))
    return "\n".join(parts)


def _entry(dn: str, attributes: dict[str, str | Sequence[str]]) -> str:
    lines = [_line("dn", dn)]
    for name, values in attributes.items():
        for value in (values,) if isinstance(values, str) else values:
            hidden = hashed(value) if name == "userPassword" else value
            lines.append(_line(name, hidden))
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    """In base64, as a value may begin or end with anything."""
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def hashed(password: str) -> str:
    """{SSHA}, as directories keep a password."""
    salt = os.urandom(8)
    digest = hashlib.sha1(password.encode() + salt).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _found(program: str) -> str:
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert found is not None, f"{program} is not installed"
    return found
