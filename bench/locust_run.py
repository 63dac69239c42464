#!/usr/bin/env python3
"""Users with sessions, a pool of weights 1:3, and a member that dies and comes back.

    pip install .[bench]
    python bench/locust_run.py [--users 40] [--seconds 12] [--proxy fastlb]

The heavier member is killed after a third of the time and is back after two thirds.
Prints the distribution of requests against the weights, and fails (exit status 1) when
a session was broken that need not be, or any other request failed that need not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import machine
import netns
import peers
from locust.env import Environment
from locustfile import Shopper, Visitor
from members import Member, free_port
from native import BENCH
from report import table
from story import Story

LIGHT, HEAVY = "light", "heavy"
WEIGHTS = {LIGHT: 1, HEAVY: 3}


class PythonMember:
    """One session_member.py on the load's core."""

    def __init__(self, core: int, member: Member) -> None:
        port = member.address.rpartition(":")[2]
        command = [sys.executable, str(BENCH / "session_member.py"), port, member.name]
        with machine.pinned(core):
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != b"listening":
            raise RuntimeError(f"session_member.py {member.name} does not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--proxy", default="fastlb", choices=["fastlb", "apache"])
    given = parser.parse_args()
    machine.allow_open_files(20000)
    network = netns.enter()
    cores = machine.choose_cores()
    members = {
        name: Member(name, f"127.0.0.1:{free_port()}", weight)
        for name, weight in WEIGHTS.items()
    }
    print(
        f"{machine.describe()}; {network}; {given.users} users, {given.seconds:g} s, "
        f"{given.proxy} {peers.KINDS[given.proxy].version()}",
        flush=True,
    )
    processes = {name: PythonMember(cores.load, m) for name, m in members.items()}
    try:
        setup = peers.Setup(
            tuple(members.values()), frozenset({"sticky"}), workers=2, ready="/public"
        )
        proxy = peers.start(given.proxy, setup, cores.proxy)
        try:
            story = play(proxy, members, processes, given, cores.load)
        finally:
            proxy.stop()
    except peers.CannotStartError as error:
        print(error, file=sys.stderr)
        return 3
    finally:
        for process in processes.values():
            process.kill()
    return tell(story)


def play(
    proxy: peers.Proxy,
    members: dict[str, Member],
    processes: dict[str, PythonMember],
    given: argparse.Namespace,
    core: int,
) -> Story:
    """Let the users loose, kill and bring back the heavy member meanwhile.

    Locust has made `time.sleep` and sockets cooperative: the users run while we wait.
    """
    story = Shopper.story = Story()
    environment = Environment(
        user_classes=[Shopper, Visitor], host=f"http://{proxy.address}"
    )
    runner = environment.create_local_runner()
    runner.start(given.users, spawn_rate=given.users)
    time.sleep(given.seconds / 3)
    story.killed(HEAVY)
    processes[HEAVY].kill()
    time.sleep(given.seconds / 3)
    processes[HEAVY] = PythonMember(core, members[HEAVY])
    back_s = wait_elected(proxy, HEAVY, story)
    time.sleep(given.seconds / 3)
    runner.quit()
    total = environment.stats.total
    print(
        f"{total.num_requests} requests, {total.num_failures} failed, median "
        f"{total.median_response_time} ms, 99% within "
        f"{total.get_response_time_percentile(0.99)} ms"
    )
    print(f"{HEAVY} is elected again {back_s:.2f} s after it listens")
    if not total.num_requests:
        story.fault("no request was made")
    return story


def wait_elected(proxy: peers.Proxy, name: str, story: Story) -> float:
    """Seconds until a request without a session meets the member; 15 is too long."""
    begin = story.clock()
    while (passed_s := story.clock() - begin) < 15:
        answer = peers.fetch(proxy.address, "/public") or b""
        if f"X-Member: {name}".encode() in answer:
            story.returned(name)
            return passed_s
        time.sleep(0.01)
    story.fault(f"{name} was not elected again within 15 s")
    return passed_s


def tell(story: Story) -> int:
    """Print what the users saw; the exit status."""
    total = sum(WEIGHTS.values())
    answers, elections = sum(story.answers.values()), sum(story.elections.values())
    rows = [
        (
            name,
            f"{weight / total:.1%}",
            f"{story.elections[name] / max(elections, 1):.1%} of {elections}",
            f"{story.answers[name] / max(answers, 1):.1%} of {answers}",
        )
        for name, weight in WEIGHTS.items()
    ]
    print("\nWhile both members were up:\n")
    print(table(("member", "weight", "without a session", "all requests"), rows))
    print(
        f"\n{story.logins} logins; {story.excused} sessions lost with their member, "
        f"{story.excused_posts} POSTs on their way to it"
    )
    if story.fault_count:
        print(f"\n{story.fault_count} faults:", *story.faults, sep="\n  ")
        return 1
    print("no session was broken that need not be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
