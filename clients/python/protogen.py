"""Generates the ``posewire.v1`` Python modules from ``proto/``; used by both ``setup.py`` files."""

import re
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).parent.resolve()
PROTO = HERE.parents[1] / "proto"


def read_version() -> str:
    """Returns the version written once, in ``posewire/version.py``."""
    text = (HERE / "posewire" / "version.py").read_text()
    match = re.search(r'__version__ = "([^"]+)"', text)
    if match is None:
        raise RuntimeError("posewire/version.py has no __version__")
    return match.group(1)


def generate() -> None:
    """Writes ``posewire/v1/*_pb2.py``, their stubs and the gRPC stubs.

    Modules of ``google.rpc`` are not generated: they come from googleapis-common-protos, because a
    process can hold only one copy of them.
    """
    from grpc_tools import protoc

    sources = sorted(str(path) for path in (PROTO / "posewire" / "v1").glob("*.proto"))
    well_known = str(files("grpc_tools") / "_proto")
    arguments = [
        "protoc",
        f"-I{PROTO}",
        f"-I{well_known}",
        f"--python_out={HERE}",
        f"--pyi_out={HERE}",
        f"--grpc_python_out={HERE}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError("protoc failed on the files of proto/; its messages are above")
    package = HERE / "posewire" / "v1" / "__init__.py"
    package.write_text('"""Generated from proto/posewire/v1."""\n')
