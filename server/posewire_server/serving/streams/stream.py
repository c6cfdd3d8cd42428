"""State of one stream: frames that wait, frames in work, outcomes that are owed; no gRPC here.

A reader offers frames, the dispatcher takes and settles them, a writer reads outcomes. All three
run on the event loop, so the state needs no lock. Each frame offered has exactly one outcome.
"""

import asyncio
from typing import Generic, Self, TypeVar

from posewire_server.frame import Frame, VideoPacket
from posewire_server.inference.scheduling.frame_context import FrameContext, late_error, now_s
from posewire_server.outcome import ControlMessage, Dropped, DropReason, Failed, Outcome
from posewire_server.serving.streams.admission import Admission
from posewire_server.serving.streams.bytes_in_flight import ByteShare, bytes_of
from posewire_server.serving.streams.credit_window import BUSY, FRESH, CreditWindow
from posewire_server.serving.streams.dispatcher import Dispatcher, FrameProcessor
from posewire_server.serving.streams.frame_queue import AcceptedFrame, FrameQueue
from posewire_server.serving.streams.heartbeat_timer import HeartbeatTimer
from posewire_server.serving.streams.reorder_buffer import ReorderBuffer
from posewire_server.serving.streams.stream_settings import (
    OverflowPolicy,
    StreamPhase,
    StreamSettings,
)

T = TypeVar("T")


class Stream(Generic[T]):
    """Frames of one stream from their arrival to the reading of their outcomes.

    Args:
        processor: Answers the frames; closed with the stream.

    Attributes:
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
        in_turn = live or settings.is_tracking
        self._waiting: FrameQueue[T] = FrameQueue(self._expire, in_turn=in_turn)
        self._running: list[AcceptedFrame[T]] = []
        self._outcomes: ReorderBuffer[T] = ReorderBuffer(in_order=settings.in_order)
        self._admission = Admission(settings, share, self._outcomes)
        self._window = CreditWindow(settings.max_in_flight, FRESH if live else BUSY)
        self._phase = StreamPhase.OPEN
        self._control: ControlMessage | None = None
        self.is_cut_short = self._told = False
        self._wake_writer = asyncio.Event()
        self._heartbeat = HeartbeatTimer(settings.heartbeat_interval_s, self._wake_writer.set)

    @property
    def credit(self) -> int:
        """How many more frames are worth sending now."""
        free = self._window.size - self._admission.in_flight
        return max(0, free) if self._phase is StreamPhase.OPEN else 0

    @property
    def owes(self) -> bool:
        """Whether outcomes are still to be read."""
        return len(self._outcomes) > 0

    async def offer(self, frame: Frame | Failed, timeout_s: float | None = None) -> None:
        """Accepts a frame, or the outcome of one that could not be read.

        Waits for room if the policy is BLOCK. A frame offered after the close is forgotten.

        Args:
            timeout_s: Seconds after which the answer is of no use, if the frame itself has more.
        """
        arrived_s = now_s()
        self.last_arrived_id = max(self.last_arrived_id, frame.sequence_id)
        size_bytes = bytes_of(frame) if isinstance(frame, Frame) else 0
        await self._admission.wait_for_room(size_bytes)
        if self._phase >= StreamPhase.CLOSED:
            return
        previous_id = self._admission.last_id
        refusal = self._admission.refusal(frame, size_bytes, self._drop_oldest)
        if isinstance(frame, Frame):
            if refusal is None:
                context = self._context_of(frame, arrived_s, timeout_s)
                pending = self._outcomes.reserve(previous_id)
                self._accept(AcceptedFrame(frame, context, pending, size_bytes))
                return
            self._processor.leave_out(frame)
        if refusal is not None:
            self._outcomes.add(refusal)
            self._wake_writer.set()

    def finish(self) -> None:
        """No more frames will come; the writer ends after the outcomes still owed."""
        self._phase = max(self._phase, StreamPhase.FINISHING)
        self._admission.end()
        self._wake_writer.set()

    def drain(self) -> None:
        """Notifies the client, answers the accepted frames, drops those that still come."""
        if self._phase is StreamPhase.OPEN:
            self._say_draining()
        self.finish()

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
        if self._phase >= StreamPhase.CLOSED:
            return
        self._phase = StreamPhase.CLOSED
        for accepted in self._running:
            accepted.context.is_cancelled = True
        for accepted in self._waiting:
            self._share.give_back(accepted.size_bytes)
        self._waiting.close()
        self._end()
        self._admission.end()
        self._heartbeat.stop()
        self._wake_writer.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[T] | ControlMessage:
        """Returns what to write next, until the stream is closed, or finished and nothing is owed.

        A stream is its own iterator: an asynchronous generator costs a call more than the stream.
        """
        if self._phase < StreamPhase.CLOSED:
            self._heartbeat.restart()
        while self._phase < StreamPhase.CLOSED:
            if (item := self._next_to_write()) is not None:
                return item
            if self._phase is StreamPhase.FINISHING and not self.owes:
                break
            if self._heartbeat.is_due:
                return ControlMessage.HEARTBEAT
            await self._wake_writer.wait()
            self._wake_writer.clear()
        raise StopAsyncIteration

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
        self._admission.in_flight -= pending.counts
        self._window.note_told(self._admission.in_flight)
        self._admission.wake()
        return pending.outcome

    def _say_draining(self) -> None:
        if not self._told:
            self._told = True
            self._control = ControlMessage.DRAINING

    def _end(self) -> None:
        if self._phase is StreamPhase.CLOSED and not self._running:
            self._phase = StreamPhase.ENDED
            self._processor.close()

    def _context_of(self, frame: Frame, arrived_s: float, timeout_s: float | None) -> FrameContext:
        limits_s = [limit_s for limit_s in (frame.deadline_s, timeout_s) if limit_s is not None]
        return FrameContext(arrived_s, min(limits_s, default=None), self.priority)

    def _accept(self, accepted: AcceptedFrame[T]) -> None:
        self._admission.in_flight += 1
        self._share.take(accepted.size_bytes)
        if self._phase is not StreamPhase.OPEN:
            self._drop(accepted, DropReason.DRAINING)
            return
        self._window.note_arrival(accepted.context.arrived_s)
        # Packets of a video build on one another: a decoder takes them in turn.
        self._waiting.in_turn |= isinstance(accepted.frame.source, VideoPacket)
        self._waiting.add(accepted)
        if self._admission.is_over_full:
            self._drop_oldest()
        self._dispatcher.submit(self)

    def _drop_oldest(self) -> bool:
        """Drops the oldest frame that waits; returns False if none does."""
        if not self._waiting:
            return False
        self._drop(self._waiting.pop(), DropReason.OVERFLOW)
        return True

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
            self._admission.in_flight -= 1
        self._outcomes.resolve(accepted.pending, outcome)
        self._wake_writer.set()
