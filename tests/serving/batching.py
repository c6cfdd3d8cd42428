"""A batcher on a table: threads that ask, and a predictor that runs when a test says so."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np
from posewire_server.frame import Priority
from posewire_server.inference.engine.batcher import Array, Batcher
from posewire_server.inference.engine.calibration import ALONE, Calibration
from posewire_server.inference.scheduling.frame_context import FrameContext

from tests.serving.gated_predictor import PATIENCE_S

SUBLINEAR = Calibration({1: 1.0, 2: 1.1, 4: 1.2})
"""Joining pays, up to 4."""


class EchoPredictor:
    """Answers its inputs; one that holds ``BROKEN`` cannot be run, nor what is joined with it.

    Attributes:
        gate: Runs wait until it is set.
        started: Released once for each run that began.
        batches: First values of the inputs of each run.
    """

    BROKEN = -1.0

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.started = threading.Semaphore(0)
        self.batches: list[list[float]] = []

    def run(self, inputs: Array) -> list[Array]:
        self.batches.append([float(one.flat[0]) for one in inputs])
        self.started.release()
        assert self.gate.wait(PATIENCE_S), "no test opened the gate"
        if self.BROKEN in self.batches[-1]:
            raise ValueError("broken")
        return [inputs.copy(), -inputs]


def inputs(*values: float, side: int = 2) -> Array:
    """Returns (N, 1, side, side) inputs, each full of one value."""
    return np.stack([np.full((1, side, side), value, np.float32) for value in values])


class Bench:
    """A batcher whose callers are threads of their own."""

    def __init__(
        self,
        calibration: Calibration = ALONE,
        wait_s: float = 0.0,
        predictor: EchoPredictor | None = None,
    ) -> None:
        self.predictor = predictor or EchoPredictor()
        self.batcher = Batcher(self.predictor, wait_s)
        self.batcher.calibration = calibration
        self._threads = ThreadPoolExecutor(32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.predictor.gate.set()
        self._threads.shutdown()

    def ask(
        self,
        *values: float,
        side: int = 2,
        priority: Priority = Priority.NORMAL,
        context: FrameContext | None = None,
    ) -> "Future[list[Array]]":
        """Has a thread run inputs; returns when it is in line."""
        context = context or FrameContext(priority=priority)
        with self.batcher._lock:
            asked = len(self.batcher._queue) + 1
        done = self._threads.submit(self.batcher.run, inputs(*values, side=side), context)
        self.wait_until_waiting(asked)
        return done

    def occupy(self, priority: Priority = Priority.NORMAL) -> "Future[list[Array]]":
        """Has a thread run one input, which waits at the gate."""
        context = FrameContext(priority=priority)
        done = self._threads.submit(self.batcher.run, inputs(0.0), context)
        self.wait_until_started()
        return done

    def wait_until_started(self) -> None:
        """Returns when one more run has begun."""
        assert self.predictor.started.acquire(timeout=PATIENCE_S), "no run began"

    def wait_until_waiting(self, count: int) -> None:
        """Returns when so many requests are in line."""
        end_s = time.monotonic() + PATIENCE_S
        while True:
            with self.batcher._lock:
                if len(self.batcher._queue) == count:
                    return
            assert time.monotonic() < end_s, f"{count} never waited"
            time.sleep(0.0005)


def answer(done: "Future[list[Array]]") -> list[float]:
    """Returns the first values of a request's outputs."""
    same, negative = done.result(PATIENCE_S)
    assert np.array_equal(same, -negative)
    return [float(one.flat[0]) for one in same]
