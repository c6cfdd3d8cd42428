"""Counts the outcomes that are sent."""

import contextlib
from collections.abc import Iterator

from posewire_server.errors import PosewireError
from posewire_server.metrics.frames import ModelMeter
from posewire_server.outcome import Dropped, Failed, Notice
from posewire_server.serving.rpc.status import as_told


def tally(meter: ModelMeter, outcome: object) -> None:
    """Counts an outcome of a stream; a notice is none."""
    if isinstance(outcome, Failed):
        meter.note_error(as_told(outcome.error).reason)
    elif isinstance(outcome, Dropped):
        meter.note_dropped(outcome.reason.value, outcome.count)
    elif not isinstance(outcome, Notice):
        meter.note_result()


@contextlib.contextmanager
def tallied(meter: ModelMeter) -> Iterator[None]:
    """Counts the one frame of a ``with`` block by how the block ends."""
    try:
        yield
    except PosewireError as error:
        meter.note_error(as_told(error).reason)
        raise
    meter.note_result()
