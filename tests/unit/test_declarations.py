"""A setting is declared once: its field, its reader and its default fit together."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from configs import REGISTRY
from trees import model_of

from fastlb.config.checks import Choice, Integer
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import HEALTH, MEMBER
from fastlb.config.parameter import BadValue, Parameter, Parameters, number
from fastlb.config.registry import Args, Directive, S, Scope, scope_of
from fastlb.facts import words
from fastlb.facts.balancer import Balancer
from fastlb.facts.health import HealthCheck
from fastlb.facts.member import Member
from fastlb.facts.server import ProcessSettings
from fastlb.facts.tls import Protocols, Stapling, TlsMember, TlsServer, Trust
from fastlb.facts.vhost import DirConf, VHost
from fastlb.model.resolve_server import SETTERS, presets

FACTS: dict[Scope, tuple[type, ...]] = {
    Scope.PROCESS: (ProcessSettings,),
    Scope.SERVER: (VHost,),
    Scope.SECTION: (DirConf,),
    Scope.CLIENTS: (TlsServer, Protocols, Trust, Stapling),
    Scope.MEMBERS: (TlsMember, Protocols, Trust),
}
# Read while the model is made; what becomes of them are fields of other names.
ON_THE_WAY = {
    *("compat", "server_tokens", "proxy_pass_inherit", "balancer_inherit"),
    *("proxy_source_address", "proxy_receive_buffer_bytes", "lbmethod_asked"),
    *("proxy_io_buffer_bytes", "hc_template", "hc_expression"),
    *("agent_place", "agent_interval_ms"),
    *("ssl_engine", "use_stapling", "sni_policy", "peer_name", "peer_cn"),
}
WORDS = (
    *("1", "8192", "On", "127.0.0.1", "header=1", "Strict", "all", "leaf"),
    *("http://a/", "builtin", "info", "18", "127.0.0.1:9"),
)
VALUES = (
    *("1", "8192", "On", "5s", "+H", "byrequests", "GET", "off", "404", "x", "v1"),
    *("global",),
    *("uri", "up", "a:b", "failures:5"),
)


def names_of(sets: str | tuple[str, ...]) -> tuple[str, ...]:
    return (sets,) if isinstance(sets, str) else sets


def fits(value: object, hint: object) -> bool:
    """Whether a value may stand in a field with this annotation."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return any(fits(value, one) for one in typing.get_args(hint))
    if origin is tuple:
        return isinstance(value, tuple)
    if hint is None or hint is type(None):
        return value is None
    return type(value) is hint


def wrong_field(
    facts: tuple[type, ...], values: typing.Mapping[str, object]
) -> Iterator[str]:
    hints = {
        name: hint
        for kind in facts
        for name, hint in typing.get_type_hints(kind).items()
    }
    for name, value in values.items():
        if name in ON_THE_WAY:
            continue
        if name not in hints:
            yield f"{facts[0].__name__} has no field {name}"
        elif not fits(value, hints[name]):
            yield f"{name} = {value!r} is no {hints[name]}"


def samples(item: Directive) -> Iterator[tuple[str, ...]]:
    if isinstance(item.check, Choice):
        yield from ((word,) for word in item.check.words)
    if item.args is Args.NONE:
        yield ()
    for word in WORDS:
        if item.count_problem((word,)) is None and not item.value_problem((word,)):
            yield (word,)


def faults(items: Iterable[Directive]) -> list[str]:
    """What is missing or does not fit in declarations that set fields."""
    found: list[str] = []
    for item in items:
        facts = FACTS[scope_of(item)]
        written = [item.values(said) for said in samples(item)]
        if not written:
            found.append(f"no sample of this test is a value of {item.name}")
        if item.default and item.value_problem(tuple(item.default.split())):
            found.append(f"{item.name} does not read its default {item.default}")
        else:
            written.append(item.preset())
        for values in written:
            if not values.keys() <= set(names_of(item.sets)):
                found.append(f"{item.name} sets more than it declares")
            found += (f"{item.name}: {text}" for text in wrong_field(facts, values))
    return found


def test_what_a_directive_reads_fits_the_field_that_it_sets() -> None:
    assert faults(item for item in REGISTRY if item.sets) == []


def test_a_field_that_a_directive_sets_always_has_a_value() -> None:
    # but for what may be left out, whose fields may be None, and sections
    for scope in (Scope.PROCESS, Scope.SERVER):
        unset = {name: v for name, v in presets(scope).items() if v is None}
        # made of others, or of the machine
        for name in ("pid_file", "start_servers", "server_name", "heartbeat_storage"):
            unset.pop(name, None)
        unset.pop("balancer_persist", None)  # as Compat says
        assert list(wrong_field(FACTS[scope], unset)) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sets": "no_such_field"}, "has no field no_such_field"),
        ({"check": Choice(("1", "2"))}, "is no <class 'int'>"),
        ({"default": "many"}, "does not read its default"),
        ({"sets": ("listen_backlog", "user")}, "sets more"),
    ],
)
def test_a_planted_fault_is_found(changes: dict[str, typing.Any], fault: str) -> None:
    sound = Directive("X", S, "n", "x", check=Integer(0), sets="listen_backlog")
    assert faults([sound]) == []
    try:
        found = faults([replace(sound, **changes)])
    except (AttributeError, ValueError) as problem:
        found = [f"sets more: {problem}"]
    assert any(fault in text for text in found), found


def parameter_faults(declared: Parameters, *facts: type, prefix: str = "") -> list[str]:
    found: list[str] = []
    for one in declared.table.values():
        if not one.sets:
            continue
        read: list[typing.Mapping[str, object]] = []
        for value in VALUES:
            try:
                read.append(one.values(value))
            except BadValue as refused:
                assert str(refused), one.key
        if not read:
            found.append(f"no sample of this test is a value of {one.key}=")
        default = {one.sets: one.default} if isinstance(one.sets, str) else one.default
        for said in (*read, default):
            values = {
                name if name in ON_THE_WAY else name.removeprefix(prefix): value
                for name, value in said.items()
            }
            found += (f"{one.key}=: {text}" for text in wrong_field(facts, values))
    return found


def test_what_a_parameter_reads_fits_the_field_that_it_sets() -> None:
    others = [one for key, one in MEMBER.table.items() if key not in HEALTH.table]
    assert parameter_faults(Parameters("", *others), Member) == []
    assert parameter_faults(HEALTH, HealthCheck, prefix="hc_") == []
    assert parameter_faults(BALANCER, Balancer) == []


def test_the_manual_says_defaults_as_they_are_written() -> None:
    def written(known: Parameters, key: str) -> tuple[str, str]:
        return known.table[key].written_default(), known.table[key].unit()

    assert written(MEMBER, "loadfactor") == ("1", "")
    assert written(MEMBER, "retry") == ("60", "s")
    assert written(MEMBER, "acquire") == ("", "ms")
    assert written(MEMBER, "enablereuse") == ("on", "")
    assert written(BALANCER, "stickysessionsep") == (".", "")
    assert written(MEMBER, "secret") == ("", "")


def test_a_planted_parameter_is_found() -> None:
    def declared(sets: str, default: object) -> Parameters:
        read = number(0, 9, "wrong")
        return Parameters("", Parameter("x", read, "help", default, sets))

    assert parameter_faults(declared("lbset", 0), Member) == []
    assert parameter_faults(declared("lbsets", 0), Member)
    assert parameter_faults(declared("lbset", None), Member)
    assert parameter_faults(declared("route", ""), Member)


def test_the_defaults_of_the_manual_are_those_of_the_model() -> None:
    model = model_of("Listen 8080\n")
    for facts, scope in (
        (model.process, Scope.PROCESS),
        (model.vhosts[0], Scope.SERVER),
    ):
        for item in SETTERS.values():
            if scope_of(item) is not scope:
                continue
            for name, value in item.preset().items():
                # MaxRequestWorkers and its like depend on Compat, paths on ServerRoot
                if isinstance(value, (int, bool)) and name != "async_factor":
                    assert getattr(facts, name, value) == value, name


def test_the_core_calls_a_word_by_its_number() -> None:
    plan = (Path(words.__file__).parents[1] / "core/plan/plan.pxd").read_text("utf-8")
    for kind in words.Word.__subclasses__():
        prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).upper()
        of_core = dict(re.findall(rf"^    {prefix}_(\w+) = (\d+)$", plan, re.M))
        if of_core:  # the core decides by it
            assert of_core == {word.name: str(word.number) for word in kind}
