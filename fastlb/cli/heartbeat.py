"""`fastlb heartbeat`: say for a member how many of its workers are ready and busy.

For members that do not do it themselves: it runs beside one, and says the numbers that
it was given, or those that a command prints. An application in Python uses
`fastlb.heartbeat.Heartbeat`.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

from fastlb.cli import arguments
from fastlb.heartbeat.sender import EVERY_S, Heartbeat

COMMAND_S = 5.0  # that it may take


def run(words: Sequence[str]) -> int:
    """Until SIGINT or SIGTERM."""
    told = command_parser().parse_args(words)
    try:
        heartbeat = Heartbeat(
            told.to,
            counts=_counts(told),
            port=told.port,
            every_s=told.every,
            hops=told.hops,
        )
    except ValueError as error:
        sys.stderr.write(f"fastlb heartbeat: {error}\n")
        return 1
    ends = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with heartbeat:
        signal.sigwait(ends)
    return 0


def _counts(told: argparse.Namespace) -> Callable[[], tuple[int, int]]:
    if told.command is None:
        return lambda: (told.ready, told.busy)
    return lambda: printed_by(told.command)


def printed_by(command: str) -> tuple[int, int]:
    """ "ready busy", as the command prints them; (0, 0) when it does not."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            capture_output=True,
            check=True,
            timeout=COMMAND_S,
        )
        ready, busy = (int(word) for word in done.stdout.split()[:2])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0, 0
    return ready, busy


def command_parser() -> argparse.ArgumentParser:
    parser = arguments.command_parser(
        "heartbeat",
        "Say for a member how many of its workers are ready and busy, for balancers"
        " that elect by that (docs/balancing.md).",
        "  fastlb heartbeat --to 10.0.0.1:27999 --ready 8 --busy 0\n"
        "  fastlb heartbeat --to 239.0.0.1:27999 --command 'echo 8 2' --every 2",
    )
    parser.add_argument(
        "--to", required=True, metavar="ADDRESS:PORT", help="HeartbeatListen of fastlb"
    )
    parser.add_argument(
        "--ready", type=int, default=1, metavar="N", help="workers; default: 1"
    )
    parser.add_argument(
        "--busy", type=int, default=1, metavar="N", help="of these; default: 1"
    )
    parser.add_argument(
        "--command", metavar="SHELL", help="prints both numbers, in place of these"
    )
    parser.add_argument(
        "--port", type=int, help="of the member, where several have one address"
    )
    parser.add_argument(
        "--every", type=float, default=EVERY_S, metavar="SECONDS", help="default: 1"
    )
    parser.add_argument(
        "--hops", type=int, default=1, help="how far multicast may go; default: 1"
    )
    return parser
