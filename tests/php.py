"""Debian's php-fpm for tests, on a port or at a unix socket.

    php = Php(folder)                   # at php.socket
    php = Php(folder, free_port())      # at php.port
    php.start(); php.stop()

It needs no rights: whoever tests runs it; where that is root, its workers are www-data.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ports import HOST
from programs import ForeignServer
from rights import IS_ROOT

POOL = """\
[global]
error_log = {folder}/php.log
daemonize = no
[www]
{rights}
listen = {listen}
pm = static
pm.max_children = 2
catch_workers_output = yes
security.limit_extensions =
{extensions}
"""
RIGHTS = """\
user = www-data
group = www-data
listen.owner = www-data
listen.group = www-data
listen.mode = 0666"""


def program() -> str | None:
    """php-fpm is named with its version on Debian."""
    found = sorted(Path("/usr/sbin").glob("php-fpm*"))
    return str(found[-1]) if found else shutil.which("php-fpm")


class Php(ForeignServer):
    """One pool of two workers.

    extensions  of PHP, which an application needs beside those that are built in
    """

    def __init__(
        self, folder: Path, port: int = 0, extensions: Sequence[str] = ()
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port
        self.socket = folder / "php.sock"
        conf = folder / "php-fpm.conf"
        text = POOL.format(
            folder=folder,
            rights=RIGHTS if IS_ROOT else "",
            listen=f"{HOST}:{port}" if port else self.socket,
            extensions="\n".join(
                f"php_admin_value[extension] = {n}" for n in extensions
            ),
        )
        conf.write_text(text)
        found = program()
        assert found is not None, "php-fpm is not installed"
        # -n: no php.ini of the machine, whatever it says
        super().__init__(
            [found, "-n", "-y", str(conf)],
            [port or self.socket],
            folder / "php.log",
        )

    @property
    def url(self) -> str:
        """As SetHandler names it, behind `proxy:`."""
        if self.port:
            return f"fcgi://{HOST}:{self.port}"
        return f"unix:{self.socket}|fcgi://localhost"
