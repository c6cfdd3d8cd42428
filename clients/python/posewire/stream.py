"""One Detect stream over gRPC's synchronous API."""

import threading
import time
from collections.abc import Generator, Iterable, Iterator
from typing import TypeAlias

import grpc

from posewire.errors import PosewireError, error_from
from posewire.feed import FrameFeed
from posewire.frame import FrameLike
from posewire.outcome import Outcome
from posewire.session import Session
from posewire.v1.keypoint_service_pb2 import DetectResponse
from posewire.wire import Request

DetectMethod: TypeAlias = "grpc.StreamStreamMultiCallable[Request, DetectResponse]"


class DetectStream:
    """Frames in, outcomes out, over as many connections as it takes.

    gRPC pulls requests in a thread of its own, one thread for each connection. The thread of a
    broken connection may still be waiting for the caller's next frame; it then puts the frame back
    for the connection that follows.
    """

    def __init__(self, method: DetectMethod, frames: Iterable[FrameLike], session: Session) -> None:
        self._method = method
        self._session = session
        self._feed = FrameFeed(frames)
        self._pulling = threading.Lock()
        self._changed = threading.Condition()
        self._connection: object | None = None
        self._error: PosewireError | None = None

    def outcomes(self) -> Generator[Outcome]:
        """Yields the outcome of every frame; ends when the frames have ended.

        Raises:
            PosewireError: The stream failed for good.
            Exception: Whatever iterating the caller's frames raised, after the outcomes owed.
        """
        delay_s: float | None = 0.0
        while delay_s is not None:
            time.sleep(delay_s)
            yield from self._connect()
            lost = self._session.close(self._error)
            if lost is not None:
                yield lost
            if self._feed.error is not None:
                raise self._feed.error
            delay_s = self._session.next_delay_s(self._error, source_done=self._feed.done)

    def _connect(self) -> Generator[Outcome]:
        """Yields the outcomes of one connection; what ended it is left in ``_error``."""
        connection = self._connection = object()
        self._error = None
        call = self._method(self._requests(connection, self._session.open()))
        try:
            for response in call:
                with self._changed:
                    outcome = self._session.receive(response)
                    self._changed.notify_all()
                if outcome is not None:
                    yield outcome
        except grpc.RpcError as failure:
            self._error = error_from(failure)
            self._error.__cause__ = failure
        finally:
            with self._changed:
                self._connection = None
                self._changed.notify_all()
            call.cancel()

    def _requests(self, connection: object, first: Request) -> Iterator[Request]:
        yield first
        while (request := self._next_request(connection)) is not None:
            yield request

    def _next_request(self, connection: object) -> Request | None:
        """Returns the next request once there is room for it; None: send no more here."""
        if not self._wait_for_room(connection):
            return None
        with self._pulling:
            request = self._feed.take()
            if request is None:
                return None
            with self._changed:
                if self._is_over(connection):
                    self._feed.put_back(request)
                    return None
                self._session.note_sent(request.frame.sequence_id)
                return request

    def _wait_for_room(self, connection: object) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(connection) or self._session.has_room)
            return not self._is_over(connection)

    def _is_over(self, connection: object) -> bool:
        return self._connection is not connection or self._session.is_draining
