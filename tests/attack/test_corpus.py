"""What was found once stays found: every file of tests/corpus/attack, played again."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import corpus
from .desync import Desync
from .play import Loop, Stream
from .site import Site, free_ports


def test_kept_streams_reach_members_as_they_must(tmp_path: Path) -> None:
    loop = Loop()
    oracle = Desync(loop)
    plain, rich = free_ports(2)
    site = Site(tmp_path, oracle.configuration(plain, rich))
    try:
        for number, case in enumerate(corpus.cases("desync"), 1):
            stream = Stream(
                number, rich if case.where == "rich" else plain, case.pieces
            )
            try:
                loop.run(iter([oracle.expect(stream, stream.data, False)]))
            except AssertionError as error:
                pytest.fail(f"{case.name} ({case.why}): {error}")
        assert not site.faults()
    finally:
        loop.close()
        assert site.stop() == 0
    assert not site.faults()
