"""State of one stream: frames that wait, frames in work, outcomes that are owed; no gRPC here.

A reader offers frames, the dispatcher takes and settles them, a writer reads outcomes. All three
run on the event loop, so the state needs no lock. Each frame offered has exactly one outcome.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Generic, TypeVar

from posewire_server.errors import StreamError
from posewire_server.frame import Frame, VideoPacket
from posewire_server.inference.scheduling.frame_context import FrameContext, late_error, now_s
from posewire_server.outcome import ControlMessage, Dropped, DropReason, Failed, Outcome
from posewire_server.serving.streams.bytes_in_flight import ByteShare, bytes_exhausted, bytes_of
from posewire_server.serving.streams.credit_window import BUSY, FRESH, CreditWindow
from posewire_server.serving.streams.dispatcher import Dispatcher, FrameProcessor
from posewire_server.serving.streams.frame_queue import AcceptedFrame, FrameQueue, queue_full
from posewire_server.serving.streams.reorder_buffer import ReorderBuffer, out_of_order
from posewire_server.serving.streams.stream_settings import (
    OverflowPolicy,
    StreamPhase,
    StreamSettings,
)
from posewire_server.serving.streams.timers import HeartbeatTimer

T = TypeVar("T")
_MOST_UNREAD: Final = 1024


class Stream(Generic[T]):
    """Frames of one stream from their arrival to the reading of their outcomes.

    Args:
        settings: How to treat them.
        dispatcher: Runs the processor.
        processor: Answers the frames; closed with the stream.
        share: Bytes in flight of the frames.

    Attributes:
        settings: As given.
        priority: As in the settings.
        last_arrived_id: Greatest sequence id that was offered; -1: none was.
        is_cut_short: Whether frames were dropped that would have been answered in time.
    """

    def __init__(
        self,
        settings: StreamSettings,
        dispatcher: Dispatcher,
        processor: FrameProcessor[T],
        share: ByteShare,
    ) -> None:
        self.settings = settings
        self.priority = settings.priority
        self.last_arrived_id = -1
        self._processor = processor
        self._dispatcher = dispatcher
        self._share = share
        live = settings.overflow_policy is OverflowPolicy.DROP_OLDEST
        self._blocks = settings.overflow_policy is OverflowPolicy.BLOCK
        in_turn = live or settings.is_tracking
        self._waiting: FrameQueue[T] = FrameQueue(self._expire, in_turn=in_turn)
        self._running: list[AcceptedFrame[T]] = []
        self._outcomes: ReorderBuffer[T] = ReorderBuffer(in_order=settings.in_order)
        self._window = CreditWindow(settings.max_in_flight, FRESH if live else BUSY)
        self._in_flight = 0
        self._last_id = -1
        self._phase = StreamPhase.OPEN
        self._control: ControlMessage | None = None
        self.is_cut_short = self._told = False
        self._wake_reader, self._wake_writer = asyncio.Event(), asyncio.Event()
        share.wake = self._wake_reader.set

    @property
    def credit(self) -> int:
        """How many more frames are worth sending now."""
        free = self._window.size - self._in_flight
        return max(0, free) if self._phase is StreamPhase.OPEN else 0

    @property
    def owes(self) -> bool:
        """Whether outcomes are still to be read."""
        return len(self._outcomes) > 0

    async def offer(self, frame: Frame | Failed) -> None:
        """Accepts a frame, or the outcome of one that could not be read.

        Waits for room if the policy is BLOCK. A frame offered after the close is forgotten.
        """
        arrived_s = now_s()
        self.last_arrived_id = max(self.last_arrived_id, frame.sequence_id)
        size_bytes = bytes_of(frame) if isinstance(frame, Frame) else 0
        if self._must_wait(size_bytes):
            await self._wait_for_room(size_bytes)
        if self._phase >= StreamPhase.CLOSED:
            return
        refusal = self._refusal(frame, size_bytes)
        if isinstance(frame, Frame):
            if refusal is None:
                self._accept(frame, arrived_s, size_bytes)
                return
            self._processor.leave_out(frame)
        if refusal is not None:
            self._outcomes.add(refusal)
            self._wake_writer.set()

    def finish(self) -> None:
        """No more frames will come; the writer ends after the outcomes still owed."""
        self._phase = max(self._phase, StreamPhase.FINISHING)
        self._wake_writer.set()

    def drain(self) -> None:
        """Notifies the client, answers the accepted frames, drops those that still come."""
        if self._phase is StreamPhase.OPEN:
            self._say_draining()
        self.finish()
        self._wake_reader.set()

    def cut_short(self) -> None:
        """Drops the frames that are not answered yet, to end a drain."""
        self.drain()
        self.is_cut_short = bool(self._running or self._waiting)
        if self.is_cut_short:
            self._say_draining()
        for accepted in self._running:
            accepted.context.is_cancelled = True
            if accepted.pending.outcome is None:
                self._resolve(accepted, accepted.dropped(DropReason.DRAINING))
        while self._waiting:
            self._drop(self._waiting.pop(), DropReason.DRAINING)

    def close(self) -> None:
        """Ends the outcomes now: frames that wait are forgotten, work in progress stops early."""
        self._phase = max(self._phase, StreamPhase.CLOSED)
        for accepted in self._running:
            accepted.context.is_cancelled = True
        for accepted in self._waiting:
            self._share.give_back(accepted.size_bytes)
        self._waiting.close()
        self._end()
        self._wake_reader.set()
        self._wake_writer.set()

    async def outcomes(self) -> AsyncIterator[Outcome[T] | ControlMessage]:
        """Yields what to write until the stream is closed, or finished and nothing is owed."""
        heartbeat = HeartbeatTimer(self.settings.heartbeat_interval_s, self._wake_writer.set)
        heartbeat.start()
        try:
            while self._phase < StreamPhase.CLOSED:
                item = self._next_to_write()
                if item is None:
                    if self._phase is StreamPhase.FINISHING and not self.owes:
                        return
                    if not heartbeat.is_due:
                        await self._wake_writer.wait()
                        self._wake_writer.clear()
                        continue
                    item = ControlMessage.HEARTBEAT
                yield item
                heartbeat.note_written()
        finally:
            heartbeat.stop()

    def take(self) -> AcceptedFrame[T] | None:
        """Chooses the frame to work on now; called by the dispatcher."""
        if self._waiting.in_turn and self._running:
            return None
        begun_s = now_s()
        while self._waiting:
            accepted = self._waiting.pop()
            if begun_s - accepted.context.arrived_s <= self.settings.max_frame_age_s:
                accepted.begun_s = begun_s
                self._running.append(accepted)
                return accepted
            self._drop(accepted, DropReason.TOO_OLD)
        self._window.note_starved(begun_s)
        return None

    def work(self, accepted: AcceptedFrame[T]) -> T:
        """Works on a frame; called by the dispatcher in a frame thread."""
        return self._processor.run(accepted.frame, accepted.context)

    def settle(self, accepted: AcceptedFrame[T], outcome: Outcome[T]) -> None:
        """Takes the outcome of a frame that was worked on; called by the dispatcher."""
        self._running.remove(accepted)
        self._share.give_back(accepted.size_bytes)
        waited_s = accepted.begun_s - accepted.context.arrived_s
        self._window.note_answer(waited_s, now_s() - accepted.begun_s)
        if accepted.pending.outcome is None:  # otherwise it was dropped at the end of a drain
            self._resolve(accepted, outcome)
        self._end()
        if self._waiting.in_turn and self._phase < StreamPhase.CLOSED:
            self._dispatcher.submit(self)

    def _next_to_write(self) -> Outcome[T] | ControlMessage | None:
        if self._control is not None:
            control, self._control = self._control, None
            return control
        pending = self._outcomes.pop()
        if pending is None:
            return None
        self._in_flight -= pending.counts
        self._window.note_told(self._in_flight)
        self._wake_reader.set()
        return pending.outcome

    def _say_draining(self) -> None:
        if not self._told:
            self._told = True
            self._control = ControlMessage.DRAINING

    def _end(self) -> None:
        if self._phase is StreamPhase.CLOSED and not self._running:
            self._phase = StreamPhase.ENDED
            self._processor.close()

    @property
    def _is_full(self) -> bool:
        return self._in_flight >= self.settings.max_in_flight

    async def _wait_for_room(self, size_bytes: int) -> None:
        try:
            while self._must_wait(size_bytes):
                if not self._is_held_back:
                    self._share.wait_for(size_bytes)
                await self._wake_reader.wait()
                self._wake_reader.clear()
        finally:
            self._share.stop_waiting()

    def _must_wait(self, size_bytes: int) -> bool:
        if self._phase is not StreamPhase.OPEN:
            return False
        return self._is_held_back or (self._blocks and not self._share.fits(size_bytes))

    @property
    def _is_held_back(self) -> bool:
        """Whether its own frames leave no room for another one."""
        return len(self._outcomes) > _MOST_UNREAD or (self._blocks and self._is_full)

    def _refusal(self, frame: Frame | Failed, size_bytes: int) -> Failed | None:
        """Returns why a frame is not accepted."""
        number, last = frame.sequence_id, self._last_id
        if number <= last:
            return Failed(number, out_of_order(number, last))
        if isinstance(frame, Frame):
            if (error := self._shortage(size_bytes)) is None:
                return None
            frame = Failed(number, error)
        self._last_id = number
        return frame

    def _shortage(self, size_bytes: int) -> StreamError | None:
        policy, most = self.settings.overflow_policy, self.settings.max_in_flight
        if self._blocks or self._phase is not StreamPhase.OPEN:
            return None
        if policy is OverflowPolicy.REJECT_NEW and self._is_full:
            return queue_full(most)
        while not self._share.fits(size_bytes):
            if policy is not OverflowPolicy.DROP_OLDEST or not self._waiting:
                return bytes_exhausted(self._share.limit_bytes)
            self._drop(self._waiting.pop(), DropReason.OVERFLOW)
        return None

    def _accept(self, frame: Frame, arrived_s: float, size_bytes: int) -> None:
        context = FrameContext(arrived_s, frame.deadline_s, self.priority)
        pending = self._outcomes.reserve(self._last_id)
        accepted = AcceptedFrame(frame, context, pending, size_bytes)
        self._last_id = frame.sequence_id
        self._in_flight += 1
        self._share.take(size_bytes)
        if self._phase is not StreamPhase.OPEN:
            self._drop(accepted, DropReason.DRAINING)
            return
        self._window.note_arrival(arrived_s)
        # Packets of a video build on one another: a decoder takes them in turn.
        self._waiting.in_turn |= isinstance(frame.source, VideoPacket)
        self._waiting.add(accepted)
        if self._in_flight > self.settings.max_in_flight:
            self._drop(self._waiting.pop(), DropReason.OVERFLOW)
        self._dispatcher.submit(self)

    def _expire(self, accepted: AcceptedFrame[T]) -> None:
        self._leave_out(accepted, Failed(accepted.frame.sequence_id, late_error("decode")))

    def _drop(self, accepted: AcceptedFrame[T], reason: DropReason) -> None:
        self._leave_out(accepted, accepted.dropped(reason))

    def _leave_out(self, accepted: AcceptedFrame[T], outcome: Failed | Dropped) -> None:
        self._processor.leave_out(accepted.frame)
        self._share.give_back(accepted.size_bytes)
        self._resolve(accepted, outcome)

    def _resolve(self, accepted: AcceptedFrame[T], outcome: Outcome[T]) -> None:
        if isinstance(outcome, Dropped):
            accepted.pending.counts = False
            self._in_flight -= 1
        self._outcomes.resolve(accepted.pending, outcome)
        self._wake_writer.set()
