"""A worker's side of recycling and draining, and its services."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import model_of

from fastlb.worker.drain import Drain, is_single
from fastlb.worker.heritage import MESSAGE_RECYCLE
from fastlb.worker.recycle import Recycling, with_jitter
from fastlb.worker.services import is_within

CONF = "Listen 80\nMaxConnectionsPerChild {}\n"
BASE = model_of(CONF.format(0))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


# recycling


@pytest.mark.parametrize(("limit", "least"), [(0, 0), (1, 1), (9, 9), (100, 90)])
def test_jitter_only_takes_away_and_at_most_a_tenth(limit: int, least: int) -> None:
    model = model_of(CONF.format(limit))

    def with_draw(draw: int) -> int:
        return with_jitter(
            model, lambda stop: min(draw, stop - 1)
        ).process.max_connections_per_child

    assert with_draw(0) == limit
    assert with_draw(10**9) == least


@given(st.integers(0, 100_000))
def test_no_worker_serves_more_than_the_limit_or_none(limit: int) -> None:
    process = replace(BASE.process, max_connections_per_child=limit)
    model = replace(BASE, process=process)
    drawn = with_jitter(model).process.max_connections_per_child
    assert limit * 9 // 10 <= drawn <= limit
    assert (drawn == 0) == (limit == 0)


def test_a_successor_is_asked_for_once(loop: asyncio.AbstractEventLoop) -> None:
    reader, writer = os.pipe()
    recycling = Recycling(loop, writer)
    recycling.ask()
    recycling.ask()
    os.close(writer)
    assert os.read(reader, 10) == MESSAGE_RECYCLE
    os.close(reader)


def test_a_master_that_has_gone_is_no_error(loop: asyncio.AbstractEventLoop) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    Recycling(loop, writer).ask()
    os.close(writer)


# draining


class DrainableCore:
    def __init__(self) -> None:
        self.drains = 0

    def drain(self) -> None:
        self.drains += 1


def test_draining_begins_once_and_ends_the_loop(
    loop: asyncio.AbstractEventLoop,
) -> None:
    core = DrainableCore()
    drain = Drain(loop, core, 0)
    loop.call_soon(drain.begin)
    loop.call_soon(drain.begin)
    loop.call_soon(drain.done)
    loop.run_forever()
    assert core.drains == 1


def test_a_drain_ends_at_its_limit(loop: asyncio.AbstractEventLoop) -> None:
    drain = Drain(loop, DrainableCore(), 0.2)
    began_s = loop.time()
    loop.call_soon(drain.begin)
    loop.run_forever()
    assert loop.time() - began_s >= 0.19


# services


@pytest.mark.parametrize(
    ("host", "name", "within"),
    [
        ("a.example.org", "example.org", True),
        ("a.example.org", ".example.org", True),
        ("example.org", "Example.ORG", True),
        ("badexample.org", "example.org", False),
        ("example.org", "a.example.org", False),
    ],
)
def test_a_host_is_within_a_domain_by_whole_labels(
    host: str, name: str, within: bool
) -> None:
    assert is_within(host, name) is within


@pytest.mark.parametrize(
    ("name", "is_own"), [(b"look-up_0", True), (b"iou-wrk-1234", False)]
)
def test_a_thread_that_the_kernel_lends_keeps_no_worker(
    name: bytes, is_own: bool
) -> None:
    """Asked of a child, which has one thread whatever the tests have."""
    pid = os.fork()
    if pid == 0:
        named, over = threading.Event(), threading.Event()

        def live() -> None:
            ctypes.CDLL(None).prctl(15, name, 0, 0, 0)  # PR_SET_NAME
            named.set()
            over.wait()

        alone = is_single()
        threading.Thread(target=live, daemon=True).start()
        named.wait()
        os._exit(0 if alone and is_single() is not is_own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
