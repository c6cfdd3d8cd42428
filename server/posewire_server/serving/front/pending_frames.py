"""Frames that went to a worker and have no outcome yet, read from the bytes of the messages.

Of most messages only the first bytes are read, as protobuf libraries write them: the tag of the one
field that is set, its length, and the sequence id, the first field within.
"""

from google.protobuf.message import DecodeError
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.serving.rpc.request_parser import UnusualError, read_varint

_LENGTH_DELIMITED = 2
_FRAME = pb.DetectRequest.FRAME_FIELD_NUMBER << 3 | _LENGTH_DELIMITED
_RESULT = pb.DetectResponse.RESULT_FIELD_NUMBER << 3 | _LENGTH_DELIMITED
_SEQUENCE_ID = pb.Result.SEQUENCE_ID_FIELD_NUMBER << 3


class PendingFrames:
    """Pending frames of one stream.

    Attributes:
        last_id: Greatest sequence id that passed; None: no frame has passed.
    """

    def __init__(self) -> None:
        self.last_id: int | None = None
        self._counts: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def note_request(self, content: bytes) -> None:
        """Adds the frame of a ``DetectRequest``; a request without one ends the stream anyway."""
        number = _leading_id(content, _FRAME)
        if number is None:
            number = _parsed_id(content)
        if number is None:
            return
        self._counts[number] = self._counts.get(number, 0) + 1
        self.last_id = number if self.last_id is None else max(self.last_id, number)

    def note_response(self, content: bytes) -> None:
        """Removes the frames whose outcome a ``DetectResponse`` is."""
        number = _leading_id(content, _RESULT)
        if number is not None:
            self._remove(number)
            return
        response = pb.DetectResponse.FromString(content)
        if response.HasField("result"):
            self._remove(response.result.sequence_id)
        elif response.HasField("frame_error"):
            self._remove(response.frame_error.sequence_id)
        elif response.HasField("dropped"):
            first, last = response.dropped.first_sequence_id, response.dropped.last_sequence_id
            for number in [sent for sent in self._counts if first <= sent <= last]:
                self._remove(number)

    def drop(self) -> list[pb.Dropped]:
        """Removes all frames and returns their drops."""
        dropped: list[pb.Dropped] = []
        for number, count in sorted(self._counts.items()):
            if not dropped or dropped[-1].last_sequence_id != number - 1:
                reason = pb.DROP_REASON_DRAINING
                dropped.append(pb.Dropped(first_sequence_id=number, reason=reason))
            dropped[-1].last_sequence_id = number
            dropped[-1].count += count
        self._counts.clear()
        return dropped

    def _remove(self, number: int) -> None:
        count = self._counts.pop(number, 0)
        if count > 1:
            self._counts[number] = count - 1


def _parsed_id(content: bytes) -> int | None:
    try:
        request = pb.DetectRequest.FromString(content)
    except DecodeError:
        return None
    return request.frame.sequence_id if request.HasField("frame") else None


def _leading_id(content: bytes, tag: int) -> int | None:
    """Returns the sequence id of a message that begins with it, within its field ``tag``."""
    try:
        if content[0] == tag:
            _, at = read_varint(content, 1)
            if content[at] == _SEQUENCE_ID:
                return read_varint(content, at + 1)[0]
    except (IndexError, UnusualError):
        pass
    return None
