"""What serving a frame costs beside the same pipeline in process, and beside a plain server."""

import random
import statistics
import time

from posewire import AsyncClient

from posewire_server.bench import plain
from posewire_server.bench.figure import Figure
from posewire_server.bench.load import Image, Ping, jpeg, picture, pinging, run_async
from posewire_server.bench.noop import noop_pipeline
from posewire_server.frame import EncodedImage
from posewire_server.serving.server_process import ServerProcess

_NOOP = ("posewire_server.bench.noop",)
_PLAIN = ("posewire_server.bench.plain",)
_TARGETS = {"JPEG": "<= 0.6", "raw": "<= 0.9"}


def measure_overhead(frames: int) -> list[Figure]:
    """Compares servers without a network with the same pipeline in process, frame by frame."""
    image = picture()
    with ServerProcess(command=_NOOP) as server, ServerProcess(command=_PLAIN) as peer:
        return [
            figure
            for name, source in (("JPEG", jpeg(image)), ("raw", image))
            for figure in run_async(_overhead(server.address, peer.address, name, source, frames))
        ]


async def _overhead(
    address: str, peer: str, name: str, source: bytes | Image, frames: int
) -> list[Figure]:
    """Asks both servers by the generated stub, and ours by the client that belongs to it too."""
    async with (
        AsyncClient(address) as client,
        pinging(client, source) as posewire,
        plain.pinging(address, source) as served,
        plain.pinging(peer, source) as peers,
    ):
        ways = (posewire, served, peers, _in_process(source))
        *taken_s, in_process_s = await _medians_s(ways, frames)
    by_client, overhead, of_peer = (1e3 * (median_s - in_process_s) for median_s in taken_s)
    title = f"server: overhead over in process, 640x480 {name}, p50"
    of_peers = f"server: the same over a plain grpc.aio server's, {name}"
    return [
        Figure(title, overhead, "ms", _TARGETS[name], frames),
        Figure(of_peers, overhead / of_peer, "x", "<= 1", frames),
        Figure(f"server: the same with posewire's client, {name}", by_client, "ms", "", frames),
    ]


async def _medians_s(ways: tuple[Ping, ...], frames: int) -> list[float]:
    """Takes the ways in another order for each frame: who comes next finds the caches alike."""
    rng = random.Random(0)  # noqa: S311
    taken_s: dict[Ping, list[float]] = {way: [] for way in ways}
    for _ in range(frames):
        for way in rng.sample(ways, len(ways)):
            taken_s[way].append(await way())
    return [statistics.median(times_s) for times_s in taken_s.values()]


def _in_process(source: bytes | Image) -> Ping:
    pipeline = noop_pipeline()
    frame = EncodedImage(source) if isinstance(source, bytes) else source

    async def ping() -> float:
        begin_s = time.perf_counter()
        pipeline.detect(frame)
        return time.perf_counter() - begin_s

    return ping
