"""The diffs of docs/adding.md fit the sources, and what they add passes its tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIFF = re.compile(r"^```diff\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"^--- (?:a/.+|/dev/null)\n\+\+\+ b/(.+)\n", re.M)
# Tests that the page names and that need nothing compiled; every other one, and the
# rest, take the same time.
DEMANDED = (
    *("obeyed", "fence", "resolve_members", "own_words"),
    *("declarations", "floors", "registry"),
)


@dataclass(frozen=True)
class Hunk:
    path: str
    old: str
    new: str


def hunks(diff: str) -> list[Hunk]:
    found: list[Hunk] = []
    _, *parts = FILE.split(diff)
    for path, text in zip(parts[::2], parts[1::2], strict=True):
        for body in re.split(r"^@@ .* @@\n", text, flags=re.M)[1:]:
            lines = [(line[:1] or " ", line[1:]) for line in body.splitlines()]
            old = "".join(f"{line}\n" for sign, line in lines if sign != "+")
            new = "".join(f"{line}\n" for sign, line in lines if sign != "-")
            found.append(Hunk(path, old, new))
    return found


EXAMPLES = [hunks(diff) for diff in DIFF.findall((ROOT / "docs/adding.md").read_text())]
EVERY = [hunk for example in EXAMPLES for hunk in example]


def test_a_setting_or_method_has_at_most_four_homes() -> None:
    assert len(EXAMPLES) == 3
    for example in EXAMPLES:
        homes = {hunk.path for hunk in example if hunk.path.startswith("fastlb/")}
        assert len(homes) <= 4
        assert any(hunk.path.startswith("tests/") for hunk in example)


def test_every_hunk_fits_in_one_place() -> None:
    for hunk in EVERY:
        if not hunk.old and not (ROOT / hunk.path).exists():
            continue  # a new file
        text = (ROOT / hunk.path).read_text()
        # or it was made, by whoever tries the page
        assert text.count(hunk.old) == 1 or hunk.new in text, hunk


def test_what_is_added_passes_the_tests_that_the_page_names(tmp_path: Path) -> None:
    # what is compiled is not compiled anew: it was, when the page was written
    for folder in ("fastlb", "docs", "tests/unit"):
        ignored = shutil.ignore_patterns(
            "__pycache__", "*.c", "_core.*.so", "_p*e.*.so"
        )
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for name in ("tests/rows.py", "tests/conftest.py", "tests/ports.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "ARCHITECTURE.md"):
        shutil.copy(ROOT / name, tmp_path)
    for hunk in EVERY:
        path = tmp_path / hunk.path
        if not hunk.old:
            path.write_text(hunk.new)
        elif path.exists() and hunk.new not in path.read_text():
            path.write_text(path.read_text().replace(hunk.old, hunk.new))
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout

    manual = run("fastlb.config.directives_doc")
    assert "LimitRequestQuery" in manual and "`maxrequests=`" in manual
    (tmp_path / "docs/directives.md").write_text(manual)
    tests = [f"tests/unit/test_{name}.py" for name in DEMANDED]
    pytest = ("pytest", "-q", "-p", "no:cacheprovider", "--assert=plain")
    with ThreadPoolExecutor() as pool:  # each half keeps one core busy
        for half in [pool.submit(run, *pytest, *tests[at::2]) for at in (0, 1)]:
            half.result()
