"""Fuzzing that follows coverage: libFuzzer on the compiled entry points.

    python -m tests.attack.coverage build FOLDER        compile a copy with clang
    python -m tests.attack.coverage run FOLDER [--seconds 5] [TARGET ...]
    python -m tests.attack.coverage merge FOLDER        what was found, made small

`run` begins with tests/corpus/fuzz/TARGET.txt, an input a line (base64), and for heads
with the requests and responses of the corpus. Bytes that end a target become a line of
that file, so that every run begins with them. Needs clang and libclang-rt-dev (Debian).
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CORPUS = ROOT / "tests" / "corpus"
# Not pointer-overflow: to clang it is one to add nothing to a NULL pointer.
FLAGS = (
    "-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined "
    "-fno-sanitize=pointer-overflow -shared-libasan"
)
SEED_BYTES_MAX = 3000
DICTIONARY = (
    "GET ", " HTTP/1.1\\x0d\\x0a", "Host: ", "Content-Length: ", "chunked", "%2f",
    "../", "Transfer-Encoding: ", "Connection: ", "\\x0d\\x0a\\x0d\\x0a", "http://",
    "%0d%0a",
    "HTTP/1.1 200 ", "Set-Cookie: ", "Location: ", "Cookie: ROUTE=", ";jsessionid=",
    "Path=/", "Domain=", "//", "\\\\",
    "C=S;O=D", "P=*", "F=2&", "%26", "\\x0a",
    "<a href=", "<!--", "-->", "</script", "<script>", "<![CDATA[", "srcset=", "&#47;",
    "<svg>", "/>",
    "AB\\x00", "\\x04\\x00\\xc8", "\\xa0\\x03", "AB\\x00\\x02\\x05\\x01",
)  # fmt: skip


# Files of the server's own: fuzz_file knows where they may lie.
FILES = """
DocumentRoot /site
Alias /more /more
AliasMatch ^/any(.*)$ /more$1
<Directory />
Require all denied
</Directory>
<Directory /site/*/x>
Options -FollowSymLinks
</Directory>
<DirectoryMatch "/a+/">
Require all granted
</DirectoryMatch>
<Files "*.x">
Require all denied
</Files>
<Directory /site/aa>
Require all granted
IndexIgnore *~ HEADER*
IndexStyleSheet /s.css
AddIcon (TXT,/icons/t) .txt ^^BLANKICON^^
AddAlt DIR ^^DIRECTORY^^
AddAlt "a <alt>" *.c
AddDescription "d <b>&amp; and" *d*
DefaultIcon /i
</Directory>
"""

# No member has what lies there, and rules set cookies for each name of it.
LISTED = """\
RewriteRule ^/aa/ - [CO=page:1:a.example]
RewriteRule ^/aa/(.+)$ - [CO=name:$1:a.example]
ProxyPass /aa/ !
"""


def build(folder: Path) -> None:
    """Compile the sources, with every assertion, for the fuzzer."""
    source = folder / "source"
    # Without pyproject.toml: an old setuptools reads no line of it, and none is wanted.
    for name in ("fastlb", "setup.py", "tests"):
        place = source / name
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name,
                place,
                ignore=shutil.ignore_patterns("*.so", "*.c", "corpus"),
            )
        else:
            shutil.copy(ROOT / name, place)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=source,
        check=True,
        env={
            **os.environ,
            "CC": "clang",
            "LDSHARED": "clang -shared",
            "CFLAGS": f"{FLAGS} -fno-omit-frame-pointer",
            "LDFLAGS": FLAGS,
            "FASTLB_DEBUG": "1",
            "FASTLB_FUZZ": "1",
        },
    )


def environment(folder: Path) -> dict[str, str]:
    ask = ["clang", "-print-file-name=libclang_rt.asan-x86_64.so"]
    told = subprocess.run(ask, capture_output=True, text=True, check=True)
    return {
        **os.environ,
        "PYTHONPATH": str(folder / "source"),
        "LD_PRELOAD": told.stdout.strip(),
        "PATH": f"{folder}:{os.environ['PATH']}",
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def within(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this file with the copy's core."""
    return subprocess.run(
        [sys.executable, "-m", "tests.attack.coverage", *words],
        cwd=folder / "source",
        env=environment(folder),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def targets(folder: Path) -> list[str]:
    said = within(folder, "targets")
    if said.returncode:
        raise SystemExit(said.stderr)
    return said.stdout.split()


def kept(target: str) -> Path:
    return CORPUS / "fuzz" / f"{target}.txt"


def lay(target: str, place: Path) -> None:
    """Write what is kept as files; for what reads heads, the corpus of heads too."""
    place.mkdir(parents=True)
    if kept(target).exists():
        for number, line in enumerate(kept(target).read_text().splitlines()):
            (place / f"kept-{number}").write_bytes(base64.b64decode(line))
    kind = {
        "request_head": "requests", "request": "requests", "json_line": "requests",
        "response": "responses", "response_head": "responses",
    }.get(target)  # fmt: skip
    if kind is None:
        return
    for number, case in enumerate(json.loads((CORPUS / f"{kind}.json").read_text())):
        raw = case["raw"].encode("latin-1")
        if len(raw) < SEED_BYTES_MAX:
            data = b"\0" + raw if target == "response_head" else raw
            (place / str(number)).write_bytes(data)


def keep(target: str, folder: Path, *, more: bool) -> int:
    """Write the folder's files down, or add them; how many lines there are now."""
    lines = {base64.b64encode(path.read_bytes()).decode() for path in folder.iterdir()}
    if more and kept(target).exists():
        lines |= set(kept(target).read_text().splitlines())
    kept(target).parent.mkdir(exist_ok=True)
    kept(target).write_text("".join(f"{line}\n" for line in sorted(lines)))
    return len(lines)


def run(folder: Path, names: list[str], seconds: int) -> int:
    """Each target for so long, one on each core; the number of those that failed."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as at_once:
        ended = at_once.map(
            lambda target: run_one(folder, target, seconds), names or targets(folder)
        )
        return sum(ended)


def run_one(folder: Path, target: str, seconds: int) -> bool:
    """Whether it failed."""
    grown, ends = folder / "grown" / target, folder / "ends" / target
    grown.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(ends, ignore_errors=True)
    ends.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        lay(target, Path(name, "seeds"))
        words = Path(name, "words")
        words.write_text("".join(f'"{word}"\n' for word in DICTIONARY))
        said = within(
            folder,
            *("one", target, str(grown), str(Path(name, "seeds"))),
            *(f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=4000"),
            *(f"-artifact_prefix={ends}/", f"-dict={words}"),
        )
    lines = said.stderr.splitlines()
    done = [line for line in lines if line.startswith("Done") or "DONE" in line]
    print(f"{target}: {' | '.join(done)}", flush=True)
    if said.returncode:
        keep(target, ends, more=True)
        print(f"{said.stdout[-2000:]}\n{said.stderr[-6000:]}", flush=True)
    return said.returncode != 0


def merge(folder: Path, names: list[str]) -> None:
    """Keep the fewest inputs that reach all that was reached."""
    for target in names or targets(folder):
        small = folder / "small" / target
        shutil.rmtree(small, ignore_errors=True)
        small.mkdir(parents=True)
        grown = folder / "grown" / target
        # The fuzzer runs itself anew for this, as `fuzz`.
        again = folder / "fuzz"
        words = f"{sys.executable} -m tests.attack.coverage one {target}"
        again.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        again.chmod(0o755)
        with tempfile.TemporaryDirectory() as name:
            lay(target, Path(name, "seeds"))
            said = within(
                folder,
                *("one", target, str(small), str(Path(name, "seeds")), str(grown)),
                *("-merge=1", "-use_counters=0"),
            )
        if said.returncode or not any(small.iterdir()):
            raise SystemExit(said.stderr[-3000:])
        print(f"{target}: {keep(target, small, more=False)} inputs")


def one(target: str, words: list[str]) -> int:
    """Within the copy: the fuzzer itself."""
    from fastlb import _fuzz  # type: ignore[attr-defined]

    sys.modules["fastlb._core"] = _fuzz
    with tempfile.TemporaryDirectory() as folder:
        core = core_of_everything(Path(folder))
        status = int(_fuzz.fuzz(_fuzz.TARGETS.index(target), words))
        del core
    return status


def core_of_everything(folder: Path) -> object:
    """A core whose plan has something of everything (mutants.py)."""
    from fastlb.logs import files
    from fastlb.master import claims
    from fastlb.master.loading import Source, load
    from fastlb.worker.heritage import Heritage
    from fastlb.worker.services import WorkerServices
    from fastlb.worker.worker import core_of

    from .mutants import CONF, FORMAT
    from .site import HOST

    conf = folder / "httpd.conf"
    ports = {"plain": 8001, "tls": 8002, "proxy": 8003, "a": 8004, "b": 8005}
    text = CONF.format(host=HOST, format=FORMAT, ssl="", **ports)
    text = text.replace(" *:8002", "").replace(
        "LogFormat", "ServerName t\nLogFormat", 1
    )
    text = text.replace(
        "    ProxyPass /server-status !", f"{LISTED}ProxyPass /server-status !"
    )
    text += FILES
    conf.write_text(f'ServerRoot "{folder}"\nErrorLog error.log\n{text}')
    loaded = load(Source(str(conf), str(folder), (), (), (), {}))
    assert loaded.model is not None, loaded.diagnostics
    model = loaded.model
    table = claims.create_table(model)
    member_slots, balancer_slots = claims.claim(table, model, 1)
    logs = files.open_logs(model, lambda *_: None)
    heritage = Heritage(
        number=0,
        generation=1,
        slot=table.claim_worker(os.getpid(), 1, 0),
        model=model,
        table=table,
        member_slots=member_slots,
        balancer_slots=balancer_slots,
        sockets=tuple(socket.create_server((HOST, 0)) for _ in model.listeners),
        log_fds=tuple(os.open(os.devnull, os.O_WRONLY) for _ in logs.access_fds),
        error_fds=logs.error_fds,
        ready_fd=os.open(os.devnull, os.O_WRONLY),
        started_us=0,
        foreground=True,
    )
    return core_of(heritage, WorkerServices(heritage))


def main() -> int:
    if sys.argv[1:2] == ["targets"]:
        from fastlb import _fuzz  # type: ignore[attr-defined]

        print(" ".join(_fuzz.TARGETS))
        return 0
    if sys.argv[1:2] == ["one"]:
        return one(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("build", "run", "merge"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=5)
    told = parser.parse_args()
    if told.what == "build":
        build(told.folder.resolve())
    elif told.what == "run":
        return run(told.folder.resolve(), told.targets, told.seconds)
    else:
        merge(told.folder.resolve(), told.targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
