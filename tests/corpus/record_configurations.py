"""Ask a real httpd what it makes of every configuration, and write it beside them.

    python tests/corpus/record_configurations.py [NAME ...]

tests/corpus/configurations/NAME.conf is a configuration as its author would write it;
NAME.json says what is asked of it:

    after     whose documents it follows
    files     path -> content of files that it names
    requests  each with url, and perhaps method, fields, body, upgrade (a protocol), and
              answer (status and fields of the member's answer)

and this program adds to each request, as httpd: status and fields of the answer, which
member was asked, for what, and the fields that it saw. Where fastlb answers otherwise,
and is meant to, ours says what, and why says why.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
for folder in (HERE.parent, HERE.parent / "e2e", HERE):
    sys.path.insert(0, str(folder))

from stage import HOST, Stage  # noqa: E402 - found through the lines above

CONFIGURATIONS = HERE / "configurations"
MODULES = Path("/usr/lib/apache2/modules")
LOADED = [
    "mpm_event",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_host",
    "authz_user",
    "authz_groupfile",
    "access_compat",
    "auth_basic",
    "alias",
    "env",
    "headers",
    "mime",
    "setenvif",
    "rewrite",
    "remoteip",
    "allowmethods",
    "proxy",
    "proxy_http",
    "proxy_balancer",
    "proxy_wstunnel",
    "slotmem_shm",
    "lbmethod_byrequests",
    "lbmethod_bybusyness",
    "lbmethod_bytraffic",
    "ssl",
    "socache_shmcb",
    "deflate",
    "expires",
    "filter",
    "status",
    "proxy_html",
    "xml2enc",
    "macro",
    "substitute",
    "http2",
    "proxy_connect",
    "proxy_hcheck",
    "watchdog",
    "reqtimeout",
    "request",
    "vhost_alias",
    "unique_id",
]
READY_S = 20.0


def preamble(folder: Path) -> str:
    loads = "".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so\n"
        for name in LOADED
        if (MODULES / f"mod_{name}.so").exists()
    )
    user = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
    return (
        f'{loads}{user}ServerRoot "{folder}"\nDefaultRuntimeDir "{folder}/run"\n'
        f'PidFile "{folder}/run/pid"\nErrorLog "{folder}/logs/error.log"\n'
        f"Define APACHE_LOG_DIR {folder}/logs\n"
        "ServerName stage.example.org\nTypesConfig /dev/null\n"
    )


def record(path: Path) -> str:
    """Record one configuration; what is worth saying."""
    told = path.with_suffix(".json")
    spec = json.loads(told.read_text())
    folder = Path(tempfile.mkdtemp(prefix="fastlb-corpus-"))
    folder.chmod(0o755)
    stage = Stage(path.read_text(), folder, spec.get("files", {}))
    conf = folder / "httpd.conf"
    conf.write_text(preamble(folder) + stage.laid)
    with (folder / "output").open("w") as output:
        server = subprocess.Popen(
            ["/usr/sbin/apache2", "-f", str(conf), "-D", "FOREGROUND"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + READY_S
        while not all(_answers(port) for port in stage.ports.values()):
            if server.poll() is not None or time.monotonic() > deadline:
                return (folder / "output").read_text()[-600:]
            time.sleep(0.01)
        for request in spec["requests"]:
            request["httpd"] = stage.play(request)
    except Exception:
        print((folder / "logs/error.log").read_text()[-1500:])
        raise
    finally:
        server.terminate()
        server.wait(READY_S)
        stage.end()
        shutil.rmtree(folder, ignore_errors=True)
    told.write_text(json.dumps(spec, indent=1, ensure_ascii=False) + "\n")
    return " ".join(str(request["httpd"]["status"]) for request in spec["requests"])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in CONFIGURATIONS.glob("*.conf"))
    for name in names:
        try:
            said = record(CONFIGURATIONS / f"{name}.conf")
        except Exception as problem:
            said = f"!! {type(problem).__name__}: {problem}"
        print(f"{name}: {said}", flush=True)


if __name__ == "__main__":
    main()
