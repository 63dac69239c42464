"""Check many configurations with one interpreter: fork before each.

Reads a JSON list of argument lists from standard input, runs fastlb's command line on
each in a child of its own, and writes a JSON list of [exit status, output].
"""

import json
import os
import sys
import tempfile

from fastlb.cli.main import run


def one(arguments: list[str]) -> tuple[int, str]:
    """What `fastlb ARGUMENTS` would do in a process of its own."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            status = 70
            try:
                status = run(arguments, "fastlb")
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return status, output.read().decode()


if __name__ == "__main__":
    json.dump([one(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
