"""The real server in a thread of the test's process, around a network the test controls."""

from posewire_server.inference.pipeline import Pipeline
from posewire_server.serving.rpc.grpc_server import Server
from posewire_server.serving.rpc.server_config import Limits, ServerConfig

from tests.serving.gated_predictor import PATIENCE_S, GatedPredictor
from tests.serving.hosted import Hosted


class HostedServer(Hosted):
    """A server on a free port, drained at the end of the ``with`` block.

    Attributes:
        predictor: Its network.
        server: It, for ``submit``.
        address: Where it listens.
    """

    def __init__(
        self,
        *,
        address: str = "127.0.0.1:0",
        limits: Limits | None = None,
        workers: int = 2,
        grace_s: float = PATIENCE_S,
        resume_targets: tuple[str, ...] = (),
        predictor: GatedPredictor | None = None,
    ) -> None:
        super().__init__("hosted-server")
        self.predictor = predictor or GatedPredictor()
        self._limits = limits or Limits()
        self._config = ServerConfig(
            address=address,
            limits=self._limits,
            frame_threads=workers,
            grace_s=grace_s,
            resume_targets=resume_targets,
        )

    def wait_until_accepted(self, frames: int) -> None:
        """Returns when so many frames of all streams are accepted and unanswered."""
        streams = self.server._servicer._streams
        self.wait_until(lambda: sum(stream._admission.in_flight for stream in streams) == frames)

    def wait_until_calls_ended(self) -> None:
        """Returns when the server has no open stream and no unanswered call.

        Frames of a stream that was left may still be worked on, see :meth:`wait_until_idle`.
        """
        self.submit(self._calls_ended()).result(PATIENCE_S)

    def wait_until_idle(self) -> None:
        """Returns when besides no frame is worked on: what streams held has been let go of."""
        self.wait_until_calls_ended()
        dispatcher = self.server._dispatcher
        self.wait_until(lambda: not dispatcher._running)

    async def _calls_ended(self) -> None:
        while len(self.server._servicer._open):
            await self.server._servicer._open.ended()

    async def _start(self) -> str:
        pipeline: Pipeline = self.predictor.pipeline(self._limits.max_image_pixels)
        self.server = Server(self._config, {pipeline.spec.name: pipeline})
        return await self.server.start()

    async def _drain(self) -> None:
        self.predictor.gate.set()
        await self.server.drain()
