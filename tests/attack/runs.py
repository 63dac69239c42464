"""What a round of each attack is: a fresh fastlb, so many inputs, its end looked at."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.ports import free_ports

from . import corpus
from .desync import Desync
from .kills import WORKERS, Kills
from .mutants import Mutants, books_balance
from .play import Alarm, Loop
from .poison import Poison
from .site import Site
from .tunnels import Tunnels


@dataclass(slots=True)
class Tally:
    """What an attack has done so far. cpu_s: of the server, own_cpu_s: ours."""

    inputs: int = 0
    requests: int = 0
    refused: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    own_cpu_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs, {self.requests} requests reached members, "
            f"{self.refused} refused, {self.seconds:.0f} s, "
            f"{self.cpu_s:.0f} s of CPU in fastlb and {self.own_cpu_s:.0f} s here"
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A finding. path: the file that plays it again, or what the server has said."""

    attack: str
    seed: int
    why: str
    path: str

    def __str__(self) -> str:
        return f"{self.attack}, seed {self.seed}: {self.why}\n    {self.path}"


class TimeIsUp(Exception):
    """The round has used its seconds."""


class Oracle(Protocol):
    """What desync and poison have in common."""

    inputs: int
    requests: int
    refused: int

    def configuration(self, plain: int, rich: int) -> str: ...
    def play(self, seed: int, count: int, check: Callable[[], None]) -> None: ...


def judged(
    attack: str, make: Callable[[Loop], Oracle]
) -> Callable[[int, int, float, Tally], list[Found]]:
    """The run of an oracle: its first alarm ends the round and is written down."""

    def run(seed: int, count: int, seconds: float, tally: Tally) -> list[Found]:
        loop = Loop()
        oracle = make(loop)
        plain, rich = free_ports(2)
        with tempfile.TemporaryDirectory() as folder:
            site = Site(Path(folder), oracle.configuration(plain, rich))
            check = until(site, seconds)
            begun = time.monotonic()
            found = []
            try:
                oracle.play(seed, count, check)
            except TimeIsUp:
                pass
            except Alarm as alarm:
                case = corpus.of_alarm(f"{attack}-{seed}", attack, alarm, rich)
                found = [Found(attack, seed, alarm.why, str(corpus.keep(case)))]
            finally:
                tally.inputs += oracle.inputs
                tally.requests += oracle.requests
                tally.refused += oracle.refused
                tally.seconds += time.monotonic() - begun
                tally.cpu_s += site.cpu_seconds()
                loop.close()
                status = site.stop()
            return found + ended(attack, seed, status, site.faults())

    return run


def fuzz(seed: int, count: int, seconds: float, tally: Tally) -> list[Found]:
    """Both sides mutated; the seed alone plays it again, as far as timing allows."""
    loop = Loop()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mutants = Mutants(loop, folder)
        plain, tls, proxy = free_ports(3)
        site = Site(folder, mutants.configuration((plain, tls, proxy)))
        begun = time.monotonic()
        found = []
        try:
            mutants.play(seed, count, until(site, seconds))
        except TimeIsUp:
            pass
        except Alarm as alarm:
            said = repr(bytes(alarm.stream.data[:2000])) if alarm.stream else ""
            found = [Found("fuzz", seed, alarm.why, said)]
        finally:
            loop.close()
            if not site.faults() and (left := books_balance(site, plain)):
                found.append(Found("fuzz", seed, "the books do not balance", left))
            tally.inputs += mutants.inputs
            tally.requests += mutants.requests
            tally.seconds += time.monotonic() - begun
            tally.cpu_s += site.cpu_seconds()
            status = site.stop()
        return found + ended("fuzz", seed, status, site.faults())


def kill(seed: int, count: int, seconds: float, tally: Tally) -> list[Found]:
    """SIGKILL for random processes under load."""
    loop = Loop()
    oracle = Kills(loop)
    plain, rich = free_ports(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = Site(folder, oracle.configuration(plain, rich), workers=WORKERS)
        master = site.process.pid
        check, strike = until(site, seconds, may_die=True), oracle.murder(site, seed)
        begun = time.monotonic()
        found = []

        def both() -> None:
            check()
            strike()

        try:
            with contextlib.suppress(TimeIsUp):
                oracle.play(seed, count, both)
            loop.finish()
            oracle.aftermath(site, folder)
            if site.process.poll() is not None or site.process.pid != master:
                found = [Found("kill", seed, "the master ended", site.said())]
        except Alarm as alarm:
            found = [Found("kill", seed, alarm.why, site.said()[-3000:])]
        finally:
            tally.inputs += oracle.inputs
            tally.requests += oracle.requests
            tally.refused += oracle.killed
            tally.seconds += time.monotonic() - begun
            tally.cpu_s += site.cpu_seconds()
            loop.close()
            status = site.stop()
        return found + ended("kill", seed, status, site.faults(may_die=True))


def until(site: Site, seconds: float, *, may_die: bool = False) -> Callable[[], None]:
    """To be called now and then: ends the round in time, or when fastlb has failed."""
    ends = time.monotonic() + seconds

    def check() -> None:
        if site.faults(may_die=may_die):
            raise Alarm("the server failed", None)
        if time.monotonic() > ends:
            raise TimeIsUp

    return check


def ended(attack: str, seed: int, status: int, said: str) -> list[Found]:
    """What the end of the server tells."""
    if said:
        return [Found(attack, seed, "the server failed", said)]
    if status:
        return [Found(attack, seed, f"the server ended with {status}", "")]
    return []


Run = Callable[[int, int, float, Tally], list[Found]]
RUNS: dict[str, Run] = {
    "desync": judged("desync", Desync),
    "poison": judged("poison", Poison),
    "fuzz": fuzz,
    "tunnels": judged("tunnels", Tunnels),
    "kill": kill,
}


def play(name: str, seed: int, count: int, seconds: float, tally: Tally) -> list[Found]:
    """A round of one attack."""
    begun = time.process_time()
    try:
        return RUNS[name](seed, count, seconds, tally)
    finally:
        tally.own_cpu_s += time.process_time() - begun
