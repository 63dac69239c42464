"""outside.pyx: balancing methods of other packages."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from outside_method import built, name_package, other
from pools import Pool, member
from rows import rows
from simulation import Server, Simulation
from trees import model_of, resolve_text

from fastlb.base.errors import Diagnostic
from fastlb.config.outside_methods import outside_methods
from fastlb.model.report import did_you_mean

CONF = """\
{0}Listen 80
ServerName h
<Proxy balancer://b>
BalancerMember http://127.0.0.1:1
BalancerMember http://127.0.0.1:2 loadfactor=3
ProxySet lbmethod={1}
</Proxy>
ProxyPass / balancer://b/
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(built(tmp_path_factory.mktemp("method")))


@pytest.fixture
def byfew(example: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Installed, and known to the core as a configuration makes it known."""
    monkeypatch.syspath_prepend(example)
    assert model_of(CONF.format("", "byfew")).balancers[0].lbmethod == "byfew"
    return "byfew"


def errors(text: str) -> list[Diagnostic]:
    return [one for one in resolve_text(text)[1] if one.is_error]


def test_it_elects_as_it_says(byfew: str) -> None:
    pool = Pool(member(100), member(300), lbmethod=byfew)
    assert pool.sequence(8) == [0, 1, 1, 1, 0, 1, 1, 1]
    assert pool.all("lbstatus") == [0, 0]


def test_who_may_serve_and_sessions_are_as_by_any_method(byfew: str) -> None:
    pool = Pool(member(), member(), member(status="H"), lbmethod=byfew)
    pool.set(0, "E")
    assert set(pool.sequence(5)) == {1}
    pool.set(1, "D")
    assert set(pool.sequence(5)) == {2}
    assert pool.chosen(route="n2") == 2


def test_the_simulator_drives_it(byfew: str) -> None:
    run = Simulation([Server(), Server(factor=3), Server(service_ms=60)], byfew)
    run.run(20, 60)
    assert run.is_over()
    shares = run.shares(0, 60)
    assert abs(shares[0] - 0.2) < 0.02
    assert abs(shares[1] - 0.6) < 0.02


def test_what_it_compares_is_told(byfew: str) -> None:
    pool = Pool(member(), member(), lbmethod=byfew)
    pool.sequence(3)
    told = pool.probe.told()
    assert told["rule"] == "whoever has had the fewest requests for its factor"
    assert [one["scores"] for one in told["members"]] == [
        [("score", 200)],
        [("score", 100)],
    ]


def test_a_lying_worker_does_no_harm(byfew: str) -> None:
    pool = Pool(member(), member(), lbmethod=byfew)
    for lie in (-1, 2**62, -(2**62)):
        pool.inside.write_response(pool.slots[0], lie, lie)
        assert pool.chosen() in (0, 1)


@pytest.mark.parametrize("chosen", ["-1", "2", "2147483647", "-2147483647"])
def test_a_number_that_names_nobody_elects_somebody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    name = f"wild{chosen.replace('-', 'm')}"
    monkeypatch.syspath_prepend(other(tmp_path / "wild", name, chosen=chosen))
    model_of(CONF.format("", name))
    pool = Pool(member(), member(), lbmethod=name)
    assert set(pool.probe.sequence(30, 0, b"", 7)) == {0, 1}


REFUSED = [
    (
        "later",
        {"abi": "2"},
        "made for version 2 of the interface, and this is version 1",
    ),
    ("small", {"size": "8"}, "not what version 1 of the interface says"),
    ("named", {"capsule": "fastlb.other"}, "names no capsule 'fastlb.lbmethod'"),
]


@pytest.mark.parametrize(("name", "how", "why"), REFUSED)
def test_what_was_made_otherwise_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    how: dict[str, str],
    why: str,
) -> None:
    monkeypatch.syspath_prepend(other(tmp_path / "bad", name, **how))
    [found] = errors(CONF.format("", name))
    assert found.number == "FB0346"
    assert found.text == f"lbmethod={name} cannot be loaded"
    assert found.why.startswith(f"of {name} 2.0: ")
    assert why in found.why


@rows(
    ("code", "why"),
    [
        ("method = 1", "names no capsule"),
        ("method = None", "names no capsule"),
        ("other = 1", "AttributeError"),
        ("raise SystemError('no')", "SystemError: no"),
        ("import nothing.such", "ModuleNotFoundError"),
    ],
)
def test_whatever_a_package_does_the_check_goes_on(code: str, why: str) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "odd.py").write_text(code)
        name_package(folder, "odd", "odd:method")
        patch.syspath_prepend(name)
        [found] = errors(CONF.format("", "odd"))
        sys.modules.pop("odd", None)
    assert found.number == "FB0346"
    assert why in found.why


def test_one_name_of_two_packages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("one", "other"):
        name_package(tmp_path, "twice", "twice:method", package)
    monkeypatch.syspath_prepend(tmp_path)
    [found] = errors(CONF.format("", "twice"))
    said = {"one 2.0 and other 2.0 both have it", "other 2.0 and one 2.0 both have it"}
    assert found.why in said


def test_an_unknown_method_is_told_what_there_is(byfew: str) -> None:
    assert byfew in outside_methods()
    [found] = errors(CONF.format("", "byfwe"))
    assert "unknown lbmethod" in found.text
    assert "byrequests" in found.why
    assert "byfew (of fastlb-byfew 1.0)" in found.why
    assert found.cure == did_you_mean("byfwe", ["byfew"])


def test_compat_apache_knows_none(byfew: str) -> None:
    [found] = errors(CONF.format("Compat apache\n", byfew))
    assert "unknown lbmethod" in found.text
    assert found.why == "Apache 2.4 has no method byfew"
