"""One Detect stream over gRPC's synchronous API."""

import threading
import time
from collections.abc import Generator, Iterable, Iterator

import grpc

from posewire.connection import Connections
from posewire.errors import PosewireError, error_from
from posewire.feed import FrameFeed
from posewire.frame import FrameLike
from posewire.newest import NewestFrames
from posewire.outcome import Dropped, DropReason, Outcome
from posewire.session import Ending, Session
from posewire.wire import Request


class DetectStream:
    """Frames in, outcomes out, over as many connections as it takes.

    gRPC pulls requests in a thread of its own, one thread for each connection. The thread of a
    broken connection may still be waiting for the caller's next frame; it then puts the frame back
    for the connection that follows.
    """

    def __init__(
        self, connections: Connections[grpc.Channel], frames: Iterable[FrameLike], session: Session
    ) -> None:
        self._connections = connections
        self._session = session
        self._newest = NewestFrames(frames) if session.is_paced else None
        self._feed = FrameFeed(self._newest or frames, session.encoder)
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
        ending = Ending(delay_s=0.0)
        try:
            while ending.delay_s is not None:
                time.sleep(ending.delay_s)
                yield from self._connect()
                ending = self._session.close(self._error, source_done=self._feed.done)
                if ending.lost is not None:
                    yield ending.lost
        finally:
            if self._newest is not None:
                self._newest.close()
        yield from self._left_out()
        error = self._feed.error or ending.error
        if error is not None:
            raise error

    def _connect(self) -> Generator[Outcome]:
        """Yields the outcomes of one connection; what ended it is left in ``_error``."""
        connection = self._connection = object()
        self._error = None
        detect = self._connections.get(self._session.target).detect
        call = detect(self._requests(connection, self._session.open()))
        over = self._watch(call)
        try:
            for response in call:
                with self._changed:
                    outcome = self._session.receive(response)
                    self._changed.notify_all()
                if self._newest is not None:
                    yield from self._left_out()
                if outcome is not None:
                    yield outcome
                self._session.listen()
        except grpc.RpcError as failure:
            self._error = self._session.heartbeat_timeout.error or error_from(failure)
            self._error.__cause__ = failure
        finally:
            over.set()
            with self._changed:
                self._connection = None
                self._changed.notify_all()
            call.cancel()

    def _left_out(self) -> Iterator[Dropped]:
        ids = self._newest.take_left_out() if self._newest is not None else ()
        if ids:
            yield Dropped(ids, DropReason.NOT_SENT)

    def _watch(self, call: grpc.Call) -> threading.Event:
        """Has a connection cancelled when the server sends no heartbeat, until the event is set."""
        over, timeout = threading.Event(), self._session.heartbeat_timeout

        def watch() -> None:
            while not over.wait(timeout.left_s()):
                if timeout.left_s() <= 0:
                    call.cancel()
                    return

        if timeout.is_watched:
            threading.Thread(target=watch, name="posewire-heartbeat-timeout", daemon=True).start()
        return over

    def _requests(self, connection: object, first: Request) -> Iterator[Request]:
        yield first
        while (request := self._next_request(connection)) is not None:
            yield request

    def _next_request(self, connection: object) -> Request | None:
        """Returns the next request once there is room for it; None: send no more here."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(connection) or self._session.has_room)
            if self._is_over(connection):
                return None
            again = self._session.send_again()
        return again or self._next_frame(connection)

    def _next_frame(self, connection: object) -> Request | None:
        with self._pulling:
            request = self._feed.take()
            if request is None:
                return None
            with self._changed:
                if self._is_over(connection):
                    self._feed.put_back(request)
                    return None
                self._session.note_sent(request)
                return request

    def _is_over(self, connection: object) -> bool:
        return self._connection is not connection or self._session.is_draining
