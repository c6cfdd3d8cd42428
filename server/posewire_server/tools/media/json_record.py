"""Frames and their poses as plain data, for JSON."""

import math
from typing import Any

from posewire_server.outcome import Detection
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.source import DetectedFrame


def frame_record(detected: DetectedFrame, skeleton: Skeleton) -> dict[str, Any]:
    """Returns a frame as a dictionary of numbers and texts.

    Every keypoint of the skeleton is present by its name: x, y, score, and z if the model has it;
    None if it was not found. x, y and z are pixels of the frame; the origin of x and y is the
    top-left corner of the top-left pixel. A hand has a side of its person. With tracking, each
    instance has an id that stays over the frames, and filled-in keypoints are marked as
    interpolated.
    """
    record: dict[str, Any] = {"frame": detected.frame.name}
    found = detected.detection
    if found is None:
        problem = {
            "problem": detected.problem,
            "reason": detected.reason,
            "message": detected.message,
        }
        return record | problem
    width, height = found.size_image
    return record | {
        "width": width,
        "height": height,
        "poses": [_pose_record(found, index, skeleton) for index in range(len(found.poses))],
        "timings_ms": {
            name.removesuffix("_s"): round(seconds * 1e3, 3)
            for name, seconds in vars(found.timings).items()
        },
        "round_trip_ms": round(detected.round_trip_s * 1e3, 3),
    }


def _pose_record(found: Detection, index: int, skeleton: Skeleton) -> dict[str, Any]:
    poses = found.poses
    box = poses.boxes[index].tolist()
    depths = None if poses.depths is None else poses.depths[index].tolist()
    points = poses.keypoints[index].tolist()
    named = enumerate(zip(skeleton.keypoints, points, poses.found[index], strict=True))
    return {
        **({} if poses.ids is None else {"id": int(poses.ids[index])}),
        "score": round(float(poses.scores[index]), 4),
        **_side(poses, index),
        "box": [round(edge, 2) for edge in box] if poses.found[index].any() else None,
        "keypoints": {
            name: _point(x, y, score, depths[n] if depths else math.nan) | _origin(poses, index, n)
            if there
            else None
            for n, (name, (x, y, score), there) in named
        },
    }


def _origin(poses: Poses, index: int, keypoint: int) -> dict[str, bool]:
    is_filled = poses.interpolated is not None and poses.interpolated[index, keypoint]
    return {"interpolated": True} if is_filled else {}


def _point(x: float, y: float, score: float, z: float) -> dict[str, float]:
    point = {"x": round(x, 2), "y": round(y, 2), "score": round(score, 4)}
    return point if math.isnan(z) else point | {"z": round(z, 2)}


def _side(poses: Poses, index: int) -> dict[str, Any]:
    right = math.nan if poses.sides is None else float(poses.sides[index])
    if math.isnan(right):
        return {}
    return {
        "side": "right" if right >= 0.5 else "left",
        "side_score": round(max(right, 1 - right), 4),
    }
