"""Objects in shared memory that a client names: what is read, and what is refused."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import PixelFormat, RawImage, SharedMemoryImage
from posewire_server.inference.reader import SourceReader
from posewire_server.inference.sources.picture import Picture
from posewire_server.inference.sources.shared_memory import MAX_OBJECTS, SharedMemory

from tests.serving.shared_object import FOLDER, SharedObject

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="this system has no /dev/shm")
BYTES = bytes(range(256)) * 40
Image = npt.NDArray[np.uint8]


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    memory = SharedMemory(is_allowed=True)
    yield memory
    memory.close()


@pytest.fixture
def shared() -> Iterator[SharedObject]:
    with SharedObject(BYTES) as shared:
        yield shared


def refusal(memory: SharedMemory, name: str, offset: int = 0, length: int = 1) -> SourceError:
    with pytest.raises(SourceError) as caught:
        memory.read(name, offset, length)
    return caught.value


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(("offset", "length"), [(0, len(BYTES)), (100, 1), (len(BYTES) - 7, 7)])
def test_read_within_bounds_returns_the_bytes(
    memory: SharedMemory, shared: SharedObject, offset: int, length: int
) -> None:
    assert bytes(memory.read(shared.name, offset, length)) == BYTES[offset : offset + length]


@pytest.mark.parametrize(
    ("offset", "length"), [(0, len(BYTES) + 1), (len(BYTES), 1), (2**64 - 1, 1), (2**63, 2**63)]
)
def test_read_out_of_bounds_is_refused(
    memory: SharedMemory, shared: SharedObject, offset: int, length: int
) -> None:
    error = refusal(memory, shared.name, offset, length)
    assert error.reason == "SHARED_MEMORY_OUT_OF_BOUNDS"
    assert error.metadata == {
        "name": shared.name,
        "expected_bytes": str(offset + length),
        "got_bytes": str(len(BYTES)),
    }


def test_read_before_it_is_created_is_not_found(memory: SharedMemory) -> None:
    error = refusal(memory, "posewire-nobody")
    assert (error.reason, error.metadata) == (
        "SHARED_MEMORY_NOT_FOUND",
        {"name": "posewire-nobody"},
    )


def test_read_after_it_was_not_found_finds_it(memory: SharedMemory) -> None:
    name = "posewire-test-late"
    assert refusal(memory, name).reason == "SHARED_MEMORY_NOT_FOUND"
    with SharedObject(b"here", name=name):
        assert bytes(memory.read(name, 0, 4)) == b"here"


def test_read_after_unlink_reads_the_same_object(memory: SharedMemory) -> None:
    with SharedObject(b"first") as first:
        memory.register(first.name)
        first.path.unlink()
        with SharedObject(b"other", name=first.name):
            assert bytes(memory.read(first.name, 0, 5)) == b"first"


def test_read_follows_the_size_of_the_object(memory: SharedMemory, shared: SharedObject) -> None:
    memory.register(shared.name)
    shared.resize(2 * len(BYTES))
    assert bytes(memory.read(shared.name, len(BYTES), 3)) == bytes(3)
    shared.resize(10)
    assert refusal(memory, shared.name, 0, 11).reason == "SHARED_MEMORY_OUT_OF_BOUNDS"
    assert bytes(memory.read(shared.name, 0, 10)) == BYTES[:10]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "posewire-",
        "posewire",
        "other-name",
        "/posewire-a",
        "posewire-a/b",
        "posewire-../x",
        "posewire-a\0",
        "posewire-a\n",
        "posewire-ä",
        "posewire-" + 300 * "a",
    ],
)
def test_read_of_an_odd_name_is_forbidden(memory: SharedMemory, name: str) -> None:
    error = refusal(memory, name)
    assert error.reason == "SHARED_MEMORY_FORBIDDEN"
    assert len(error.metadata["name"]) <= 200


def test_read_of_another_users_object_is_forbidden(
    memory: SharedMemory, shared: SharedObject
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to another user")
    before = open_files()
    os.fchown(shared.descriptor, 1234, 1234)
    assert refusal(memory, shared.name).reason == "SHARED_MEMORY_FORBIDDEN"
    assert open_files() == before


def test_read_of_what_is_no_plain_object_is_forbidden(
    memory: SharedMemory, shared: SharedObject, tmp_path: Path
) -> None:
    target = tmp_path / "secret"
    target.write_bytes(b"secret")
    places = [shared.path.with_name(f"{shared.name}-{kind}") for kind in ("link", "fifo", "folder")]
    link, fifo, folder = places
    link.symlink_to(target)
    os.mkfifo(fifo)
    folder.mkdir()
    try:
        for place in places:
            assert refusal(memory, place.name).reason == "SHARED_MEMORY_FORBIDDEN"
    finally:
        link.unlink()
        fifo.unlink()
        folder.rmdir()


def test_read_for_a_client_elsewhere_is_forbidden(shared: SharedObject) -> None:
    assert refusal(SharedMemory(is_allowed=False), shared.name).reason == "SHARED_MEMORY_FORBIDDEN"


def test_read_of_one_object_too_many_is_forbidden(memory: SharedMemory) -> None:
    objects = [SharedObject(b"x") for _ in range(MAX_OBJECTS + 1)]
    try:
        for each in objects[:-1]:
            assert bytes(memory.read(each.name, 0, 1)) == b"x"
        assert refusal(memory, objects[-1].name).reason == "SHARED_MEMORY_FORBIDDEN"
        assert bytes(memory.read(objects[0].name, 0, 1)) == b"x"
    finally:
        for each in objects:
            each.__exit__(None, None, None)


def test_close_lets_go_of_every_object() -> None:
    before = open_files()
    with SharedObject(b"x") as one, SharedObject(b"y") as two:
        memory = SharedMemory(is_allowed=True)
        for _ in range(3):
            memory.read(one.name, 0, 1)
            memory.read(two.name, 0, 1)
        assert open_files() == before + 4
        memory.close()
        memory.close()
    assert open_files() == before


def test_read_while_it_is_cut_gives_all_bytes_or_is_refused(memory: SharedMemory) -> None:
    size, stop = 1 << 20, threading.Event()
    with SharedObject(bytes(size)) as shared:

        def cut() -> None:
            while not stop.is_set():
                shared.resize(0)
                shared.resize(size)

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            reasons = set()
            for _ in range(300):
                try:
                    assert len(memory.read(shared.name, 0, size)) == size
                except SourceError as error:
                    reasons.add(error.reason)
        finally:
            stop.set()
            cutter.join()
    assert reasons <= {"SHARED_MEMORY_OUT_OF_BOUNDS"}


def test_read_in_many_threads_opens_it_once(memory: SharedMemory, shared: SharedObject) -> None:
    before = open_files()
    barrier, answers = threading.Barrier(8), []

    def read() -> None:
        barrier.wait()
        answers.append(bytes(memory.read(shared.name, 0, len(BYTES))))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [BYTES] * 8
    assert open_files() == before + 1


def test_read_part_stays_as_it_was_while_later_parts_are_read(
    memory: SharedMemory, shared: SharedObject
) -> None:
    parts = [memory.read(shared.name, offset, 500) for offset in range(0, 2000, 7)]
    for offset, part in zip(range(0, 2000, 7), parts, strict=True):
        assert bytes(part) == BYTES[offset : offset + 500]
        assert part.readonly


def test_read_uses_a_buffer_again_after_its_last_view_is_gone(
    memory: SharedMemory, shared: SharedObject
) -> None:
    first = np.frombuffer(memory.read(shared.name, 0, 5000), np.uint8)[10:][::2]
    second = np.frombuffer(memory.read(shared.name, 0, 5000), np.uint8)
    assert not np.shares_memory(first, second)
    place = first.ctypes.data - 10
    del first
    third = np.frombuffer(memory.read(shared.name, 5000, 400), np.uint8)
    assert third.ctypes.data == place
    assert bytes(third) == BYTES[5000:5400]
    assert bytes(second) == BYTES[:5000]


def test_read_part_outlives_its_closing(shared: SharedObject) -> None:
    memory = SharedMemory(is_allowed=True)
    part = memory.read(shared.name, 0, len(BYTES))
    memory.close()
    assert bytes(part) == BYTES


def test_reader_shows_each_picture_as_it_was_in_many_threads() -> None:
    width, height, count = 64, 32, 40
    size = width * height * 3 // 2
    layout = RawImage(PixelFormat.NV12, width, height, 0, b"")
    content = b"".join(
        bytes([16 + each]) * (width * height) + bytes([128]) * (size - width * height)
        for each in range(count)
    )
    with (
        SharedObject(content) as shared,
        closing(SourceReader(width * height, is_local=True)) as reader,
        ThreadPoolExecutor(8) as threads,
    ):

        def look(number: int) -> Image:
            picture = reader.read(SharedMemoryImage(shared.name, number * size, size, layout))
            time.sleep(0.001)
            return picture.image

        for number, image in enumerate(threads.map(look, range(count))):
            assert (image == round(number * 255 / 219)).all()


def test_reader_of_planes_that_are_cut_meanwhile_reads_all_or_refuses() -> None:
    width, height, stop = 512, 512, threading.Event()
    size = width * height * 3 // 2
    layout = RawImage(PixelFormat.NV12, width, height, 0, b"")
    with SharedObject(bytes([128]) * size) as shared:

        def cut() -> None:
            while not stop.is_set():
                shared.resize(size // 2)
                os.pwrite(shared.descriptor, bytes([128]) * size, 0)

        cutter = threading.Thread(target=cut)
        cutter.start()
        reasons = []
        with closing(SourceReader(width * height, is_local=True)) as reader:
            for _ in range(300):
                try:
                    picture = reader.read(SharedMemoryImage(shared.name, 0, size, layout))
                    assert picture.size == (width, height)
                except SourceError as error:
                    reasons.append(error.reason)
            stop.set()
            cutter.join()
            picture = reader.read(SharedMemoryImage(shared.name, 0, size, layout))
            assert (picture.image == 130).all()
    assert set(reasons) <= {"SHARED_MEMORY_OUT_OF_BOUNDS"}


def reader_refusal(image: SharedMemoryImage) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(image, 10_000)
    return caught.value


def read(image: SharedMemoryImage, max_pixels: int) -> Picture:
    with closing(SourceReader(max_pixels, is_local=True)) as reader:
        return reader.read(image)


def test_reader_reads_no_more_than_the_picture_has(shared: SharedObject) -> None:
    layout = RawImage(PixelFormat.GRAY, 16, 4, 0, b"")
    picture = read(SharedMemoryImage(shared.name, 32, len(BYTES) - 32, layout), 64)
    assert picture.image[:, :, 0].tobytes() == BYTES[32:96]


def test_reader_refuses_a_length_below_the_picture(shared: SharedObject) -> None:
    layout = RawImage(PixelFormat.BGR, 16, 4, 0, b"")
    error = reader_refusal(SharedMemoryImage(shared.name, 0, 191, layout))
    assert error.reason == "RAW_IMAGE_MALFORMED"
    assert error.metadata == {"expected_bytes": "192", "got_bytes": "191"}


def test_reader_copies_no_vast_gaps_between_rows(shared: SharedObject) -> None:
    shared.resize(1 << 40)  # it takes no memory as long as nobody writes
    layout = RawImage(PixelFormat.GRAY, 16, 100, 2**32 - 1, b"")
    error = reader_refusal(SharedMemoryImage(shared.name, 0, 1 << 40, layout))
    assert error.reason == "RAW_IMAGE_MALFORMED"


def test_reader_registers_an_object_of_a_frame_that_is_left_out(shared: SharedObject) -> None:
    layout = RawImage(PixelFormat.GRAY, 16, 4, 0, b"")
    image = SharedMemoryImage(shared.name, 0, 64, layout)
    reader = SourceReader(64, is_local=True)
    reader.leave_out(image)
    shared.path.unlink()
    assert reader.read(image).size == (16, 4)
    reader.close()


def test_reader_leaves_out_a_frame_of_no_object() -> None:
    layout = RawImage(PixelFormat.GRAY, 16, 4, 0, b"")
    SourceReader(64, is_local=True).leave_out(SharedMemoryImage("posewire-none", 0, 64, layout))
