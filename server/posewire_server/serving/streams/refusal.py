"""Why a frame is not accepted: the errors of frames for which there is no place."""

from posewire_server.errors import ErrorReason, StreamError


def out_of_order(sequence_id: int, last_id: int) -> StreamError:
    """Returns SEQUENCE_NOT_INCREASING."""
    text = f"sequence id {sequence_id} does not rise above {last_id}; number frames upwards"
    ids = {"sequence_id": sequence_id, "last_sequence_id": last_id}
    return StreamError(ErrorReason.SEQUENCE_NOT_INCREASING, text, **ids)


def queue_full(max_in_flight: int) -> StreamError:
    """Returns QUEUE_FULL."""
    text = f"{max_in_flight} frames are unanswered; send the next one after the next outcome"
    return StreamError(ErrorReason.QUEUE_FULL, text, max_in_flight=max_in_flight)


def bytes_exhausted(max_bytes: int) -> StreamError:
    """Returns BYTES_EXHAUSTED."""
    text = f"the frames that wait hold {max_bytes} bytes, as many as may; retry later, or smaller"
    return StreamError(ErrorReason.BYTES_EXHAUSTED, text, max_bytes_in_flight=max_bytes)
