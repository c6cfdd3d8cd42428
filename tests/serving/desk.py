"""A stream on a table: offers, work, reads and writes happen when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from posewire_server.frame import EncodedImage, Frame
from posewire_server.outcome import Answer
from posewire_server.serving.streams.bytes_in_flight import ByteShare, BytesInFlight
from posewire_server.serving.streams.stream import Stream
from posewire_server.serving.streams.stream_settings import StreamSettings

from tests.serving.echo_processor import EchoProcessor
from tests.serving.hand_pool import HandPool, hand_dispatcher
from tests.serving.virtual_loop import until_idle


def frame(number: int, deadline_s: float | None = None) -> Frame:
    return Frame(number, EncodedImage(b""), deadline_s=deadline_s)


def ample_share() -> ByteShare:
    """Returns a share of more bytes than any test needs."""
    return ByteShare(BytesInFlight(1 << 40))


@dataclass
class Desk:
    """A stream with a reader that is fed and a writer that runs at will.

    Attributes:
        written: What the stream wrote, the values of answers in their place.
    """

    stream: Stream[int]
    pool: HandPool
    frames: EchoProcessor
    written: list[object] = field(default_factory=list)
    may_write: asyncio.Event = field(default_factory=asyncio.Event)
    offers: list["asyncio.Task[None]"] = field(default_factory=list)
    _door: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def offer(self, *numbers: int, deadline_s: float | None = None) -> None:
        await self.offer_frames(*(frame(number, deadline_s) for number in numbers))

    async def offer_frames(self, *frames: Frame) -> None:
        """Offers frames, one after the other where the stream has them wait."""
        for each in frames:
            self.offers.append(asyncio.create_task(self._offer(each)))
            await until_idle()

    async def _offer(self, each: Frame) -> None:
        async with self._door:
            await self.stream.offer(each)

    async def work(self, index: int = 0) -> None:
        self.pool.run(index)
        await until_idle()

    async def write(self) -> None:
        async for item in self.stream:
            self.written.append(item.value if isinstance(item, Answer) else item)
            await self.may_write.wait()

    @property
    def accepted(self) -> int:
        return sum(offer.done() for offer in self.offers)


@asynccontextmanager
async def desk(
    settings: StreamSettings,
    *,
    workers: int = 1,
    reads: bool = True,
    share: ByteShare | None = None,
) -> AsyncIterator[Desk]:
    dispatcher, pool = hand_dispatcher(workers)
    work = EchoProcessor()
    stream = Stream(settings, dispatcher, work, share or ample_share())
    made = Desk(stream, pool, work)
    if reads:
        made.may_write.set()
    writer = asyncio.create_task(made.write())
    try:
        yield made
    finally:
        writer.cancel()
        for offer in made.offers:
            offer.cancel()
