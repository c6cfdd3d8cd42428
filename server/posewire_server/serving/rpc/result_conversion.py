"""Conversion of results, dropped frames, frame errors and skeletons to messages."""

import numpy as np
from google.protobuf import timestamp_pb2
from posewire.v1 import keypoint_service_pb2, model_pb2, pose_pb2

from posewire_server.frame import Frame
from posewire_server.outcome import Detection, Dropped, DropReason, Failed, Timings
from posewire_server.pose import Poses
from posewire_server.serving.rpc.error_status import to_status
from posewire_server.serving.rpc.stream_config import AnswerSettings, write_duration
from posewire_server.skeletons import Skeleton

_DROP_REASONS = {
    DropReason.OVERFLOW: keypoint_service_pb2.DROP_REASON_OVERFLOW,
    DropReason.TOO_OLD: keypoint_service_pb2.DROP_REASON_TOO_OLD,
    DropReason.DRAINING: keypoint_service_pb2.DROP_REASON_DRAINING,
}


def write_result(
    result: keypoint_service_pb2.Result,
    frame: Frame,
    detection: Detection,
    version: str,
    settings: AnswerSettings,
) -> None:
    """Writes the poses of a frame into a message, with the fields of the read mask."""
    wanted = settings.fields
    result.sequence_id = frame.sequence_id
    if "capture_time" in wanted and frame.capture_time_ns is not None:
        result.capture_time.CopyFrom(_to_timestamp(frame.capture_time_ns))
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


def _add_poses(result: keypoint_service_pb2.Result, poses: Poses) -> None:
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


def _add_depths(result: keypoint_service_pb2.Result, poses: Poses) -> None:
    if poses.depths is not None:
        for pose, depths in zip(result.poses, poses.depths.tolist(), strict=True):
            for keypoint, z in zip(pose.keypoints, depths, strict=True):
                if z == z:
                    keypoint.z = z


def _mark_interpolated(result: keypoint_service_pb2.Result, poses: Poses) -> None:
    if poses.interpolated is not None:
        for index, keypoint in np.argwhere(poses.interpolated).tolist():
            state = pose_pb2.KEYPOINT_STATE_INTERPOLATED
            result.poses[index].keypoints[keypoint].state = state


def _add_identities(result: keypoint_service_pb2.Result, poses: Poses) -> None:
    if poses.ids is not None:
        for pose, number in zip(result.poses, poses.ids.tolist(), strict=True):
            pose.id = number
    if poses.sides is not None:
        for pose, right in zip(result.poses, poses.sides.tolist(), strict=True):
            pose.handedness.side = pose_pb2.SIDE_RIGHT if right >= 0.5 else pose_pb2.SIDE_LEFT
            pose.handedness.score = max(right, 1 - right)


def _write_timings(timings: Timings, message: keypoint_service_pb2.Timings) -> None:
    write_duration(timings.wait_s, message.wait)
    write_duration(timings.decode_s, message.decode)
    write_duration(timings.infer_s, message.infer)
    write_duration(timings.post_s, message.post)


def _to_timestamp(time_ns: int) -> timestamp_pb2.Timestamp:
    seconds, nanos = divmod(time_ns, 10**9)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)


def to_frame_error(failed: Failed) -> keypoint_service_pb2.FrameError:
    """Returns the message of a failed frame."""
    return keypoint_service_pb2.FrameError(
        sequence_id=failed.sequence_id, status=to_status(failed.error)
    )


def to_dropped(dropped: Dropped) -> keypoint_service_pb2.Dropped:
    """Returns the message of dropped frames."""
    return keypoint_service_pb2.Dropped(
        first_sequence_id=dropped.first,
        last_sequence_id=dropped.last,
        count=dropped.count,
        reason=_DROP_REASONS[dropped.reason],
    )


def to_skeleton(skeleton: Skeleton) -> model_pb2.Skeleton:
    """Returns the message of a skeleton."""
    message = model_pb2.Skeleton(name=skeleton.name, keypoint_names=skeleton.keypoints)
    for first, second in skeleton.limbs:
        message.limbs.add(**{"from": first, "to": second})
    for right, left in skeleton.symmetric_pairs:
        message.symmetric_pairs.add(**{"from": right, "to": left})
    return message
