"""Each attack for a short time, with a seed of its own: the hour is `python -m`.

FASTLB_ATTACK_SECONDS and FASTLB_ATTACK_SEED make a longer or another run.
"""

from __future__ import annotations

import os

import pytest

from .runs import RUNS, Tally, play

SECONDS = float(os.environ.get("FASTLB_ATTACK_SECONDS", "5"))
SEED = int(os.environ.get("FASTLB_ATTACK_SEED", "2026"))
INPUTS_MAX = 1_000_000


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("name", sorted(RUNS))
def test_an_attack_finds_nothing(name: str) -> None:
    tally = Tally()
    found = play(name, SEED, INPUTS_MAX, SECONDS, tally)
    print(f"{name}, seed {SEED}: {tally}")
    assert not found, "\n".join(map(str, found))
    assert tally.inputs > 0
