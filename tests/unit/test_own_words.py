"""What Apache refuses and we take is known by name; Compat apache refuses it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import trees
from configs import REGISTRY
from every_word import every_word
from rows import rows

from fastlb.base.errors import Severity
from fastlb.config.directives import balancer_params
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.parameter import Parameter, Parameters, number
from fastlb.config.registry import OWN, Directive, Registry, S
from fastlb.model import resolve_params

DATA = Path(__file__).parent / "data"
PAGE = Path(__file__).parents[2] / "docs/differences-from-apache.md"
HTTPD_DIRECTIVES: dict[str, list[str]] = json.loads(
    (DATA / "httpd_directives.json").read_text()
)["modules"]
HTTPD_SAYS: dict[str, str] = json.loads((DATA / "httpd_words.json").read_text())

# Words of httpd's own directives and parameters that httpd refuses and fastlb takes,
# with a warning and the way to write them. All else that httpd refuses must be declared
# as our own: a directive, a parameter or a balancing method.
TAKEN = {"balancer upgrade", "member status=hot_standby"}
# Refused by the httpd that was asked because of how it was built, or where it ran.
BUILT_SO = {"Suexec On", "SSLCompression On", "EnableExceptionHook"}
COMPAT = {"Compat", "Compat apache", "Compat better"}  # says itself what is refused


def takes(registry: Registry, text: str, *, compat: str = "better") -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, "REGISTRY", registry)
        text = f"Compat {compat}\nListen 8080\n{text}\n"
        return trees.resolve_text(text)[0] is not None


def takes_once() -> Callable[..., bool]:
    """takes(), for one registry, which remembers what it was asked."""
    kept: dict[tuple[str, str], bool] = {}

    def asked(registry: Registry, text: str, *, compat: str = "better") -> bool:
        if (text, compat) not in kept:
            kept[text, compat] = takes(registry, text, compat=compat)
        return kept[text, compat]

    return asked


def own_parameters() -> set[str]:
    """`member key` or `balancer key`, or `balancer lbmethod=word`."""
    own = {f"balancer {key}" for key in BALANCER.names() if BALANCER.is_own(key)}
    own |= {f"member {key}" for key in MEMBER.names() if MEMBER.is_own(key)}
    methods = balancer_params.LBMETHODS_OWN
    return own | {f"balancer lbmethod={method}" for method in methods}


def unlisted(registry: Registry) -> set[str]:
    """What is our own, and not among what the page says that Compat apache refuses."""
    rows = PAGE.read_text("utf-8").splitlines()
    refused = [row for row in rows if row.rstrip(" |").endswith("| yes: refused")]
    told = set(re.findall(r"`(?:lbmethod=)?(\w+)", "\n".join(refused)))
    own = {item.name for item in registry if item.is_own}
    own |= {name.replace("=", " ").split()[-1] for name in own_parameters()}
    return own - told


def directive_faults(registry: Registry) -> list[str]:
    """Directives that httpd does not know, or does, against what is declared."""
    known = {name.lower() for names in HTTPD_DIRECTIVES.values() for name in names}
    unknown = {
        item.name
        for item in registry
        if item.syntax != "..."  # of modules that neither has to have
        and item.use_severity is not Severity.ERROR
        and ("<" * item.is_section + item.name).lower() not in known
    }
    declared = {item.name for item in registry if item.is_own}
    unknown -= BUILT_SO | COMPAT
    return [
        *(f"{name}: httpd has it" for name in declared - unknown),
        *(f"{name}: not declared as our own" for name in unknown - declared),
        *(
            f"{item.name} 1: taken under Compat apache"
            for item in registry
            if item.is_own and takes(registry, f"{item.name} 1", compat="apache")
        ),
    ]


def word_faults(
    registry: Registry,
    httpd_says: Mapping[str, str],
    takes: Callable[..., bool] = takes,
) -> list[str]:
    """Words and parameters that httpd refuses, against what is declared."""
    found: list[str] = []
    own = own_parameters() | {item.name for item in registry if item.is_own}
    for name, text in every_word(registry):
        ways = {name, name.partition("=")[0], name.partition(" ")[0]}
        is_own = bool(ways & own)
        said = httpd_says.get(name)
        if said == "":
            found += [f"{name}: our own, and httpd takes it"] * is_own
        elif name not in BUILT_SO | COMPAT and takes(registry, text):
            if not (is_own or said):
                found.append(f"{name}: httpd was not asked (see every_word.py)")
            elif not (is_own or ways & TAKEN):
                found.append(f"{name}: not declared as our own")
            if takes(registry, text, compat="apache"):
                found.append(f"{name}: taken under Compat apache")
    return found


def test_a_directive_that_httpd_does_not_have_is_declared_as_our_own() -> None:
    assert directive_faults(REGISTRY) == []


def test_a_word_that_httpd_refuses_is_declared_as_our_own() -> None:
    assert word_faults(REGISTRY, HTTPD_SAYS) == []


def test_httpd_was_asked_of_nothing_that_is_no_more() -> None:
    assert HTTPD_SAYS.keys() <= {name for name, _ in every_word(REGISTRY)}


def test_what_is_our_own_is_listed_as_a_difference() -> None:
    assert unlisted(REGISTRY) == set()
    assert unlisted(planted(own=True)) == {"Planted"}


# --- faults that are planted: each is found


def planted(*, own: bool, module: str = "core.c") -> Registry:
    more = Directive("Planted", S, "n", "a fault", module=module, own=own)
    return Registry((*REGISTRY, more))


def test_an_own_directive_must_be_declared_so() -> None:
    assert directive_faults(planted(own=False)) == ["Planted: not declared as our own"]
    assert directive_faults(planted(own=True)) == []
    assert directive_faults(planted(own=False, module=OWN)) == []


@rows("known", [BALANCER, MEMBER])
def test_an_own_parameter_must_be_declared_so(known: Parameters) -> None:
    where = "member" if known is MEMBER else "balancer"
    says = dict.fromkeys(("member planted=1", "balancer planted=1"), "unknown")
    for own in (True, False):
        more = Parameter("planted", number(0, 9, ""), "a fault", own=own)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(known.table, "planted", more)
            once = takes_once()
            assert own == (word_faults(REGISTRY, HTTPD_SAYS, once) == [])
            faults = word_faults(REGISTRY, HTTPD_SAYS | says, once)
            both = HTTPD_SAYS | dict.fromkeys(says, "")
            taken = word_faults(REGISTRY, both, once)
        assert own == (faults == [])
        assert own == (f"{where} planted=1: our own, and httpd takes it" in taken)
        assert own or f"{where} planted=1: not declared as our own" in faults
        assert own or f"{where} planted=1: taken under Compat apache" in faults


def test_an_own_parameter_is_refused_with_the_reason() -> None:
    more = Parameter("planted", number(0, 9, ""), "a fault", own=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MEMBER.table, "planted", more)
        text = "<Proxy balancer://b>\nBalancerMember http://h planted=1\n</Proxy>\n"
        _, found = trees.resolve_text(f"Compat apache\nListen 8080\n{text}")
    [complaint] = [one for one in found if one.is_error]
    assert complaint.why == "Apache 2.4 has no planted="
    assert "did you mean" not in complaint.cure


def test_an_own_method_must_be_declared_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (balancer_params, resolve_params):
        methods = (*balancer_params.LBMETHODS, "planted")
        monkeypatch.setattr(module, "LBMETHODS", methods)
    says = HTTPD_SAYS | {"balancer lbmethod=planted": "unknown lbmethod"}
    says |= {"member lbmethod=planted": "unknown Worker parameter"}
    assert word_faults(REGISTRY, says) == [
        "balancer lbmethod=planted: not declared as our own",
        "balancer lbmethod=planted: taken under Compat apache",
    ]
    for module in (balancer_params, resolve_params):
        unknown = (*balancer_params.LBMETHODS_OWN, "planted")
        monkeypatch.setattr(module, "LBMETHODS_OWN", unknown)
    assert word_faults(REGISTRY, says) == []
