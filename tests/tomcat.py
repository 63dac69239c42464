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

import shutil
from pathlib import Path

from ports import free_port
from programs import ForeignServer
from rights import IS_ROOT

HOME = Path("/usr/share/tomcat10")
SETTINGS = HOME / "etc"
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


class Tomcat(ForeignServer):
    """One server; `connector` is put into both of its connectors."""

    START_S = 120.0  # a Java machine begins slowly where others work beside it

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
        self.log = folder / "logs/said"
        super().__init__(
            [
                "java",
                *("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                "-Djava.awt.headless=true",
                f"-Dcatalina.home={HOME}",
                f"-Dcatalina.base={folder}",
                f"-Djava.io.tmpdir={folder / 'temp'}",
                "-cp",
                f"{HOME}/bin/bootstrap.jar:{HOME}/bin/tomcat-juli.jar",
                "org.apache.catalina.startup.Bootstrap",
                "start",
            ],
            [self.http, self.ajp],
            self.log,
            folder=folder,
            user="nobody:nogroup" if IS_ROOT else "",
        )

    def start(self) -> None:
        if IS_ROOT:
            for path in (self.base, *self.base.rglob("*")):
                shutil.chown(path, "nobody", "nogroup")
        super().start()
