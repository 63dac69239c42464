"""The pytest plug-in, as those use it who test a configuration of their own."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]
PLAYED = re.compile(r"<!-- played: (\S+) -->\n```python\n(.*?)```", re.S)


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """pytest in a folder of its own; the plug-in need not be installed."""
    if not entry_points(group="pytest11", name="fastlb"):
        words = ("-p", "fastlb.pytest_plugin", *words)
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *words)


@pytest.fixture(autouse=True)
def these_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_the_example_of_the_manual_passes(pytester: pytest.Pytester) -> None:
    text = (ROOT / "docs/testing.md").read_text("utf-8")
    ((name, source),) = PLAYED.findall(text)
    pytester.makepyfile(**{name.removesuffix(".py"): source})
    run(pytester).assert_outcomes(passed=source.count("\ndef test_"))


FAILING = """
from pathlib import Path

import pytest

from fastlb.testing import RefusedError

CONFIG = '''
    Listen 127.0.0.1:{port}
    ProxyPass / {member:a}/
    Header set X-Kept "%{member:a}e"
'''


def test_of_what_is_written(fastlb_server):
    server = fastlb_server(CONFIG)
    assert "%{member:a}e" in server.config.read_text()
    assert server.get("/").status == 201


def test_refused(fastlb_server):
    fastlb_server(CONFIG + "    ProxyPas / x")


def test_expectation(fastlb_server):
    fastlb_server(CONFIG + "    #@ expect / -> 404")


def test_file(fastlb_server):
    Path("site.conf").write_text("Listen 80\\nInclude other.conf\\n")
    Path("other.conf").write_text("ProxyPass / http://10.0.0.1/\\n")
    changes = {"Listen 80": "Listen 127.0.0.1:{port}"}
    server = fastlb_server(Path("site.conf"), replace=changes)
    with pytest.raises(RefusedError, match="line 2 of site.conf"):
        server.reload("Listen 80\\nNonsense on\\n")
    server.reload(fastlb_server.text("Listen 127.0.0.1:{port}\\nRedirect / /x\\n"))
    assert server.get("/y").field("Location").endswith("/xy")
    with pytest.raises(LookupError, match="10.0.0.9"):
        fastlb_server(Path("site.conf"), replace={"10.0.0.9": "{address:a}"})
"""


def test_failures_show_the_configuration_and_what_was_said(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(FAILING)
    result = run(pytester)
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.re_match_lines(
        [
            r"E .*assert 200 == 201",
            r"-+ fastlb: the configuration -+",
            r" +2 ProxyPass / http://127\.0\.0\.1:\d+/",
            r"-+ fastlb: what it said -+",
            r".*resuming normal operations.*",
            r".*RefusedError: fastlb refuses the configuration:",
            r".*ProxyPas\b.*",
            r".* +4 ProxyPas / x",
            r".*RefusedError: fastlb refuses the configuration:",
            r".*FB0390.*",
        ]
    )


def test_a_run_without_it_imports_nothing_more(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_loaded(pytestconfig):
            assert "fastlb.pytest_plugin" in sys.modules
            ours = {one for one in sys.modules if one.split(".")[0] == "fastlb"}
            assert ours == {"fastlb", "fastlb.pytest_plugin"}
        """
    )
    run(pytester).assert_outcomes(passed=1)
