"""What a frame costs the server before the network, by the way that its pixels come."""

import os
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
from posewire import Client, PixelFormat, RawPixels
from posewire_server.inference.sources.image import read_image
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import (
    Image,
    jpeg,
    picture,
    ping_pong,
    run_async,
    with_client,
)

from tests.benchmarks.processor import processor_ms

_NOOP = "posewire_server.tools.benchmarks.noop"
_FULL_HD = (1920, 1080)
_4K = (3840, 2160)
_STRIP = (1920, 36)
_TICK_MS = 0.01  # Less than that is not measured.


def measure(turns: int = 9, frames: int = 200) -> list[Figure]:
    """Returns the figures of sources.

    Args:
        turns: How often each way is measured, one after the other.
        frames: Of one turn.
    """
    place = f"unix-abstract:posewire-bench-{os.getpid()}"
    with ServerProcess(command=(_NOOP,)) as server, ServerProcess(command=(_NOOP, place)):
        figures = _shared_memory(server, turns, frames)
        figures += _unix_socket(server.address, place, turns, frames)
    return figures + _reduced_jpeg(turns)


def _shared_memory(server: ServerProcess, turns: int, frames: int) -> list[Figure]:
    """Compares the server's processor time of NV12 frames as bytes and by shared memory.

    The time of a frame includes receiving, conversion, resizing and answering; the network does
    nothing. A part of it is the price of a message over gRPC, of any number of pixels. That price
    is measured with a strip of the frame, the smallest picture that clients put into shared memory.
    The pixels cost what a frame takes beyond its strip.
    """
    kinds = {"1080p": _nv12(picture(*_FULL_HD)), "strip": _nv12(picture(*_STRIP))}
    sources = {
        name: RawPixels.from_array(planes, PixelFormat.NV12) for name, planes in kinds.items()
    }
    spent_ms: dict[tuple[str, bool], list[float]] = {
        (name, shared_memory): [] for name in sources for shared_memory in (False, True)
    }
    with Client(server.address) as client:
        processor_ms(server, client, [sources["1080p"]] * 20, max_in_flight=2, shared_memory=True)
        for _ in range(turns):
            for (name, shared_memory), spent in spent_ms.items():
                sent = [sources[name]] * frames
                spent.append(
                    processor_ms(server, client, sent, max_in_flight=2, shared_memory=shared_memory)
                )
    return _compared({key: statistics.median(spent) for key, spent in spent_ms.items()}, turns)


def _compared(spent_ms: dict[tuple[str, bool], float], turns: int) -> list[Figure]:
    """Returns the figures of frames by name, as bytes and by shared memory."""
    (as_bytes, shared), (least_bytes, least_shared) = (
        (spent_ms[name, False], spent_ms[name, True]) for name in ("1080p", "strip")
    )
    title = "sources: processor time of a 1080p NV12 frame before the network"
    least = "sources: the same of a strip of 36 rows"
    pixels = "sources: the same of the frame's pixels, without what the strip costs"
    ratio = (as_bytes - least_bytes) / max(shared - least_shared, _TICK_MS)
    return [
        Figure(f"{title}, bytes", as_bytes, "ms", "", turns),
        Figure(f"{title}, shared memory", shared, "ms", "", turns),
        Figure(f"{title}, bytes over shared memory", as_bytes / shared, "x", ">= 1.7", turns),
        Figure(f"{least}, bytes", least_bytes, "ms", "", turns),
        Figure(f"{least}, shared memory", least_shared, "ms", "", turns),
        Figure(f"{pixels}, bytes over shared memory", ratio, "x", ">= 2", turns),
    ]


def _unix_socket(address: str, place: str, turns: int, frames: int) -> list[Figure]:
    """Compares the answer times of a loopback address and a Unix socket."""
    image = picture(*_FULL_HD)
    waits_s: dict[str, list[float]] = {address: [], place: []}
    for _ in range(turns):
        for where, waits in waits_s.items():
            waits += run_async(with_client(where, lambda c: ping_pong(c, image, frames // 10)))
    tcp, unix = (statistics.median(waits) for waits in waits_s.values())
    title = "sources: 1080p BGR frame as bytes, loopback over Unix socket, p50"
    return [Figure(title, tcp / unix, "x", "", len(waits_s[place]))]


def _reduced_jpeg(turns: int) -> list[Figure]:
    """Compares decoding at full size with decoding at the size that the body network takes."""
    return [
        _reduced(f"{name} JPEG, decoding at full size over 1/{reduction}", size, reduction, turns)
        for name, size, reduction in (("1080p", _FULL_HD, 2), ("4K", _4K, 4))
    ]


def _reduced(title: str, size: tuple[int, int], reduction: int, turns: int) -> Figure:
    encoded = jpeg(picture(*size))

    def read(reduction: int) -> float:
        return _seconds(
            lambda: read_image(encoded, max_pixels=10**8, reduce=lambda _size: reduction)
        )

    ratios = [read(1) / read(reduction) for _ in range(turns)]
    return Figure(f"sources: {title}", statistics.median(ratios), "x", "", turns)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _nv12(image: Image) -> Image:
    """Returns the (H * 3 / 2, W) planes of an image."""
    planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
    height, width = image.shape[:2]
    chroma = planes[height:].reshape(2, -1).T.reshape(-1, width)
    return np.concatenate([planes[:height], chroma])
