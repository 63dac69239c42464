"""Members, their queues and a stream of requests on a virtual clock, elected among by
the compiled methods.

    python tests/unit/simulation.py docs

writes the pictures of docs/balancing.md. Nothing here waits, and the same seed makes
the same run.

A member is so many processes with one queue before them. An answer takes its service
time behind those that came before it; a member that is down refuses, which puts it into
error and the request to the next one, as the data path does it. With places_max= it has
so many places (maxscope=global), and who finds none waits in the balancer's queue.
"""

from __future__ import annotations

import heapq
import random
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pools import SECOND_US, Pool, member

MS: Final = 1000
DRAWN_MAX: Final = 5  # members that one request is given to, before it fails


@dataclass(frozen=True, slots=True)
class Phase:
    """times: how much longer an answer takes; 0: the member is down. fails: so many of
    its answers are failures."""

    first_s: float
    last_s: float
    times: float = 1.0
    fails: float = 0.0

    def holds(self, now_us: int) -> bool:
        return self.first_s * SECOND_US <= now_us < self.last_s * SECOND_US


@dataclass(slots=True)
class Server:
    """What is behind a member: processes, their queue, and when it is not itself."""

    factor: int = 1
    processes: int = 1
    service_ms: float = 20.0
    phases: tuple[Phase, ...] = ()
    working: int = 0
    queue: deque[Asked] = field(default_factory=deque)

    def times(self, now_us: int) -> float:
        for phase in self.phases:
            if phase.holds(now_us):
                return phase.times
        return 1.0

    def fails(self, now_us: int) -> float:
        return max((one.fails for one in self.phases if one.holds(now_us)), default=0.0)


@dataclass(slots=True)
class Asked:
    """A request; tried: the members that were asked, the last one answers."""

    begun_us: int
    tried: list[int] = field(default_factory=list)
    asked_us: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    at_us: int  # when the request came
    member: int
    took_us: int
    is_failure: bool


@dataclass(frozen=True, slots=True)
class Ejection:
    at_us: int
    member: int
    out_us: int


class Simulation:
    """One run; the same seed makes the same."""

    def __init__(
        self,
        servers: Sequence[Server],
        lbmethod: str,
        *,
        seed: int = 2026,
        places_max: int = 0,
        queue_max: int = 0,
        **plan: int,
    ) -> None:
        """plan: of the balancer, as BalancerProbe has it."""
        self.servers = servers
        self.places_max = places_max
        self.queue_max = queue_max
        self.pool = Pool(
            *(
                member(100 * one.factor, retry_ms=2000, places_max=places_max)
                for one in servers
            ),
            lbmethod=lbmethod,
            **plan,
        )
        self.ejections: list[Ejection] = []
        self.out_most = 0  # at one moment
        self.worker = self.pool.table.claim_worker(1000, 1, 0)
        self.answers: list[Answer] = []
        self.failed: list[int] = []  # when requests came that nobody answered
        self.turned_away: list[int] = []  # ... and that could not wait
        self.waiting: deque[Asked] = deque()
        self._draw = random.Random(seed)
        self._now_us = 0
        # (when, number, what): at one moment in the order in which it was planned
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0

    def run(self, requests_per_s: float, seconds: float) -> None:
        """Requests come at random for so long; then whatever is under way ends."""
        end_us = self._now_us + round(seconds * SECOND_US)

        def come() -> None:
            self._plan(self._draw.expovariate(requests_per_s) * SECOND_US, arrive)

        def arrive() -> None:
            if self._now_us < end_us:
                come()
                self._ask(Asked(self._now_us))

        come()
        while self._agenda:
            self._now_us, _, what = heapq.heappop(self._agenda)
            what()

    def _plan(self, delay_us: float, what: Callable[[], None]) -> None:
        self._planned += 1
        entry = (self._now_us + max(1, int(delay_us)), self._planned, what)
        heapq.heappush(self._agenda, entry)

    def _ask(self, request: Asked) -> None:
        if not self.waiting and self._finds(request):
            return
        count = len(self.waiting)
        if self.pool.inside.queue_join(
            self.worker, self.pool.slot, count, self.queue_max
        ):
            self.waiting.append(request)
        else:
            self.turned_away.append(request.begun_us)

    def _go_on(self) -> None:
        """A place came free."""
        while self.waiting and self._finds(self.waiting[0]):
            request = self.waiting.popleft()
            self.pool.inside.queue_leave(
                self.worker,
                self.pool.slot,
                len(self.waiting),
                self._now_us - request.begun_us,
            )

    def _finds(self, request: Asked) -> bool:
        """A member that takes it, or an end; False: nobody has a place."""
        while len(request.tried) < DRAWN_MAX:
            found = self._elect()
            if found["why"] == "all_full":
                return False
            chosen: int = found["chosen"]
            if chosen < 0:
                break
            request.tried.append(chosen)
            slot = self.pool.slots[chosen]
            self.pool.inside.busy_add(self.worker, slot)
            if self.places_max:
                assert self.pool.inside.place_take(self.worker, slot)
            request.asked_us = self._now_us
            server = self.servers[chosen]
            if server.times(self._now_us) > 0:
                server.queue.append(request)
                self._work(server)
                return True
            self.pool.inside.failed(slot, self._now_us, False)
            self._give_place(chosen)
        self.failed.append(request.begun_us)
        self._leave(request)
        return True

    def _give_place(self, position: int) -> None:
        if self.places_max:
            self.pool.inside.place_give(self.worker, self.pool.slots[position])

    def _elect(self) -> dict[str, Any]:
        bits = self._draw.getrandbits(64)
        found: dict[str, Any] = self.pool.probe.elect(self._now_us, b"", bits)
        return found

    def _work(self, server: Server) -> None:
        """Whoever is next, if a process is free."""
        while server.queue and server.working < server.processes:
            request = server.queue.popleft()
            server.working += 1
            service_us = self._draw.expovariate(1 / (server.service_ms * MS))
            # what began before it went down is answered
            times = server.times(self._now_us) or 1.0

            def answered(request: Asked = request) -> None:
                server.working -= 1
                self._answer(request)
                self._work(server)

            self._plan(service_us * times, answered)

    def _answer(self, request: Asked) -> None:
        chosen = request.tried[-1]
        self.pool.inside.answered(
            self.pool.slots[chosen], self._now_us, self._now_us - request.asked_us
        )
        share = self.servers[chosen].fails(self._now_us)
        fails = share > 0 and self._draw.random() < share
        self._weigh(chosen, fails=fails)
        took_us = self._now_us - request.begun_us
        self.answers.append(Answer(request.begun_us, chosen, took_us, fails))
        self._give_place(chosen)
        self._leave(request)
        self._go_on()

    def _weigh(self, chosen: int, *, fails: bool) -> None:
        if not fails:
            self.pool.probe.passed(chosen)
            return
        found = self.pool.probe.failed(chosen, self._now_us)
        if found is not None and found["is_out"]:
            self.ejections.append(Ejection(self._now_us, chosen, found["out_us"]))
            self.out_most = max(self.out_most, found["out_count"])

    def _leave(self, request: Asked) -> None:
        for position in request.tried:
            self.pool.inside.busy_sub(self.worker, self.pool.slots[position])

    # what came of it

    def between(self, first_s: float, last_s: float) -> list[Answer]:
        """Answers to the requests that came then."""
        phase = Phase(first_s, last_s, 1)
        return [one for one in self.answers if phase.holds(one.at_us)]

    def shares(self, first_s: float, last_s: float) -> list[float]:
        answers = self.between(first_s, last_s)
        counts = [0] * len(self.servers)
        for one in answers:
            counts[one.member] += 1
        return [count / len(answers) for count in counts]

    def failing(self, first_s: float, last_s: float) -> float:
        """The share of the answers then that are failures."""
        answers = self.between(first_s, last_s)
        return sum(one.is_failure for one in answers) / len(answers)

    def took_ms(self, percent: float, first_s: float = 0, last_s: float = 1e9) -> float:
        took = sorted(one.took_us for one in self.between(first_s, last_s))
        return took[int(len(took) * percent / 100)] / MS

    def is_over(self) -> bool:
        """Nothing waits, nothing is under way, nothing counts as busy."""
        counted = self.pool.table.snapshot_balancer(self.pool.slot)["queued"]
        return not (
            any(self.pool.all("busy") + self.pool.all("places"))
            or any(one.working or one.queue for one in self.servers)
            or self.waiting
            or counted
        )


def troubled(count: int = 50) -> list[Server]:
    """Five are slow from 20 s to 40 s, three others down from 50 s to 55 s."""
    slow, down = Phase(20, 40, 10), Phase(50, 55, 0)
    servers = [Server() for _ in range(count)]
    for one in servers[:5]:
        one.phases = (slow,)
    for one in servers[5:8]:
        one.phases = (down,)
    return servers


# --- pictures

WIDTH, HEIGHT, LEFT, TOP = 760, 300, 60, 40
COLOURS = ("#1f6feb", "#d1242f", "#9a6700", "#57606a")
SECONDS = 80


def svg(title: str, unit: str, lines: dict[str, list[float]], top: float) -> str:
    """Lines over the seconds of a run."""
    right, bottom = WIDTH - 20, HEIGHT - 40

    def x_of(second: float) -> float:
        return LEFT + (right - LEFT) * second / SECONDS

    def y_of(value: float) -> float:
        return bottom - (bottom - TOP) * min(value, top) / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{title}</text>',
    ]
    for step in range(5):
        value = top * step / 4
        y = y_of(value)
        parts += [
            f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#d0d7de"/>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>',
        ]
    for second in range(0, SECONDS + 1, 10):
        parts.append(
            f'<text x="{x_of(second):.1f}" y="{bottom + 16}" text-anchor="middle">'
            f"{second} s</text>"
        )
    parts.append(f'<text x="8" y="{TOP - 8}">{unit}</text>')
    for number, (name, values) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{x_of(second + 0.5):.1f},{y_of(value):.1f}"
            for second, value in enumerate(values)
        )
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}"'
            ' stroke-width="1.5"/>',
            f'<text x="{LEFT + 170 * number}" y="{HEIGHT - 6}" fill="{colour}">'
            f"{name}</text>",
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def pictures() -> dict[str, str]:
    """What docs/balancing.md shows, by file."""
    runs: dict[str, Simulation] = {}
    for method in ("byrequests", "bychoice", "byresponsetime"):
        runs[method] = Simulation(troubled(), method)
        runs[method].run(1000, SECONDS)
    seconds = range(SECONDS)
    late = {
        name: [run.took_ms(99, second, second + 1) for second in seconds]
        for name, run in runs.items()
    }
    slow = {
        name: [100 * sum(run.shares(s, s + 1)[:5]) for s in seconds]
        for name, run in runs.items()
    }
    return {
        "balancing-p99.svg": svg(
            "99 of 100 answers took at most (5 of 50 members slow: 20 s to 40 s)",
            "ms",
            late,
            800,
        ),
        "balancing-share.svg": svg(
            "What the five slow members were asked of all requests", "%", slow, 16
        ),
    }


if __name__ == "__main__":
    for file, text in pictures().items():
        (Path(sys.argv[1]) / file).write_text(text, "utf-8")
