"""OpenPose's 25 keypoints: their fields lead from each keypoint to the next."""

import numpy as np
from posewire_server.inference.estimators.part_affinity import build_decoder
from posewire_server.models.catalog.catalog import find_model
from posewire_server.skeletons import OPENPOSE18, OPENPOSE25, PAF_CHANNELS

# A person who stands and raises an arm, in cells of 46x62.
PLACES = {
    "nose": (30, 6), "neck": (30, 10), "mid_hip": (30, 24),
    "right_shoulder": (26, 10), "right_elbow": (23, 15), "right_wrist": (21, 20),
    "left_shoulder": (34, 10), "left_elbow": (39, 8), "left_wrist": (43, 4),
    "right_hip": (28, 24), "right_knee": (27, 32), "right_ankle": (26, 40),
    "left_hip": (32, 24), "left_knee": (33, 32), "left_ankle": (34, 40),
    "right_eye": (29, 5), "left_eye": (31, 5), "right_ear": (28, 6), "left_ear": (32, 6),
    "left_big_toe": (37, 42), "left_small_toe": (38, 43), "left_heel": (33, 42),
    "right_big_toe": (23, 42), "right_small_toe": (22, 43), "right_heel": (27, 42),
}  # fmt: skip


def drawn() -> np.ndarray:
    """(1, 78, 46, 62): a Gaussian for each keypoint, the background, a field for each limb."""
    rows, columns = np.mgrid[:46, :62]
    maps = np.zeros((1, 78, 46, 62), np.float32)
    for index, name in enumerate(OPENPOSE25.keypoints):
        x, y = PLACES[name]
        maps[0, index] = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 2)
    pairs = zip(OPENPOSE25.limbs, PAF_CHANNELS["openpose25"], strict=True)
    for (start, end), channels in pairs:
        first, last = (np.array(PLACES[OPENPOSE25.keypoints[i]], float) for i in (start, end))
        length = np.linalg.norm(last - first)
        along = (last - first) / length
        offset = np.stack([columns, rows], -1) - first
        reach = offset @ along
        aside = np.abs(offset @ [-along[1], along[0]])
        inside = (reach > -1) & (reach < length + 1) & (aside < 1.2)
        for channel, value in zip(channels, along, strict=True):
            maps[0, 26 + channel][inside] = value
    return maps


def test_body_25_person_is_found_whole() -> None:
    spec = find_model("body-25")
    decode = build_decoder(spec, spec.default_mode)
    keypoints, scores = decode.find(drawn()[0], (496, 368), (496, 368))
    assert len(scores) == 1
    expected = [np.add(PLACES[name], 0.5) * 8 for name in OPENPOSE25.keypoints]
    np.testing.assert_allclose(keypoints[0, :, :2], expected, atol=4.5)


def test_body_25_skeleton_is_consistent() -> None:
    used = [channel for pair in PAF_CHANNELS["openpose25"] for channel in pair]
    assert sorted(used) == list(range(2 * len(OPENPOSE25.limbs)))
    assert len(OPENPOSE25.limb_lengths) == len(OPENPOSE25.limbs)
    assert set(OPENPOSE18.keypoints) < set(OPENPOSE25.keypoints)
    names = OPENPOSE25.keypoints
    for right, left in OPENPOSE25.symmetric_pairs:
        assert names[right].replace("right", "left") == names[left]
