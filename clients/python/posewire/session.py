"""What is known of one Detect stream, over all its connections; does no I/O and holds no lock."""

import random
import time
from collections.abc import Callable

from posewire.errors import PosewireError, ProtocolError, UnavailableError
from posewire.outcome import (
    Dropped,
    Lost,
    Outcome,
    Result,
    read_drop_reason,
    read_frame_error,
    read_result,
)
from posewire.reconnect import Reconnect
from posewire.v1 import keypoint_service_pb2 as service_pb2

NEVER_BLOCKING = (service_pb2.OVERFLOW_POLICY_DROP_OLDEST, service_pb2.OVERFLOW_POLICY_REJECT_NEW)


class Unanswered:
    """The frames that were sent and have no outcome yet, with the time each was sent."""

    def __init__(self) -> None:
        self._sent_at_s: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._sent_at_s)

    def add(self, sequence_id: int, sent_at_s: float) -> None:
        """Takes note of a frame that is being sent."""
        self._sent_at_s[sequence_id] = sent_at_s

    def answer(self, sequence_id: int) -> float:
        """Strikes one frame out and returns when it was sent.

        Raises:
            ProtocolError: The frame was never sent, or has an outcome already.
        """
        sent_at_s = self._sent_at_s.pop(sequence_id, None)
        if sent_at_s is None:
            raise ProtocolError(f"the server answered frame {sequence_id}, which awaits no answer")
        return sent_at_s

    def answer_range(self, first: int, last: int) -> tuple[int, ...]:
        """Strikes out all frames between two ids, both included, and returns their ids.

        Raises:
            ProtocolError: There are none.
        """
        ids = tuple(number for number in self._sent_at_s if first <= number <= last)
        for number in ids:
            del self._sent_at_s[number]
        if not ids:
            raise ProtocolError(f"the server dropped frames {first} to {last}; none awaited one")
        return ids

    def take_all(self) -> tuple[int, ...]:
        """Strikes out everything and returns the ids."""
        ids = tuple(self._sent_at_s)
        self._sent_at_s.clear()
        return ids


class Session:
    """One stream as its caller sees it: frames in, exactly one outcome for each out.

    A shell (sync or asyncio) does the I/O. For each connection it sends what :meth:`open` returns,
    sends frames while :attr:`has_room`, noting each with :meth:`note_sent`, and passes what comes
    back to :meth:`receive`; then it calls :meth:`close` and asks :meth:`next_delay_s` how to go on.
    """

    def __init__(
        self,
        config: service_pb2.StreamConfig,
        reconnect: Reconnect,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._reconnect = reconnect
        self._clock = clock
        self._chance = chance
        self._unanswered = Unanswered()
        self._attempts = 0
        self._started: service_pb2.Started | None = None
        self._draining = False

    def open(self) -> service_pb2.DetectRequest:
        """Begins a connection and returns its first request."""
        self._started = None
        self._draining = False
        return service_pb2.DetectRequest(config=self._config)

    @property
    def is_draining(self) -> bool:
        """Whether the server takes no more frames on this connection."""
        return self._draining

    @property
    def has_room(self) -> bool:
        """Whether a frame may be sent now. Only BLOCK makes the client wait for answers."""
        if self._started is None or self._draining:
            return False
        settings = self._started.config
        if settings.overflow_policy in NEVER_BLOCKING:
            return True
        return len(self._unanswered) < max(1, settings.max_in_flight)

    def note_sent(self, sequence_id: int) -> None:
        """Takes note of a frame that is being sent."""
        self._unanswered.add(sequence_id, self._clock())

    def receive(self, response: service_pb2.DetectResponse) -> Outcome | None:
        """Returns the outcome in a response, None where it holds none.

        Raises:
            ProtocolError: It is about a frame that awaits no answer.
        """
        outcome = self._read(response)
        if outcome is not None:
            self._attempts = 0
        return outcome

    def close(self, error: PosewireError | None) -> Lost | None:
        """Ends a connection; returns the frames whose outcomes went down with it."""
        ids = self._unanswered.take_all()
        return Lost(ids, error) if ids else None

    def next_delay_s(self, error: PosewireError | None, *, source_done: bool) -> float | None:
        """Returns how long to wait before the next connection; None: the stream is complete.

        Args:
            error: What ended the last connection; None where the server ended it with OK.
            source_done: Whether all frames were handed over, so that nothing is left to send.

        Raises:
            PosewireError: The error is final, or came back at every attempt.
        """
        if error is not None and not error.is_transient:
            raise error
        if source_done:
            return None
        delay_s = self._reconnect.delay_s(self._attempts, self._chance())
        if delay_s is None:
            raise error or UnavailableError("the server keeps ending the stream without a reason")
        self._attempts += 1
        return delay_s

    def _read(self, response: service_pb2.DetectResponse) -> Outcome | None:
        match response.WhichOneof("response"):
            case "result":
                return self._read_result(response.result)
            case "frame_error":
                self._unanswered.answer(response.frame_error.sequence_id)
                return read_frame_error(response.frame_error)
            case "dropped":
                dropped = response.dropped
                ids = self._unanswered.answer_range(
                    dropped.first_sequence_id, dropped.last_sequence_id
                )
                return Dropped(ids, read_drop_reason(dropped))
            case "started":
                self._started = response.started
            case "draining":
                self._draining = True
        return None

    def _read_result(self, message: service_pb2.Result) -> Result:
        sent_at_s = self._unanswered.answer(message.sequence_id)
        names = self._started.model.skeleton.keypoint_names if self._started else ()
        return read_result(
            message, keypoint_count=len(names), round_trip_s=self._clock() - sent_at_s
        )
