"""httpd's recorded elections, and the pools to play them in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pools import Pool, member

Recorded = dict[str, Any]

RECORDED: list[Recorded] = json.loads(
    Path(__file__).with_name("data").joinpath("elections_httpd.json").read_text()
)["scenarios"]


def of_method(name: str) -> list[Any]:
    """The scenarios of a method, as parameters of a test."""
    return [
        pytest.param(scenario, id=scenario["name"])
        for scenario in RECORDED
        if scenario.get("lbmethod", "byrequests") == name
    ]


def players(scenario: Recorded) -> Pool:
    names = ("lbset", "status", "redirect")
    return Pool(
        *(
            member(
                round(m["loadfactor"] * 100),
                **{k: m[k] for k in names if k in m}
                | {"status": m.get("status", "").removeprefix("+")},
            )
            for m in scenario["members"]
        ),
        sticky_cookie="ROUTEID",
        nofailover=scenario.get("nofailover", False),
        compat_apache=True,
        lbmethod=scenario.get("lbmethod", "byrequests"),
    )
