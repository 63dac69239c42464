"""Who may write what of the shared memory, and that it cannot be regained."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import mmap
import os
import signal
from collections.abc import Callable

import pytest
from pools import Pool, member

from fastlb import _core
from fastlb.master import privileges

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
REFUSED = {errno.EACCES, errno.EPERM, errno.EFAULT, errno.EIO, errno.EINVAL}


def shared_writable() -> list[tuple[int, int]]:
    """First and last of every mapping that this process shares and may write."""
    found = []
    with open("/proc/self/maps", encoding="ascii") as lines:
        for line in lines:
            span, rights = line.split()[:2]
            if rights.startswith("rw") and rights.endswith("s"):
                first, last = span.split("-")
                found.append((int(first, 16), int(last, 16)))
    return found


def try_mprotect(first: int, size: int) -> None:
    assert LIBC.mprotect(ctypes.c_void_p(first), ctypes.c_size_t(size), 3) != 0
    assert ctypes.get_errno() in REFUSED


def try_mem(first: int, size: int) -> None:
    fd = os.open("/proc/self/mem", os.O_RDWR)
    with pytest.raises(OSError):
        os.pwrite(fd, b"lie", first)
    os.close(fd)


def try_remap(first: int, size: int) -> None:
    """The same memory once more, through what /proc shows of it; to root, which no
    worker is, that would show it to write."""
    if os.geteuid() == 0:
        privileges.take_on(privileges.nobody())
    path = f"/proc/self/map_files/{first:x}-{first + size:x}"
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return
    with pytest.raises(OSError):
        mmap.mmap(fd, size)
    with pytest.raises(OSError):
        os.pwrite(fd, b"lie", 0)
    with pytest.raises(OSError):
        os.ftruncate(fd, 0)
    punch = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    assert LIBC.fallocate(fd, punch, ctypes.c_long(0), ctypes.c_long(4096)) != 0
    os.close(fd)


def try_remove(first: int, size: int) -> None:
    assert LIBC.madvise(ctypes.c_void_p(first), ctypes.c_size_t(size), 9) != 0


ATTEMPTS = [try_mprotect, try_mem, try_remap, try_remove]


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("part", ["book", "directory", "history"])
def test_a_worker_cannot_write_book_or_directory(
    part: str, attempt: Callable[[int, int], None]
) -> None:
    pool = Pool(member())
    before = pool.member(0)

    def act() -> None:
        first, size, writing = pool.inside.parts()[part]
        assert writing == 0
        attempt(first, size)

    pool.in_child(act)
    assert pool.member(0) == before


def test_the_kernel_ends_a_worker_that_writes_into_the_book() -> None:
    pool = Pool(member())
    first, _, _ = pool.inside.parts()["book"]

    def write() -> None:
        faulthandler.disable()
        ctypes.memset(first, 0xFF, 64)

    pid, _ = pool.start(write)
    # under the sanitizers it is they who end it
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended in (-signal.SIGSEGV, -signal.SIGABRT)
    assert pool.member(0)["used"]


def test_a_worker_shares_nothing_writable_but_the_field() -> None:
    pool = Pool(member())
    known = set(shared_writable())

    def act() -> None:
        parts = pool.inside.parts()
        first, size, _ = parts["field"]
        left = set(shared_writable()) & known
        gone = known - left
        assert (first, first + size) in left
        others = {parts[name][0] for name in ("book", "directory", "history")}
        assert not any(a <= o < b for a, b in left for o in others)
        assert gone

    pool.in_child(act)


def descriptors_of_the_memory() -> list[int]:
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            if "memfd:fastlb" in os.readlink(f"/proc/self/fd/{fd}"):
                found.append(int(fd))
        except OSError:
            continue
    return sorted(found)


def test_a_worker_has_no_descriptor_of_the_memory() -> None:
    before = descriptors_of_the_memory()
    pool = Pool(member())

    def act() -> None:
        assert descriptors_of_the_memory() == before

    pool.in_child(act)
    taken = pool.table.take_descriptors()
    assert sorted({*descriptors_of_the_memory()} - {*before}) == sorted(taken)
    for fd in taken:
        os.close(fd)
    pool.table.close()
    assert descriptors_of_the_memory() == before


def note_check(pool: Pool) -> None:
    pool.table.note_check(
        pool.slots[0], 2, 3, 500, 7, 8, passes=0, fails=1, out_since_us=7
    )


def test_the_monitor_writes_addresses_and_not_the_book() -> None:
    pool = Pool(member(check="up"))
    pool.table.claim_monitor()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            pool.table.be_monitor()
            parts = pool.inside.parts()
            assert parts["book"][2] == 0
            assert parts["directory"][2] != 0
            assert parts["history"][2] != 0
            pool.table.set_addresses(pool.slots[0], [("192.0.2.9", 81)])
            pool.table.mark_up(pool.slots[0])
            note_check(pool)
            pool.table.set_flag(pool.slots[0], "C", True)
            with pytest.raises(_core.TableError, match="only the master"):
                pool.table.set_flag(pool.slots[0], "D", True)
            try_mprotect(*parts["book"][:2])
            status = 0
        finally:
            os._exit(status)
    pool.table.set_monitor_pid(pid)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert pool.table.addresses(pool.slots[0]) == [("192.0.2.9", 81)]
    assert pool.status(0) == "Init HcFl "
    assert pool.table.health(pool.slots[0]) == {
        "checks": 1,
        "passes": 0,
        "fails": 1,
        "out_since_us": 7,
        "results": [(2, 3, 500, 7, 8)],
    }


def test_what_only_the_master_may_do_is_refused_elsewhere() -> None:
    pool = Pool(member())

    def act() -> None:
        table = pool.table
        for forbidden in (
            lambda: table.claim_balancer("b", 2, lbmethod="byrequests"),
            lambda: pool.claim(0, 2),
            lambda: table.release_generation(1),
            lambda: table.claim_worker(1, 1, 1),
            lambda: table.set_worker_pid(0, 1),
            lambda: table.settle_worker(0),
            table.claim_monitor,
            lambda: table.set_monitor_pid(1),
            lambda: table.set_flag(pool.slots[0], "S", True),
            lambda: table.set_addresses(pool.slots[0], []),
            lambda: note_check(pool),
            lambda: table.note_history(1),
        ):
            with pytest.raises(_core.TableError, match="only"):
                forbidden()
        table.set_flag(pool.slots[0], "E", True)

    pool.in_child(act)
    assert pool.status(0) == "Init Err "
