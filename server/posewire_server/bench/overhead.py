"""What serving a frame costs beside the same pipeline in process, and beside a plain server."""

import statistics
import time
from collections.abc import Callable

from posewire_server.bench import plain
from posewire_server.bench.figure import Figure
from posewire_server.bench.load import Image, jpeg, picture, ping_pong, run_async, with_client
from posewire_server.bench.noop import noop_pipeline
from posewire_server.frame import EncodedImage
from posewire_server.rpc.process import ServerProcess

_NOOP = ("posewire_server.bench.noop",)
_PLAIN = ("posewire_server.bench.plain",)
_TARGETS = {"JPEG": "<= 0.6", "raw": "<= 0.9"}


def measure_overhead(blocks: int, frames: int) -> list[Figure]:
    """Compares servers without a network with the same pipeline in process, block by block."""
    image = picture()
    with ServerProcess(command=_NOOP) as server, ServerProcess(command=_PLAIN) as peer:
        return [
            figure
            for name, source in (("JPEG", jpeg(image)), ("raw", image))
            for figure in _overhead(server.address, peer.address, name, source, blocks, frames)
        ]


def _overhead(
    address: str, peer: str, name: str, source: bytes | Image, blocks: int, frames: int
) -> list[Figure]:
    pipeline = noop_pipeline()
    local = EncodedImage(source) if isinstance(source, bytes) else source
    served_s: list[float] = []
    plain_s: list[float] = []
    in_process_s: list[float] = []
    for _ in range(blocks):
        served_s += run_async(with_client(address, lambda c: ping_pong(c, source, frames)))
        plain_s += run_async(plain.ping_pong(peer, source, frames))
        in_process_s += [_seconds(lambda: pipeline.detect(local)) for _ in range(frames)]
    base_s = statistics.median(in_process_s)
    overhead_s = statistics.median(served_s) - base_s
    ratio = overhead_s / (statistics.median(plain_s) - base_s)
    title, runs = f"server: overhead over in process, 640x480 {name}, p50", len(served_s)
    return [
        Figure(title, 1e3 * overhead_s, "ms", _TARGETS[name], runs),
        Figure(f"server: the same over a plain grpc.aio server's, {name}", ratio, "x", "", runs),
    ]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
