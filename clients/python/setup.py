"""Builds the generated protobuf modules; everything else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).parent))

from protogen import generate, read_version

generate()
setup(
    version=read_version(),
    packages=["posewire", "posewire.v1"],
    package_data={"posewire": ["py.typed", "v1/*.pyi"]},
)
