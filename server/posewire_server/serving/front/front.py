"""Front of several worker processes: one address, each stream proxied to one worker.

Messages pass as bytes: the front reads no frame and loads nothing that does.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import MethodType
from typing import Any

import grpc

from posewire_server.errors import StreamError
from posewire_server.metrics.endpoint import WorkersCollector, remove_worker
from posewire_server.models.catalog.catalog import find_model
from posewire_server.serving.front.proxy import StreamProxy, proxy_call
from posewire_server.serving.front.supervisor import RestartPolicy, Supervisor
from posewire_server.serving.front.worker_pool import Worker, WorkerPool
from posewire_server.serving.rpc.error_status import Context, Handler, answer_errors
from posewire_server.serving.rpc.listener import SERVICE, Listener
from posewire_server.serving.rpc.open_calls import OpenCalls, StreamLimiter
from posewire_server.serving.rpc.server_config import ServerConfig

_UNARY = ("DetectImage", "ListModels", "GetModel")
_LAST_WORDS_S = 2.0


class Front:
    """gRPC server whose worker processes answer.

    Args:
        command: What runs the worker of a slot, see ``Supervisor``.
        metrics_folder: Folder of the workers' metrics; None: they keep none.

    Attributes:
        metrics: Metrics of the workers that the front itself knows.
    """

    def __init__(
        self,
        config: ServerConfig,
        command: Callable[[int, int], Sequence[str]],
        environment: Mapping[str, str] | None = None,
        metrics_folder: Path | None = None,
        restarts: RestartPolicy | None = None,
    ) -> None:
        self._config = config
        self._metrics_folder = metrics_folder
        self._workers = WorkerPool()
        self._stream_limiter = StreamLimiter(config.limits.max_streams)
        self._supervisor = Supervisor(config.workers, command, self, environment, restarts)
        self.metrics = WorkersCollector(self._workers.streams, lambda: self._supervisor.restarts)
        self._listener = Listener(config, [find_model(name).name for name in config.models])
        self._listener.server.add_generic_rpc_handlers((_handlers(self),))
        self._open = OpenCalls()
        self._housework: set[asyncio.Task[Any]] = set()
        self._started = False

    async def start(self) -> str:
        """Starts the workers, then listens and serves; returns the address.

        Raises:
            ConfigError: ADDRESS_UNUSABLE.
            EngineError: WORKER_FAILED.
        """
        await self._supervisor.start()
        address = await self._listener.start()
        self._started = True
        return address

    async def fail(self) -> None:
        """Waits until every slot is given up.

        Raises:
            EngineError: WORKER_FAILED.
        """
        await self._supervisor.fail()

    async def drain(self) -> None:
        """Has the workers drain, waits for open calls, and ends the workers."""
        self._open.is_draining = True
        if self._started:
            await self._listener.set_serving(serving=False)
        self._supervisor.terminate()
        await self._open.ended(self._config.grace_s + _LAST_WORDS_S)
        await self._supervisor.stop(_LAST_WORDS_S)
        await self._listener.stop()
        if self._housework:
            await asyncio.wait(self._housework)

    def worker_ready(self, slot: int, address: str) -> None:
        """Sends work to a worker from now on."""
        self._workers.add(Worker(slot, address, self._config.limits.max_message_bytes))
        self._do(self._tell_health())

    def worker_lost(self, slot: int, pid: int) -> None:
        """Sends no more work to a worker."""
        if self._metrics_folder is not None:
            remove_worker(pid, self._metrics_folder)
        self._do(self._workers.remove(slot).close())
        self._do(self._tell_health())

    @answer_errors
    async def detect(self, _requests: object, context: Context) -> None:
        """Relays a stream to the worker with the fewest."""
        self._open.begin()
        with self._stream_limiter.take(), self._workers.stream() as worker:
            await StreamProxy(context, worker).run()

    async def call(self, method: str, request: bytes, context: Context) -> bytes:
        """Has the least busy worker answer, or another one if that ends before it has."""
        self._open.begin()
        with self._workers.call() as worker:
            try:
                return await proxy_call(context, method, request, worker)
            except StreamError:
                self._open.refuse_if_draining()
        with self._workers.call(but=worker) as other:
            return await proxy_call(context, method, request, other)

    async def _tell_health(self) -> None:
        if self._started and not self._open.is_draining:
            await self._listener.set_serving(serving=len(self._workers) > 0)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._housework.add(task)
        task.add_done_callback(self._housework.discard)


def _handlers(front: Front) -> grpc.GenericRpcHandler:
    methods: dict[str, Any] = {"Detect": grpc.stream_stream_rpc_method_handler(front.detect)}
    for name in _UNARY:
        methods[name] = grpc.unary_unary_rpc_method_handler(MethodType(_unary(name), front))
    handler: grpc.GenericRpcHandler = grpc.method_handlers_generic_handler(SERVICE, methods)
    return handler


def _unary(name: str) -> Handler:
    @answer_errors
    async def handler(front: Front, request: bytes, context: Context) -> bytes:
        return await front.call(name, request, context)

    return handler
