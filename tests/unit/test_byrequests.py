"""byrequests: Apache's printed schedules, httpd's recorded ones, and its properties."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from hypothesis import given, settings
from hypothesis import strategies as st
from pools import Pool, member
from recorded_elections import Recorded, of_method, players
from rows import rows

from fastlb import _probe

factors = st.lists(st.integers(1, 30), min_size=1, max_size=8)


def cycle_length(weights: list[int]) -> int:
    return sum(weights) // gcd(*weights)


# --- schedules


def test_the_worked_example_of_factors_1_and_3() -> None:
    pool = Pool(member(100), member(300))
    seen = []
    for _ in range(4):
        chosen = pool.chosen()
        seen.append((chosen, *pool.all("lbstatus")))
    assert seen == [(1, 100, -100), (0, -200, 200), (1, -100, 100), (1, 0, 0)]


def test_equal_factors_take_turns_in_declaration_order() -> None:
    assert Pool(member(), member(), member()).sequence(7) == [0, 1, 2, 0, 1, 2, 0]


def test_ties_go_to_the_earlier_member() -> None:
    pool = Pool(member(100), member(300))
    assert pool.sequence(2)[1] == 0


def test_one_member_is_always_elected_and_owes_nothing() -> None:
    pool = Pool(member(100))
    assert pool.sequence(5) == [0] * 5
    assert pool.all("lbstatus") == [0]


def replay(scenario: Recorded) -> list[int]:
    """The members that would have answered: a closed port fails and we go on."""
    pool = players(scenario)
    answered = []
    for route in scenario["routes"]:
        asked = (route or "").encode()
        for attempt in range(1, len(scenario["members"]) + 1):
            chosen = pool.probe.elect(0, asked)["chosen"]
            if chosen not in scenario.get("down", []):
                break
            pool.fail(chosen)
            assert pool.probe.may_retry(chosen, attempt)
        answered.append(chosen)
    return answered


@rows("scenario", of_method("byrequests"))
def test_elects_the_members_that_httpd_was_seen_to_elect(scenario: Recorded) -> None:
    assert replay(scenario) == scenario["chosen"]


# --- properties


@given(factors)
def test_over_a_cycle_everyone_gets_exactly_his_share(weights: list[int]) -> None:
    pool = Pool(*(member(w * 100) for w in weights))
    chosen = pool.sequence(cycle_length(weights))
    shares = [Fraction(chosen.count(i), len(chosen)) for i in range(len(weights))]
    assert shares == [Fraction(w, sum(weights)) for w in weights]
    assert pool.all("lbstatus") == [0] * len(weights)


@given(factors, st.integers(0, 200))
def test_the_sum_of_lbstatus_never_changes(weights: list[int], count: int) -> None:
    pool = Pool(*(member(w * 100) for w in weights))
    pool.sequence(count)
    assert sum(pool.all("lbstatus")) == 0
    assert sum(pool.all("elected")) == count


@given(factors, st.data())
def test_a_disabled_member_gets_nothing_and_keeps_its_lbstatus(
    weights: list[int], data: st.DataObject
) -> None:
    pool = Pool(*(member(w * 100) for w in weights), member(700))
    pool.sequence(data.draw(st.integers(0, 50)))
    out = data.draw(st.integers(0, len(weights)))
    pool.set(out, "D")
    before = pool.member(out)["lbstatus"]
    assert out not in pool.sequence(100)
    assert pool.member(out)["lbstatus"] == before


steps = st.lists(
    st.tuples(st.sampled_from(["fail", "recover", "elect"]), st.integers(0, 4)),
    max_size=60,
)


@given(st.lists(st.integers(1, 9), min_size=5, max_size=5), steps)
def test_after_any_history_of_failures_shares_return_to_the_weights(
    weights: list[int], history: list[tuple[str, int]]
) -> None:
    pool = Pool(*(member(w * 100) for w in weights), force_recovery=False)
    for step, which in history:
        if step == "fail":
            pool.fail(which)
        elif step == "recover":
            pool.table.mark_up(pool.slots[which])
        else:
            pool.sequence(3)
    for slot in pool.slots:
        pool.table.mark_up(slot)
    # what a history left behind is bounded, so it is lost in the long run
    count = 200 * cycle_length(weights)
    chosen = pool.sequence(count)
    for i, w in enumerate(weights):
        share = count * w / sum(weights)
        assert abs(chosen.count(i) - share) <= 3 * len(history) + len(weights)


@settings(max_examples=15)
@given(factors, st.integers(0, 40), st.data())
def test_an_election_that_died_half_way_never_happened(
    weights: list[int], before: int, data: st.DataObject
) -> None:
    pool = Pool(*(member(w * 100) for w in weights))
    twin = Pool(*(member(w * 100) for w in weights))
    pool.sequence(before)
    twin.sequence(before)
    asked = data.draw(st.integers(0, len(weights)))
    pool.killed(lambda: pool.probe.die_in_election(asked))
    first = pool.elect()
    assert first["lock"] == "of_dead"
    assert [first["chosen"], *pool.sequence(20)] == twin.sequence(21)
    assert pool.all("lbstatus") == twin.all("lbstatus")


def test_the_repair_of_an_election_leaves_other_balancers_alone() -> None:
    pool = Pool(member(100), member(300))
    other = pool.table.claim_balancer("balancer://y", 1, lbmethod="byrequests")
    slot = pool.table.claim_member(
        "balancer://y http://m0", 1, balancer_slot=other, **pool.settings[0]
    )
    neighbour = pool.table.claim_member(
        "balancer://y http://m1", 1, balancer_slot=other, **pool.settings[1]
    )
    pool.sequence(1)
    # its first election is the one number that dies in the pool: stamps alone are equal
    _probe.BalancerProbe(pool.table, other, [slot, neighbour]).sequence(2)
    before = pool.table.snapshot_member(slot)["lbstatus"]
    pool.killed(lambda: pool.probe.die_in_election(2))
    assert pool.elect()["lock"] == "of_dead"
    assert pool.table.snapshot_member(slot)["lbstatus"] == before


def test_changing_a_factor_changes_the_shares_and_keeps_lbstatus() -> None:
    pool = Pool(member(100), member(100))
    pool.sequence(1)
    before = pool.all("lbstatus")
    pool.claim(0, 2, load_factor=300)
    assert pool.all("lbstatus") == before
    assert pool.sequence(400).count(0) == 300
