"""Where the command begins, and how it ends when it cannot go on."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

FAILED = 1
INTERRUPTED = 130  # as shells say of a Ctrl-C
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def entry() -> int:
    """The console script."""
    _open_what_is_closed()
    try:
        from fastlb.cli.main import PROGRAM, run

        code = run(sys.argv[1:], PROGRAM)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has had enough.
        _give_up_output()
        return FAILED
    except KeyboardInterrupt:
        _give_up_output()
        return INTERRUPTED
    except OSError as error:
        if error.errno not in UNWRITABLE or error.filename is not None:
            raise
        _give_up_output()
        sys.stderr.write(f"fastlb: the output cannot be written: {error.strerror}\n")
        return FAILED
    return code


def _open_what_is_closed() -> None:
    """Whoever starts us with `>&-` has what we open take the place of an output."""
    streams = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
    for fd, (name, mode) in enumerate(streams):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.fstat(fd)
                continue
            new = os.open(os.devnull, os.O_RDWR)
            if new != fd:
                os.dup2(new, fd)
                os.close(new)
            os.set_inheritable(fd, True)
            stream = os.fdopen(fd, mode, closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _give_up_output() -> None:
    """What is left of it goes nowhere, lest it fail again at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
