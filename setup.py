"""Builds the protobuf modules and the C++ extension; everything else is in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from setuptools import Extension, find_namespace_packages, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent.resolve()
sys.path.insert(0, str(ROOT / "clients" / "python"))

from protogen import generate, read_version  # noqa: E402


class CMakeBuild(build_ext):
    """Builds ``posewire_server._native`` with CMake."""

    def build_extension(self, ext: Extension) -> None:
        """Configures and builds one extension into the place setuptools expects it."""
        target = Path(self.get_ext_fullpath(ext.name)).resolve()
        build = Path(self.build_temp).resolve() / ext.name
        import pybind11

        # Each build has an environment of its own, so what an earlier one found is gone.
        configure = ["cmake", "--fresh", "-S", str(ROOT), "-B", str(build), "-G", "Ninja"]
        configure += [
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={target.parent}",
        ]
        subprocess.run(configure, check=True)
        subprocess.run(["cmake", "--build", str(build), "--target", "_native"], check=True)


def generate_importers() -> None:
    """Writes ``*_pb2.py`` and their stubs beside the .proto files of the server's importers."""
    from grpc_tools import protoc

    server = ROOT / "server"
    sources = sorted(str(path) for path in server.rglob("*.proto"))
    outputs = [f"--python_out={server}", f"--pyi_out={server}"]
    if protoc.main(["protoc", f"-I{server}", *outputs, *sources]) != 0:
        raise RuntimeError("protoc failed on the .proto files of server/; its messages are above")


generate()
generate_importers()
setup(
    version=read_version(),
    packages=[
        "posewire",
        "posewire.v1",
        *find_namespace_packages("server", include=["posewire_server*"], exclude=["*__*__*"]),
    ],
    package_dir={
        "posewire": "clients/python/posewire",
        "posewire_server": "server/posewire_server",
    },
    package_data={
        "posewire": ["py.typed", "v1/*.pyi"],
        "posewire_server": ["py.typed", "*.pyi"],
        "posewire_server.models.catalog.golden": ["*.npz"],
        "posewire_server.models.weights": ["*.txt"],
    },
    ext_modules=[Extension("posewire_server._native", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
)
