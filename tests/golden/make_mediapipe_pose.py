"""Makes tests/golden/mediapipe_pose.npz: the persons MediaPipe Pose finds in labelled pictures.

MediaPipe is not a dependency of the project; in an environment of its own:

    pip install mediapipe==0.10.21
    python tests/golden/make_mediapipe_pose.py ../shared/data tests/golden/mediapipe_pose.npz

The file holds no pixels: for each picture ``FILE`` (33, 4): x, y, z in pixels of the picture, and
the visibility.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILES = (
    "images/body_mpii/mpii__052475643.jpg",
    "images/body_mpii/mpii__051423444.jpg",
    "images/body_mpii/mpii__060754485.jpg",
    "images/body_mpii/mhp__10084.jpg",
    "images/body_mpii/jhmdb__Frisbee_catch_f_cm_np1_ri_med_0_00001.png",
)
RUNTIME = "mediapipe 0.10.21"

Floats = npt.NDArray[np.float32]


def find_person(image: npt.NDArray[np.uint8]) -> Floats:
    """Returns (33, 4): the one person of an RGB picture that MediaPipe finds."""
    solution = import_module("mediapipe").solutions.pose
    with solution.Pose(static_image_mode=True, model_complexity=1) as pose:
        found = pose.process(image).pose_landmarks
    height, width = image.shape[:2]
    rows = [(p.x * width, p.y * height, p.z * width, p.visibility) for p in found.landmark]
    return np.array(rows, np.float32)


def main(data: Path, target: Path) -> None:
    """Writes the golden file."""
    if f"mediapipe {version('mediapipe')}" != RUNTIME:
        sys.exit(f"this needs {RUNTIME}")
    cv2 = import_module("cv2")
    arrays = {
        file: find_person(cv2.cvtColor(cv2.imread(str(data / file)), cv2.COLOR_BGR2RGB))
        for file in FILES
    }
    np.savez_compressed(target, runtime=np.array(RUNTIME), **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
