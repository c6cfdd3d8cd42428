"""Plain ``grpc.aio`` server around a pipeline, and its comparison with posewire's.

It has the generated code and the threads of asyncio: one stream's frames one after the other, no
limits, no policies, no typed errors. Both servers are asked by the same generated stub.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
from posewire.channel import channel_options
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import keypoint_service_pb2_grpc as pb_grpc
from posewire.v1.frame_pb2 import PIXEL_FORMAT_BGR, Frame, RawImage
from posewire_server.frame import EncodedImage
from posewire_server.inference.pipeline import Pipeline
from posewire_server.runtime import event_loop_factory
from posewire_server.serving.rpc.listener import READY
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import Image, Ping, jpeg, picture, run_async
from posewire_server.tools.benchmarks.noop import noop_pipeline
from posewire_server.tools.benchmarks.server_overhead import NOOP, in_process, medians_s

_PLAIN = ("tests.benchmarks.plain_server",)
_TARGETS = {"JPEG": "<= 0.6", "raw": "<= 0.9"}


def measure_peer(frames: int = 1500) -> list[Figure]:
    """Compares posewire's server with the plain one, both without a network, frame by frame."""
    image = picture()
    with ServerProcess(command=NOOP) as server, ServerProcess(command=_PLAIN) as peer:
        return [
            figure
            for name, source in (("JPEG", jpeg(image)), ("raw", image))
            for figure in run_async(_overhead(server.address, peer.address, name, source, frames))
        ]


async def _overhead(
    address: str, peer: str, name: str, source: bytes | Image, frames: int
) -> list[Figure]:
    async with pinging(address, source) as served, pinging(peer, source) as peers:
        *taken_s, in_process_s = await medians_s((served, peers, in_process(source)), frames)
    overhead, of_peer = (1e3 * (median_s - in_process_s) for median_s in taken_s)
    title = f"server: overhead over in process by the generated stub, 640x480 {name}, p50"
    of_peers = f"server: the same over a plain grpc.aio server's, {name}"
    return [
        Figure(title, overhead, "ms", _TARGETS[name], frames),
        Figure(of_peers, overhead / of_peer, "x", "<= 1", frames),
    ]


@asynccontextmanager
async def pinging(address: str, source: bytes | Image) -> AsyncIterator[Ping]:
    """Opens a stream of single frames with the generated stub only; see ``load.pinging``."""
    numbers = itertools.count()
    async with grpc.aio.insecure_channel(address, options=channel_options()) as channel:
        call: Any = pb_grpc.KeypointServiceStub(channel).Detect()
        await call.write(pb.DetectRequest(config=pb.StreamConfig(model="body", max_in_flight=1)))
        await call.read()

        async def ping() -> float:
            begin_s = time.perf_counter()
            await call.write(pb.DetectRequest(frame=_message(next(numbers), source)))
            await call.read()
            return time.perf_counter() - begin_s

        await ping()
        yield ping
        await call.done_writing()


def _message(number: int, source: bytes | Image) -> Frame:
    if isinstance(source, bytes):
        return Frame(sequence_id=number, encoded_image=source)
    height, width = source.shape[:2]
    raw = RawImage(format=PIXEL_FORMAT_BGR, width=width, height=height, pixels=source.tobytes())
    return Frame(sequence_id=number, raw_image=raw)


class _Servicer(pb_grpc.KeypointServiceServicer):  # type: ignore[misc]
    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def Detect(  # noqa: N802 (the contract's name)
        self, requests: AsyncIterator[pb.DetectRequest], _context: object
    ) -> AsyncIterator[pb.DetectResponse]:
        async for request in requests:
            if request.HasField("config"):
                yield pb.DetectResponse(started=pb.Started(config=request.config))
            else:
                yield await asyncio.to_thread(self._answer, request.frame)

    def _answer(self, frame: Frame) -> pb.DetectResponse:
        raw = frame.raw_image
        self._pipeline.detect(
            EncodedImage(frame.encoded_image)
            if frame.encoded_image
            else np.frombuffer(raw.pixels, np.uint8).reshape(raw.height, raw.width, 3)
        )
        return pb.DetectResponse(result=pb.Result(sequence_id=frame.sequence_id))


async def _serve() -> None:
    server = grpc.aio.server(options=channel_options())
    pb_grpc.add_KeypointServiceServicer_to_server(_Servicer(noop_pipeline()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"{READY}127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        sys.exit(runner.run(_serve()))
