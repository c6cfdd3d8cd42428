"""Hands and faces over the wire, with the real networks, in a server of their own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import posewire
import pytest
from posewire import Client
from posewire_server.serving.server_process import ServerProcess

from tests.serving.counted_networks import CountedNetworks

pytestmark = pytest.mark.weights

Image = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
EMPTY: Image = np.full((240, 320, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def parts_client(small_networks: CountedNetworks) -> Iterator[Client]:
    """A client of a server of hands and faces, whose weights are in the cache by then."""
    assert {"hand", "face-mesh"} <= set(small_networks)
    with (
        ServerProcess(["--models", "hand", "face", "face-mesh"]) as server,
        contextlib.closing(Client(server.address, timeout_s=120.0)) as client,
    ):
        yield client


def read(shared: Path, name: str) -> Image:
    image = cv2.imread(str(shared / "data" / "images" / name))
    assert image is not None
    return np.asarray(image, np.uint8)


def results(outcomes: Iterator[posewire.Outcome]) -> list[posewire.Result]:
    found = list(outcomes)
    assert all(isinstance(outcome, posewire.Result) for outcome in found)
    return [outcome for outcome in found if isinstance(outcome, posewire.Result)]


def test_hands_arrive_with_side_and_depth(parts_client: Client, shared: Path) -> None:
    image = read(shared, "hand21/panoptic__ex2_2.flv_000040_l.jpg")
    poses = parts_client.detect_image(image, model="hand_pose_localization").poses
    assert poses.keypoints.shape == (2, 21, 3)
    assert sorted(poses.sides > 0.5) == [False, True]
    assert np.ptp(poses.depths[0]) > 1


def test_a_picture_without_a_face_is_an_empty_result_at_its_place(
    parts_client: Client, shared: Path
) -> None:
    face = read(shared, "face68/ibug_lfpw__image_0004.png")
    found = results(parts_client.detect([face, EMPTY, face], model="face"))
    assert [result.sequence_id for result in found] == sorted(r.sequence_id for r in found)
    assert [len(result.poses) for result in found] == [1, 0, 1]


def test_tracking_keeps_the_id_of_a_face_that_was_out_of_sight(
    parts_client: Client, shared: Path
) -> None:
    face = read(shared, "face68/ibug_lfpw__image_0004.png")
    clip = [face, face, EMPTY, face]
    found = results(parts_client.detect(clip, model="face-mesh", tracking=True))
    assert [result.poses.ids.tolist() for result in found] == [[1], [1], [], [1]]
    assert found[0].poses.keypoints.shape == (1, 468, 3)
