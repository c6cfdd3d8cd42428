"""Which of the requests in line are run together, and their inputs as one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.calibration import Calibration
from posewire_server.inference.engine.request import Request
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

Array = npt.NDArray[np.float32]


def take_batch(
    line: PriorityQueue[Request], first: Request, calibration: Calibration, above: int = 0
) -> list[Request]:
    """Takes a request out of the line, and those that are run with it, which had their turn.

    Args:
        line: Who waits.
        first: Whose turn it is.
        calibration: Which batches pay.
        above: Requests of higher priorities than this may join.
    """
    fitting = find_fitting(line, first, calibration, above)
    room = calibration.size_for(sum(len(request.inputs) for request in fitting))
    batch = []
    for request in fitting:
        if request is first or len(request.inputs) <= room:
            room -= len(request.inputs)
            line.remove(request, request.priority)
            batch.append(request)
    line.note_turn(first.priority)
    return batch


def find_fitting(
    line: PriorityQueue[Request], first: Request, calibration: Calibration, above: int = 0
) -> list[Request]:
    """Returns the requests that can be run with the first one, which leads them."""
    if calibration.largest == 1:
        return [first]
    shape = first.inputs.shape[1:]
    others = (it for it in line if it is not first and it.priority > above)
    return [first, *(it for it in others if it.inputs.shape[1:] == shape)]


def join(batch: Sequence[Request], calibration: Calibration) -> Array:
    """Returns the inputs of a batch, with nothing after them up to a size that is prepared."""
    arrays = [request.inputs for request in batch]
    count = sum(len(array) for array in arrays)
    missing = calibration.padded(count) - count
    if missing:
        arrays.append(np.zeros((missing, *arrays[0].shape[1:]), np.float32))
    return np.concatenate(arrays)
