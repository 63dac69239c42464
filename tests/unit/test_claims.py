"""From a model to slots of the table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from trees import model_of

from fastlb._core import Table, TableError
from fastlb.facts.server import Model
from fastlb.master import claims
from fastlb.master.errors import Exit, StartError

CONF = """\
Listen 80
<Proxy balancer://b>
    BalancerMember http://192.0.2.1:80 loadfactor={factor}
    BalancerMember http://192.0.2.2:80 retry=5 status=+H
</Proxy>
ProxyPass /x http://192.0.2.3/
ProxyPass / balancer://b/
"""


def model(factor: int = 1) -> Model:
    return model_of(CONF.format(factor=factor))


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table.create(4, 8, 4)
    yield made
    made.close()


def test_every_member_and_balancer_has_a_slot_of_its_own(table: Table) -> None:
    members, balancers = claims.claim(table, model(), 0)
    assert len(set(members)) == 3
    assert len(set(balancers)) == 1


def test_the_same_identity_has_the_same_slot_over_generations(table: Table) -> None:
    first = claims.claim(table, model(), 0)
    assert claims.claim(table, model(7), 1) == first


def test_claiming_again_takes_new_settings_back(table: Table) -> None:
    old = model(1)
    (slot, *_), _ = claims.claim(table, old, 0)
    claims.claim(table, model(7), 1)
    assert table.snapshot_member(slot)["load_factor"] == 700
    claims.claim(table, old, 0)
    assert table.snapshot_member(slot)["load_factor"] == 100


def test_run_time_state_stays_unless_it_is_to_be_fresh(table: Table) -> None:
    (slot, *_), _ = claims.claim(table, model(), 0)
    table.set_flag(slot, "E", True)
    claims.claim(table, model(), 1)
    assert "E" in table.member_flags(slot)
    claims.claim(table, model(), 2, fresh=True)
    assert "E" not in table.member_flags(slot)


def test_only_members_without_a_written_retry_are_probed() -> None:
    better = model()
    by_url = {one.url: claims.is_probed(better, one) for one in better.members}
    assert by_url == {
        "http://192.0.2.1": True,
        "http://192.0.2.2": False,
        "http://192.0.2.3/": True,
    }


def test_nobody_is_probed_under_compat_apache() -> None:
    apache = model_of("Compat apache\n" + CONF.format(factor=1))
    assert not any(claims.is_probed(apache, one) for one in apache.members)


def test_a_table_that_is_too_small_says_what_to_do() -> None:
    table = Table.create(4, 2, 4)
    with pytest.raises(StartError, match="stop and start to make it larger") as caught:
        claims.claim(table, model(), 0)
    assert caught.value.code is Exit.CANNOT_SERVE
    table.close()


def test_a_table_has_room_for_what_reloads_bring() -> None:
    table = claims.create_table(model())
    assert table.members_max >= 1024
    assert table.workers_max >= 64
    table.close()


def test_a_kernel_without_such_memory_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Refused:
        @staticmethod
        def create(*_: int) -> None:
            raise TableError("no table: Invalid argument (takes Linux 5.1 or newer)")

    monkeypatch.setattr(claims, "Table", Refused)
    with pytest.raises(StartError, match=r"^FB0603: [^\n]* Linux 5\.1 or newer"):
        claims.create_table(model())
