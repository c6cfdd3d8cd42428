"""Counts the outcomes that are sent."""

import contextlib
from collections.abc import Iterator

from posewire_server.errors import PosewireError
from posewire_server.metrics.frames import ModelMetrics
from posewire_server.outcome import Dropped, Failed, Notice
from posewire_server.serving.rpc.error_status import as_told


def tally(metrics: ModelMetrics, outcome: object) -> None:
    """Counts an outcome of a stream; a notice is none."""
    if isinstance(outcome, Failed):
        metrics.count_error(as_told(outcome.error).reason)
    elif isinstance(outcome, Dropped):
        metrics.count_dropped(outcome.reason.value, outcome.count)
    elif not isinstance(outcome, Notice):
        metrics.count_result()


@contextlib.contextmanager
def tallied(metrics: ModelMetrics) -> Iterator[None]:
    """Counts the one frame of a ``with`` block by how the block ends."""
    try:
        yield
    except PosewireError as error:
        metrics.count_error(as_told(error).reason)
        raise
    metrics.count_result()
