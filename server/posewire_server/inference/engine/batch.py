"""Forms batches: which of the queued requests run together, and their inputs as one array."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Priority
from posewire_server.inference.engine.calibration import Calibration
from posewire_server.inference.engine.request import Request
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

Array = npt.NDArray[np.float32]


def take_batch(line: PriorityQueue[Request], calibration: Calibration) -> list[Request]:
    """Removes the first request from a queue that is not empty, and the requests that join it.

    No request joins while one of a higher priority stays in the queue.
    """
    first, *others = find_fitting(line, calibration)
    room = calibration.size_for(len(first.inputs) + sum(len(it.inputs) for it in others))
    room -= len(first.inputs)
    batch, left_out = [first], Priority.LOW
    for request in others:
        if len(request.inputs) <= room and request.priority >= left_out:
            room -= len(request.inputs)
            batch.append(request)
        else:
            left_out = max(left_out, request.priority)
    for request in batch:
        line.remove(request, request.priority)
    line.note_turn(first.priority)
    return batch


def find_fitting(line: PriorityQueue[Request], calibration: Calibration) -> list[Request]:
    """Returns the first request of a queue that is not empty, and those that may join it."""
    first = line.first()
    assert first is not None, "the leader is in the queue"
    fitting = [first]
    if calibration.largest == 1:
        return fitting
    left_out = Priority.LOW
    for request in line:  # by priority, the highest first
        if request.inputs.shape[1:] != first.inputs.shape[1:]:
            left_out = max(left_out, request.priority)
        elif request is not first and request.priority >= left_out:
            fitting.append(request)
    return fitting


def join(batch: Sequence[Request], calibration: Calibration) -> Array:
    """Returns the inputs of a batch, padded with zeros to a size that is prepared."""
    if len(batch) == 1:
        return batch[0].inputs
    arrays = [request.inputs for request in batch]
    count = sum(len(array) for array in arrays)
    missing = calibration.padded(count) - count
    if missing:
        arrays.append(np.zeros((missing, *arrays[0].shape[1:]), np.float32))
    return np.concatenate(arrays)
