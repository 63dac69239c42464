"""Checks of members' health: when they are made, and what follows from them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from trees import model_of

from fastlb._core import Table
from fastlb.facts.health import (
    PHASES,
    REASONS,
    CheckResult,
    Phase,
    Reason,
    health_of,
)
from fastlb.facts.member import Member
from fastlb.facts.words import Compat
from fastlb.master import claims
from fastlb.monitor.health import HealthWatch, target_as_apache, target_of
from fastlb.monitor.verdict import (
    Change,
    Standing,
    check_delay_s,
    gathered_s,
    judged,
    judged_as_apache,
)

CONF = """\
{head}Listen 80
<Proxy balancer://b>
    BalancerMember http://h.test{path} {params}
</Proxy>
ProxyPass / balancer://b/
"""
PASSED = CheckResult(Phase.VERDICT, Reason.NONE, 200)
FAILED = CheckResult(Phase.VERDICT, Reason.STATUS, 500)
REFUSED = CheckResult(Phase.CONNECT, Reason.REFUSED)


@dataclass
class Site:
    """One member in a table, its watch, and a clock that only the test moves."""

    params: str
    head: str = ""
    chance: float = 0.5
    now_s: float = 1000.0
    says: CheckResult = PASSED
    asked: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = Table.create(4, 8, 4)
        self.generation = 0
        self.claim()
        self.follow()

    def claim(self, params: str | None = None, *, fresh: bool = False) -> None:
        """The configuration is read: at the start, or for a reload."""
        self.params = self.params if params is None else params
        text = CONF.format(head=self.head, path="", params=self.params)
        self.model = model_of(text)
        (self.slot,), _ = claims.claim(
            self.table, self.model, self.generation, fresh=fresh
        )
        self.generation += 1

    def follow(self) -> None:
        """Another monitor, which knows nothing but the table."""
        (member,) = self.model.members
        assert member.health is not None
        self.watch = HealthWatch(
            member,
            member.health,
            self.slot,
            self.table,
            compat=self.model.compat,
            conduct=self.conduct,
            now_s=self.now_s,
            chance=lambda: self.chance,
        )

    async def conduct(self, _: object) -> tuple[CheckResult, int]:
        self.asked.append(self.now_s)
        return self.says, 1500

    def time(self) -> float:
        return self.now_s

    def turn(self) -> bool:
        """What the monitor does in a turn; True when it has checked."""
        if not self.watch.is_due(self.now_s):
            return False
        for line in asyncio.run(self.watch.attempt(self)):
            assert line.level == "notice"
            self.lines.append(line.text)
        return True

    def run(self, seconds: float) -> None:
        """Turns of a tenth of a second."""
        begun_s = self.now_s
        for number in range(round(seconds * 10) + 1):
            self.now_s = begun_s + number / 10
            self.turn()

    def check(self, says: CheckResult, times: int = 1) -> None:
        """So many checks that find this, each when it is due."""
        self.says = says
        for _ in range(times):
            self.now_s = max(self.now_s, self.watch.due_s)
            assert self.turn()

    @property
    def status(self) -> str:
        return self.table.member_status(self.slot)


@pytest.fixture
def site() -> Iterator[Any]:
    made: list[Site] = []

    def make(params: str = "hcmethod=GET hcinterval=10", **how: Any) -> Site:
        made.append(Site(params, **how))
        return made[-1]

    yield make
    for one in made:
        one.table.close()


# when


@given(st.floats(0, 1e7), st.integers(100, 10**8))
def test_checks_that_are_due_together_are_hardly_sooner(
    due_s: float, interval_ms: int
) -> None:
    together_s = gathered_s(due_s, interval_ms)
    assert together_s <= due_s
    assert due_s - together_s <= min(interval_ms / 1000 / 20, 0.5) + 1e-6


def test_members_of_one_interval_stay_apart() -> None:
    """A thousand that began at one moment: no half second has many more than others."""
    chances = [n / 1000 for n in range(1000)]
    firsts = [check_delay_s(10_000, one, is_first=True) for one in chances]
    moments = [gathered_s(1000 + one, 10_000) for one in firsts]
    counts = [moments.count(one) for one in set(moments)]
    assert len(counts) >= 10
    assert max(counts) <= 110


def test_a_member_that_is_new_is_asked_at_once_and_then_by_its_clock(site: Any) -> None:
    one = site()
    one.run(60)
    # half to one interval behind the first, then one give or take a tenth
    assert one.asked == pytest.approx(
        [1000, 1007.5, 1017.5, 1027.5, 1037.5, 1047.5, 1057.5]
    )


def test_as_in_httpd_one_that_begins_up_is_asked_an_interval_later(site: Any) -> None:
    one = site(head="Compat apache\n")
    assert one.status == "Init Ok "
    one.run(35)
    assert one.asked == pytest.approx([1010, 1020, 1030], abs=0.11)


@given(st.integers(100, 3_600_000), st.floats(0, 1), st.booleans())
def test_the_wait_is_never_far_from_the_interval(
    interval_ms: int, chance: float, is_first: bool
) -> None:
    wait_s = check_delay_s(interval_ms, chance, is_first=is_first)
    low, high = (0.5, 1.0) if is_first else (0.9, 1.1)
    assert low * 0.999 <= wait_s * 1000 / interval_ms <= high * 1.001


def test_members_that_begin_together_are_soon_apart(site: Any) -> None:
    seen = set()
    for chance in (0.0, 0.3, 0.7, 1.0):
        one = site(chance=chance)
        one.check(PASSED, 3)
        seen.add(round(one.asked[-1], 1))
    assert len(seen) == 4


def test_a_check_on_its_way_is_not_begun_again(site: Any) -> None:
    one = site()
    one.watch.running = True
    assert not one.watch.is_due(one.now_s + 1000)


def test_a_stopped_member_is_not_asked_and_a_disabled_one_is(site: Any) -> None:
    one = site()
    one.table.set_flag(one.slot, "S", True)
    one.run(30)
    assert not one.asked
    one.table.set_flag(one.slot, "S", False)
    one.table.set_flag(one.slot, "D", True)
    assert one.turn()


def test_a_successor_goes_on_where_the_monitor_ended(site: Any) -> None:
    one = site()
    one.check(PASSED)
    one.now_s += 4
    one.follow()
    assert not one.turn()
    one.run(6.1)
    assert len(one.asked) == 2


# what follows


def test_out_after_failures_in_a_row_and_back_after_passes_in_a_row(site: Any) -> None:
    one = site("hcmethod=GET hcuri=/health hcinterval=10 hcfails=3 hcpasses=2")
    one.check(PASSED)
    one.check(FAILED, 2)
    one.check(PASSED)
    one.check(FAILED, 2)
    assert one.status == "Init Ok "
    one.check(REFUSED)
    assert one.status == "Init HcFl "
    out_s = one.now_s
    one.check(PASSED)
    one.check(FAILED)
    one.check(PASSED)
    assert one.status == "Init HcFl "
    one.check(PASSED)
    assert one.status == "Init Ok "
    assert one.lines == [
        "FB0510: member http://h.test is out: 3 checks in a row failed: GET /health:"
        " status 500; connection refused",
        "FB0511: member http://h.test is back: 2 checks in a row passed: GET /health:"
        f" status 200 (out for {one.now_s - out_s:.1f}s)",
    ]


def test_in_httpd_a_failure_counts_however_long_ago_it_was(site: Any) -> None:
    one = site("hcmethod=GET hcinterval=10 hcfails=3", head="Compat apache\n")
    for _ in range(2):
        one.check(FAILED)
        one.check(PASSED)
    assert one.status == "Init Ok "
    one.check(FAILED)
    assert one.status == "Init HcFl "


def test_until_its_first_check_a_new_member_is_out_and_nothing_is_said(
    site: Any,
) -> None:
    one = site("hcmethod=GET hcinterval=10 hcpasses=3")
    assert one.status == "Init HcFl "
    one.check(PASSED)
    assert one.status == "Init Ok "
    assert one.lines == []


def test_of_a_new_member_the_first_failure_is_enough(site: Any) -> None:
    one = site("hcmethod=GET hcinterval=10 hcfails=3")
    one.check(REFUSED)
    assert one.status == "Init HcFl "
    assert one.lines == [
        "FB0510: member http://h.test is out: 1 check failed: GET /: connection refused"
    ]
    assert not one.table.snapshot_member(one.slot)["unproven"]


def test_hcstart_down_waits_for_all_passes(site: Any) -> None:
    one = site("hcmethod=TCP hcinterval=10 hcpasses=2 hcstart=down")
    assert one.status == "Init HcFl "
    one.check(CheckResult(Phase.CONNECT, Reason.NONE))
    assert one.status == "Init HcFl "
    one.check(CheckResult(Phase.CONNECT, Reason.NONE))
    assert one.status == "Init Ok "
    assert re.match(
        r"FB0511: member \S+ is back: 2 checks in a row passed: TCP \(out for ",
        one.lines[0],
    )


def test_hcstart_up_serves_at_once(site: Any) -> None:
    one = site("hcmethod=GET hcinterval=10 hcfails=2 hcstart=up", chance=0.3)
    assert one.status == "Init Ok "
    one.check(FAILED)
    assert one.asked == [1003]
    assert one.status == "Init Ok "
    one.check(FAILED)
    assert one.status == "Init HcFl "


def test_a_member_in_error_is_asked_soon_and_comes_back_by_its_check(site: Any) -> None:
    one = site("hcmethod=GET hcinterval=60 hcpasses=2")
    one.check(PASSED)
    before = len(one.asked)
    fail_by_connect(one)
    one.says = REFUSED
    one.run(1)
    assert len(one.asked) - before >= 3
    # requests have put it out already: nothing is counted besides
    assert one.status == "Init Err "
    one.says = PASSED
    one.run(1)
    assert one.status == "Init Ok "
    assert one.lines[-1].startswith("FB0511: member http://h.test is back: 2 checks")


def test_in_error_by_what_it_answered_it_is_asked_by_its_clock(site: Any) -> None:
    one = site("hcmethod=GET hcinterval=10")
    one.check(PASSED)
    one.table.set_flag(one.slot, "E", True)
    one.run(1)
    assert len(one.asked) == 1
    one.run(10)
    assert one.status == "Init Ok "


def fail_by_connect(one: Site) -> None:
    from fastlb import _probe

    _probe.TableProbe(one.table).failed(one.slot, 5, True)


# over reloads


def test_a_reload_keeps_what_is_known(site: Any) -> None:
    one = site("hcmethod=GET hcinterval=10 hcpasses=2")
    one.check(FAILED)
    one.now_s += 3
    one.claim("hcmethod=GET hcinterval=10 hcpasses=2 loadfactor=7")
    one.follow()
    assert one.status == "Init HcFl "
    one.check(PASSED, 2)
    out_s = one.asked[-1] - one.asked[0]
    assert one.lines[-1].endswith(f"(out for {out_s:.1f}s)")
    health = health_of(one.table.health(one.slot), int(one.now_s * 1e6))
    assert [kept.result for kept in health.results] == [FAILED, PASSED, PASSED]


def test_a_check_that_is_configured_no_more_keeps_nobody_out(site: Any) -> None:
    one = site()
    one.check(FAILED)
    one.claim("")
    assert one.status == "Init Ok "


def test_a_member_that_serves_already_is_not_put_out_to_be_checked(site: Any) -> None:
    one = site()
    one.claim("loadfactor=2")
    one.check(PASSED)
    one.claim("hcmethod=GET hcinterval=10 hcfails=2")
    one.follow()
    assert one.status == "Init Ok "
    one.check(FAILED)
    assert one.status == "Init Ok "


def test_a_fresh_slot_remembers_nothing(site: Any) -> None:
    one = site()
    one.check(FAILED, 12)
    one.claim(fresh=True)
    assert one.table.health(one.slot) == {
        "checks": 0,
        "passes": 0,
        "fails": 0,
        "out_since_us": 0,
        "results": [],
    }


def test_the_last_ten_results_are_kept(site: Any) -> None:
    one = site()
    for status in range(500, 517):
        one.check(CheckResult(Phase.VERDICT, Reason.STATUS, status))
    health = health_of(one.table.health(one.slot), int(one.now_s * 1e6))
    assert health.checks == 17
    assert [kept.result.status for kept in health.results] == [*range(507, 517)]
    assert [kept.at_us / 1e6 for kept in health.results] == pytest.approx(
        one.asked[-10:]
    )
    assert {kept.took_us for kept in health.results} == {1500}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 255),
            st.integers(0, 255),
            st.integers(0, 65535),
            st.integers(-(2**63), 2**63 - 1),
            st.integers(0, 2**32 - 1),
        ),
        max_size=10,
    ),
    st.integers(-(2**63), 2**63 - 1),
)
def test_whatever_stands_in_the_table_is_read_within_bounds(
    results: list[tuple[int, ...]], since_us: int
) -> None:
    found = health_of(
        {
            "checks": 2**32 - 1,
            "passes": 0,
            "fails": 0,
            "out_since_us": since_us,
            "results": results,
        },
        10**9,
    )
    assert 0 <= found.out_since_us <= 10**9
    for kept in found.results:
        assert 0 <= kept.at_us <= 10**9
        assert kept.result.words
        assert kept.result.status <= 999


# pure


def check_with(params: str) -> Any:
    text = CONF.format(head="", path="", params=f"hcmethod=GET {params}")
    return model_of(text).members[0].health


CHECK = check_with("hcfails=2 hcpasses=2")


@given(st.lists(st.booleans()), st.booleans())
def test_verdicts_over_any_history(history: list[bool], as_apache: bool) -> None:
    judge = judged_as_apache if as_apache else judged
    standing = Standing()
    for number, has_passed in enumerate(history):
        was_out = standing.is_out
        standing, change = judge(standing, CHECK, has_passed=has_passed)
        assert (change is Change.OUT) == (standing.is_out and not was_out)
        assert (change is Change.BACK) == (was_out and not standing.is_out)
        if not as_apache:
            last = history[max(number - 1, 0) : number + 1]
            if change is not Change.NONE:
                assert last == [change is Change.BACK] * 2


@rows(
    ("path", "uri", "ours", "apaches"),
    [
        ("", "", "/", ""),
        ("", "/health", "/health", "/health"),
        ("", "health", "/health", "health"),
        ("/base", "/health", "/base/health", "/base//health"),
        ("/", "/h2", "/h2", "///h2"),
        ("/base", "", "/base", "/base"),
        ("/base/", "a?b=c", "/base/a?b=c", "/base//a?b=c"),
    ],
)
def test_what_is_asked_for(path: str, uri: str, ours: str, apaches: str) -> None:
    written = f"hcmethod=GET{f' hcuri={uri}' if uri else ''}"
    text = CONF.format(head="", path=path, params=written)
    (member,) = model_of(text).members
    assert member.health is not None
    assert target_of(member, member.health) == ours
    assert target_as_apache(member, member.health) == apaches


def test_reasons_and_phases_fit_into_the_table() -> None:
    assert len(PHASES) < 256
    assert len(REASONS) < 256
    assert REASONS[0] is Reason.NONE


def test_a_fault_of_ours_is_no_pass(site: Any) -> None:
    one = site()
    one.check(PASSED)

    async def broken(_: object) -> tuple[CheckResult, int]:
        raise RuntimeError("planted")

    one.watch._conduct = broken
    one.now_s = one.watch.due_s
    assert one.watch.is_due(one.now_s)
    with pytest.raises(RuntimeError, match="planted"):
        asyncio.run(one.watch.attempt(one))
    assert one.watch.due_s > one.now_s
    assert one.status == "Init HcFl "


def member_of(text: str) -> Member:
    return model_of(text).members[0]


def test_compat_apache_begins_up() -> None:
    text = CONF.format(head="Compat apache\n", path="", params="hcmethod=TCP")
    assert model_of(text).compat is Compat.APACHE
    health = member_of(text).health
    assert health is not None
    assert health.begin.value == "up"
