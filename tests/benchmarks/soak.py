"""A long life in minutes: many frames, cancelled and half-open streams; does the server grow?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import grpc
from posewire import AsyncClient, Frame, Result
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import jpeg, picture, run_async

from tests.benchmarks.footprint import Footprint, footprint, settled_footprint

_STREAMS = 16
_GROUP = 50
_NOOP = ("posewire_server.tools.benchmarks.noop",)
_CONFIG = pb.DetectRequest(config=pb.StreamConfig(model="body"))
# What allocators and gRPC keep for later; a leak of 1 kB a stream or 100 bytes a frame shows.
_MOST_GROWTH_MIB = 10.0


@dataclass(frozen=True)
class Life:
    """How much a server goes through.

    Attributes:
        frames: Sent over 16 streams at once.
        cancelled: Streams that are cancelled with frames in work.
        half_open: Streams that send their config, or nothing, until their connection is cut.
    """

    frames: int = 100_000
    cancelled: int = 10_000
    half_open: int = 10_000


def measure(life: Life = Life()) -> list[Figure]:
    """Returns what is missing and what has grown after a life; a tenth of one warms up before.

    The server has no network, so that what is left are the parts that could leak.
    """
    warm_up = Life(life.frames // 10, life.cancelled // 10, life.half_open // 10)
    with ServerProcess(command=_NOOP) as server:
        run_async(_live(server.address, warm_up))
        before = footprint(server.process.pid)
        missing = run_async(_live(server.address, life))
        after = settled_footprint(server.process.pid, before)
    return _figures(life, missing, before, after)


def _figures(life: Life, missing: int, before: Footprint, after: Footprint) -> list[Figure]:
    growth_mib = after.memory_mib - before.memory_mib
    calls = life.frames + life.cancelled + life.half_open
    return [
        Figure("soak: frames without exactly one outcome", missing, "", "<= 0", life.frames),
        Figure("soak: growth of memory", growth_mib, "MiB", f"<= {_MOST_GROWTH_MIB:g}", calls),
        Figure("soak: growth of threads", after.threads - before.threads, "", "<= 0", calls),
        Figure("soak: growth of open files", after.files - before.files, "", "<= 0", calls),
        Figure("soak: growth of children", after.children - before.children, "", "<= 0", calls),
    ]


async def _live(address: str, life: Life) -> int:
    """Leads a life; returns how many frames had no outcome, or several."""
    source = jpeg(picture(64, 48))
    async with AsyncClient(address) as client:
        each = life.frames // _STREAMS
        counts = await asyncio.gather(*(_frames(client, source, each) for _ in range(_STREAMS)))
    await _in_groups(address, life.cancelled, lambda stub, n: _cancelled(stub, source, n))
    await _in_groups(address, life.half_open, _half_open)
    return sum(counts)


async def _frames(client: AsyncClient, source: bytes, count: int) -> int:
    async def frames() -> AsyncIterator[Frame]:
        for number in range(count):
            yield Frame(source, sequence_id=number)

    answered = [
        outcome.sequence_id
        async for outcome in client.detect(frames())
        if isinstance(outcome, Result)
    ]
    return 0 if answered == list(range(count)) else abs(count - len(set(answered))) or 1


async def _in_groups(
    address: str, count: int, live: Callable[[Any, int], Coroutine[Any, Any, object]]
) -> None:
    """Opens streams in groups that share a connection, which is cut with whatever is still open."""
    for first in range(0, count, _GROUP):
        async with grpc.aio.insecure_channel(address) as channel:
            stub = KeypointServiceStub(channel)
            group = range(first, min(first + _GROUP, count))
            await asyncio.gather(*(live(stub, number) for number in group))


async def _cancelled(stub: Any, source: bytes, number: int) -> None:
    """Cancels a stream with frames in work: before, or after, its first answer was read."""
    call = stub.Detect()
    await call.write(_CONFIG)
    for sequence_id in range(3):
        frame = frame_pb2.Frame(sequence_id=sequence_id, encoded_image=source)
        await call.write(pb.DetectRequest(frame=frame))
    if number % 2:
        await call.read()
    call.cancel()


async def _half_open(stub: Any, number: int) -> object:
    """Leaves a stream open, with its config sent and answered, or with nothing sent at all."""
    call = stub.Detect()
    if number % 2:
        await call.write(_CONFIG)
        assert await call.read() is not grpc.aio.EOF, "the server refused the stream"
    else:
        await call.wait_for_connection()
    return call
