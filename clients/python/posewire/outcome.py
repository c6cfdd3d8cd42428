"""Outcomes: every frame sent gets exactly one of them."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import TypeAlias

import grpc
import numpy as np
import numpy.typing as npt
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from posewire.errors import CODES, PosewireError, read_error_info
from posewire.v1 import keypoint_service_pb2 as service_pb2
from posewire.v1 import pose_pb2


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """P poses of K keypoints, best score first; coordinates are pixels of the frame as sent.

    The origin is the top-left corner of the top-left pixel, whose centre is at (0.5, 0.5).

    Attributes:
        keypoints: (P, K, 3) float32: x, y, score; NaN, NaN, 0 where a keypoint was not found.
        scores: (P,) float32 in [0, 1].
        boxes: (P, 4) float32: x_min, y_min, x_max, y_max around the found keypoints.
        ids: (P,) uint64: who it is, over the frames of a stream; 0 without tracking.
        depths: (P, K) float32: z in pixels of the frame, smaller is nearer; NaN without one.
        sides: (P,) float32: for hands the confidence that it is a right one; NaN for others.
        interpolated: (P, K) bool: which keypoints were not found, but filled in where they were
            expected.
    """

    keypoints: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    boxes: npt.NDArray[np.float32]
    ids: npt.NDArray[np.uint64]
    depths: npt.NDArray[np.float32]
    sides: npt.NDArray[np.float32]
    interpolated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that a frame spent at the server: in queues and in three stages."""

    wait_s: float = 0.0
    decode_s: float = 0.0
    infer_s: float = 0.0
    post_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The poses of one frame.

    Attributes:
        sequence_id: The frame's.
        poses: Best score first; empty when nobody was found.
        image_size: (width, height) of the frame in pixels.
        timings: Time spent at the server.
        round_trip_s: From handing the frame to gRPC until its answer was read, in seconds.
        model_version: Changes whenever the weights do.
        capture_time: The frame's, where it had one.
    """

    sequence_id: int
    poses: Poses
    image_size: tuple[int, int]
    timings: Timings
    round_trip_s: float
    model_version: str
    capture_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrameError:
    """The error of one frame; the stream goes on.

    Attributes:
        sequence_id: The frame's.
        code: The gRPC status code.
        reason: Name of an ``ErrorReason`` of the contract, for instance ``IMAGE_UNDECODABLE``.
        message: For people.
        metadata: Facts about the error, as error_reason.proto lists them.
    """

    sequence_id: int
    code: grpc.StatusCode
    reason: str
    message: str
    metadata: dict[str, str]


class DropReason(IntEnum):
    """Why frames were dropped."""

    UNSPECIFIED = service_pb2.DROP_REASON_UNSPECIFIED
    OVERFLOW = service_pb2.DROP_REASON_OVERFLOW
    TOO_OLD = service_pb2.DROP_REASON_TOO_OLD
    DRAINING = service_pb2.DROP_REASON_DRAINING
    NOT_SENT = (
        -1
    )  # the client itself kept it back: a paced stream sends what the server has use for


@dataclass(frozen=True, slots=True)
class Dropped:
    """Frames that were left out, as the stream's policy asks.

    Attributes:
        sequence_ids: The frames', rising; at least one.
        reason: Why.
    """

    sequence_ids: tuple[int, ...]
    reason: DropReason

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self.sequence_ids)


@dataclass(frozen=True, slots=True)
class Lost:
    """Frames that were sent but whose answers went down with a connection.

    Attributes:
        sequence_ids: The frames', rising; at least one.
        error: What happened to the connection; None where the server just ended the stream.
    """

    sequence_ids: tuple[int, ...]
    error: PosewireError | None

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self.sequence_ids)


Outcome: TypeAlias = Result | FrameError | Dropped | Lost


def read_result(message: service_pb2.Result, *, keypoint_count: int, round_trip_s: float) -> Result:
    """Returns a result; ``keypoint_count`` shapes the arrays of a frame without poses."""
    timings = message.timings
    return Result(
        sequence_id=message.sequence_id,
        poses=_read_poses(message.poses, keypoint_count),
        image_size=(message.image_width, message.image_height),
        timings=Timings(
            wait_s=_seconds(timings.wait),
            decode_s=_seconds(timings.decode),
            infer_s=_seconds(timings.infer),
            post_s=_seconds(timings.post),
        ),
        round_trip_s=round_trip_s,
        model_version=message.model_version,
        capture_time=_read_time(message.capture_time) if message.HasField("capture_time") else None,
    )


def read_frame_error(message: service_pb2.FrameError) -> FrameError:
    """Returns the error of a frame with reason and metadata unpacked."""
    reason, metadata = read_error_info(message.status)
    code = CODES.get(message.status.code, grpc.StatusCode.UNKNOWN)
    return FrameError(message.sequence_id, code, reason, message.status.message, metadata)


def read_drop_reason(message: service_pb2.Dropped) -> DropReason:
    """Returns why; UNSPECIFIED for a reason younger than this client."""
    try:
        return DropReason(message.reason)
    except ValueError:
        return DropReason.UNSPECIFIED


def _read_poses(poses: Sequence[pose_pb2.Pose], keypoint_count: int) -> Poses:
    number = len(poses)
    if not number:
        return _no_poses(keypoint_count)
    points = [value for pose in poses for p in pose.keypoints for value in (p.x, p.y, p.score)]
    boxes = [
        value for b in [p.box for p in poses] for value in (b.x_min, b.y_min, b.x_max, b.y_max)
    ]
    return Poses(
        keypoints=np.array(points, np.float32).reshape(number, len(poses[0].keypoints), 3),
        scores=np.array([pose.score for pose in poses], np.float32),
        boxes=np.array(boxes, np.float32).reshape(number, 4),
        ids=np.array([pose.id for pose in poses], np.uint64),
        depths=_read_depths(poses),
        sides=np.array([_side(pose) for pose in poses], np.float32),
        interpolated=_read_interpolated(poses),
    )


def _read_depths(poses: Sequence[pose_pb2.Pose]) -> npt.NDArray[np.float32]:
    shape = len(poses), len(poses[0].keypoints)
    if not any(point.HasField("z") for point in poses[0].keypoints):
        return np.full(shape, np.nan, np.float32)
    depths = [p.z if p.HasField("z") else math.nan for pose in poses for p in pose.keypoints]
    return np.array(depths, np.float32).reshape(shape)


def _read_interpolated(poses: Sequence[pose_pb2.Pose]) -> npt.NDArray[np.bool_]:
    shape = len(poses), len(poses[0].keypoints)
    if not any(pose.id for pose in poses):  # Only what is tracked has a place without being seen.
        return np.zeros(shape, np.bool_)
    filled = pose_pb2.KEYPOINT_STATE_INTERPOLATED
    states = [point.state == filled for pose in poses for point in pose.keypoints]
    return np.array(states, np.bool_).reshape(shape)


def _side(pose: pose_pb2.Pose) -> float:
    if not pose.HasField("handedness"):
        return math.nan
    score = pose.handedness.score
    return score if pose.handedness.side == pose_pb2.SIDE_RIGHT else 1.0 - score


@functools.cache
def _no_poses(keypoint_count: int) -> Poses:
    return Poses(
        keypoints=np.empty((0, keypoint_count, 3), np.float32),
        scores=np.empty(0, np.float32),
        boxes=np.empty((0, 4), np.float32),
        ids=np.empty(0, np.uint64),
        depths=np.empty((0, keypoint_count), np.float32),
        sides=np.empty(0, np.float32),
        interpolated=np.empty((0, keypoint_count), np.bool_),
    )


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos * 1e-9


def _read_time(message: Timestamp) -> datetime:
    return message.ToDatetime(tzinfo=UTC)
