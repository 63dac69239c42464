"""The package of tests/example_method, compiled; and methods in C that are none.

Nothing is installed: a folder with the extension, and with what setuptools says of the
package, is all that Python needs to find its entry points.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import fastlb

EXAMPLE = Path(__file__).parent / "example_method"


def built(folder: Path) -> Path:
    """The example, in a folder that has to be on sys.path."""
    place = folder / "byfew"
    shutil.copytree(EXAMPLE, place)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "egg_info"],
        cwd=place,
        env={
            "PYTHONPATH": str(Path(fastlb.__file__).parents[1]),
            "PATH": "/usr/bin:/bin",
        },
        check=True,
        capture_output=True,
        timeout=300,
    )
    return place


OTHER = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fastlb_lbmethod.h>
static int32_t choose(const fastlb_election *e) {{ return {chosen}; }}
static struct {{ fastlb_lbmethod m; }} one = {{ {{
    {abi}, {size}, 0, 0, choose, NULL, "anybody" }} }};
static struct PyModuleDef module = {{
    PyModuleDef_HEAD_INIT, "{name}", NULL, -1, NULL, NULL, NULL, NULL, NULL }};
PyMODINIT_FUNC PyInit_{name}(void) {{
    PyObject *m = PyModule_Create(&module);
    PyModule_AddObject(m, "method", PyCapsule_New(&one, "{capsule}", NULL));
    return m;
}}
"""


def other(
    folder: Path,
    name: str,
    *,
    chosen: str = "0",
    abi: str = "FASTLB_LBMETHOD_ABI",
    size: str = "sizeof(fastlb_lbmethod)",
    capsule: str = "fastlb.lbmethod",
) -> Path:
    """A method of that name, in C."""
    folder.mkdir(exist_ok=True)
    source = folder / f"{name}.c"
    source.write_text(
        OTHER.format(name=name, chosen=chosen, abi=abi, size=size, capsule=capsule)
    )
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    words = ["cc", "-shared", "-fPIC", f"-I{sysconfig.get_paths()['include']}"]
    words += [f"-I{fastlb.get_include()}", str(source)]
    subprocess.run([*words, "-o", str(folder / f"{name}{suffix}")], check=True)
    name_package(folder, name, f"{name}:method")
    return folder


def name_package(folder: Path, name: str, point: str, package: str = "") -> None:
    """What an installer writes down of a package; without its name the method's."""
    package = package or name
    info = folder / f"{package}-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.0\n"
    )
    (info / "entry_points.txt").write_text(f"[fastlb.lbmethods]\n{name} = {point}\n")
