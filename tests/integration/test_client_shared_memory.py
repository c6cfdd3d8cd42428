"""The client's shared memory against the real server: what it saves nobody has to think of."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire import (
    AsyncClient,
    Client,
    Dropped,
    FrameError,
    OverflowPolicy,
    PixelFormat,
    RawPixels,
    Result,
)
from posewire.shared_object import is_available

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_server import HostedServer
from tests.serving.shared_object import FOLDER

pytestmark = pytest.mark.skipif(not is_available(), reason="this system has no /dev/shm")
PICTURE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)


@pytest.fixture
def server() -> Iterator[HostedServer]:
    with HostedServer() as server:
        yield server


def opened() -> list[str]:
    """Returns what this process, the server's too, has open of shared memory."""
    links = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(path.readlink()))
        except FileNotFoundError:
            continue
    return [link for link in links if "posewire-" in link]


def names() -> list[str]:
    """Returns the names there are of clients' objects."""
    return [path.name for path in FOLDER.glob("posewire-" + 16 * "[0-9a-f]")]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = names()
    yield
    assert names() == before


def test_detect_by_shared_memory_answers_every_frame(server: HostedServer) -> None:
    with Client(server.address) as client:
        outcomes = client.detect([PICTURE] * 40, shared_memory=True)
        first = next(outcomes)
        assert isinstance(first, Result)
        assert opened()
        assert all("(deleted)" in link for link in opened())
        assert [o.sequence_id for o in outcomes if isinstance(o, Result)] == list(range(1, 40))


@pytest.mark.parametrize("kind", ["unix", "unix-abstract"])
def test_detect_by_shared_memory_works_over_unix_sockets(kind: str, tmp_path: Path) -> None:
    address = f"{kind}:{tmp_path}/socket"
    with HostedServer(address=address) as server, Client(server.address) as client:
        outcomes = client.detect([PICTURE] * 10, shared_memory=True)
        assert isinstance(next(outcomes), Result)
        assert opened()
        assert [type(outcome) for outcome in outcomes] == [Result] * 9


def test_detect_by_shared_memory_for_asyncio_answers_every_frame(server: HostedServer) -> None:
    async def run() -> list[object]:
        async with AsyncClient(server.address) as client:
            return [outcome async for outcome in client.detect([PICTURE] * 20, shared_memory=True)]

    outcomes = asyncio.run(run())
    assert len(outcomes) == 20
    assert all(isinstance(outcome, Result) for outcome in outcomes)


def test_detect_by_shared_memory_says_what_bytes_say(server: HostedServer) -> None:
    rng = np.random.default_rng(1)
    sources: list[npt.NDArray[np.uint8] | RawPixels] = [PICTURE, PICTURE[:, :, 0].copy()]
    for pixel_format in (PixelFormat.NV12, PixelFormat.I420):
        planes = rng.integers(0, 256, (720, 640), np.uint8)
        sources.append(RawPixels.from_array(planes, pixel_format))
    sources.append(RawPixels(bytes(2000 * 300), PixelFormat.RGB, 640, 300, 2000))
    sources.append(np.zeros((1080, 1920, 3), np.uint8))  # larger than all before
    with Client(server.address) as client:
        for shared_memory in (True, False):
            outcomes = list(client.detect(sources, shared_memory=shared_memory))
            sizes = [outcome.image_size for outcome in outcomes if isinstance(outcome, Result)]
            assert sizes == [(640, 480)] * 4 + [(640, 300), (1920, 1080)]


def test_detect_of_dropped_frames_uses_their_places_again(server: HostedServer) -> None:
    server.predictor.gate.clear()

    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        yield PICTURE
        server.predictor.wait_until_started()
        for _ in range(60):
            yield PICTURE
        server.predictor.gate.set()

    with Client(server.address) as client:
        policy = OverflowPolicy.DROP_OLDEST
        outcomes = list(
            client.detect(frames(), overflow_policy=policy, max_in_flight=2, shared_memory=True)
        )
    assert not [outcome for outcome in outcomes if isinstance(outcome, FrameError)]
    counts = [outcome.count if isinstance(outcome, Dropped) else 1 for outcome in outcomes]
    assert sum(counts) == 61


def test_detect_where_sharing_is_refused_goes_on_with_bytes(
    server: HostedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posewire_server.serving.rpc.servicer.is_local", lambda _context: False)
    with Client(server.address) as client:
        outcomes = list(client.detect([PICTURE] * 30, max_in_flight=1, shared_memory=True))
    errors = [outcome for outcome in outcomes if isinstance(outcome, FrameError)]
    assert [error.reason for error in errors] == ["SHARED_MEMORY_FORBIDDEN"]
    assert sum(isinstance(outcome, Result) for outcome in outcomes) == 29


def test_detect_goes_on_at_another_server_with_objects_of_its_own() -> None:
    with HostedServer() as first, HostedServer() as second:
        with Client([first.address, second.address]) as client:
            outcomes = client.detect([PICTURE] * 40, max_in_flight=2, shared_memory=True)
            seen = [next(outcomes)]
            draining = first.submit(first.server.drain())
            seen += list(outcomes)
            draining.result(PATIENCE_S)
        assert second.predictor.started.acquire(blocking=False)
    assert [type(outcome) for outcome in seen] == [Result] * 40
    assert [outcome.sequence_id for outcome in seen if isinstance(outcome, Result)] == [*range(40)]


def test_detect_left_early_leaves_nothing(server: HostedServer) -> None:
    with Client(server.address) as client:
        outcomes = client.detect([PICTURE] * 30, shared_memory=True)
        next(outcomes)
        outcomes.close()
    server.wait_until_idle()
    assert opened() == []


CHILD = """
import sys, numpy as np
from posewire import Client
picture = np.zeros((480, 640, 3), np.uint8)
def frames():
    for number in range(10**9):
        yield picture
        if number == int(sys.argv[2]):
            print("sent", flush=True)
with Client(sys.argv[1]) as client:
    for outcome in client.detect(frames(), shared_memory=True):
        pass
"""


@pytest.mark.parametrize("after", [0, 20])
def test_detect_of_a_client_that_is_killed_leaves_nothing(server: HostedServer, after: int) -> None:
    if after == 0:
        server.predictor.gate.clear()  # killed before the first outcome has come
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.address, str(after)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "sent\n"
    server.predictor.wait_until_started()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    server.predictor.gate.set()
    server.wait_until_idle()
    server.wait_until(lambda: not names())
    assert opened() == []
