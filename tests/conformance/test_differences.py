"""docs/differences-from-apache.md says what the cases show, and they what it says."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.rows import rows

from .case import Case
from .cases import SUBJECTS
from .faults import FAULTS, Faulty
from .servers import REPOSITORY

PAGE = REPOSITORY / "docs/differences-from-apache.md"
CASES = [case for cases in SUBJECTS.values() for case in cases]
DIFFERENT = [pytest.param(case, id=case.name) for case in CASES if case.differs]
JUDGED = [pytest.param(one, id=one.name) for one in FAULTS if one.differs]


@cache
def switches() -> dict[str, bool]:
    """First column of each line -> whether `Compat apache` takes httpd's side."""
    found: dict[str, bool] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 5 and cells[0] not in ("what", "---"):
            assert cells[0] not in found, f"twice: {cells[0]}"
            found[cells[0]] = cells[4].startswith("yes")
    return found


@rows("case", DIFFERENT)
def test_a_difference_that_is_played_is_listed(case: Case) -> None:
    assert case.differs in switches()


@rows("case", DIFFERENT)
def test_the_last_column_holds(case: Case) -> None:
    assert case.compat == switches()[case.differs]


@rows("one", JUDGED)
def test_a_difference_of_the_check_is_listed(one: Faulty) -> None:
    assert switches()[one.differs] == one.lenient


def test_what_compat_switches_is_played() -> None:
    """Or stands here, with the reason why a case cannot show it."""
    elsewhere = {
        "state over a reload": "a case has one generation: tests/unit/test_claims.py",
        "which of a request's trailers `MergeTrailers` makes fields": (
            "tests/e2e/test_trailers.py"
        ),
        "OCSP stapling: the responder fails": "tests/unit/test_stapling.py",
        "checks of health (`hcmethod=`): `hcfails=3`, `hcpasses=3`": (
            "takes a clock: tests/unit/test_health.py"
        ),
        "a new member that is checked": "the same",
        "a member that is checked, in error by a connection": "the same",
        "time between checks": "the same",
        "how long a check may take": "tests/unit/test_checks.py",
        "target of a check: the path of the member's URL and `hcuri=`": (
            "tests/unit/test_health.py"
        ),
        "`hcmethod=WEBSOCKET`": "tests/unit/test_resolve_health.py",
        "`MaxRequestWorkers` where it is not written": "tests/unit/test_resolve.py",
        "connections that are not in work": "tests/e2e/test_connections.py",
        "directives of our own": "tests/unit/test_own_words.py",
        "parameters of members of our own": "tests/unit/test_own_words.py",
        "the name of a member whose addresses change": "tests/unit/test_monitor.py",
        "`ProxyWebsocketIdleTimeout`": "tests/unit/test_parser.py",
        "`ProxyWebsocketAsync`, `ProxyWebsocketAsyncDelay`": (
            "tests/unit/test_own_words.py"
        ),
        "`lbmethod=bychoice`": "tests/unit/test_own_words.py",
        "`lbmethod=byresponsetime`": "tests/unit/test_own_words.py",
        "`lbmethod=byhash`": "tests/unit/test_own_words.py",
        "`LogFormat json`, `CustomLog file json` without a `LogFormat` of that name": (
            "tests/unit/test_json_log.py"
        ),
        "`CustomLog syslog:…`": "tests/unit/test_log_files.py",
        "`lbmethod=heartbeat` while no member was heard, or none has a worker ready": (
            "tests/unit/test_heartbeat.py"
        ),
        "`lbmethod=heartbeat` and a member that has just started": (
            "tests/unit/test_heartbeat.py"
        ),
        "parameters of balancers of our own": "tests/unit/test_own_words.py",
        "tunnels (`101`, `CONNECT`) and `MaxRequestWorkers`": "tests/e2e/test_work.py",
        "`BalancerPersist` where it is not written": "tests/unit/test_manager.py",
        "a member at whose `max=` connections a request has waited for `acquire=`": (
            "tests/unit/test_flow_pool.py"
        ),
        "a request that members at `ajp://`, `fcgi://`, `scgi://` or `uwsgi://` lose"
        " one after the other": "tests/unit/test_flow_ajp.py",
        "how many requests of a balancer wait (for a connection under `max=`, or with"
        " `timeout=`)": "tests/unit/test_flow_places.py",
    }
    played = {case.differs for case in CASES if case.compat}
    played |= {one.differs for one in FAULTS if one.lenient}
    switched = {what for what, compat in switches().items() if compat}
    assert switched - played == set(elsewhere)


def test_every_difference_is_shown() -> None:
    """By a case, or by a test that is named in shown.toml, and is there."""
    named = tomllib.loads((Path(__file__).parent / "shown.toml").read_text("utf-8"))
    played = {case.differs for case in CASES} | {one.differs for one in FAULTS}
    assert set(named) <= set(switches()), "it is not on the page (any more)"
    for what, test in named.items():
        file, _, name = test.partition("::")
        assert f"def {name}(" in (REPOSITORY / file).read_text("utf-8"), what
    unshown = set(switches()) - played - set(named)
    assert not unshown, f"name their tests in shown.toml: {unshown}"
