"""gRPC server of one process: the service and the threads that work for it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import grpc
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import keypoint_service_pb2_grpc as pb_grpc

from posewire_server.inference.pipeline import Pipeline
from posewire_server.serving.rpc.listener import SERVICE, Listener
from posewire_server.serving.rpc.request_parser import read_request
from posewire_server.serving.rpc.response import DrainNotice
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.serving.rpc.servicer import KeypointServicer
from posewire_server.serving.streams.dispatcher import Dispatcher

_LOG = logging.getLogger(__name__)
_MOST_FRAMES_AT_ONCE = 16


class Server:
    """gRPC server on one event loop; its pipelines are loaded and warm."""

    def __init__(self, config: ServerConfig, pipelines: Mapping[str, Pipeline]) -> None:
        self._config = config
        self._dispatcher = Dispatcher(config.frame_threads or _frames_at_once(pipelines))
        models = Models(pipelines, config.limits)
        notice = DrainNotice(config.grace_s, config.resume_targets)
        self._servicer = KeypointServicer(models, self._dispatcher, notice)
        self._listener = Listener(config, list(pipelines))
        server = self._listener.server
        pb_grpc.add_KeypointServiceServicer_to_server(self._servicer, server)
        # Replaces the generated handler: this one reads raw images without copying them.
        server.add_registered_method_handlers(SERVICE, _detect_handler(self._servicer))

    async def start(self) -> str:
        """Listens and serves; returns the address, with the port that was picked.

        Raises:
            ConfigError: ADDRESS_UNUSABLE.
        """
        return await self._listener.start()

    async def fail(self) -> None:
        """Waits for ever: a fault here fails single frames only."""
        await asyncio.Event().wait()

    async def drain(self) -> None:
        """Turns new work away, ends open streams, and stops within the grace time."""
        _LOG.info("draining, for %.1f s at most", self._config.grace_s)
        await self._listener.set_serving(serving=False)
        await self._servicer.drain()
        await self._listener.stop()
        await asyncio.to_thread(self._dispatcher.close)


def _frames_at_once(pipelines: Mapping[str, Pipeline]) -> int:
    largest = max((pipeline.largest_batch for pipeline in pipelines.values()), default=1)
    return min(2 * largest, _MOST_FRAMES_AT_ONCE)


def _detect_handler(servicer: KeypointServicer) -> dict[str, Any]:
    method = grpc.stream_stream_rpc_method_handler(
        servicer.Detect,
        request_deserializer=read_request,
        response_serializer=pb.DetectResponse.SerializeToString,
    )
    return {"Detect": method}
