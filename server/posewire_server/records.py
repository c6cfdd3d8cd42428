"""Answers as plain data, for JSON."""

from typing import Any

from posewire_server.answer import Answer
from posewire_server.outcome import Detection
from posewire_server.skeletons import Skeleton


def answer_record(answer: Answer, skeleton: Skeleton) -> dict[str, Any]:
    """Returns an answer as a dictionary of numbers and texts.

    Every keypoint of the skeleton is there by its name: x, y and score, or None where it was not
    found. x and y are pixels of the frame, origin at the top-left corner of the top-left pixel.
    """
    record: dict[str, Any] = {"frame": answer.frame.name}
    found = answer.detection
    if found is None:
        problem = {"problem": answer.problem, "reason": answer.reason, "message": answer.message}
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
        "round_trip_ms": round(answer.round_trip_s * 1e3, 3),
    }


def _pose_record(found: Detection, index: int, skeleton: Skeleton) -> dict[str, Any]:
    poses = found.poses
    named = zip(
        skeleton.keypoints, poses.keypoints[index].tolist(), poses.found[index], strict=True
    )
    return {
        "score": round(float(poses.scores[index]), 4),
        "box": [round(edge, 2) for edge in poses.boxes[index].tolist()],
        "keypoints": {
            name: {"x": round(x, 2), "y": round(y, 2), "score": round(score, 4)} if there else None
            for name, (x, y, score), there in named
        },
    }
