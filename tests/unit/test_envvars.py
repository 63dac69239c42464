"""envvars is read as the shell reads it, as far as it is read, and never run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from rows import rows

from fastlb.config import envvars

DEBIANS = """\
# envvars - default environment variables for apache2ctl

# this won't be correct after changing uid
unset HOME

# for supporting multiple apache2 instances
if [ "${APACHE_CONFDIR##/etc/apache2-}" != "${APACHE_CONFDIR}" ] ; then
	SUFFIX="-${APACHE_CONFDIR##/etc/apache2-}"
else
	SUFFIX=
fi

export APACHE_RUN_USER=www-data
export APACHE_PID_FILE=/var/run/apache2$SUFFIX/apache2.pid
export APACHE_LOG_DIR=/var/log/apache2$SUFFIX
## Uncomment the following line to use the system default locale instead:
#. /etc/default/locale
export LANG=C

export LANG
"""

SCRIPTS = {
    "debian's": DEBIANS,
    "quotes": "export A='a $B' B=\"x y\" C=a\\ b D='it'\"'\"'s'\n",
    "a variable of a variable": "A=1\nexport B=${A}2$A\nexport C=\"${B}-'$A'\"\n",
    "defaults": "export A=${X:-1} B=${Y-2} C=${E:-3} D=${E-4} F=${E:+5} G=${A:+6}\n",
    "set where it is missing": ': ${A:=1}\nexport A\n: "${HOME:=/x}"\nexport HOME\n',
    "both ends": "V=a.b.c\nexport A=${V#*.} B=${V##*.} C=${V%.*} D=${V%%.*} E=${V#x}\n",
    "not exported": "A=1\nexport B=2\n",
    "exported before it is set": "export A\nA=1\n",
    "taken away": "export A=1\nunset A\nunset HOME\n",
    "of two branches": 'if [ -z "$E" ]; then export A=1; else export A=2; fi\n',
    "elif": "if [ a = b ]; then\n A=1\nelif [ b = b ]\nthen\n A=2\nelse\n A=3\nfi\n"
    "export A\n",
    "within": "if [ a = a ]; then\nif test -n ''; then\nA=1\nelse\nA=2\nfi\nfi\n"
    "if [ ! -d /nowhere ]; then B=1; fi\nexport A B\n",
    "a branch that is not taken": "if [ a = b ]; then\nexit 1\nelse\nexport A=1\nfi\n",
    "a line goes on": "export A=1\\\n2 B=3\n",
    "a comment behind": "export A=1 # one\nexport B=a#b ; export C=2;\n",
    "what sets nothing": "ulimit -n 1000\numask 022\nset +x\nexport A=1\n",
}


def of_the_shell(text: str, environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    script = tmp_path / "script"
    script.write_text(text)
    ended = subprocess.run(
        ["/bin/sh", "-c", '. "$0"; /usr/bin/env -0', script],
        env=environ,
        stdout=subprocess.PIPE,
        check=True,
    )
    pairs = [item.split("=", 1) for item in ended.stdout.decode().split("\0") if item]
    return {name: value for name, value in pairs if name not in ("PWD", "_", "OLDPWD")}


@rows("text", SCRIPTS.values(), ids=tuple(SCRIPTS))
def test_what_it_exports_is_what_the_shell_exports(tmp_path: Path, text: str) -> None:
    for directory in ("/etc/apache2", "/etc/apache2-two"):
        environ = {"HOME": "/root", "E": "", "APACHE_CONFDIR": directory}
        found = envvars.read(text, environ)
        assert found.skipped == ()
        assert found.exported == of_the_shell(text, environ, tmp_path)


def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    lines = [
        f"touch {trace}",
        f"export A=$(touch {trace})",
        f"export A=`touch {trace}`",
        f'export A="`touch {trace}`"',
        f'export A="$(touch {trace})"',
        f"export A=1 && touch {trace}",
        f"export A=1 > {trace}",
        f"if touch {trace}; then export A=2; fi",
        f". {trace}",
        "export A=$((1 + 1))",
        "fi",
        "else",
        "if [ -x /bin/sh ]; then export A=2; fi",
    ]
    for line in lines:
        found = envvars.read(f"export B=1\n{line}\nexport C=1\n", {})
        assert found.skipped == ((2, line),)
        assert found.exported.get("A", "1") == "1"
        assert {"B", "C"} <= set(found.exported)
    assert not trace.exists()


@rows("text", ("'", '"', "$", "${", "${A", "\\", "\0", "a=\0", "\udcff=1", "["))
def test_no_text_raises_anything(text: str) -> None:
    envvars.read(f"{text}\nexport B=1", {})
    envvars.read(f"if {text}\nthen export B=1", {})


def test_a_file_is_read_as_the_system_writes_names(tmp_path: Path) -> None:
    path = tmp_path / "envvars"
    path.write_bytes(b"export A=\xff\xc3\xa4\n")
    found = envvars.read_file(str(path), {})
    assert found is not None
    assert os.fsencode(found.exported["A"]) == b"\xff\xc3\xa4"
    path.write_bytes(b"#" * (envvars.BYTES_MAX + 1))
    found = envvars.read_file(str(path), {})
    assert found is not None
    assert found.exported == {}
    assert found.skipped
    assert envvars.read_file(str(tmp_path / "none"), {}) is None
