"""Build of the compiled parts; everything else stands in pyproject.toml.

FASTLB_DEBUG=1 builds with every Cython check and the ASSERT()s of core/debug.h.
FASTLB_PROBE=1 also builds fastlb._probe, through which tests call C functions.
FASTLB_QUICK=1 compiles without optimising, while one tries things out.
"""

from __future__ import annotations

import os

from setuptools import Extension, setup

DEBUG = os.environ.get("FASTLB_DEBUG") == "1"
PROBE = os.environ.get("FASTLB_PROBE") == "1"
QUICK = os.environ.get("FASTLB_QUICK") == "1"
OPTIMISE = "-O0" if QUICK else "-O1" if DEBUG else "-O3"

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": False,
}


def extension(name: str) -> Extension:
    return Extension(
        name,
        [name.replace(".", "/") + ".pyx"],
        include_dirs=["fastlb/core", "fastlb/core/balance", "fastlb/core/http"],
        extra_compile_args=[
            "-std=gnu11",
            OPTIMISE,
            "-fno-strict-aliasing",
            "-Wno-unused-function",
            *(["-g", "-DFASTLB_DEBUG=1"] if DEBUG else []),
        ],
        libraries=["pthread"],
        depends=chapters(),
    )


def chapters() -> list[str]:
    found = []
    for folder, _dirs, names in os.walk("fastlb/core"):
        found += [
            os.path.join(folder, n) for n in names if n.endswith((".pyx", ".pxd", ".h"))
        ]
    return sorted(found)


def extensions() -> list[Extension]:
    from Cython.Build import cythonize

    names = ["fastlb._core"] + (["fastlb._probe"] if PROBE else [])
    return cythonize(
        [extension(n) for n in names],
        compiler_directives=DIRECTIVES,
        annotate=os.environ.get("FASTLB_ANNOTATE") == "1",
        emit_linenums=DEBUG,  # an ASSERT that fails names its line of the .pyx
    )


setup(ext_modules=extensions(), options={"build_ext": {"parallel": 2}})
