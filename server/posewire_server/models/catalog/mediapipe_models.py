"""Models of MediaPipe's networks for hands and faces.

Their mode ``thorough`` looks at the whole picture and at its quarters; ``mediapipe`` looks once,
and reads each instance once, as MediaPipe does.
"""

from dataclasses import replace

from posewire_server.models.catalog import mediapipe_networks as networks
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.skeletons import FACEMESH468, HAND21, IBUG68

HAND = ModelSpec(
    name="hand",
    aliases=("hand_pose_localization",),
    skeleton=HAND21,
    family="hand",
    networks=(networks.HAND, networks.PALM),
    modes=("thorough", "mediapipe"),
    default_mode="thorough",
)

FACE = ModelSpec(
    name="face",
    aliases=("face_landmark_localization",),
    skeleton=IBUG68,
    family="face",
    networks=(networks.FACE_MESH, networks.FACE_SHORT, networks.FACE_FULL),
    modes=("thorough", "mediapipe"),
    default_mode="thorough",
)

FACE_MESH = replace(FACE, name="face-mesh", aliases=(), skeleton=FACEMESH468)
