"""Responses: results, errors and drops of frames, and control messages, each with the credit."""

from dataclasses import dataclass

import numpy as np
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import pose_pb2

from posewire_server.frame import Frame
from posewire_server.metrics.frames import ModelMetrics
from posewire_server.outcome import (
    Answer,
    ControlMessage,
    Detection,
    Dropped,
    DropReason,
    Failed,
    Outcome,
    Timings,
)
from posewire_server.pose import Poses
from posewire_server.serving.rpc.error_status import client_error, to_status
from posewire_server.serving.rpc.stream_config import AnswerSettings, to_duration, write_duration
from posewire_server.serving.streams.stream import Stream

Item = Outcome[pb.DetectResponse] | ControlMessage
_DROP_REASONS = {
    DropReason.OVERFLOW: pb.DROP_REASON_OVERFLOW,
    DropReason.TOO_OLD: pb.DROP_REASON_TOO_OLD,
    DropReason.DRAINING: pb.DROP_REASON_DRAINING,
}


@dataclass(frozen=True)
class DrainNotice:
    """What a draining server tells its clients.

    Attributes:
        resume_targets: Addresses to resume at, best first.
    """

    grace_s: float
    resume_targets: tuple[str, ...] = ()

    def to_message(self, last_arrived_id: int) -> pb.Draining:
        """Returns the message to a stream.

        Args:
            last_arrived_id: Greatest sequence id that has arrived; -1: none has.
        """
        draining = pb.Draining(grace=to_duration(self.grace_s), resume_targets=self.resume_targets)
        if last_arrived_id >= 0:
            draining.last_sequence_id = last_arrived_id
        return draining


def to_response(
    item: Item, stream: Stream[pb.DetectResponse], notice: DrainNotice
) -> pb.DetectResponse:
    """Returns the message of an outcome or a control message."""
    credit = stream.credit
    match item:
        case Answer(response):
            response.credit = credit
            return response
        case Failed():
            error = pb.FrameError(sequence_id=item.sequence_id, status=to_status(item.error))
            return pb.DetectResponse(frame_error=error, credit=credit)
        case Dropped():
            return pb.DetectResponse(dropped=to_dropped(item), credit=credit)
        case ControlMessage.DRAINING:
            return pb.DetectResponse(draining=notice.to_message(stream.last_arrived_id))
        case ControlMessage.HEARTBEAT:
            heartbeat = pb.Heartbeat()
            heartbeat.server_time.GetCurrentTime()
            return pb.DetectResponse(heartbeat=heartbeat, credit=credit)


def to_dropped(dropped: Dropped) -> pb.Dropped:
    """Returns the message of dropped frames."""
    return pb.Dropped(
        first_sequence_id=dropped.first,
        last_sequence_id=dropped.last,
        count=dropped.count,
        reason=_DROP_REASONS[dropped.reason],
    )


def count_item(metrics: ModelMetrics, item: Item) -> None:
    """Counts an outcome; control messages are not counted."""
    match item:
        case Answer():
            metrics.count_result()
        case Failed(error=error):
            metrics.count_error(client_error(error).reason)
        case Dropped(count=count, reason=reason):
            metrics.count_dropped(reason.value, count)
        case ControlMessage():
            pass


def write_result(
    result: pb.Result,
    frame: Frame,
    detection: Detection,
    version: str,
    settings: AnswerSettings,
) -> None:
    """Writes the poses of a frame into a message, with the fields of the read mask."""
    wanted = settings.fields
    result.sequence_id = frame.sequence_id
    if "capture_time" in wanted and frame.capture_time_ns is not None:
        result.capture_time.FromNanoseconds(frame.capture_time_ns)
    if "poses" in wanted:
        poses = detection.poses if frame.boxes else _wanted_poses(detection.poses, settings)
        _add_poses(result, poses)
    if "image_width" in wanted:
        result.image_width = detection.size_image[0]
    if "image_height" in wanted:
        result.image_height = detection.size_image[1]
    if "model_version" in wanted:
        result.model_version = version
    if "timings" in wanted:
        _write_timings(detection.timings, result.timings)


def _wanted_poses(poses: Poses, settings: AnswerSettings) -> Poses:
    if settings.minimum_score > 0:
        poses = poses.take(poses.scores >= settings.minimum_score)
    if settings.max_poses is not None:
        poses = poses.take(slice(settings.max_poses))
    return poses


def _add_poses(result: pb.Result, poses: Poses) -> None:
    found, missing = pose_pb2.KEYPOINT_STATE_FOUND, pose_pb2.KEYPOINT_STATE_MISSING
    rows = zip(poses.scores.tolist(), poses.boxes.tolist(), poses.keypoints.tolist(), strict=True)
    for score, (x_min, y_min, x_max, y_max), keypoints in rows:
        pose = result.poses.add(score=score)
        pose.box.x_min, pose.box.y_min = x_min, y_min
        pose.box.x_max, pose.box.y_max = x_max, y_max
        for x, y, keypoint_score in keypoints:
            state = found if x == x else missing
            pose.keypoints.add(x=x, y=y, score=keypoint_score, state=state)
    _add_depths(result, poses)
    _mark_interpolated(result, poses)
    _add_identities(result, poses)


def _add_depths(result: pb.Result, poses: Poses) -> None:
    if poses.depths is not None:
        for pose, depths in zip(result.poses, poses.depths.tolist(), strict=True):
            for keypoint, z in zip(pose.keypoints, depths, strict=True):
                if z == z:
                    keypoint.z = z


def _mark_interpolated(result: pb.Result, poses: Poses) -> None:
    if poses.interpolated is not None:
        for index, keypoint in np.argwhere(poses.interpolated).tolist():
            state = pose_pb2.KEYPOINT_STATE_INTERPOLATED
            result.poses[index].keypoints[keypoint].state = state


def _add_identities(result: pb.Result, poses: Poses) -> None:
    if poses.ids is not None:
        for pose, number in zip(result.poses, poses.ids.tolist(), strict=True):
            pose.id = number
    if poses.sides is not None:
        for pose, right in zip(result.poses, poses.sides.tolist(), strict=True):
            pose.handedness.side = pose_pb2.SIDE_RIGHT if right >= 0.5 else pose_pb2.SIDE_LEFT
            pose.handedness.score = max(right, 1 - right)


def _write_timings(timings: Timings, message: pb.Timings) -> None:
    write_duration(timings.wait_s, message.wait)
    write_duration(timings.decode_s, message.decode)
    write_duration(timings.infer_s, message.infer)
    write_duration(timings.post_s, message.post)
