"""Build of the compiled parts; everything else stands in pyproject.toml.

FASTLB_DEBUG=1 builds with every Cython check and the ASSERT()s of core/debug.h.
FASTLB_PROBE=1 also builds fastlb._probe, through which tests call the core's functions.
FASTLB_QUICK=1 compiles without optimising, while one tries things out.
FASTLB_FUZZ=1 builds fastlb._fuzz instead of the core (tests/attack/coverage.py).
CYTHON_CACHE_DIR=FOLDER keeps there what Cython makes, for other copies of the sources.

PCRE2 is found through pkg-config or pcre2-config, else where the compiler looks; zlib
through pkg-config.
"""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable

try:
    import Cython
    import setuptools
    from setuptools import Extension, setup
    from setuptools.command.build_ext import build_ext
except ImportError as error:
    sys.exit(f"fastlb is built with {error.name}: pip install -e '.[dev]' installs it")

DEBUG = os.environ.get("FASTLB_DEBUG") == "1"
PROBE = os.environ.get("FASTLB_PROBE") == "1"
QUICK = os.environ.get("FASTLB_QUICK") == "1"
FUZZ = os.environ.get("FASTLB_FUZZ") == "1"
OPTIMISE = "-O0" if QUICK else "-O1" if DEBUG else "-O2"

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,  # for inspect: a method that is not bound knows none
    "embedsignature.format": "clinic",
    "auto_pickle": False,
    "binding": False,
}

# What was compiled otherwise is compiled again, though no file has changed.
HOW = repr(
    (OPTIMISE, DEBUG, os.environ.get("CC"), os.environ.get("CFLAGS"), DIRECTIVES)
)
TOLD = pathlib.Path("build/how")
ANEW = not TOLD.exists() or TOLD.read_text() != HOW

# What takes or gives an object of Python's reads the model when a worker begins, or is
# asked for a page, a line of the log, an explanation; requests pass through none of it.
# It is two thirds of the code, and small is all that it need be.
TOUCHES_PYTHON = re.compile(
    r"^static (?=([^;{}=]*(?:PyObject|__pyx_obj_|__pyx_pw_)[^;{}=]*\)\s*;))", re.M
)
RUNS_REQUESTS = re.compile(r"on_(?:ready|tick)\(")  # the loop's two ways into the core
# No request that a member answers comes here: lines of the error log, refusals, traces.
SELDOM = re.compile(
    r"^static (?=[^;{}=()]*_core_(?:log_say|say\w*|exchange_answer_decided|answer_page"
    r"|exchange_answer_error|trace_\w+|digest_challenge|question_note)\([^;{}]*\)\s*;)",
    re.M,
)

# As pyproject.toml says: what a virtual environment comes with may be older (Debian
# 12), and `pip install` builds elsewhere, with what it fetches for the purpose.
for tool, oldest in ((setuptools, (77, 0)), (Cython, (3, 1))):
    if tuple(int(part) for part in tool.__version__.split(".")[:2]) < oldest:
        wanted = f"{tool.__name__} {oldest[0]}.{oldest[1]} or newer"
        sys.exit(
            f"fastlb is built with {wanted}, and this is {tool.__version__}: "
            "pip install -e '.[dev]' installs it"
        )

NO_PCRE2 = """
fastlb needs PCRE2's header and library (pcre2.h, libpcre2-8), and they were not found.
    Debian, Ubuntu:  apt-get install libpcre2-dev
    Fedora:          dnf install pcre2-devel
    Alpine:          apk add pcre2-dev
"""
NO_ZLIB = """
fastlb needs zlib's header and library (zlib.h, libz), and they were not found.
    Debian, Ubuntu:  apt-get install zlib1g-dev
    Fedora:          dnf install zlib-devel
    Alpine:          apk add zlib-dev
"""
# How to ask for what the compiler and the linker need, the first that is there.
ASK_FOR_PCRE2 = (
    ("pkg-config", "--cflags", "--libs", "libpcre2-8"),
    ("pcre2-config", "--cflags", "--libs8"),
)


ASK_FOR_ZLIB = (("pkg-config", "--cflags", "--libs", "zlib"),)


def words_for(asks: Iterable[tuple[str, ...]], usual: str) -> list[str]:
    """Options of compiler and linker for a library: -I -L -l."""
    for command in asks:
        if shutil.which(command[0]):
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            if told.returncode == 0 and "-l" in told.stdout:
                return shlex.split(told.stdout)
    return [usual]


PCRE2 = words_for(ASK_FOR_PCRE2, "-lpcre2-8")
LIBRARIES = PCRE2 + words_for(ASK_FOR_ZLIB, "-lz")


def libfuzzer() -> list[str]:
    """What links clang's fuzzer without its main()."""
    ask = ["clang", "-print-file-name=libclang_rt.fuzzer_no_main-x86_64.a"]
    told = subprocess.run(ask, capture_output=True, text=True, check=True)
    # Its own counters, not those of the sanitizer's library, which is loaded before.
    return [told.stdout.strip(), "-lstdc++", "-lm", "-Wl,-Bsymbolic"]


FUZZ_LINK = libfuzzer() if FUZZ else []


class Build(build_ext):
    """Says in one sentence what is missing, before a compiler says it in a hundred."""

    def run(self) -> None:
        words = [os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"]
        words += [w for w in LIBRARIES if w.startswith("-I")]
        words += [os.environ.get("CFLAGS", ""), "-DPCRE2_CODE_UNIT_WIDTH=8 -x c -E -"]
        for header, missing in (("pcre2.h", NO_PCRE2), ("zlib.h", NO_ZLIB)):
            told = subprocess.run(
                shlex.split(" ".join(words)),
                input=f"#include <{header}>\n",
                capture_output=True,
                text=True,
                check=False,
            )
            if told.returncode:
                sys.exit(missing)
        self.force = self.force or ANEW
        super().run()
        TOLD.parent.mkdir(exist_ok=True)
        TOLD.write_text(HOW)


def extension(name: str) -> Extension:
    return Extension(
        name,
        [name.replace(".", "/") + ".pyx"],
        include_dirs=[
            *("fastlb/core", "fastlb/core/balance", "fastlb/core/http"),
            "fastlb/include",
            *(w[2:] for w in LIBRARIES if w.startswith("-I")),
        ],
        library_dirs=[w[2:] for w in LIBRARIES if w.startswith("-L")],
        extra_compile_args=[
            "-std=gnu11",
            OPTIMISE,
            "-fno-strict-aliasing",
            "-Wno-unused-function",
            *(["-g", "-DFASTLB_DEBUG=1"] if DEBUG else []),
            # Nothing unwinds a stack through the core; a debugger reads .debug_frame.
            *(["-fno-asynchronous-unwind-tables"] if OPTIMISE == "-O2" else []),
            # Else what only the loop's two ways in call would count as cold like them.
            *(["-fno-ipa-profile"] if OPTIMISE == "-O2" and not FUZZ else []),
        ],
        extra_link_args=FUZZ_LINK if name == "fastlb._fuzz" else [],
        libraries=["pthread", "m", *(w[2:] for w in LIBRARIES if w.startswith("-l"))],
        depends=headers(),
    )


def headers() -> list[str]:
    """What C includes. What Cython includes and cimports it finds by itself."""
    found = []
    for folder, _dirs, names in (*os.walk("fastlb/core"), *os.walk("fastlb/include")):
        found += [os.path.join(folder, n) for n in names if n.endswith(".h")]
    return sorted(found)


def extensions() -> list[Extension]:
    from Cython.Build import cythonize

    names = ["fastlb._pcre2", "fastlb._fuzz" if FUZZ else "fastlb._core"]
    names += ["fastlb._probe"] if PROBE else []
    if ANEW:
        for name in names:
            pathlib.Path(name.replace(".", "/") + ".c").unlink(missing_ok=True)
    found = cythonize(
        [extension(n) for n in names],
        compiler_directives=DIRECTIVES,
        cache="CYTHON_CACHE_DIR" in os.environ,
        annotate=os.environ.get("FASTLB_ANNOTATE") == "1",
        emit_linenums=DEBUG,  # an ASSERT that fails names its line of the .pyx
    )
    for one in found:
        if one.name != "fastlb._probe":
            mark_cold(pathlib.Path(one.sources[0]))
    return found


def mark_cold(source: pathlib.Path) -> None:
    """Say in the C text which functions need not be fast; Cython has no word for it."""
    text = source.read_text()
    marked = TOUCHES_PYTHON.sub(
        lambda found: (
            found[0]
            if RUNS_REQUESTS.search(found[1]) or "__attribute__" in found[1]
            else "static __attribute__((cold)) "
        ),
        text,
    )
    marked = SELDOM.sub("static __attribute__((cold)) ", marked)
    if marked != text:
        source.write_text(marked)


setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": Build},
    options={"build_ext": {"parallel": 2}},
)
