"""Seats: who holds them, who follows, what a death leaves empty."""

from __future__ import annotations

from typing import cast

from fastlb.facts.server import Model
from fastlb.logs.files import OpenLogs
from fastlb.logs.piped import PipedLoggers
from fastlb.master.generation import (
    LEAVING_PER_SEAT_MAX,
    Generation,
    Seat,
    WorkerProcess,
    bury,
    step_down,
)
from fastlb.tls.contexts import Contexts
from fastlb.tls.handles import TlsHandles


def generation(seats: int = 1) -> Generation:
    return Generation(
        number=3,
        model=cast(Model, None),
        member_slots=(),
        balancer_slots=(),
        logs=cast(OpenLogs, None),
        seats=tuple(Seat(number) for number in range(seats)),
    )


def worker(pid: int, number: int = 0, *, ready: bool = True) -> WorkerProcess:
    return WorkerProcess(pid, number, pid, -1, 0.0, ready=ready)


def test_a_generation_serves_when_every_seat_accepts() -> None:
    gen = generation(2)
    assert not gen.is_serving()
    gen.seats[0].holder = worker(1)
    gen.seats[1].holder = late = worker(2, 1, ready=False)
    assert not gen.is_serving()
    late.ready = True
    assert gen.is_serving()


def test_the_death_of_a_holder_empties_its_seat() -> None:
    gen = generation()
    seat = gen.seats[0]
    seat.holder = worker(1)
    assert bury(gen, seat.holder).seat is seat
    assert seat.holder is None
    assert gen.workers() == []


def test_a_successor_moves_up_when_the_holder_dies_first() -> None:
    gen = generation()
    seat = gen.seats[0]
    seat.holder, seat.successor = old, new = worker(1), worker(2, ready=False)
    seat.wants_successor = True
    assert bury(gen, old).seat is None
    assert (seat.holder, seat.successor, seat.wants_successor) == (new, None, False)


def test_a_successor_that_dies_is_wanted_again() -> None:
    gen = generation()
    seat = gen.seats[0]
    seat.holder, seat.successor = old, new = worker(1), worker(2, ready=False)
    seat.wants_successor = True
    assert bury(gen, new).seat is seat
    assert (seat.holder, seat.successor, seat.wants_successor) == (old, None, True)


def test_nobody_waits_for_a_worker_that_has_left_its_seat() -> None:
    gen = generation()
    seat = gen.seats[0]
    seat.holder, seat.successor = old, new = worker(1), worker(2)
    assert step_down(gen, seat) is old
    assert (seat.holder, seat.successor) == (new, None)
    assert set(gen.workers()) == {old, new}
    assert bury(gen, old).seat is None
    assert gen.workers() == [new]


def test_recycling_waits_while_too_many_are_leaving() -> None:
    gen = generation(2)
    for pid in range(2 * LEAVING_PER_SEAT_MAX):
        assert gen.may_recycle()
        gen.leaving[pid] = worker(pid)
    assert not gen.may_recycle()


def test_one_that_steps_back_keeps_nothing_of_its_own() -> None:
    old, new = generation(), generation()
    old.model, new.model = cast(Model, object()), cast(Model, object())
    old.logs = OpenLogs((), (), PipedLoggers(lambda *_: None))
    old.contexts, old.tls = cast(Contexts, object()), cast(TlsHandles, object())
    old.step_back(new)
    assert (old.model, old.contexts, old.tls) == (new.model, None, None)
