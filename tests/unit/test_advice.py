"""No advice leads into the next complaint.

All that fastlb advises, in its table of messages, in its declarations and wherever a
check or a process says what to write, is found in the sources. Each directive and each
parameter in it must be served, and leave a sound configuration without a warning. Names
that are guessed ("did you mean ...?") are no advice: they say what was written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from certificates import make_ca, make_crl, make_pair
from configs import REGISTRY
from every_word import in_its_place, values_of
from trees import resolve_text

from fastlb.base.errors import Severity
from fastlb.base.messages import MESSAGES
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.registry import Status

ROOT = Path(__file__).parents[2]
DIRECTIVES = {item.name: item for item in REGISTRY}
# What is advised stands behind one of these, as far as the sentence goes.
ADVISING = re.compile(r"\b(?:write|use|add|say|give|put|set|move|let)\b", re.I)
WARNING_OFF = re.compile(r"\b(?:leave out|remove|delete)\b", re.I)
SENTENCE = re.compile(r"[;.](?:\s|$)|\n")
NAME = re.compile(r"[A-Z]\w+")
PAIR = re.compile(r"\b([a-z]+)=(\S*)")
# Behind the words of a directive the sentence goes on.
GOES_ON = re.compile(
    r",? +(?:where|outside|inside|in|into|with|and|or|for|lines?|before|behind|to)\b.*"
)
HOLE = "\0"  # of an f-string: something of the reader's own

# What a sentence says in short, as its reader will write it.
WHOLE = {
    "ErrorDocument 404 /page, a text": "ErrorDocument 404 /page",
    "ProxyPass /path http://host/path key=value": "ProxyPass /path http://host/path",
    "Require host": "Require host test",
    "SSLEngine on, on a port of its own": "SSLEngine on",
    "CustomLog file format env=NAME": 'CustomLog access.log "%h" env=NAME',
    "Listen 8080": "Listen 8081",  # the other one is there
    "Require all, ip, host, forward-dns, local, env": "Require all granted",
    "Require env": "Require env NAME",
    "Require ip": "Require ip 10",
    "Require method": "Require method GET",
    "Require not ip": (
        "<RequireAll>\nRequire all granted\nRequire not ip 10\n</RequireAll>"
    ),
    "RequestHeader set": "RequestHeader set Name value",
    "SSLPassPhraseDialog exec:/path/to/program": "SSLPassPhraseDialog exec:/bin/true",
}
# Its reader has written Order, and knows what is said of that.
AS_THEY_ARE = {"Order deny,allow"}

SOUND = """\
ServerRoot {folder}
Listen 8080
ServerName base.test
SSLEngine On
SSLCertificateFile host.pem
SSLCACertificateFile ca.crt
SSLCARevocationFile ca.crl
SSLCARevocationCheck leaf
<Proxy balancer://b>
BalancerMember http://127.0.0.1:9 route=a {member}
BalancerMember http://127.0.0.1:10 route=b
BalancerMember http://127.0.0.1:11 route=c
ProxySet stickysession=S
{balancer}
</Proxy>
ProxyPass /b/ balancer://b/
{text}
"""


# --- what is advised


@dataclass(frozen=True)
class Advice:
    name: str  # of a directive; "key=" of a parameter
    value: str  # the words behind it

    @property
    def is_parameter(self) -> bool:
        return self.name.endswith("=")

    def __str__(self) -> str:
        return f"{self.name}{'' if self.is_parameter else ' '}{self.value}"


def advised(text: str) -> Iterator[Advice]:
    """What a text tells its reader to write."""
    for sentence in SENTENCE.split(text):
        is_advice = False
        for piece in sentence.split(", or "):  # "write this, or that"
            found = ADVISING.search(piece)
            if WARNING_OFF.search(piece):
                is_advice = False
            elif found is not None:
                is_advice = True
            if is_advice:
                yield from written(piece[found.end() if found else 0 :])


def written(said: str) -> Iterator[Advice]:
    names = [match for match in NAME.finditer(said) if match[0] in DIRECTIVES]
    ends = [*(name.start() for name in names[1:]), len(said)]
    for name, end in zip(names, ends, strict=False):
        words = GOES_ON.sub("", said[name.end() : end])
        yield Advice(name[0], words.strip(" ,>"))
    for key, value in PAIR.findall(said):
        if key in MEMBER.names() or key in BALANCER.names():
            yield Advice(f"{key}=", value.rstrip(".,;"))


def literal(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or HOLE for part in node.values)
    return None


def literals(source: str) -> Iterator[str]:
    """Texts of a module, whole; but for docstrings and what the manual says."""
    tree = ast.parse(source)
    inner = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, (ast.JoinedStr, ast.Expr))
        or (isinstance(node, ast.keyword) and node.arg in ("manual", "help"))
        for child in ast.walk(node)
        if child is not node
    }
    for node in ast.walk(tree):
        found = literal(node) if id(node) not in inner else None
        if found and not set(found.split()) <= DIRECTIVES.keys():  # no list of names
            yield found


def all_advice() -> dict[Advice, str]:
    """-> where it stands"""
    found = {
        advice: number
        for number, message in MESSAGES.items()
        if not message.retired
        for advice in advised(message.cure)
    }
    for path in sorted((ROOT / "fastlb").rglob("*.py")):
        if path.parent.name != "messages":
            for text in literals(path.read_text("utf-8")):
                for advice in advised(text):
                    found.setdefault(advice, str(path.relative_to(ROOT)))
    return found


# --- what becomes of it


class Follower:
    """Does as it is told, in a sound configuration."""

    def __init__(self, folder: Path) -> None:
        authority = make_ca()
        authority.write(folder)
        (folder / "ca.crl").write_bytes(make_crl(authority))
        make_pair(authority, ["base.test", "www.example.com"]).write(folder, "host")
        self._folder = folder

    def complaints(self, **more: str) -> str:
        """Warnings and errors of the configuration with more in it."""
        parts = {"member": "", "balancer": "", "text": "", **more}
        _, found = resolve_text(SOUND.format(folder=self._folder, **parts))
        return "; ".join(
            f"{item.number} {item.text}"
            for item in found
            if item.severity is not Severity.NOTE
        )

    def wrong(self, advice: Advice) -> str:
        """What comes of it; "": nothing."""
        if str(advice) in AS_THEY_ARE:
            return ""
        return (self._parameter if advice.is_parameter else self._directive)(advice)

    def _directive(self, advice: Advice) -> str:
        item = DIRECTIVES[advice.name]
        if item.status is not Status.SERVED:
            return item.status.value
        if item.is_section or not advice.value or HOLE in advice.value:
            return ""
        line = WHOLE.get(str(advice), str(advice))
        if item.name in ("BalancerMember", "ProxySet"):
            return self.complaints(balancer=line)
        return self.complaints(text=in_its_place(item, line))

    def _parameter(self, advice: Advice) -> str:
        key = advice.name[:-1]
        places = {
            where: parameters.table[key]
            for where, parameters in (("member", MEMBER), ("balancer", BALANCER))
            if key in parameters.table
        }
        said = ""
        for where, declared in places.items():
            if declared.status is not Status.SERVED:
                said = declared.status.value
                continue
            is_said = advice.value and HOLE not in advice.value
            for value in (advice.value,) if is_said else values_of(key):
                before = "ProxySet " if where == "balancer" else ""
                said = self.complaints(**{where: f"{before}{key}={value}"})
                if not said:
                    return ""
        return said


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    return Follower(tmp_path)


def test_the_configuration_is_sound(follower: Follower) -> None:
    assert follower.complaints() == ""


def test_no_advice_leads_into_another_complaint(follower: Follower) -> None:
    found = all_advice()
    assert len(found) > 80
    said = {f"{where}: {one}": follower.wrong(one) for one, where in found.items()}
    assert {one: text for one, text in said.items() if text} == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("write hcmethod=GET hcuri=/health", ["hcuri=/health"]),
        ("write hcmethod=SHOUT", ["hcmethod=SHOUT"]),
        ("write SSLFIPS On", ["SSLFIPS On"]),
        ("Use MaxMemFree 100 for that.", ["MaxMemFree 100"]),
        ("leave out MaxMemFree, or write Timeout 5", []),
        ("write Timeout soon, or KeepAlive Off", ["Timeout soon"]),
        ("write route=x, or lbmethod=no", ["lbmethod=no"]),
    ],
)
def test_planted_advice_is_found(
    follower: Follower, text: str, wrong: list[str]
) -> None:
    assert [str(one) for one in advised(text) if follower.wrong(one)] == wrong
