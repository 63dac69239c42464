"""Users and groups in files of pairs (SDBM)."""

import hashlib
from dataclasses import replace

from tests.sdbm import page

from ..case import Case, Conf, Prove, Step, View, get
from .users import basic


def proof_of(user: str, realm: str, password: str) -> str:
    return hashlib.md5(f"{user}:{realm}:{password}".encode()).hexdigest()


TWO = "{SHA}rXguzax3D8brmmLkT5CHP7l/sms="  # htdbm -s: "two"
USERS = {
    "bob": TWO,
    "eve": f"{TWO}:staff:with a comment",
    "clear": "two",
    "bob:the vault": proof_of("bob", "the vault", "one"),
    "eve:the vault": proof_of("eve", "the vault", "one") + ":more",
    "ann:the vault": "short",
}
GROUPS = {
    "bob": "staff,guests",
    "eve": "x:staff, guests",
    "bob:counted": ",,counted,",
    "none": "",
}
FILES = {
    "users.pag": page(USERS),
    "users.dir": b"",
    "groups.pag": page(GROUPS),
    "groups.dir": b"",
    "text": "ann:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n",
    "text.groups": "staff: ann\n",
}
BASIC = """\
<Location />
  AuthType Basic
  AuthName "the vault"
  AuthBasicProvider dbm file
  AuthDBMType SDBM
  AuthzDBMType SDBM
  AuthUserFile "{root}/text"
  AuthGroupFile "{root}/text.groups"
  AuthDBMUserFile "{root}/users"
  AuthDBMGroupFile "{root}/groups"
  Require valid-user
</Location>
<Location /staff>
  Require dbm-group staff
</Location>
<Location /several>
  Require dbm-group "a b" guests none
</Location>
<Location /counted>
  AuthName counted
  Require dbm-group counted
</Location>
<Location /made>
  Require dbm-group %{req:X-Group}
</Location>
<Location /not>
  <RequireAll>
    Require valid-user
    Require not dbm-group staff
  </RequireAll>
</Location>
<Location /own>
  AuthzDBMType SDBM
  AuthDBMGroupFile "{root}/users"
  Require dbm-group staff
</Location>
<Location /unsaid>
  AuthDBMGroupFile "{root}/users"
  Require dbm-group staff
</Location>
<Location /lost>
  AuthDBMUserFile "{root}/nowhere"
</Location>
<Location /lost/groups>
  AuthDBMUserFile "{root}/users"
  AuthDBMGroupFile "{root}/nowhere"
  <RequireAll>
    Require valid-user
    Require not dbm-group staff
  </RequireAll>
</Location>
<Location /both>
  Require dbm-group guests
  Require group staff
</Location>
ProxyPass / http://127.0.0.1:{m0}/
"""
ALIASES = """\
<AuthnProviderAlias dbm others>
  AuthDBMType SDBM
  AuthDBMUserFile "{root}/users"
</AuthnProviderAlias>
<AuthzProviderAlias dbm-group insiders staff>
  AuthzDBMType SDBM
  AuthDBMGroupFile "{root}/groups"
</AuthzProviderAlias>
<Location />
  AuthType Basic
  AuthName "the vault"
  AuthUserFile "{root}/text"
  AuthBasicProvider file others
  Require valid-user
</Location>
<Location /in>
  Require insiders
</Location>
ProxyPass / http://127.0.0.1:{m0}/
"""
DIGEST = """\
<Location />
  AuthType Digest
  AuthName "the vault"
  AuthDigestProvider dbm
  AuthDBMType SDBM
  AuthzDBMType SDBM
  AuthDBMUserFile "{root}/users"
  AuthDBMGroupFile "{root}/groups"
  Require valid-user
</Location>
<Location /staff>
  Require dbm-group staff
</Location>
ProxyPass / http://127.0.0.1:{m0}/
"""
PLAIN = Conf("dbm", BASIC, FILES)
ALIASED = Conf("dbm aliases", ALIASES, FILES)
PROVED = Conf("dbm digests", DIGEST, FILES)
TYPES = "`AuthDBMType`, `AuthzDBMType`"
WHO = (
    ("bob", "two"),
    ("bob", "one"),
    ("eve", "two"),
    ("clear", "two"),
    ("ann", "two"),
    ("none", "two"),
)


def _asked(conf: Conf, path: str, user: str, password: str, *more: str) -> Case:
    steps = get(path, basic(user, password), *more)
    name = " ".join((conf.name, path, user, password, *more))
    return Case(name, conf, steps, view=View.FULL)


def _proved(path: str, user: str, password: str = "one") -> Case:
    steps: tuple[Step, ...] = (*get(path), Prove(path, user, password))
    return Case(f"{PROVED.name} {path} {user} {password}", PROVED, steps)


CASES = (
    *(
        _asked(PLAIN, path, user, password)
        for path in ("/", "/staff", "/several", "/counted", "/not", "/own", "/both")
        for user, password in WHO
    ),
    *(
        _asked(PLAIN, "/made", "bob", "two", f"X-Group: {group}")
        for group in ("staff", "nobody", "nobody guests", "")
    ),
    *(_asked(PLAIN, path, "bob", "two") for path in ("/lost", "/lost/groups")),
    replace(
        _asked(PLAIN, "/unsaid", "eve", "two"),
        view=View.SEQUENCE,
        differs=TYPES,
        instead={"": ["401 <page 401 Unauthorized>"]},
    ),
    *(
        _asked(ALIASED, path, user, password)
        for path in ("/", "/in")
        for user, password in WHO
    ),
    _proved("/", "bob"),
    _proved("/", "bob", "two"),
    _proved("/", "eve"),
    _proved("/", "ann"),
    _proved("/", "zoe"),
    _proved("/staff", "bob"),
    _proved("/staff", "eve"),
)
