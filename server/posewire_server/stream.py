"""One stream's state: what waits, what runs, what is owed; no gRPC here.

A reader offers frames, the dispatcher takes tickets and settles them, a writer takes outcomes. All
three run on the event loop, so the state needs no lock. Each frame offered has exactly one outcome.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from posewire_server.alarm import Alarm
from posewire_server.dispatch import Dispatcher
from posewire_server.errors import StreamError
from posewire_server.frame import Frame, Priority, VideoPacket
from posewire_server.outbox import Outbox, Owed
from posewire_server.outcome import Dropped, DropReason, Failed
from posewire_server.ticket import Ticket, late_error, now_s

_MOST_UNREAD = 1024


class OverflowPolicy(Enum):
    """What happens to a frame that comes when ``max_in_flight`` frames are unanswered."""

    BLOCK = "block"
    DROP_OLDEST = "drop_oldest"
    REJECT_NEW = "reject_new"


@dataclass(frozen=True)
class StreamSettings:
    """How one stream is to be treated; ``posewire.v1.StreamConfig`` documents each field."""

    max_in_flight: int
    overflow_policy: OverflowPolicy = OverflowPolicy.BLOCK
    in_order: bool = True
    max_frame_age_s: float = float("inf")
    heartbeat_interval_s: float | None = None
    is_tracking: bool = False
    priority: Priority = Priority.NORMAL


class Notice(Enum):
    """What a writer is to send besides outcomes."""

    HEARTBEAT = "heartbeat"
    DRAINING = "draining"


class Work(Protocol):
    """What is done with the frames of a stream; it may keep something from frame to frame."""

    def run(self, ticket: Ticket) -> object:
        """Returns the outcome of a frame; called in a frame thread."""

    def leave_out(self, frame: Frame) -> None:
        """Notes that a frame will not be worked on; called on the event loop."""

    def close(self) -> None:
        """Lets go of what was kept; neither of the others is called afterwards."""


class Stream:
    """The frames of one stream between their arrival and the reading of their outcomes.

    Args:
        settings: How to treat them.
        dispatcher: Runs the work.
        work: What is done with the frames; closed with the stream.

    Attributes:
        settings: As given.
        priority: Of the stream's frames.
    """

    def __init__(self, settings: StreamSettings, dispatcher: Dispatcher, work: Work) -> None:
        self.settings = settings
        self.priority = settings.priority
        self._work = work
        self._dispatcher = dispatcher
        live = settings.overflow_policy is OverflowPolicy.DROP_OLDEST
        self._one_at_a_time = live or settings.is_tracking
        self._waiting: deque[tuple[Ticket, Owed]] = deque()
        self._running: dict[Ticket, Owed] = {}
        self._outbox = Outbox(in_order=settings.in_order)
        self._in_flight = 0
        self._last_id = -1
        self._accepting = True
        self._closed = self._ended = False
        self._notice: Notice | None = None
        self._deadlines = Alarm(self._expire)
        self._wake_reader = asyncio.Event()
        self._wake_writer = asyncio.Event()

    @property
    def credit(self) -> int:
        """How many frames there is room for now."""
        if not self._accepting:
            return 0
        return max(0, self.settings.max_in_flight - self._in_flight)

    @property
    def owes(self) -> bool:
        """Whether outcomes are still to be read."""
        return len(self._outbox) > 0

    async def offer(self, frame: Frame | Failed) -> None:
        """Accepts a frame, or the outcome of one already known; waits where the policy is BLOCK."""
        arrived_s = now_s()
        await self._wait_for_room()
        refused = self._refuse(frame)
        if refused is None and isinstance(frame, Frame):
            self._accept(Ticket(frame, arrived_s, self.priority))
        else:
            if isinstance(frame, Frame):
                self._work.leave_out(frame)
            owed = self._outbox.owe(-1)
            owed.counts = False
            self._outbox.resolve(owed, refused or frame)
            self._wake_writer.set()

    def finish(self) -> None:
        """No more frames will come; the writer ends after the outcomes still owed."""
        self._accepting = False
        self._wake_writer.set()

    def drain(self) -> None:
        """Has the client told, answers what was accepted, drops what still comes."""
        if self._accepting:
            self._notice = Notice.DRAINING
        self.finish()
        self._wake_reader.set()

    def close(self) -> None:
        """Ends the outcomes now: waiting work is forgotten, running work stops early."""
        self._accepting = False
        self._closed = True
        for ticket in self._running:
            ticket.cancelled = True
        self._waiting.clear()
        self._deadlines.stop()
        self._end()
        self._wake_reader.set()
        self._wake_writer.set()

    async def outcomes(self) -> AsyncIterator[object]:
        """Yields what to write, until the stream is closed, or finished and nothing is owed."""
        clock_s, interval_s = asyncio.get_running_loop().time, self.settings.heartbeat_interval_s
        quiet_since_s = clock_s()
        while not self._closed:
            item = self._next_to_write()
            if item is None:
                if not self._accepting and not len(self._outbox):
                    return
                left_s = None if interval_s is None else quiet_since_s + interval_s - clock_s()
                if await _woken(self._wake_writer, left_s):
                    continue
                item = Notice.HEARTBEAT
            yield item
            quiet_since_s = clock_s()

    def take(self) -> Ticket | None:
        """Picks the frame to work on now; called by the dispatcher."""
        if self._one_at_a_time and self._running:
            return None
        while self._waiting:
            ticket, owed = self._waiting.popleft()
            if ticket.age_s <= self.settings.max_frame_age_s:
                self._running[ticket] = owed
                self._watch_deadline()
                return ticket
            self._drop(ticket, owed, DropReason.TOO_OLD)
        return None

    def settle(self, ticket: Ticket, outcome: object) -> None:
        """Takes the outcome of a frame that was worked on; called by the dispatcher."""
        self._outbox.resolve(self._running.pop(ticket), outcome)
        self._end()
        self._wake_writer.set()
        if self._one_at_a_time and self._waiting:
            self._dispatcher.submit(self)

    def work(self, ticket: Ticket) -> object:
        """Works on a frame; called by the dispatcher in a frame thread."""
        return self._work.run(ticket)

    def _next_to_write(self) -> object | None:
        owed = self._outbox.pop()
        if owed is None:
            notice, self._notice = self._notice, None
            return notice
        self._in_flight -= owed.counts
        self._wake_reader.set()
        return owed.outcome

    def _end(self) -> None:
        if self._closed and not self._running and not self._ended:
            self._ended = True
            self._work.close()

    async def _wait_for_room(self) -> None:
        block = self.settings.overflow_policy is OverflowPolicy.BLOCK
        while self._accepting and (len(self._outbox) > _MOST_UNREAD or (block and not self.credit)):
            await _woken(self._wake_reader, None)

    def _refuse(self, frame: Frame | Failed) -> Failed | None:
        number, last = frame.sequence_id, self._last_id
        if number <= last:
            text = f"sequence id {number} does not rise above {last}; number frames upwards"
            ids = {"sequence_id": number, "last_sequence_id": last}
            return Failed(number, StreamError("SEQUENCE_NOT_INCREASING", text, **ids))
        reject = self.settings.overflow_policy is OverflowPolicy.REJECT_NEW
        if isinstance(frame, Frame) and not (reject and not self.credit):
            return None
        self._last_id = number
        if isinstance(frame, Failed):
            return frame
        limit = self.settings.max_in_flight
        text = f"{limit} frames are unanswered; send the next one after the next outcome"
        return Failed(number, StreamError("QUEUE_FULL", text, max_in_flight=limit))

    def _accept(self, ticket: Ticket) -> None:
        owed = self._outbox.owe(self._last_id)
        self._last_id = ticket.frame.sequence_id
        self._in_flight += 1
        if not self._accepting:
            self._drop(ticket, owed, DropReason.DRAINING)
            return
        # Packets of a video build on one another: a decoder takes them in turn.
        self._one_at_a_time |= isinstance(ticket.frame.source, VideoPacket)
        self._waiting.append((ticket, owed))
        if self._in_flight > self.settings.max_in_flight:
            self._drop(*self._waiting.popleft(), DropReason.OVERFLOW)
        self._dispatcher.submit(self)
        self._watch_deadline(ticket)

    def _watch_deadline(self, ticket: Ticket | None = None) -> None:
        """Sees to a frame that has come, or to the one that is next."""
        if self._waiting:
            self._deadlines.set((ticket or self._waiting[0][0]).deadline_s)

    def _expire(self) -> float:
        """Answers frames that waited beyond their deadline; returns when to look again."""
        # Where frames are worked on one after the other, they are left out in their order too.
        most = 1 if self._one_at_a_time else None
        for ticket, owed in list(self._waiting)[:most]:
            if ticket.is_late:
                self._waiting.remove((ticket, owed))
                self._work.leave_out(ticket.frame)
                error = late_error("decode")
                self._outbox.resolve(owed, Failed(ticket.frame.sequence_id, error))
                self._wake_writer.set()
        left = list(self._waiting)[:most]
        return min((ticket.deadline_s for ticket, _ in left), default=float("inf"))

    def _drop(self, ticket: Ticket, owed: Owed, reason: DropReason) -> None:
        self._work.leave_out(ticket.frame)
        number = ticket.frame.sequence_id
        owed.counts = False
        self._in_flight -= 1
        self._outbox.resolve(owed, Dropped(number, number, 1, reason))
        self._wake_writer.set()


async def _woken(event: asyncio.Event, timeout_s: float | None) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    finally:
        event.clear()
    return True
