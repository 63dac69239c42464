"""Whether an installed fastlb works: python tests/smoke.py, with nothing but Python.

What is in the package, the check of a configuration, the demo with two requests and its
end. Run with the interpreter that it is installed for; exit status 0: all of it holds.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
from importlib.metadata import distribution
from pathlib import Path

FASTLB = Path(sysconfig.get_path("scripts")) / "fastlb"
WANTED = (
    "fastlb/_core.pyi",
    "fastlb/py.typed",
    "fastlb/lbmethod.pxd",
    "fastlb/include/fastlb_lbmethod.h",
    "fastlb/pytest_plugin.py",
    "licenses/LICENSE",
    "share/man/man8/fastlb.8",
    "share/bash-completion/completions/fastlb",
    "share/fastlb/conf/fastlb.conf",
    "share/fastlb/conf/examples/cluster.conf",
    "share/fastlb/conf/systemd/fastlb.service",
)
UNWANTED = re.compile(r"\.(pyx|c)$|/_probe|/_fuzz|^tests/|\.py\.orig$")
CONFIG = """\
Listen 127.0.0.1:{port}
ProxyPass / http://127.0.0.1:{port}/
"""


def check_files() -> None:
    files = [str(path) for path in distribution("fastlb").files or ()]
    missing = [one for one in WANTED if not any(f.endswith(one) for f in files)]
    surplus = [one for one in files if UNWANTED.search(one)]
    assert (missing, surplus) == ([], []), (missing, surplus)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(FASTLB), *words], capture_output=True, text=True, timeout=60, check=False
    )


def check_commands(folder: str) -> None:
    told = run("-v")
    assert told.returncode == 0, told
    assert "fastlb/" in told.stdout, told
    conf = Path(folder) / "httpd.conf"
    conf.write_text(CONFIG.format(port=8080))
    user = ["-C", "User nobody"] if os.geteuid() == 0 else []
    told = run("-t", "-f", str(conf), *user)
    assert told.returncode == 0, told
    conf.write_text("Lisen 8080\n")
    told = run("-t", "-f", str(conf))
    assert told.returncode == 1, told
    assert "did you mean Listen" in told.stderr, told


def check_demo() -> None:
    demo = subprocess.Popen([str(FASTLB), "demo"], stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        first = demo.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", first)
        assert found is not None, first
        members = {fetch(found[0])[:8] for _ in range(2)}
        assert members == {"member a", "member b"}, members
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    finally:
        demo.kill()
        demo.wait()


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.status == 200
        text: bytes = answer.read()
        return text.decode()


def main() -> None:
    check_files()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        check_commands(folder)
    check_demo()
    print(f"fastlb {distribution('fastlb').version} works for {sys.executable}")


if __name__ == "__main__":
    main()
