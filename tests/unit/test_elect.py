"""Elections: states, lbsets, standbys, spares, retries, routes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pools import Pool, member
from rows import rows

LETTERS = "OINGUDSEHRFC"


def outcome(pool: Pool, now_s: float = 0, route: str = "") -> tuple[int, str]:
    found = pool.elect(now_s, route)
    return found["chosen"], found["why"]


# --- states (5: who serves new sessions, who his own)


@rows(
    ("letters", "new_sessions", "own_sessions"),
    [
        ("", True, True),
        ("I", True, True),
        ("G", True, True),
        ("F", True, True),
        ("N", False, True),
        ("H", True, True),  # the last resort, and here it is alone
        ("R", False, True),  # nobody is out whom it could replace
        ("HR", False, True),  # a spare in the first place
        ("D", False, False),
        ("S", False, False),
        ("U", False, False),
        ("C", False, False),
        ("E", False, False),
        ("ND", False, False),
        ("HE", False, False),
    ],
)
def test_table_of_states(letters: str, new_sessions: bool, own_sessions: bool) -> None:
    pool = Pool(member(status=letters), force_recovery=False)
    if "E" in letters:
        pool.fail(0)
    assert (pool.chosen() == 0) == new_sessions
    assert (pool.chosen(route="n0") == 0) == own_sessions


@rows("letters", ["D", "S", "C", "U", "N"])
def test_the_others_take_over_from_a_member_that_is_out(letters: str) -> None:
    pool = Pool(member(), member(status=letters), member())
    assert pool.sequence(4) == [0, 2, 0, 2]


def test_no_members_is_told_apart_from_no_usable_member() -> None:
    assert outcome(Pool()) == (-1, "no_members")
    assert outcome(Pool(member(status="D"))) == (-1, "all_in_error")


@given(st.lists(st.sets(st.sampled_from(LETTERS[1:])), min_size=1, max_size=6))
@settings(max_examples=200)
def test_whoever_is_elected_is_usable_and_not_draining(flags: list[set[str]]) -> None:
    pool = Pool(*(member() for _ in flags), force_recovery=False)
    for i, letters in enumerate(flags):
        for letter in letters:
            pool.set(i, letter)
        if "E" in letters:
            pool.fail(i)
    found = pool.elect()
    if found["chosen"] < 0:
        candidates = [
            f for f in flags if not f & set("NUDSC") and not f & {"R"} and "E" not in f
        ]
        assert candidates == []
    else:
        chosen = flags[found["chosen"]]
        assert not chosen & set("UDSCN")
        assert "E" not in chosen or "I" in chosen


# --- lbset


def test_the_lowest_set_with_a_usable_member_serves() -> None:
    pool = Pool(member(lbset=2), member(lbset=0), member(lbset=2))
    assert pool.sequence(3) == [1, 1, 1]
    pool.set(1, "D")
    assert pool.sequence(4) == [0, 2, 0, 2]


def test_gaps_between_sets_do_not_matter() -> None:
    assert Pool(member(lbset=99), member(status="D")).chosen() == 0


def test_members_of_a_higher_set_do_not_take_part() -> None:
    pool = Pool(member(), member(lbset=1))
    pool.sequence(10)
    assert pool.all("lbstatus") == [0, 0]


# --- standbys


def test_a_standby_serves_only_when_its_set_has_nobody() -> None:
    pool = Pool(member(), member(status="H"))
    assert pool.sequence(3) == [0, 0, 0]
    pool.set(0, "D")
    assert pool.sequence(2) == [1, 1]
    pool.set(0, "D", False)
    assert pool.chosen() == 0


def test_standbys_share_by_their_factors() -> None:
    pool = Pool(member(status="D"), member(100, status="H"), member(300, status="H"))
    assert pool.sequence(4) == [2, 1, 2, 2]


def test_a_standby_of_a_set_comes_before_healthy_members_of_the_next() -> None:
    pool = Pool(member(status="D"), member(status="H"), member(lbset=1))
    assert pool.chosen() == 1


def test_a_balancer_of_standbys_alone_serves() -> None:
    assert Pool(member(status="H"), member(status="H")).sequence(4) == [0, 1, 0, 1]


# --- spares


def test_a_spare_waits_while_nobody_is_out() -> None:
    assert Pool(member(), member(status="R")).sequence(3) == [0, 0, 0]


def test_spares_replace_unusable_members_one_for_one_in_order() -> None:
    pool = Pool(member(), member(), member(), member(status="R"), member(status="R"))
    pool.set(0, "D")
    assert set(pool.sequence(6)) == {1, 2, 3}
    pool.set(1, "S")
    assert set(pool.sequence(6)) == {2, 3, 4}
    pool.set(2, "C")
    assert set(pool.sequence(6)) == {3, 4}


def test_a_draining_member_drafts_a_spare() -> None:
    assert set(Pool(member(), member(status="N"), member(status="R")).sequence(4)) == {
        0,
        2,
    }


@rows("letters", ["NR", "NH", "DH", "DR"])
def test_an_absent_spare_or_standby_drafts_nobody(letters: str) -> None:
    pool = Pool(member(), member(status=letters), member(status="R"))
    assert pool.sequence(3) == [0, 0, 0]


def test_a_spare_replaces_only_within_its_set() -> None:
    pool = Pool(member(status="D"), member(), member(lbset=1, status="R"))
    assert pool.sequence(3) == [1, 1, 1]


def test_a_drafted_spare_keeps_the_standby_waiting() -> None:
    pool = Pool(member(status="D"), member(status="R"), member(status="H"))
    assert pool.sequence(3) == [1, 1, 1]


# --- places (maxscope=global)

ONE_PLACE = member(places_max=1)


def filled(pool: Pool, *positions: int) -> Pool:
    """Another worker has the one place that those members have."""
    worker = pool.table.claim_worker(1, 1, 0)
    for position in positions:
        assert pool.inside.place_take(worker, pool.slots[position])
    return pool


@rows("method", ["byrequests", "bybusyness", "bychoice", "byhash", "byresponsetime"])
def test_who_has_no_place_is_left_out(method: str) -> None:
    pool = Pool(ONE_PLACE, ONE_PLACE, member(), lbmethod=method)
    filled(pool, 0, 1)
    assert set(pool.sequence(8)) == {2}


def test_when_nobody_has_a_place_nothing_is_elected_and_nothing_paid() -> None:
    pool = filled(Pool(ONE_PLACE, ONE_PLACE), 0, 1)
    assert outcome(pool) == (-1, "all_full")
    assert pool.all("lbstatus") == [0, 0]
    assert pool.all("elected") == [0, 0]


@rows("letters", ["H", "R"])
def test_standbys_and_later_sets_do_not_stand_in_for_who_has_no_place(
    letters: str,
) -> None:
    pool = Pool(ONE_PLACE, member(status=letters), member(lbset=1))
    assert outcome(filled(pool, 0)) == (-1, "all_full")
    pool.set(0, "D")
    assert outcome(pool)[0] == 1


def test_a_standby_that_is_full_is_waited_for() -> None:
    pool = Pool(member(status="D"), ONE_PLACE | {"status": "H"})
    assert outcome(filled(pool, 1)) == (-1, "all_full")


def test_a_session_gets_its_member_whether_it_has_a_place_or_not() -> None:
    pool = filled(Pool(ONE_PLACE, ONE_PLACE), 0)
    assert outcome(pool, route="n0") == (0, "ok")


# --- error and retry (4.2)


def test_a_failed_member_is_tried_again_when_strictly_more_than_retry_has_passed() -> (
    None
):
    pool = Pool(member(), member())
    pool.fail(0, now_s=100)
    assert pool.sequence(2, now_s=110) == [1, 1]
    assert pool.sequence(2, now_s=160) == [1, 1]
    assert 0 in pool.sequence(2, now_s=160.000001)
    assert pool.status(0) == "Init Ok "
    assert pool.member(0)["retries"] == 1


def test_each_failure_waits_the_whole_retry_again() -> None:
    pool = Pool(member(), member())
    pool.fail(0, now_s=100)
    pool.fail(0, now_s=150)
    assert pool.sequence(2, now_s=170) == [1, 1]


def test_retry_zero_tries_at_once_even_in_the_same_microsecond() -> None:
    pool = Pool(member(retry_ms=0), member())
    pool.fail(0, now_s=100)
    assert 0 in pool.sequence(2, now_s=100)


def test_a_stopped_member_is_never_retried() -> None:
    pool = Pool(member(), member())
    pool.fail(0)
    pool.set(0, "S")
    assert pool.sequence(2, now_s=1000) == [1, 1]
    assert pool.status(0) == "Init Stop Err "


def test_a_retry_clears_error_alone() -> None:
    pool = Pool(member(), member())
    pool.fail(0)
    pool.set(0, "D")
    pool.set(0, "C")
    assert pool.sequence(2, now_s=61) == [1, 1]
    assert pool.status(0) == "Init Dis HcFl "


def test_whom_no_check_has_asked_yet_serves_when_nobody_else_can() -> None:
    pool = Pool(member(check="probe"), member(check="down"), member(check="probe"))
    assert [pool.status(i) for i in range(3)] == ["Init HcFl "] * 3
    assert pool.sequence(4) == [0, 2, 0, 2]
    assert [pool.status(i) for i in range(3)] == [
        *("Init Ok ", "Init HcFl ", "Init Ok "),
    ]
    # its first check still decides
    assert pool.all("unproven") == [True, False, True]
    pool.set(0, "C")
    assert pool.all("unproven") == [False, False, True]
    assert pool.sequence(2) == [2, 2]


def test_a_worker_puts_nobody_out_whom_no_check_would_bring_back() -> None:
    pool = Pool(member(), member(check="up"))
    pool.in_child(lambda: [pool.set(i, "C") for i in range(2)])
    assert [pool.status(i) for i in range(2)] == ["Init Ok ", "Init HcFl "]
    assert pool.sequence(3) == [0, 0, 0]


def test_whom_no_check_has_asked_yet_waits_while_others_serve() -> None:
    pool = Pool(member(check="probe"), member(), member(check="up"))
    assert pool.sequence(4) == [1, 2, 1, 2]
    assert pool.status(0) == "Init HcFl "
    pool.set(0, "C", False)
    assert 0 in pool.sequence(3)
    assert pool.all("unproven") == [False] * 3


def test_its_own_sessions_go_to_a_member_that_no_check_has_asked_yet() -> None:
    pool = Pool(member(check="probe"), member(), sticky_cookie="R")
    assert pool.chosen(route="n0") == 0
    pool.set(0, "C")
    assert pool.chosen(route="n0") == 1


def test_a_disabled_member_is_not_let_in_by_that() -> None:
    pool = Pool(member(check="probe"))
    pool.set(0, "D")
    assert pool.chosen() == -1


def test_a_member_that_ignores_errors_never_goes_into_error() -> None:
    pool = Pool(member(status="I"), member())
    assert pool.fail(0) == 0
    assert pool.status(0) == "Init Ign Ok "


def test_no_lazy_retry_where_a_probe_will_bring_the_member_back() -> None:
    pool = Pool(member(probe=True), member(probe=True))
    pool.fail(0, by_connect=True)
    assert pool.sequence(2, now_s=10_000) == [1, 1]
    assert pool.table.mark_up(pool.slots[0])
    assert 0 in pool.sequence(2, now_s=10_000)


def test_lazy_retry_holds_for_failures_that_a_probe_cannot_disprove() -> None:
    pool = Pool(member(probe=True), member(probe=True))
    pool.fail(0, by_connect=False)
    assert 0 in pool.sequence(2, now_s=61)


def test_lazy_retry_holds_for_a_member_that_nobody_probes() -> None:
    pool = Pool(member(), member())
    pool.fail(0, by_connect=True)
    assert 0 in pool.sequence(2, now_s=61)


def test_a_failure_of_the_other_kind_turns_lazy_retry_on_again() -> None:
    pool = Pool(member(probe=True), member(probe=True))
    pool.fail(0, by_connect=True)
    pool.fail(0, now_s=10, by_connect=False)
    pool.fail(0, now_s=20, by_connect=True)
    assert 0 in pool.sequence(2, now_s=81)


# --- forced recovery (3.1)


def test_all_in_error_gives_everyone_another_chance() -> None:
    pool = Pool(member(), member())
    pool.fail(0)
    pool.fail(1)
    found = pool.elect()
    assert (found["chosen"], found["forced_recovery"]) == (0, True)
    assert pool.all("status") == ["Init Ok ", "Init Ok "]
    assert pool.all("retries") == [1, 1]


def test_forced_recovery_does_not_wait_for_the_probe() -> None:
    pool = Pool(member(probe=True), member(probe=True))
    pool.fail(0, by_connect=True)
    pool.fail(1, by_connect=True)
    assert pool.elect()["forced_recovery"]


def test_forcerecovery_off_waits_for_retry() -> None:
    pool = Pool(member(), member(), force_recovery=False)
    pool.fail(0)
    pool.fail(1)
    assert outcome(pool, 10) == (-1, "all_in_error")
    assert outcome(pool, 61) == (0, "ok")


def test_a_retry_that_is_due_makes_force_needless() -> None:
    pool = Pool(member(), member(retry_ms=1000))
    pool.fail(0)
    pool.fail(1)
    found = pool.elect(now_s=2)
    assert (found["chosen"], found["forced_recovery"]) == (1, False)
    assert pool.status(0) == "Init Err "


@rows("letters", ["D", "S", "C"])
def test_a_member_that_is_out_but_not_in_error_suppresses_forced_recovery(
    letters: str,
) -> None:
    pool = Pool(member(), member(status=letters))
    pool.fail(0)
    assert outcome(pool, 1) == (-1, "all_in_error")


# --- routes (6.3)


def test_the_member_with_the_route_serves() -> None:
    pool = Pool(member(), member(), member(), sticky_cookie="S")
    found = pool.elect(route="n2")
    assert (found["chosen"], found["by_route"], found["route_changed"]) == (
        2,
        True,
        False,
    )


def test_routes_are_compared_byte_for_byte() -> None:
    pool = Pool(member(route="Node"), member(route="node"), member(route="nod"))
    assert pool.sequence(3, route="node") == [1, 1, 1]
    assert pool.sequence(2, route="Node") == [0, 0]
    assert not pool.elect(route="NODE")["by_route"]
    assert not pool.elect(route="node ")["by_route"]


def test_an_empty_route_matches_nobody() -> None:
    assert not Pool(member(route=""), member(route="")).elect(route="")["by_route"]


def test_of_several_with_the_route_the_first_usable_serves() -> None:
    pool = Pool(member(route="a"), member(route="a"), member(route="a"))
    assert pool.chosen(route="a") == 0
    pool.set(0, "D")
    assert pool.chosen(route="a") == 1


def test_standbys_are_looked_at_in_a_second_pass() -> None:
    pool = Pool(member(route="a", status="H"), member(route="a"))
    assert pool.chosen(route="a") == 1
    pool.set(1, "D")
    assert pool.chosen(route="a") == 0


def test_a_higher_lbset_a_spare_and_a_draining_member_serve_their_sessions() -> None:
    pool = Pool(member(), member(lbset=5), member(status="R"), member(status="N"))
    assert [pool.chosen(route=f"n{i}") for i in range(4)] == [0, 1, 2, 3]


def test_a_route_look_up_offers_the_retry() -> None:
    pool = Pool(member(), member())
    pool.fail(0)
    assert pool.elect(now_s=61, route="n0")["by_route"]


def test_an_unusable_member_sends_its_sessions_to_its_redirect() -> None:
    pool = Pool(member(status="D", redirect="n2"), member(), member())
    found = pool.elect(route="n0")
    assert (found["chosen"], found["by_route"], found["route_changed"]) == (
        2,
        True,
        True,
    )


def test_a_usable_member_does_not_redirect() -> None:
    assert Pool(member(redirect="n1"), member()).chosen(route="n0") == 0


def test_redirects_lead_on_through_all_members() -> None:
    pool = Pool(*(member(status="D", redirect=f"n{i + 1}") for i in range(9)), member())
    assert pool.chosen(route="n0") == 9


def test_redirects_in_a_circle_end() -> None:
    pool = Pool(
        member(status="D", redirect="n1"), member(status="D", redirect="n0"), member()
    )
    found = pool.elect(route="n0")
    assert (found["chosen"], found["by_route"]) == (2, False)


def test_many_members_that_redirect_to_each_other_cost_no_more_than_their_count() -> (
    None
):
    pool = Pool(*(member(route="a", redirect="a", status="D") for _ in range(60)))
    assert outcome(pool, route="a") == (-1, "all_in_error")


def test_a_lost_route_is_balanced_anew() -> None:
    pool = Pool(member(status="D"), member(), sticky_cookie="S")
    found = pool.elect(route="n0")
    assert (found["chosen"], found["by_route"], found["route_changed"]) == (
        1,
        False,
        True,
    )


@rows("letters", ["D", "S", "C"])
def test_nofailover_answers_for_a_route_that_a_member_has(letters: str) -> None:
    pool = Pool(member(status=letters), member(), nofailover=True)
    assert outcome(pool, route="n0") == (-1, "sticky_lost")
    assert pool.all("elected") == [0, 0]


def test_nofailover_balances_a_route_that_nobody_has() -> None:
    pool = Pool(member(status="D"), member(), nofailover=True)
    assert outcome(pool, route="n9") == (1, "ok")


def test_the_route_is_told_as_changed_whenever_the_method_chose() -> None:
    assert Pool(member(), sticky_cookie="S").elect()["route_changed"]
    assert not Pool(member()).elect()["route_changed"]


def test_elected_counts_sessions_and_new_ones() -> None:
    pool = Pool(member(), member())
    pool.chosen()
    pool.chosen(route="n0")
    assert pool.all("elected") == [2, 0]


# --- lbstatus after a route look-up (5.6)


def test_a_session_counts_like_a_request() -> None:
    pool = Pool(member(100), member(300))
    pool.chosen(route="n0")
    assert pool.all("lbstatus") == [-300, 300]


def test_a_session_gives_nothing_to_those_that_no_scan_would_ask() -> None:
    pool = Pool(
        member(),
        member(),
        member(status="H"),
        member(status="R"),
        member(status="N"),
        member(lbset=1),
        member(status="D"),
    )
    pool.chosen(route="n0")
    assert pool.all("lbstatus") == [-100, 100, 0, 0, 0, 0, 0]


def test_a_session_of_a_standby_counts_for_it_and_its_set() -> None:
    pool = Pool(member(), member(status="H"))
    pool.chosen(route="n1")
    assert pool.all("lbstatus") == [100, -100]


def test_compat_apache_gives_to_every_usable_member() -> None:
    pool = Pool(
        member(),
        member(status="H"),
        member(status="N"),
        member(lbset=1),
        member(status="D"),
        compat_apache=True,
    )
    pool.chosen(route="n0")
    assert pool.all("lbstatus") == [-300, 100, 100, 100, 0]


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.lists(st.integers(-1, 4), max_size=60),
    st.booleans(),
)
def test_sessions_keep_the_sum_of_lbstatus(
    weights: list[int], routes: list[int], compat: bool
) -> None:
    pool = Pool(*(member(w * 100) for w in weights), compat_apache=compat)
    for route in routes:
        pool.chosen(route="" if route < 0 else f"n{route}")
    assert sum(pool.all("lbstatus")) == 0


# --- may_retry


def test_another_member_may_be_tried_as_often_as_maxattempts_says() -> None:
    pool = Pool(member(), member(), max_attempts=2)
    assert [pool.probe.may_retry(0, n) for n in (1, 2, 3)] == [True, True, False]


def test_maxattempts_zero_is_one_try() -> None:
    assert not Pool(member(), member(), max_attempts=0).probe.may_retry(0, 1)


def test_nothing_is_tried_again_after_a_byte_went_out_or_when_it_may_do_harm() -> None:
    pool = Pool(member(), member())
    assert not pool.probe.may_retry(0, 1, response_started=True)
    assert not pool.probe.may_retry(0, 1, replayable=False)


def test_nothing_moves_away_from_a_member_that_ignores_errors() -> None:
    assert not Pool(member(status="I"), member()).probe.may_retry(0, 1)


def test_nofailover_binds_a_session_to_its_member() -> None:
    pool = Pool(member(), member(), nofailover=True)
    assert not pool.probe.may_retry(0, 1, by_route=True)
    assert pool.probe.may_retry(0, 1, by_route=False)


def test_nofailover_lets_a_session_go_to_a_member_with_its_route() -> None:
    pool = Pool(member(route="a"), member(route="a"), nofailover=True)
    assert pool.probe.may_retry(0, 1, by_route=True)
    pool.fail(0)
    assert pool.chosen(route="a") == 1


def test_nofailover_lets_a_session_go_where_its_member_redirects() -> None:
    pool = Pool(member(redirect="n1"), member(), nofailover=True)
    assert pool.probe.may_retry(0, 1, by_route=True)
    pool.fail(0)
    assert pool.chosen(route="n0") == 1


# --- those that a request has not tried


def another(pool: Pool, *tried: int, route: str = "") -> int | None:
    found = pool.probe.elect_another(tried, 0, route.encode())
    return None if found is None else int(found["chosen"])


def test_of_those_that_were_not_tried_only_who_has_a_place_is_asked() -> None:
    pool = filled(Pool(ONE_PLACE, ONE_PLACE, member(lbset=1)), 0, 1)
    assert another(pool, 0) == -1
    assert another(pool, 0, 1) == 2  # of who was tried nobody waits for the place


def test_who_was_tried_is_not_elected_again() -> None:
    pool = Pool(member(), member(), member())
    assert [another(pool, 0), another(pool, 1, 2), another(pool, 0, 2)] == [1, 0, 1]
    assert another(pool, 0, 1, 2) is None
    assert pool.all("elected") == [1, 2, 0]
    assert pool.sequence(3).count(2) == 1  # and nobody is left out afterwards


def test_when_nobody_is_left_nothing_is_elected_and_no_error_is_cleared() -> None:
    pool = Pool(member(), member())
    pool.fail(1)
    assert another(pool, 0) is None
    assert pool.all("elected") == [0, 0]
    assert "Err" in pool.status(1)


@rows("letters", ["R", "D", "N"])
def test_nobody_comes_in_for_who_was_tried_but_could_serve(letters: str) -> None:
    assert another(Pool(member(), member(status=letters)), 0) in {None, -1}


def test_then_it_is_a_standbys_turn_and_the_next_sets() -> None:
    pool = Pool(member(), member(status="H"), member(status="H"), member(lbset=1))
    tried: list[int] = []
    for _ in range(4):
        found = another(pool, *tried)
        assert found is not None
        tried.append(found)
    assert tried == [0, 1, 2, 3]
    assert another(pool, *tried) is None


def test_a_session_moves_to_another_member_of_its_route() -> None:
    pool = Pool(member(route="a"), member(route="b"), member(route="a"))
    assert another(pool, 0, route="a") == 2
    assert another(pool, 0, 2, route="a") == 1


def test_a_session_that_must_not_move_does_not() -> None:
    pool = Pool(member(route="a"), member(route="b"), nofailover=True)
    assert another(pool, 0, route="a") == -1
