"""Random lives of a stream: whatever happens, every frame has exactly one outcome."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.errors import SourceError
from posewire_server.frame import EncodedImage, Frame
from posewire_server.outcome import Answer, ControlMessage, Dropped, DropReason, Failed, Outcome
from posewire_server.serving.streams.stream import Stream
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

from tests.serving.desk import ample_share
from tests.serving.echo_processor import EchoProcessor
from tests.serving.hand_pool import HandPool, hand_dispatcher
from tests.serving.virtual_loop import run, until_idle

POLICIES = st.sampled_from(list(OverflowPolicy))
# A frame is offered as (kind, gap): its id is the last one plus the gap, below it for "backwards".
OFFERS = st.tuples(st.sampled_from(["good"] * 6 + ["bad", "backwards"]), st.integers(1, 3))
STEPS = st.lists(
    st.one_of(
        OFFERS,
        OFFERS,
        st.tuples(st.just("work"), st.integers(0, 3)),
        st.tuples(st.just("read"), st.integers(1, 3)),
        st.tuples(st.just("age"), st.integers(1, 3)),
        st.tuples(st.just("drain"), st.just(0)),
    ),
    max_size=60,
)


@dataclass
class Life:
    """A stream, what was sent to it, and what it wrote."""

    stream: Stream[int]
    may_read: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    inbox: "asyncio.Queue[Frame | Failed | None]" = field(default_factory=asyncio.Queue)
    sent: list[tuple[str, int]] = field(default_factory=list)
    written: list[Outcome[int] | ControlMessage] = field(default_factory=list)
    last_id: int = -1
    drained: bool = False

    def send(self, kind: str, gap: int) -> None:
        number = self.last_id + gap
        if kind == "backwards":
            number = max(0, self.last_id + 1 - gap)
            kind = "backwards" if number <= self.last_id else "good"
        self.last_id = max(self.last_id, number)
        self.sent.append((kind, number))
        error = Failed(number, SourceError("SOURCE_MISSING", "none"))
        self.inbox.put_nowait(error if kind == "bad" else Frame(number, EncodedImage(b"")))

    def allow_reads(self, count: int) -> None:
        for _ in range(count):
            self.may_read.release()

    async def read_requests(self) -> None:
        while (item := await self.inbox.get()) is not None:
            await self.stream.offer(item)
        self.stream.finish()

    async def write_responses(self) -> None:
        async for outcome in self.stream:
            self.written.append(outcome)
            await self.may_read.acquire()


def check_bounds(life: Life) -> None:
    stream, most = life.stream, life.stream.settings.max_in_flight
    assert len(stream._running) + len(stream._waiting) <= most
    assert 0 <= stream._admission.in_flight <= most
    assert 0 <= stream.credit <= most - stream._admission.in_flight
    assert stream.credit or stream._admission.in_flight or life.drained
    assert not (life.drained and stream.credit)
    if stream.settings.overflow_policy is OverflowPolicy.DROP_OLDEST:
        assert len(stream._running) <= 1


def expand(life: Life) -> list[tuple[str, int]]:
    """Returns (kind of outcome, sequence id) for each frame that the written outcomes are about."""
    found: list[tuple[str, int]] = []
    valid = [number for kind, number in life.sent if kind != "backwards"]
    for outcome in life.written:
        match outcome:
            case Dropped(first, last, count, reason):
                numbers = [n for n in valid if first <= n <= last]
                assert len(numbers) == count
                assert (numbers[0], numbers[-1]) == (first, last)
                found += [(reason.name, number) for number in numbers]
            case Failed(number, error):
                found.append((error.reason, number))
            case Answer(number):
                found.append(("RESULT", number))
            case _:
                assert outcome is ControlMessage.DRAINING
    return found


def check_account(life: Life, *, aged: bool) -> None:
    found = expand(life)
    ids = [number for _, number in life.sent]
    if life.drained:  # what came after the end of a drained stream was never accepted
        life.sent = life.sent[: len(found)]
        ids = ids[: len(found)]
    assert Counter(number for _, number in found) == Counter(ids)
    if life.stream.settings.in_order:
        assert [number for _, number in found] == ids
    kinds = dict.fromkeys(kind for kind, _ in found)
    backwards = [number for kind, number in life.sent if kind == "backwards"]
    refused = [number for kind, number in found if kind == "SEQUENCE_NOT_INCREASING"]
    assert sorted(refused) == sorted(backwards)
    assert all(("SOURCE_MISSING", n) in found for kind, n in life.sent if kind == "bad")
    policy = life.stream.settings.overflow_policy
    assert policy is OverflowPolicy.REJECT_NEW or "QUEUE_FULL" not in kinds
    assert policy is OverflowPolicy.DROP_OLDEST or DropReason.OVERFLOW.name not in kinds
    assert aged or DropReason.TOO_OLD.name not in kinds
    assert life.drained or DropReason.DRAINING.name not in kinds
    assert life.drained or (life.stream._admission.in_flight, len(life.stream._outcomes)) == (0, 0)


def step(life: Life, pool: HandPool, kind: str, number: int) -> None:
    if kind == "work":
        if pool.begun:
            pool.run(number % len(pool.begun))
    elif kind == "read":
        life.allow_reads(number)
    elif kind == "age":
        for accepted in life.stream._waiting:
            accepted.context.arrived_s -= number * 1e6
    elif kind == "drain":
        life.drained = True
        life.stream.drain()
    else:
        life.send(kind, number)


async def live(
    chosen: StreamSettings, steps: list[tuple[str, int]], workers: int, *, closes: bool
) -> Life:
    """Returns the life after all its steps, the end of its requests and of its work."""
    dispatcher, pool = hand_dispatcher(workers)
    life = Life(Stream(chosen, dispatcher, EchoProcessor(), ample_share()))
    tasks = [asyncio.create_task(life.read_requests()), asyncio.create_task(life.write_responses())]
    for kind, number in steps:
        step(life, pool, kind, number)
        await until_idle()
        check_bounds(life)
    if closes:
        life.stream.close()
    life.inbox.put_nowait(None)
    life.allow_reads(len(steps) + 2)
    await until_idle()
    while pool.begun:
        pool.run()
        await until_idle()
    await asyncio.gather(*tasks)
    return life


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    policy=POLICIES,
    in_order=st.booleans(),
    max_in_flight=st.integers(1, 4),
    ages=st.booleans(),
    workers=st.integers(1, 3),
    steps=STEPS,
    closes=st.sampled_from([False, False, False, True]),
)
def test_stream_any_life_gives_each_frame_one_outcome(
    policy: OverflowPolicy,
    in_order: bool,
    max_in_flight: int,
    ages: bool,
    workers: int,
    steps: list[tuple[str, int]],
    closes: bool,
) -> None:
    chosen = StreamSettings(max_in_flight, policy, in_order, 1e5 if ages else float("inf"))
    life = run(live(chosen, steps, workers, closes=closes))
    assert not life.stream._running
    assert not life.stream._waiting
    if closes:
        results = [outcome for outcome in life.written if isinstance(outcome, Answer)]
        assert len(results) == len(set(results))
    else:
        check_account(life, aged=any(kind == "age" for kind, _ in steps))
