"""Debian's Tomcat 10 for tests, with applications of a test's own.

    tomcat = Tomcat(folder, secret="of both", route="one")   # its files
    (tomcat.webapps / "app").mkdir() ...
    tomcat.start()                  # its ports listen when this returns
    tomcat.ajp, tomcat.http         # AJP with that secret; HTTP
    tomcat.stop()                   # and start() again: the same ports

A CATALINA_BASE below the folder that it is given; whoever tests runs it, and where that
is root, nobody does.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from ports import HOST, free_port
from programs import bare_environment
from rights import IS_ROOT

HOME = Path("/usr/share/tomcat10")
SETTINGS = HOME / "etc"
DEADLINE_S = 120.0  # a Java machine begins slowly where others work beside it
STOP_S = 20.0
SERVER = """\
<Server port="-1">
  <Service name="Catalina">
    <Connector port="{http}" address="127.0.0.1" protocol="HTTP/1.1" {connector}/>
    <Connector port="{ajp}" address="127.0.0.1" protocol="AJP/1.3" secret="{secret}"
               secretRequired="{required}" {connector}/>
    <Engine name="Catalina" defaultHost="localhost" {route}>
      <Host name="localhost" appBase="webapps" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
"""


class Tomcat:
    """One server; `connector` is put into both of its connectors."""

    def __init__(
        self, folder: Path, secret: str = "", route: str = "", connector: str = ""
    ) -> None:
        self.base = folder
        self.route = route
        self.webapps = folder / "webapps"
        self.http = free_port()
        self.ajp = free_port()
        for name in ("conf", "logs", "temp", "webapps", "work"):
            (folder / name).mkdir(parents=True)
        shutil.copy(SETTINGS / "web.xml", folder / "conf/web.xml")
        (folder / "conf/server.xml").write_text(
            SERVER.format(
                http=self.http,
                ajp=self.ajp,
                secret=secret,
                required="true" if secret else "false",
                route=f'jvmRoute="{route}"' if route else "",
                connector=connector,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.base / "logs/said"

    def start(self) -> None:
        assert self._process is None
        if IS_ROOT:
            for path in (self.base, *self.base.rglob("*")):
                shutil.chown(path, "nobody", "nogroup")
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                [
                    "java",
                    *("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                    "-Djava.awt.headless=true",
                    f"-Dcatalina.home={HOME}",
                    f"-Dcatalina.base={self.base}",
                    f"-Djava.io.tmpdir={self.base / 'temp'}",
                    "-cp",
                    f"{HOME}/bin/bootstrap.jar:{HOME}/bin/tomcat-juli.jar",
                    "org.apache.catalina.startup.Bootstrap",
                    "start",
                ],
                cwd=self.base,
                env=bare_environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                user="nobody" if IS_ROOT else None,
                group="nogroup" if IS_ROOT else None,
                extra_groups=[] if IS_ROOT else None,
            )
        deadline = time.monotonic() + DEADLINE_S
        while not all(map(_listens, (self.http, self.ajp))):
            assert self._process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.1)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
