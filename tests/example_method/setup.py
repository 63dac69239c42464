"""A package with a balancing method of its own (docs/balancing.md)."""

from Cython.Build import cythonize
from setuptools import Extension, setup

import fastlb

setup(
    name="fastlb-byfew",
    version="1.0",
    py_modules=[],
    ext_modules=cythonize(
        Extension(
            "fastlb_byfew", ["fastlb_byfew.pyx"], include_dirs=[fastlb.get_include()]
        )
    ),
    entry_points={"fastlb.lbmethods": ["byfew = fastlb_byfew:method"]},
)
