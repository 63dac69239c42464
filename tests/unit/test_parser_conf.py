"""The configurations in conf/ are manuals: nothing is to be said about them."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from configs import REGISTRY
from rows import rows

from fastlb.base.errors import Severity, render
from fastlb.config.parser import parse
from fastlb.lint.check import checked_model

ROOT = Path(__file__).parents[2]
# The container's stands in its image, and is played there (tests/packages).
FILES = sorted(
    path for path in (ROOT / "conf").rglob("*.conf") if path.parent.name != "container"
)


def test_there_are_such_files() -> None:
    assert {"fastlb.conf", "sticky.conf", "logging.conf", "status.conf"} <= {
        path.name for path in FILES
    }


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ServerRoot with the certificates that conf/extra/tls.conf names."""
    root = tmp_path_factory.mktemp("root")
    directory = root / "conf"
    directory.mkdir()
    ca = make_ca()
    for name in ("staff-ca", "internal-ca"):
        (directory / f"{name}.pem").write_bytes(ca.pem)
    for name in ("www", "staff"):
        make_pair(ca, [f"{name}.example.com"]).write(directory, f"{name}.example.com")
    return root


def complaints(path: Path, root: Path) -> str:
    is_whole = path.name == "fastlb.conf" or path.parent.name == "examples"
    listen = [] if is_whole else ["Listen 8080"]
    lenient = path.parent.name == "examples"  # one has a method that Apache has not
    tree, diagnostics = parse(
        str(path),
        server_root=str(root),
        defines=[],
        environ={},
        registry=REGISTRY,
        lenient=lenient,
        before=listen,
    )
    model, more = checked_model(tree, lenient=lenient, environ={}, cpu_count=1)
    found = [d for d in [*diagnostics, *more] if d.severity is not Severity.NOTE]
    assert model is not None
    return render(found)


@rows("path", FILES, ids=lambda path: path.name)
def test_a_printed_configuration_is_clean_under_strict(path: Path) -> None:
    assert complaints(path, ROOT) == ""


def test_the_one_with_certificates_is_clean_where_they_are(certificates: Path) -> None:
    assert complaints(ROOT / "conf/extra/tls.conf", certificates) == ""


@rows("path", FILES, ids=lambda path: path.name)
def test_a_printed_configuration_fits_a_terminal(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert len(line) <= 88 or line.startswith("LogFormat"), line
