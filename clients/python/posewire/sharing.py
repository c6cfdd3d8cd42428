"""Sessions, whose large pictures may go by shared memory."""

from collections.abc import Sequence

from posewire.errors import PosewireError
from posewire.frame import FrameEncoder
from posewire.options import StreamOptions, stream_config
from posewire.outcome import Outcome
from posewire.reconnect import Reconnect
from posewire.session import Ending, Session
from posewire.shared_memory import SharedFrames
from posewire.v1 import keypoint_service_pb2 as service_pb2


class SharingSession(Session):
    """A session that tells the stream's shared memory of connections and outcomes."""

    def __init__(
        self,
        config: service_pb2.StreamConfig,
        reconnect: Reconnect,
        targets: Sequence[str] = ("",),
        *,
        is_paced: bool = False,
    ) -> None:
        super().__init__(config, reconnect, targets, is_paced=is_paced)
        self._shared = SharedFrames()
        self.encoder = FrameEncoder(self._shared)

    def open(self) -> service_pb2.DetectRequest:
        """Begins a connection, which gets objects of its own, and returns its first request."""
        self._shared.begin(self.target)
        return super().open()

    def receive(self, response: service_pb2.DetectResponse) -> Outcome | None:
        """Returns the outcome in a response, see ``Session``; its pictures are needed no more."""
        outcome = super().receive(response)
        if outcome is not None:
            self._shared.settle(outcome)
        return outcome

    def close(self, error: PosewireError | None, *, source_done: bool) -> Ending:
        """Ends a connection, and with it what was shared."""
        self._shared.end()
        return super().close(error, source_done=source_done)


def open_session(
    model: str,
    options: StreamOptions,
    targets: Sequence[str],
    reconnect: Reconnect,
    *,
    shared_memory: bool,
) -> Session:
    """Returns the session of a new stream.

    Raises:
        TypeError: There is no such option.
    """
    make = SharingSession if shared_memory else Session
    config, is_paced = stream_config(model, options), options.get("paced", False)
    return make(config, reconnect, targets, is_paced=is_paced)
