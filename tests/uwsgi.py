"""Debian's uWSGI for tests, with the Django project of e2e/applications/portal.py.

    Uwsgi.prepare(folder)                # its database, once
    one = Uwsgi(folder, "one")
    one.start()                          # its ports listen when this returns
    one.url("scgi")                      # scgi://127.0.0.1:PORT; fcgi, uwsgi, http, too
    one.stop()

Both run in Debian's Python, whoever runs the tests.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from ports import HOST, free_port
from programs import ForeignServer, bare_environment

PYTHON = "/usr/bin/python3"
PLUGINS = "/usr/lib/uwsgi/plugins"
DJANGO_STATIC = Path("/usr/lib/python3/dist-packages/django/contrib/admin/static/admin")
PROJECT = Path(__file__).parent / "e2e/applications"
# What uWSGI calls the protocols.
SOCKETS = {
    "uwsgi": "--uwsgi-socket",
    "scgi": "--scgi-socket",
    "fcgi": "--fastcgi-socket",
    "http": "--http-socket",
}


def _within(folder: Path, name: str = "") -> list[str]:
    """The words before a program's that put it into the project's environment."""
    ours = ("PYTHONHOME", "VIRTUAL_ENV", "PYTHONPYCACHEPREFIX")
    return [
        "env",
        *(word for one in ours for word in ("-u", one)),
        f"PYTHONPATH={PROJECT}",
        "PYTHONDONTWRITEBYTECODE=1",
        f"PORTAL_FOLDER={folder}",
        f"PORTAL_NAME={name}",
    ]


class Uwsgi(ForeignServer):
    """One server with two workers."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._ports = {scheme: free_port() for scheme in SOCKETS}
        listening = [
            word
            for scheme, option in SOCKETS.items()
            for word in (option, f"{HOST}:{self._ports[scheme]}")
        ]
        super().__init__(
            [
                *_within(folder, name),
                *("uwsgi", "--plugins-dir", PLUGINS, "--plugin", "python3"),
                *("--module", "portal", "--need-app", "--master", "--die-on-term"),
                *("--processes", "2", "--buffer-size", "32768", *listening),
            ],
            list(self._ports.values()),
            folder / f"uwsgi-{name}.log",
        )

    @staticmethod
    def prepare(folder: Path) -> None:
        subprocess.run(
            [*_within(folder), PYTHON, "-c", "import portal; portal.prepare()"],
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            timeout=ForeignServer.START_S,
            check=True,
        )

    def url(self, scheme: str) -> str:
        return f"{scheme}://{HOST}:{self._ports[scheme]}"
