"""The words of `fastlb top`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence

from fastlb.cli.arguments import command_parser
from fastlb.cli.saying import style_of
from fastlb.cli.top.ask import DEFAULT_URL, AskError, Look, Place, ask, place_of
from fastlb.cli.top.screen import Screen, opened
from fastlb.cli.top.view import ORDERS, OUT, Line, lines

DONE, FAILED = 0, 1
PURPOSE = (
    "What members do now: rates, errors, times of answers, what is in flight, state and"
    " its reason; as server-status?json tells it."
)
EXAMPLES = f"""\
  fastlb top                                    of {DEFAULT_URL}
  fastlb top http://10.0.0.1:8080/server-status
  fastlb top 'unix:/run/fastlb/status.sock|http://localhost/server-status'
  fastlb top --once --sort errors | head -20

keys: q quits, s sorts by the next column, p pauses and goes on
exit status: 0 done, 1 the server cannot be asked, 2 wrong words"""
EVERY_S = 2.0
EVERY_LEAST_S = 0.1


def top_parser() -> argparse.ArgumentParser:
    parser = command_parser("top", PURPOSE, EXAMPLES)
    parser.add_argument(
        "url", nargs="?", default=DEFAULT_URL, metavar="URL", help="of server-status"
    )
    parser.add_argument(
        "--every", type=_seconds, default=EVERY_S, metavar="SECONDS", help="default: 2"
    )
    parser.add_argument(
        "--sort", choices=tuple(ORDERS), default="file", help="the order to begin with"
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="print it as text, with means since the start, and end",
    )
    return parser


def run(arguments: Sequence[str]) -> int:
    told = top_parser().parse_args(arguments)
    try:
        place = place_of(told.url)
        first = ask(place)
    except AskError as problem:
        sys.stderr.write(f"fastlb top: {problem}\n")
        return FAILED
    if told.once or not _is_screen():
        found = lines(first, None, told.sort, width=0, height=0, foot="")
        sys.stdout.write("".join(f"{line.text}\n" for line in found))
        sys.stdout.flush()
        return DONE
    style = style_of(sys.stdout, os.environ)
    with (
        opened(sys.stdin.fileno(), sys.stdout.fileno(), style) as screen,
        contextlib.suppress(KeyboardInterrupt, EOFError),
    ):
        _Watch(screen, place, first, told.sort, told.every).run()
    return DONE


class _Watch:
    """Looks again and again until somebody has seen enough."""

    def __init__(
        self, screen: Screen, place: Place, first: Look, order: str, every_s: float
    ) -> None:
        self._screen = screen
        self._place = place
        self._now = first
        self._before: Look | None = None
        self._order = order
        self._every_s = every_s
        self._paused = False
        self._problem = ""

    def run(self) -> None:
        due_s = time.monotonic() + self._every_s
        while True:
            self._draw()
            key = self._screen.key(due_s - time.monotonic())
            if key in ("q", "Q"):
                return
            self._obey(key)
            if time.monotonic() >= due_s:
                if not self._paused:
                    self._look()
                due_s = time.monotonic() + self._every_s

    def _obey(self, key: str) -> None:
        if key == "s":
            orders = list(ORDERS)
            self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        elif key == "p":
            self._paused = not self._paused

    def _look(self) -> None:
        try:
            self._before, self._now = self._now, ask(self._place)
        except AskError as problem:
            self._problem = str(problem)
        else:
            self._problem = ""

    def _draw(self) -> None:
        columns, height = self._screen.size()
        state = ", paused" if self._paused else ""
        foot = f"q quits, s sorts (by {self._order}), p pauses{state}"
        found = lines(
            *(self._now, self._before, self._order),
            width=columns,
            height=height,
            foot=foot,
        )
        if self._problem:
            found[-1] = Line(self._problem[:columns], OUT)
        self._screen.draw(found)


def _is_screen() -> bool:
    """A terminal that can be drawn on."""
    is_plain = os.environ.get("TERM", "dumb") in ("", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_plain


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not EVERY_LEAST_S <= value <= 3600:
        raise argparse.ArgumentTypeError(f"from {EVERY_LEAST_S} to 3600 seconds")
    return value
