"""One stream's state: what waits, what runs, what is owed; no gRPC here.

A reader offers frames, the dispatcher takes tickets and settles them, a writer takes outcomes. All
three run on the event loop, so the state needs no lock. Each frame offered has exactly one outcome.
"""

import asyncio
from collections.abc import AsyncIterator

from posewire_server.errors import PosewireError
from posewire_server.frame import Frame, VideoPacket
from posewire_server.outcome import Dropped, DropReason, Failed, Notice
from posewire_server.serving.streams.bytes_in_flight import Share, bytes_of
from posewire_server.serving.streams.dispatch import Dispatcher
from posewire_server.serving.streams.outbox import Outbox, Owed
from posewire_server.serving.streams.phase import Phase
from posewire_server.serving.streams.pulse import Pulse
from posewire_server.serving.streams.refusal import bytes_exhausted, out_of_order, queue_full
from posewire_server.serving.streams.settings import OverflowPolicy, StreamSettings
from posewire_server.serving.streams.ticket import Ticket, late_error, now_s
from posewire_server.serving.streams.waiting import Waiting
from posewire_server.serving.streams.window import BUSY, FRESH, Window
from posewire_server.serving.streams.work import Work

_MOST_UNREAD = 1024


class Stream:
    """The frames of one stream between their arrival and the reading of their outcomes.

    Args:
        settings: How to treat them.
        dispatcher: Runs the work.
        work: What is done with the frames; closed with the stream.
        share: What the frames hold of the bytes in flight.

    Attributes:
        settings: As given.
        priority: Of the stream's frames.
        last_arrived_id: Greatest sequence id that was offered; -1: none was.
        is_cut_short: Whether frames were dropped that would have been answered in time.
    """

    def __init__(
        self, settings: StreamSettings, dispatcher: Dispatcher, work: Work, share: Share
    ) -> None:
        self.settings = settings
        self.priority = settings.priority
        self.last_arrived_id = -1
        self._work = work
        self._dispatcher = dispatcher
        self._share = share
        live = settings.overflow_policy is OverflowPolicy.DROP_OLDEST
        self._blocks = settings.overflow_policy is OverflowPolicy.BLOCK
        self._waiting = Waiting(self._expire, in_turn=live or settings.is_tracking)
        self._running: dict[Ticket, Owed | None] = {}
        self._outbox = Outbox(in_order=settings.in_order)
        self._window = Window(settings.max_in_flight, FRESH if live else BUSY)
        self._in_flight = 0
        self._last_id = -1
        self._phase = Phase.OPEN
        self._notice: Notice | None = None
        self.is_cut_short = self._told = False
        self._wake_reader = asyncio.Event()
        self._wake_writer = asyncio.Event()
        share.wake = self._wake_reader.set

    @property
    def credit(self) -> int:
        """How many more frames are worth sending now."""
        return max(0, self._window.size - self._in_flight) if self._phase is Phase.OPEN else 0

    @property
    def owes(self) -> bool:
        """Whether outcomes are still to be read."""
        return len(self._outbox) > 0

    async def offer(self, frame: Frame | Failed) -> None:
        """Accepts a frame, or the outcome of one already known; waits where the policy is BLOCK.

        What comes after the close is forgotten.
        """
        arrived_s = now_s()
        self.last_arrived_id = max(self.last_arrived_id, frame.sequence_id)
        size_bytes = bytes_of(frame) if isinstance(frame, Frame) else 0
        if self._must_wait(size_bytes):
            await self._wait_for_room(size_bytes)
        if self._phase >= Phase.CLOSED:
            return
        error = self._refusal(frame, size_bytes)
        if error is None and isinstance(frame, Frame):
            self._accept(Ticket(frame, arrived_s, self.priority, size_bytes=size_bytes))
            return
        if isinstance(frame, Frame):
            self._work.leave_out(frame)
        owed = self._outbox.owe(-1)
        owed.counts = False
        self._outbox.resolve(owed, Failed(frame.sequence_id, error) if error else frame)
        self._wake_writer.set()

    def finish(self) -> None:
        """No more frames will come; the writer ends after the outcomes still owed."""
        self._phase = max(self._phase, Phase.FINISHING)
        self._wake_writer.set()

    def drain(self) -> None:
        """Has the client told, answers what was accepted, drops what still comes."""
        if self._phase is Phase.OPEN:
            self._say_draining()
        self.finish()
        self._wake_reader.set()

    def cut_short(self) -> None:
        """Drops what is not answered yet, so that a drain comes to its end."""
        self.drain()
        self.is_cut_short = bool(self._running or self._waiting)
        if self.is_cut_short:
            self._say_draining()
        for ticket, owed in list(self._running.items()):
            ticket.cancelled = True
            self._running[ticket] = None
            if owed is not None:
                self._resolve_dropped(ticket, owed, DropReason.DRAINING)
        while self._waiting:
            self._drop(*self._waiting.pop(), DropReason.DRAINING)

    def close(self) -> None:
        """Ends the outcomes now: waiting work is forgotten, running work stops early."""
        self._phase = max(self._phase, Phase.CLOSED)
        for ticket in self._running:
            ticket.cancelled = True
        for ticket, _ in self._waiting:
            self._share.give_back(ticket.size_bytes)
        self._waiting.close()
        self._end()
        self._wake_reader.set()
        self._wake_writer.set()

    async def outcomes(self) -> AsyncIterator[object]:
        """Yields what to write, until the stream is closed, or finished and nothing is owed."""
        pulse = Pulse(self.settings.heartbeat_interval_s, self._wake_writer.set)
        pulse.start()
        try:
            while self._phase < Phase.CLOSED:
                item = self._next_to_write()
                if item is None:
                    if self._phase is Phase.FINISHING and not len(self._outbox):
                        return
                    if not pulse.is_due:
                        await self._wake_writer.wait()
                        self._wake_writer.clear()
                        continue
                    item = Notice.HEARTBEAT
                yield item
                pulse.note_written()
        finally:
            pulse.stop()

    def take(self) -> Ticket | None:
        """Picks the frame to work on now; called by the dispatcher."""
        if self._waiting.in_turn and self._running:
            return None
        begun_s = now_s()
        while self._waiting:
            ticket, owed = self._waiting.pop()
            if begun_s - ticket.arrived_s <= self.settings.max_frame_age_s:
                ticket.begun_s = begun_s
                self._running[ticket] = owed
                return ticket
            self._drop(ticket, owed, DropReason.TOO_OLD)
        self._window.note_starved(begun_s)
        return None

    def settle(self, ticket: Ticket, outcome: object) -> None:
        """Takes the outcome of a frame that was worked on; called by the dispatcher."""
        owed = self._running.pop(ticket)
        self._share.give_back(ticket.size_bytes)
        self._window.note_answer(ticket.begun_s - ticket.arrived_s, now_s() - ticket.begun_s)
        if owed is not None:
            self._outbox.resolve(owed, outcome)
        self._end()
        self._wake_writer.set()
        if self._waiting.in_turn and self._phase < Phase.CLOSED:
            self._dispatcher.submit(self)

    def work(self, ticket: Ticket) -> object:
        """Works on a frame; called by the dispatcher in a frame thread."""
        return self._work.run(ticket)

    def _next_to_write(self) -> object | None:
        if self._notice is not None:
            notice, self._notice = self._notice, None
            return notice
        owed = self._outbox.pop()
        if owed is None:
            return None
        self._in_flight -= owed.counts
        self._window.note_told(self._in_flight)
        self._wake_reader.set()
        return owed.outcome

    def _say_draining(self) -> None:
        if not self._told:
            self._told = True
            self._notice = Notice.DRAINING

    def _end(self) -> None:
        if self._phase is Phase.CLOSED and not self._running:
            self._phase = Phase.ENDED
            self._work.close()

    @property
    def _is_full(self) -> bool:
        return self._in_flight >= self.settings.max_in_flight

    async def _wait_for_room(self, size_bytes: int) -> None:
        try:
            while self._must_wait(size_bytes):
                if not self._is_held_back:
                    self._share.line_up(size_bytes)
                await self._wake_reader.wait()
                self._wake_reader.clear()
        finally:
            self._share.leave_line()

    def _must_wait(self, size_bytes: int) -> bool:
        if self._phase is not Phase.OPEN:
            return False
        return self._is_held_back or (self._blocks and not self._share.fits(size_bytes))

    @property
    def _is_held_back(self) -> bool:
        """Whether its own frames leave no room for another one."""
        return len(self._outbox) > _MOST_UNREAD or (self._blocks and self._is_full)

    def _refusal(self, frame: Frame | Failed, size_bytes: int) -> PosewireError | None:
        """Returns why a frame cannot be accepted."""
        number, last = frame.sequence_id, self._last_id
        if number <= last:
            return out_of_order(number, last)
        error = frame.error if isinstance(frame, Failed) else self._shortage(size_bytes)
        if error is not None:
            self._last_id = number
        return error

    def _shortage(self, size_bytes: int) -> PosewireError | None:
        policy = self.settings.overflow_policy
        if self._blocks or self._phase is not Phase.OPEN:
            return None
        if policy is OverflowPolicy.REJECT_NEW and self._is_full:
            return queue_full(self.settings.max_in_flight)
        while policy is OverflowPolicy.DROP_OLDEST and self._waiting:
            if self._share.fits(size_bytes):
                return None
            self._drop(*self._waiting.pop(), DropReason.OVERFLOW)
        return None if self._share.fits(size_bytes) else bytes_exhausted(self._share.limit_bytes)

    def _accept(self, ticket: Ticket) -> None:
        owed = self._outbox.owe(self._last_id)
        self._last_id = ticket.frame.sequence_id
        self._in_flight += 1
        self._share.take(ticket.size_bytes)
        if self._phase is not Phase.OPEN:
            self._drop(ticket, owed, DropReason.DRAINING)
            return
        self._window.note_arrival(ticket.arrived_s)
        # Packets of a video build on one another: a decoder takes them in turn.
        self._waiting.in_turn |= isinstance(ticket.frame.source, VideoPacket)
        self._waiting.add(ticket, owed)
        if self._in_flight > self.settings.max_in_flight:
            self._drop(*self._waiting.pop(), DropReason.OVERFLOW)
        self._dispatcher.submit(self)

    def _expire(self, ticket: Ticket, owed: Owed) -> None:
        self._leave_out(ticket)
        self._outbox.resolve(owed, Failed(ticket.frame.sequence_id, late_error("decode")))
        self._wake_writer.set()

    def _drop(self, ticket: Ticket, owed: Owed, reason: DropReason) -> None:
        self._leave_out(ticket)
        self._resolve_dropped(ticket, owed, reason)

    def _leave_out(self, ticket: Ticket) -> None:
        self._work.leave_out(ticket.frame)
        self._share.give_back(ticket.size_bytes)

    def _resolve_dropped(self, ticket: Ticket, owed: Owed, reason: DropReason) -> None:
        number = ticket.frame.sequence_id
        owed.counts = False
        self._in_flight -= 1
        self._outbox.resolve(owed, Dropped(number, number, 1, reason))
        self._wake_writer.set()
