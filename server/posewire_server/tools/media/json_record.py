"""Frames and their poses as plain data, for JSON."""

import math
from typing import Any

from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.source import DetectedFrame


def frame_record(detected: DetectedFrame, skeleton: Skeleton) -> dict[str, Any]:
    """Returns a frame as a dictionary of numbers and texts.

    Every keypoint of the skeleton is present by its name: x, y, score, and z if the model has it;
    None if it was not found. x, y and z are pixels of the frame; the origin of x and y is the
    top-left corner of the top-left pixel. With tracking, filled-in keypoints are ``interpolated``.
    """
    record: dict[str, Any] = {"frame": detected.frame.name}
    found = detected.detection
    if found is None:
        return record | {name: getattr(detected, name) for name in ("problem", "reason", "message")}
    width, height = found.size_image
    return record | {
        "width": width,
        "height": height,
        "poses": [_pose_record(found.poses, index, skeleton) for index in range(len(found.poses))],
        "timings_ms": {
            name.removesuffix("_s"): round(seconds * 1e3, 3)
            for name, seconds in vars(found.timings).items()
        },
        "round_trip_ms": round(detected.round_trip_s * 1e3, 3),
    }


def _pose_record(poses: Poses, index: int, skeleton: Skeleton) -> dict[str, Any]:
    box = poses.boxes[index].tolist()
    found = poses.found[index]
    return {
        **({} if poses.ids is None else {"id": int(poses.ids[index])}),
        "score": round(float(poses.scores[index]), 4),
        **_side_record(poses, index),
        "box": [round(edge, 2) for edge in box] if found.any() else None,
        "keypoints": {
            name: _keypoint_record(poses, (index, number)) if found[number] else None
            for number, name in enumerate(skeleton.keypoints)
        },
    }


def _side_record(poses: Poses, index: int) -> dict[str, Any]:
    right = math.nan if poses.sides is None else float(poses.sides[index])
    if math.isnan(right):
        return {}
    return {
        "side": "right" if right >= 0.5 else "left",
        "side_score": round(max(right, 1 - right), 4),
    }


def _keypoint_record(poses: Poses, place: tuple[int, int]) -> dict[str, Any]:
    x, y, score = poses.keypoints[place].tolist()
    record = {"x": round(x, 2), "y": round(y, 2), "score": round(score, 4)}
    if poses.depths is not None and not math.isnan(poses.depths[place]):
        record["z"] = round(float(poses.depths[place]), 2)
    if poses.interpolated is not None and poses.interpolated[place]:
        record["interpolated"] = True
    return record
