"""The configurations of published guides, hosts and ports adapted only.

Each is resolved as it stands, with a warning where Apache would refuse it; without
leniency the refusal is Apache's sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from rows import rows
from trees import ENVIRON, resolve_file

from fastlb.base.errors import Severity
from fastlb.facts.server import Model

SEEDS = Path(__file__).parent.parent / "seeds"

WARNINGS: dict[str, list[tuple[int, str]]] = {
    "000_redirect": [],
    "000_two_members": [(8, "FB0249")],
    "000_route_cookie": [],
    "000_ssl": [],
    "001_basic": [(26, "FB0120")],
    "001_ssl": [(19, "FB0276")],
    "001_standbys": [(6, "FB0241"), (14, "FB0235")],
    "001_sticky": [(11, "FB0121")],
    "001_status": [(6, "FB0119")],
    "002_lost_markup": [(11, "FB0240")],
    "003_lost_markup": [
        (8, "FB0240"),
        (8, "FB0295"),
        (9, "FB0295"),
        (14, "FB0232"),
        (16, "FB0240"),
        (16, "FB0295"),
        (17, "FB0295"),
        (20, "FB0299"),
    ],
    "004_single": [],
    "004_balancer": [],
    "004_ssl": [],
    "004_hot_standby": [(8, "FB0233")],
}

REFUSALS = {
    "001_basic": (26, "Invalid command 'MaxRequestPerChild', perhaps misspelled"),
    "001_sticky": (11, "Invalid command 'Stickysession', perhaps misspelled"),
    "002_lost_markup": (11, "BalancerMember must define remote proxy server"),
    "003_lost_markup": (8, "BalancerMember must define remote proxy server"),
    "004_hot_standby": (8, "BalancerMember Unknown status parameter option"),
}


@pytest.fixture(scope="module", autouse=True)
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the guides' SSL lines name, issued by an authority of the tests."""
    directory = tmp_path_factory.mktemp("certificates")
    root = make_ca()
    middle = make_ca("middle", parent=root)
    for ca, host, file, key, chain in (
        (root, "ind.talentify.test", "talentify.crt", "my_store.key", "Root-R1.crt"),
        (
            middle,
            "www.example.test",
            "example.com.crt",
            "example.com.key",
            "example.com.chain.crt",
        ),
        (root, "127.0.0.1", "mycert.pem", "mykey.key", "none"),
    ):
        pair = make_pair(ca, [host])
        (directory / file).write_bytes(pair.pem)
        (directory / key).write_bytes(pair.key_pem)
        (directory / chain).write_bytes(pair.chain_pem or root.pem)
    ENVIRON["CERTIFICATES"] = str(directory)
    yield
    del ENVIRON["CERTIFICATES"]


def seed(name: str) -> Model:
    model, found = resolve_file(SEEDS / f"{name}.conf")
    assert model is not None, found
    return model


def urls(model: Model, balancer: int) -> list[str]:
    return [model.members[i].url for i in model.balancers[balancer].members]


def test_every_seed_has_its_expectation() -> None:
    assert sorted(path.stem for path in SEEDS.glob("*.conf")) == sorted(WARNINGS)


@rows("name", sorted(WARNINGS))
def test_a_seed_is_taken_with_these_warnings(name: str) -> None:
    model, found = resolve_file(SEEDS / f"{name}.conf")
    assert model is not None
    warned = [(d.line, d.number) for d in found if d.severity is Severity.WARNING]
    assert sorted(warned) == sorted(WARNINGS[name])


@rows("name", sorted(WARNINGS))
def test_without_leniency_apache_decides(name: str) -> None:
    model, found = resolve_file(SEEDS / f"{name}.conf", lenient=False)
    refused = [item for item in found if item.is_error]
    if name not in REFUSALS:
        assert model is not None
        assert refused == []
        return
    assert model is None
    line, text = REFUSALS[name]
    assert refused[0].line == line
    assert refused[0].text.startswith(text)


def test_seed_000_shares_one_to_three() -> None:
    model = seed("000_two_members")
    assert [m.load_factor for m in model.members] == [100, 300]
    assert [m.timeout_ms for m in model.members] == [None, 1000]
    assert model.vhosts[1].default_conf.preserve_host is True
    assert model.vhosts[1].default_conf.reverse_maps[0].balancer_index == 0


def test_seed_000_cookie_rule_reads_the_route() -> None:
    model = seed("000_route_cookie")
    rule = model.vhosts[1].default_conf.header_rules[0]
    assert [(p.kind, p.text, p.arg) for p in rule.value] == [
        ("literal", b"ROUTEID=.", ""),
        ("e", b"", "BALANCER_WORKER_ROUTE"),
        ("literal", b"; path=/", ""),
    ]
    assert rule.condition is not None
    assert rule.condition.name == "BALANCER_ROUTE_CHANGED"
    assert model.balancers[0].sticky_cookie == "ROUTEID"
    assert model.balancers[0].lbmethod == "bytraffic"


def test_seed_001_recycles_workers_after_as_many_connections() -> None:
    model = seed("001_basic")
    assert model.process.max_connections_per_child == 10000
    assert model.vhosts[1].timeout_ms == 300_000


def test_seed_001_keeps_the_meaning_of_standby_and_ping() -> None:
    model = seed("001_standbys")
    assert [m.status for m in model.members] == ["H", "H", "H", ""]
    assert model.members[3].ping_ms == 1000


def test_seed_001_bare_stickysession_is_the_parameter() -> None:
    assert seed("001_sticky").balancers[0].sticky_cookie == "JSESSIONID"


def test_seed_001_remark_behind_require_is_host_names() -> None:
    rule = seed("001_status").vhosts[0].sections[0].conf.access
    assert rule is not None
    assert rule.args[:2] == ("example.com", "#")


def test_seed_002_members_belong_to_the_balancer_of_the_match_below() -> None:
    model = seed("002_lost_markup")
    assert [b.name for b in model.balancers] == ["balancer://mycluster"]
    assert urls(model, 0) == ["http://127.0.0.1:7080", "http://127.0.0.1:7081"]
    assert model.balancers[0].sticky_cookie == "BALANCEID"
    mapping = model.vhosts[0].mappings[0]
    assert (mapping.is_regex, mapping.pattern) == (True, "^(/.*)$")
    assert (mapping.balancer_index, mapping.target_path) == (0, "$1")


def test_seed_003_members_belong_to_the_balancer_named_before_them() -> None:
    model = seed("003_lost_markup")
    names = [b.name for b in model.balancers]
    assert names == ["balancer://static-balancer", "balancer://app-balancer"]
    assert urls(model, 0)[0] == "http://127.0.0.1:7080/media/"
    assert urls(model, 1) == ["http://127.0.0.1:7082/", "http://127.0.0.1:7083/"]
    assert model.balancers[1].route_regex == "!(.*)$"
    assert model.balancers[1].sticky_cookie == "sessionid"


def test_seed_004_direct_member_ignores_errors() -> None:
    model = seed("004_single")
    assert model.balancers == ()
    assert [(m.url, m.balancer_index, m.status) for m in model.members] == [
        ("http://localhost:8000/", -1, "I")
    ]


def test_seed_004_hot_standby_means_the_flag() -> None:
    model = seed("004_hot_standby")
    assert [(m.status, m.load_factor) for m in model.members] == [("", 100), ("H", 200)]


def test_seed_000_chain_of_a_root_is_harmless() -> None:
    model = seed("000_ssl")
    tls = model.vhosts[1].tls
    assert tls is not None
    assert tls.chain_file is not None and tls.chain_file.endswith("/Root-R1.crt")
    _, found = resolve_file(SEEDS / "000_ssl.conf")
    notes = [d.text for d in found if d.number == "FB0265"]
    assert notes[0] == "the chain holds the root, 'fastlb test root'"


def test_seed_001_speaks_tls_to_members_without_an_engine() -> None:
    model = seed("001_ssl")
    assert model.vhosts[1].tls is not None
    engines = [member.tls.engine for member in model.members if member.tls]
    assert engines == [False, False, False]


def test_seed_004_serves_the_main_server_with_tls() -> None:
    tls = seed("004_ssl").vhosts[0].tls
    assert tls is not None
    [pair] = tls.pairs
    assert pair.certificate_file.endswith("/mycert.pem")
    assert pair.key_file.endswith("/mykey.key")
