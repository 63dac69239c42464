"""Rules make of each request what they made of it at httpd (tests/corpus)."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from rows import rows
from trees import model_of

from fastlb import _probe
from fastlb._core import Table
from fastlb.master import claims

CORPUS = Path(__file__).parents[1] / "corpus"
sys.path.insert(0, str(CORPUS))

from record_rewrites import configuration, filled, head_of, lay_files  # noqa: E402
from rewrite_files import RIGHT  # noqa: E402
from rewrite_sets import SETS  # noqa: E402

RECORDED = json.loads((CORPUS / "rewrites.json").read_text())
GRANTED, DENIED, NOBODY = 1, 2, 3
VALUES = {"port": 8080, "m0": 50010, "m1": 50011}


class Vectors:
    """All sets in one plan."""

    def __init__(self) -> None:
        self.root = Path(mkdtemp()) / "files"
        lay_files(self.root)
        text = "Listen 127.0.0.1:{port}\nServerName main.test\n" + configuration()
        users = self.root.parent / "users"
        self.values = {
            **VALUES,
            "root": self.root,
            "users": users,
            "map": users.with_name("map"),
        }
        model = model_of(filled(text, self.values))
        self.members = model.members
        self.balancers = model.balancers
        self.table = Table.create(200, 2000, 4, vhosts_max=2000)
        slots = claims.claim(self.table, model, 1)
        self.probe = _probe.PlanProbe(model, self.table, *slots, ())

    def hide(self, said: bytes) -> str:
        text = said.decode("latin-1")
        for name, value in self.values.items():
            text = text.replace(str(value), f"{{{name}}}")
        return text

    def asked(self, key: bytes) -> tuple[int, bytes]:
        """What the program of a map says."""
        line = subprocess.run(
            [self.values["map"]], input=key + b"\n", stdout=subprocess.PIPE, check=True
        ).stdout[:-1]
        return (NOBODY, b"") if line.upper() == b"NULL" else (GRANTED, line)

    def outcome(self, number: int, asked: str) -> dict[str, Any]:
        remote = b"\0" * 10 + b"\xff\xff" + ipaddress.ip_address("127.0.0.1").packed
        try:
            head = head_of(number, asked)
            verdict = GRANTED if RIGHT in asked else DENIED
            told = self.probe.decide(
                head,
                remote,
                remote,
                verdicts=(verdict,) * 9 if "program" not in SETS[number][0] else (),
            )
            answers: list[tuple[int, bytes]] = []
            while told["asks"] is not None and len(told["asks"]) == 2:
                answers.append(self.asked(told["asks"][1]))
                told = self.probe.decide(head, remote, remote, verdicts=answers)
        except ValueError as problem:
            return {"status": int(str(problem).split(": ")[1])}
        found: dict[str, Any] = {"status": told["status"]}
        if told["what"] == "member":
            found["status"] = 200
            index = told["member"]
            path = ""
            if told["balancer"] >= 0:
                index = self.balancers[told["balancer"]].members[0]
                path = self.members[index].path
            found["member"] = self.members[index].port - VALUES["m0"]
            found["target"] = self.hide(path.encode() + told["target"])
            if told["type"] is not None:
                found["type"] = told["type"].decode("latin-1")
        elif told["what"] in ("nothing", "handler", "file"):
            found["status"] = 404  # where it was played there were no files
        if told["location"] is not None:
            found["location"] = self.hide(told["location"])
        for line in told["cookies"]:
            text = re.sub(r"expires=[^;]*", "expires=*", line.decode("latin-1"))
            found.setdefault("cookies", []).append(text)
        for name in ("a", "b", "c"):
            if name in told["env"]:
                found[name] = self.hide(told["env"][name])
        return found


@cache
def vectors() -> Vectors:
    return Vectors()


@pytest.fixture(autouse=True)
def nothing_is_held() -> Iterator[None]:
    """Tests of other files count what is left in this process."""
    yield
    vectors().probe.close()


EVERY = [
    (number, asked, outcome)
    for number, ((_, _, requests), recorded) in enumerate(
        zip(SETS, RECORDED, strict=True)
    )
    for asked, outcome in zip(requests, recorded["outcomes"], strict=True)
]


def test_there_are_enough() -> None:
    assert len(EVERY) > 500
    assert [one["name"] for one in RECORDED] == [name for name, _, _ in SETS]


@rows(("number", "asked", "outcome"), EVERY)
def test_a_rule_does_what_it_does_at_httpd(
    number: int, asked: str, outcome: dict[str, Any]
) -> None:
    wanted = {name: said for name, said in outcome.items() if name != "vary"}
    found = vectors().outcome(number, asked)
    if wanted["status"] == 200 and "member" not in wanted:
        wanted["status"] = 404  # a file, which is not served here
    status = re.match(r"/status/(\d+)", wanted.get("target", ""))
    if "X-Type" in asked or SETS[number][0] == "a handler":
        found.pop("type", None)  # the member says one, or a handler answers
        wanted.pop("type", None)
    elif status is not None:
        wanted["status"] = 200
        wanted.setdefault("type", found.get("type"))
    assert found == wanted, SETS[number][1]
