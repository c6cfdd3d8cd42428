"""Builds the generated protobuf modules; everything else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))

from protogen import generate, read_version  # noqa: E402


class BuildPy(build_py):
    """Generates ``posewire.v1`` before the packages are collected."""

    def run(self) -> None:
        generate()
        super().run()


setup(
    version=read_version(),
    packages=["posewire", "posewire.v1"],
    package_data={"posewire": ["py.typed", "v1/*.pyi"]},
    cmdclass={"build_py": BuildPy},
)
