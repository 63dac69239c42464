"""AuthLDAP* of sections and LDAP* of the server: how a directory is asked.

What a section says is complete only with what the server says, which may stand behind
it: `with_server` joins them when the drafts are frozen.
"""

from __future__ import annotations

import base64
import importlib.util
import shlex
import ssl
import subprocess
from dataclasses import fields, replace
from typing import Any, Final

from fastlb.base.own_certificate import show_certificate
from fastlb.base.regular import open_regular
from fastlb.config.directives import auth_ldap
from fastlb.config.tree import Node
from fastlb.facts.ldap import Ldap, LdapMode
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.report import Mistake
from fastlb.model.resolve_server import absolute

PROGRAM_TIMEOUT_S: Final = 30.0
SECRET_BYTES_MAX: Final = 4096
CERTIFICATES_BYTES_MAX: Final = 4 << 20
KEPT_S: Final = 300  # VERDICT_KEPT_US of core/limits.pxd
_SAID: Final = "ldap:"  # before what process.values holds of the server


def url(run: Drafts, place: Place, node: Node) -> None:
    """`AuthLDAPURL url [mode]`."""
    if importlib.util.find_spec("ldap3") is None:
        raise Mistake(
            "FB0369",
            f"{node.name} needs ldap3, which is not installed",
            cure="pip install 'fastlb[ldap]'",
        )
    run.asks_directory = True
    _say(place, **auth_ldap.URL.read(node.name, node.args))


def bind_dn(_run: Drafts, place: Place, node: Node) -> None:
    _say(place, bind_dn=node.args[0])


def bind_password(_run: Drafts, place: Place, node: Node) -> None:
    """`AuthLDAPBindPassword password`, or `exec:program`."""
    text = node.args[0]
    if text.startswith("exec:"):
        text = _printed(text.removeprefix("exec:"))
    _say(place, bind_password=text)


def _printed(command: str) -> str:
    """The first line that a program prints."""
    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=PROGRAM_TIMEOUT_S,
            check=True,
        )
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as problem:
        text = f"AuthLDAPBindPassword: the program gives no password: {problem}"
        raise Mistake("FB0369", text) from None
    line = done.stdout.split(b"\n", 1)[0].rstrip(b"\r")
    if not 0 < len(line) <= SECRET_BYTES_MAX:
        text = f"AuthLDAPBindPassword: {command} prints {len(line)} bytes"
        raise Mistake("FB0369", text)
    return line.decode("utf-8", "surrogateescape")


def flag(_run: Drafts, place: Place, node: Node) -> None:
    name = {
        "authldapbindauthoritative": "bind_authoritative",
        "authldapgroupattributeisdn": "group_is_dn",
        "authldapcomparednonserver": "compare_on_server",
        "authldapremoteuserisdn": "user_is_dn",
        "authldapinitialbindasuser": "initial_bind_as_user",
        "authldapsearchasuser": "search_as_user",
        "authldapcompareasuser": "compare_as_user",
    }[node.name.lower()]
    _say(place, **{name: node.args[0].lower() == "on"})


def user_attribute(_run: Drafts, place: Place, node: Node) -> None:
    _say(place, user_attribute=node.args[0])


def authorize_prefix(_run: Drafts, place: Place, node: Node) -> None:
    _say(place, authorize_prefix=node.args[0])


def bind_pattern(run: Drafts, place: Place, node: Node) -> None:
    """`AuthLDAPInitialBindPattern regex substitution`."""
    pattern, made = node.args
    run.take_regex(
        node,
        pattern,
        complaint="AuthLDAPInitialBindPattern: cannot compile regular expression"
        f" '{pattern}'",
    )
    _say(place, bind_pattern=(pattern, made))


def client_cert(run: Drafts, place: Place, node: Node) -> None:
    """`LDAPTrustedClientCert type file`: read now, as a worker may not be allowed."""
    kind, path = node.args[0].upper(), absolute(run, node.args[1])
    is_key = kind.startswith("KEY")
    try:
        with open_regular(path) as file:
            data = file.read(CERTIFICATES_BYTES_MAX)
    except OSError as problem:
        text = f"{node.name}: {problem.strerror}"
        raise Mistake("FB0369", text, word=node.args[1]) from None
    pem = data.decode("ascii", "ignore")
    if kind.endswith("_DER"):
        words = base64.encodebytes(data).decode()
        name = "PRIVATE KEY" if is_key else "CERTIFICATE"
        pem = f"-----BEGIN {name}-----\n{words}-----END {name}-----\n"
    name = "client_key" if is_key else "client_cert"
    if place.section is not None:
        _say(place, **{name: pem})
    else:
        run.process.values[_SAID + name] = pem


def more(_run: Drafts, place: Place, node: Node) -> None:
    """A list, to which each line adds."""
    name = {
        "authldapgroupattribute": "group_attributes",
        "authldapsubgroupattribute": "sub_group_attributes",
        "authldapsubgroupclass": "sub_group_classes",
    }[node.name.lower()]
    said = getattr(place.draft.conf.auth_ldap or Ldap(), name)
    _say(place, **{name: (*said, node.args[0])})


def depth(_run: Drafts, place: Place, node: Node) -> None:
    _say(place, sub_group_depth=auth_ldap.DEPTH.read(node.name, node.args))


def dereference(_run: Drafts, place: Place, node: Node) -> None:
    _say(place, dereference=auth_ldap.DEREFERENCE.read(node.name, node.args))


def _say(place: Place, **values: Any) -> None:
    said = replace(place.draft.conf.auth_ldap or Ldap(), **values)
    place.draft.say(auth_ldap=said)


def server(run: Drafts, _place: Place, node: Node) -> None:
    """LDAP* of the whole server."""
    name = node.name.lower()
    values = run.process.values
    if name == "ldaptrustedmode":
        values[_SAID + "mode"] = auth_ldap.MODE.read(node.name, node.args)
    elif name == "ldapverifyservercert":
        values[_SAID + "verifies"] = node.args[0].lower() == "on"
    elif name == "ldapconnectiontimeout":
        seconds = auth_ldap.SECONDS.read(node.name, node.args)
        values[_SAID + "connect_timeout_s"] = seconds
    elif name == "ldaptimeout":
        values[_SAID + "timeout_s"] = auth_ldap.SECONDS.read(node.name, node.args)
    else:
        least = KEPT_S if name.endswith("ttl") else 1
        if auth_ldap.COUNT.read(node.name, node.args) < least:
            values[_SAID + "keeps"] = False


def trust(run: Drafts, _place: Place, node: Node) -> None:
    """`LDAPTrustedGlobalCert type file`: read now, as a worker may not be allowed."""
    kind, path = node.args[0].upper(), absolute(run, node.args[1])
    try:
        with open_regular(path) as file:
            data = file.read(CERTIFICATES_BYTES_MAX)
        if kind == "CA_DER":
            pem = ssl.DER_cert_to_PEM_cert(data)
        else:
            pem = data.decode("ascii", "ignore")
        ssl.create_default_context(cadata=pem)
    except (OSError, ValueError) as problem:
        text = f"{node.name}: {getattr(problem, 'strerror', None) or problem}"
        raise Mistake("FB0369", text, word=node.args[1]) from None
    values = run.process.values
    values[_SAID + "trust"] = values.get(_SAID + "trust", "") + pem


def with_server(run: Drafts, said: Ldap | None) -> Ldap | None:
    """What a section says, with what the server says."""
    if said is None:
        return None
    names = (item.name for item in fields(Ldap) if item.name != "mode")
    values = {name: run.process.values.get(_SAID + name) for name in names}
    mode = said.mode or run.process.values.get(_SAID + "mode", LdapMode.PLAIN)
    found = {name: value for name, value in values.items() if value is not None}
    if said.client_cert or said.client_key:
        found = {k: v for k, v in found.items() if k not in _OWN}
    if said.user_attribute == said.attribute and not said.attributes:
        found["attributes"] = (said.attribute,)
    whole = replace(said, mode=mode, **found)
    _check_certificate(whole)
    return whole


_OWN: Final = ("client_cert", "client_key")


def _check_certificate(said: Ldap) -> None:
    if not said.client_cert and not said.client_key:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        show_certificate(context, said.client_cert, said.client_key)
    except OSError as problem:
        text = f"LDAPTrustedClientCert: certificate and key do not fit: {problem}"
        raise Mistake("FB0369", text) from None


HANDLERS: Final[dict[str, Handler]] = {
    "authldapurl": url,
    "authldapbinddn": bind_dn,
    "authldapbindpassword": bind_password,
    "authldapbindauthoritative": flag,
    "authldapgroupattributeisdn": flag,
    "authldapcomparednonserver": flag,
    **dict.fromkeys(
        (
            *("authldapremoteuserisdn", "authldapinitialbindasuser"),
            *("authldapsearchasuser", "authldapcompareasuser"),
        ),
        flag,
    ),
    "authldapremoteuserattribute": user_attribute,
    "authldapauthorizeprefix": authorize_prefix,
    "authldapinitialbindpattern": bind_pattern,
    "ldaptrustedclientcert": client_cert,
    "authldapgroupattribute": more,
    "authldapsubgroupattribute": more,
    "authldapsubgroupclass": more,
    "authldapmaxsubgroupdepth": depth,
    "authldapdereferencealiases": dereference,
    **dict.fromkeys(
        (
            *("ldaptrustedmode", "ldapverifyservercert", "ldapconnectiontimeout"),
            *("ldaptimeout", "ldapcachettl", "ldapcacheentries"),
            *("ldapopcachettl", "ldapopcacheentries"),
        ),
        server,
    ),
    "ldaptrustedglobalcert": trust,
}
