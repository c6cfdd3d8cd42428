"""Session of one Detect stream over all its connections; does no I/O and holds no lock."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from posewire.errors import ModelNotServingError, PosewireError, UnavailableError
from posewire.frame import FrameEncoder
from posewire.heartbeat_timeout import HeartbeatTimeout
from posewire.outcome import (
    Dropped,
    DropReason,
    Lost,
    Outcome,
    Result,
    read_drop_reason,
    read_frame_error,
    read_result,
)
from posewire.reconnect import Reconnect
from posewire.route import Route
from posewire.unanswered_frames import UnansweredFrames
from posewire.v1 import keypoint_service_pb2 as service_pb2
from posewire.wire import Request

NEVER_BLOCKING = (service_pb2.OVERFLOW_POLICY_DROP_OLDEST, service_pb2.OVERFLOW_POLICY_REJECT_NEW)


@dataclass(frozen=True)
class Ending:
    """Decision after the end of a connection.

    Attributes:
        lost: The frames whose outcomes went down with it.
        delay_s: How long to wait before the next connection; None: there is none.
        error: To be raised where there is none.
    """

    lost: Lost | None = None
    delay_s: float | None = None
    error: PosewireError | None = None


class Session:
    """One stream as its caller sees it: frames in, exactly one outcome for each out.

    A shell (sync or asyncio) does the I/O. For each connection, which goes to :attr:`target`, it
    sends what :meth:`open` returns; then, while :attr:`has_room`, what :meth:`send_again` returns
    and after that new frames, noting each with :meth:`note_sent`; what comes back it passes to
    :meth:`receive`, having called :meth:`listen` before it waits. At the end :meth:`close` says how
    to go on.

    Where the policy is BLOCK, no frame is lost with a connection: those without an outcome are kept
    and sent again over the next one, in their order.

    Args:
        config: Of the stream.
        reconnect: When to try again.
        targets: Names of the servers to choose from, best first.
        is_paced: Whether frames are sent only where the server has use for them, with any policy.
        clock: Seconds.
        chance: Random numbers in [0, 1).

    Attributes:
        encoder: Makes requests of frames.
        is_paced: As given.
        heartbeat_timeout: Watched by the shell while it waits, if the config asks for heartbeats.
    """

    def __init__(
        self,
        config: service_pb2.StreamConfig,
        reconnect: Reconnect,
        targets: Sequence[str] = ("",),
        *,
        is_paced: bool = False,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.encoder = FrameEncoder()
        self.is_paced = is_paced
        self._config = config
        self._reconnect = reconnect
        self._route = Route(targets)
        self._clock = clock
        self._chance = chance
        self._keeps = config.overflow_policy not in NEVER_BLOCKING
        self._unanswered = UnansweredFrames(keeps=self._keeps)
        self._left_undone: dict[int, Request | None] = {}
        self._again: deque[Request] = deque()
        self._credit = 0
        self._attempts = 0
        self._started: service_pb2.Started | None = None
        self._waits_for_credit = True
        self._most_in_flight = self._keypoint_count = 0
        self._draining = False
        beats = config.HasField("heartbeat_interval")
        interval_s = config.heartbeat_interval.ToNanoseconds() * 1e-9 if beats else None
        self.heartbeat_timeout = HeartbeatTimeout(interval_s, clock)

    @property
    def target(self) -> str:
        """Name of the server of this connection."""
        return self._route.target

    def open(self) -> service_pb2.DetectRequest:
        """Begins a connection and returns its first request."""
        self._started = None
        self._draining = False
        self._credit = 0
        self.heartbeat_timeout.forget()
        return service_pb2.DetectRequest(config=self._config)

    @property
    def is_draining(self) -> bool:
        """Whether the server takes no more frames on this connection."""
        return self._draining

    @property
    def has_room(self) -> bool:
        """Whether a frame may be sent now. BLOCK and a paced stream wait for the server's word."""
        if self._started is None or self._draining:
            return False
        sent = len(self._unanswered)
        if not sent or not self._waits_for_credit:
            return True
        return self._credit > 0 and sent < self._most_in_flight

    @property
    def has_again(self) -> bool:
        """Whether frames of an earlier connection wait to be sent again."""
        return bool(self._again)

    def send_again(self) -> Request | None:
        """Returns the next frame to be sent again, noted as sent; None: there is none."""
        if not self._again:
            return None
        request = self._again.popleft()
        self.note_sent(request)
        return request

    def note_sent(self, request: Request) -> None:
        """Takes note of a frame that is being sent."""
        self._credit -= 1
        self._unanswered.add(request, self._clock())

    def listen(self) -> None:
        """The shell waits for a response from now on."""
        if self._started is not None:
            self.heartbeat_timeout.begin()

    def receive(self, response: service_pb2.DetectResponse) -> Outcome | None:
        """Returns the outcome in a response, None where it holds none.

        Raises:
            ProtocolError: It is about a frame that awaits no answer.
        """
        self.heartbeat_timeout.end()
        self._credit = response.credit
        outcome = self._read(response)
        if outcome is not None:
            self._attempts = 0
        return outcome

    def close(self, error: PosewireError | None, *, source_done: bool) -> Ending:
        """Ends a connection.

        Args:
            error: What ended it; None where the server ended it with OK.
            source_done: Whether all frames were handed over, so that no new one is left to send.
        """
        undone = self._take_undone()
        refused = isinstance(error, ModelNotServingError)
        refused_by_all = self._route.note_refusal(refused=refused)
        final = refused_by_all if refused else error is not None and not error.is_transient
        if not final and source_done and not (undone and self._keeps):
            return Ending(_lost(undone, error))
        delay_s = None if final else self._move_on(error)
        if delay_s is None:
            error = error or UnavailableError("the server keeps ending the stream for no reason")
            return Ending(_lost(undone, error), error=error)
        if not self._keeps:
            return Ending(_lost(undone, error), delay_s)
        self._again.extend(request for request in undone.values() if request is not None)
        return Ending(delay_s=delay_s)

    def _take_undone(self) -> dict[int, Request | None]:
        """Returns all frames without an outcome, by their ids."""
        undone = self._left_undone | self._unanswered.take_all()
        undone |= {request.frame.sequence_id: request for request in self._again}
        self._left_undone.clear()
        self._again.clear()
        return dict(sorted(undone.items()))

    def _move_on(self, error: PosewireError | None) -> float | None:
        """Chooses the next target; returns how long to wait before; None: give up."""
        rounds = self._attempts // len(self._route)
        delay_s = self._reconnect.delay_s(rounds, self._chance())
        worker_lost = error is not None and error.reason == "WORKER_LOST"
        is_other = self._route.move_on(stays=worker_lost)
        refused = isinstance(error, ModelNotServingError)
        at_once = is_other and (refused or (self._draining and not self._attempts))
        self._attempts += 1
        return 0.0 if at_once and delay_s is not None else delay_s

    def _read(self, response: service_pb2.DetectResponse) -> Outcome | None:
        match response.WhichOneof("response"):
            case "result":
                return self._read_result(response.result)
            case "frame_error":
                self._unanswered.answer(response.frame_error.sequence_id)
                return read_frame_error(response.frame_error)
            case "dropped":
                return self._read_dropped(response.dropped)
            case "started":
                self._begin(response.started)
            case "draining":
                self._draining = True
                self._route.note_hints(response.draining.resume_targets)
        return None

    def _begin(self, started: service_pb2.Started) -> None:
        self._started = started
        never_blocks = started.config.overflow_policy in NEVER_BLOCKING
        self._waits_for_credit = self.is_paced or not never_blocks
        self._most_in_flight = started.config.max_in_flight
        self._keypoint_count = len(started.model.skeleton.keypoint_names)

    def _read_dropped(self, message: service_pb2.Dropped) -> Dropped | None:
        first, last = message.first_sequence_id, message.last_sequence_id
        frames, reason = self._unanswered.answer_range(first, last), read_drop_reason(message)
        if self._keeps and reason is DropReason.DRAINING:
            self._left_undone |= frames
            return None
        return Dropped(tuple(frames), reason)

    def _read_result(self, message: service_pb2.Result) -> Result:
        sent_at_s = self._unanswered.answer(message.sequence_id)
        round_trip_s = self._clock() - sent_at_s
        return read_result(message, keypoint_count=self._keypoint_count, round_trip_s=round_trip_s)


def _lost(sequence_ids: Iterable[int], error: PosewireError | None) -> Lost | None:
    ids = tuple(sequence_ids)
    return Lost(ids, error) if ids else None
