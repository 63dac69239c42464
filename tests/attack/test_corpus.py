"""What was found once stays found: every file of tests/corpus/attack, played again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ports import free_ports

from . import corpus
from .desync import Desync
from .play import Alarm, Loop, Stream
from .poison import Poison
from .site import Site


def played(tmp_path: Path, name: str, oracle: Desync | Poison, loop: Loop) -> None:
    plain, rich = free_ports(2)
    site = Site(tmp_path, oracle.configuration(plain, rich))
    try:
        for number, case in enumerate(corpus.cases(name), 1):
            port = rich if case.where == "rich" else plain
            try:
                if isinstance(oracle, Desync):
                    stream = Stream(number, port, case.pieces)
                    oracle.expect(stream, stream.data, False)
                else:
                    stream = oracle.again(port, case.pieces, case.answer)
                loop.run(iter([stream]))
            except Alarm as alarm:
                pytest.fail(f"{case.name} ({case.why}): {alarm.why}")
        assert not site.faults()
    finally:
        loop.close()
        assert site.stop() == 0
    assert not site.faults()


def test_kept_framings_are_read_in_one_way(tmp_path: Path) -> None:
    loop = Loop()
    played(tmp_path, "desync", Desync(loop), loop)


def test_kept_answers_reach_whom_they_are_for(tmp_path: Path) -> None:
    loop = Loop()
    played(tmp_path, "poison", Poison(loop), loop)
