"""A terminal: lines onto it, keys from it, and as it was when all is over.

The alternate screen, the cursor and the modes of the line are those of xterm, which
every terminal of today understands.
"""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fastlb.base.errors import Style
from fastlb.cli.top.view import BOLD, OUT, PLAIN, Line

BEGIN = "\x1b[?1049h\x1b[?25l"  # the alternate screen, no cursor
END = "\x1b[?25h\x1b[?1049l"
HOME, TO_END_OF_LINE, BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
LOOKS = {BOLD: "\x1b[1m", OUT: "\x1b[31m", PLAIN: ""}
PLAIN_AGAIN = "\x1b[0m"


class Screen:
    """Draws, and waits for a key. Made by `opened`."""

    def __init__(self, keys_fd: int, out_fd: int, style: Style) -> None:
        self._keys_fd = keys_fd
        self._out_fd = out_fd
        self._style = style

    def size(self) -> tuple[int, int]:
        """(columns, lines) as they are now."""
        try:
            found = os.get_terminal_size(self._out_fd)
        except OSError:
            return 80, 24
        return found.columns or 80, found.lines or 24

    def draw(self, lines: Sequence[Line]) -> None:
        text = HOME
        for number, line in enumerate(lines):
            look = LOOKS[line.look] if self._style.colour else ""
            end = PLAIN_AGAIN if look else ""
            text += f"{'' if number == 0 else chr(13) + chr(10)}"
            text += f"{look}{line.text}{end}{TO_END_OF_LINE}"
        write(self._out_fd, text + BELOW)

    def key(self, seconds: float) -> str:
        """What is typed within that time; "" for nothing. EOFError: nobody is there."""
        ready, _, _ = select.select([self._keys_fd], [], [], max(seconds, 0))
        if not ready:
            return ""
        data = os.read(self._keys_fd, 1)
        if not data:
            raise EOFError
        return data.decode("latin-1")


@contextmanager
def opened(keys_fd: int, out_fd: int, style: Style) -> Iterator[Screen]:
    """The screen; what it was before is there again afterwards, also after SIGTERM."""
    before = termios.tcgetattr(keys_fd)
    former = signal.signal(signal.SIGTERM, _leave)
    try:
        tty.setcbreak(keys_fd)
        write(out_fd, BEGIN)
        yield Screen(keys_fd, out_fd, style)
    finally:
        write(out_fd, END)
        termios.tcsetattr(keys_fd, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTERM, former)


def write(fd: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(fd, data) :]


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)
