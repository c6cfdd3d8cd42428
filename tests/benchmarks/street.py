"""A street with people, filmed by hand: do those who stay in view keep their ids?"""

import itertools
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.pose import Poses

from tests.benchmarks import SHARED

STREET_VIDEO: Final = SHARED / "data" / "videos" / "openpose_video.avi"
# The middle of each person's box, (x, y) in pixels, by the number of the frame, as seen by eye;
# only while nobody stands before them.
PEOPLE: Final[dict[str, dict[int, tuple[int, int]]]] = {
    "black coat": {
        0: (279, 190),
        20: (329, 289),
        40: (311, 266),
        60: (277, 323),
        80: (238, 317),
        100: (190, 306),
        120: (152, 371),
        140: (78, 321),
    },
    "red bag": {
        60: (361, 320),
        80: (342, 294),
        100: (369, 287),
        120: (408, 340),
        140: (372, 298),
        160: (279, 308),
        180: (278, 332),
        200: (235, 292),
    },
    "white bag": {
        0: (388, 174),
        20: (490, 268),
        40: (518, 248),
        60: (539, 295),
        80: (533, 275),
        100: (553, 261),
        120: (600, 315),
        140: (586, 273),
        160: (504, 278),
        180: (496, 290),
        200: (475, 250),
    },
    "bald head": {
        0: (1075, 105),
        20: (1118, 212),
        40: (1127, 193),
        60: (1111, 244),
        80: (1113, 213),
        100: (1110, 209),
        120: (1150, 283),
        140: (1139, 204),
        160: (1063, 223),
        180: (1074, 223),
        200: (1062, 191),
    },
    "denim jacket": {
        20: (710, 317),
        40: (727, 297),
        60: (706, 350),
        80: (706, 322),
        100: (729, 313),
        120: (747, 383),
        140: (714, 353),
        160: (654, 368),
        180: (743, 383),
        200: (922, 353),
    },
}
_NEAR_PX: Final = 60.0


def street_switches(
    pipeline: Pipeline, video: Path, *, frames: int = 205, step: int = 1
) -> tuple[int, int]:
    """Counts how often those who stay in view change their id, and how often they were looked at.

    Args:
        pipeline: Finds bodies.
        video: The street.
        frames: So many of the first frames.
        step: Only every so many of them.
    """
    capture = cv2.VideoCapture(str(video))
    fps = capture.get(cv2.CAP_PROP_FPS)
    session = pipeline.open_session(tracking=TrackingSettings())
    said: dict[str, list[int | None]] = {name: [] for name in PEOPLE}
    for number in range(frames):
        _, image = capture.read()
        if number % step == 0:
            frame_time = FrameTime(number / fps)
            poses = pipeline.detect(np.asarray(image), session=session, frame_time=frame_time).poses
            for name, places in PEOPLE.items():
                if number in places:
                    said[name].append(_id_at(poses, places[number]))
    capture.release()
    session.close()
    changes = sum(a != b for ids in said.values() for a, b in itertools.pairwise(ids))
    return changes, sum(map(len, said.values()))


def _id_at(poses: Poses, place: tuple[int, int]) -> int | None:
    """Returns the id of the pose whose box has its middle at a place; None: there is none."""
    assert poses.ids is not None, "who is followed has an id"
    middles = (poses.boxes[:, :2] + poses.boxes[:, 2:]) / 2
    distances = np.hypot(middles[:, 0] - place[0], middles[:, 1] - place[1])
    if not len(poses) or distances.min() > _NEAR_PX:
        return None
    return int(poses.ids[distances.argmin()])
