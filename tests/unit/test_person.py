"""Persons on drawn pictures: each keypoint is a dot of its own colour, maps show the dots."""

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import RegionError
from posewire_server.frame import Region
from posewire_server.inference.estimators.person import EFFICIENTPOSE_MAPS, build_persons
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture, picture_of
from posewire_server.models.catalog.catalog import PEOPLE, PERSON
from posewire_server.models.catalog.network_catalog import EFFICIENTPOSE
from posewire_server.pose import Poses
from posewire_server.skeletons import MPII16

from tests.drawn_network import Array, DrawnPredictor, drawn_network
from tests.tracked_stream import TrackedStream


def _split(names: str) -> list[str]:
    return names.split()


# The network's own order, as published.
NAMES = _split(
    "head_top upper_neck right_shoulder right_elbow right_wrist thorax left_shoulder left_elbow "
    "left_wrist pelvis right_hip right_knee right_ankle left_hip left_knee left_ankle"
)


def draw(*persons: tuple[float, float, float]) -> tuple[Image, npt.NDArray[np.float32]]:
    """Returns a picture of persons (x, y, height), and (P, 16, 2) where their keypoints are.

    The right side of a person, seen from the front, is on the left.
    """
    image = np.zeros((240, 480, 3), np.uint8)
    places = np.zeros((len(persons), 16, 2), np.float32)
    for person, (x, y, height) in enumerate(persons):
        for index, name in enumerate(MPII16.keypoints):
            side = -1 if "right" in name else 1 if "left" in name else 0
            places[person, index] = x + side * height * 0.15, y + height * (0.1 + 0.05 * index)
            column, row = places[person, index].astype(int)
            places[person, index] = column + 0.5, row + 0.5
            image[row - 1 : row + 2, column - 1 : column + 2] = (0, 15 * _colour(name), 255)
    return image, places


def _colour(name: str) -> int:
    return NAMES.index(name.replace("left", "right"))


def answer(pixels: Array) -> list[Array]:
    """Returns (16, 46, 46): maps are hot at their colour, those of sides in their half only.

    So a mirrored person's right is its left, as for a network that knows people.
    """
    red, green = pixels[:2]
    maps = np.full((16, 46, 46), 0.05, np.float32)
    for index, name in enumerate(NAMES):
        is_alike = np.abs(green / np.maximum(red, 1) - 15 * _colour(name) / 255) < 0.02
        heat = np.where(is_alike, red / 300, 0).reshape(46, 8, 46, 8).max((1, 3))
        heat[:, 23:] *= "right" not in name
        heat[:, :23] *= "left" not in name
        maps[index] = np.maximum(maps[index], heat)
    return [maps]


def build(bodies: object = None) -> tuple[object, DrawnPredictor]:
    network, predictor = drawn_network(EFFICIENTPOSE, answer)
    return build_persons(PERSON, network, bodies), predictor  # type: ignore[arg-type]


def find(image: Image, mode: str = "dark", bodies: object = None, **request: object) -> Poses:
    system, _ = build(bodies)
    options = DetectionOptions(mode, **request)  # type: ignore[arg-type]
    return system.find(picture_of(image), options, FrameContext())  # type: ignore[attr-defined,no-any-return]


class Bodies:
    """Finds the bodies it was told, inside the region it is asked about."""

    def __init__(self, *boxes: tuple[float, float, float]) -> None:
        self.persons = boxes
        self.asked: list[DetectionOptions] = []

    def find(self, _picture: Picture, options: DetectionOptions, _context: FrameContext) -> Poses:
        self.asked.append(options)
        keypoints = np.full((len(self.persons), 18, 3), np.nan, np.float32)
        for points, (x, y, height) in zip(keypoints, self.persons, strict=True):
            points[8:11] = [(x, y + part * height, 1) for part in (0.47, 0.715, 0.961)]
            points[0] = x, y + 0.06 * height, 1
        return Poses(keypoints, np.ones(len(self.persons), np.float32))


def test_maps_are_put_into_the_order_of_mpii() -> None:
    assert [NAMES[index] for index in EFFICIENTPOSE_MAPS] == list(MPII16.keypoints)


@pytest.mark.parametrize("mode", ["dark", "quarter", "mirror"])
def test_find_box_gives_the_keypoints_of_the_person_in_it(mode: str) -> None:
    image, places = draw((120, 20, 200), (360, 20, 200))
    boxes = (Region(290, 20, 430, 220), Region(50, 20, 190, 220))
    poses = find(image, mode, boxes=boxes)
    assert len(poses) == 2
    np.testing.assert_allclose(poses.keypoints[0, :, :2], places[1], atol=6)
    np.testing.assert_allclose(poses.keypoints[1, :, :2], places[0], atol=6)
    assert (poses.keypoints[:, :, 2] > 0.5).all()


def test_find_mirrored_keeps_the_sides_apart() -> None:
    image, places = draw((240, 20, 200))
    (points,) = find(image, "mirror", boxes=(Region(150, 20, 330, 220),)).keypoints
    right, left = (np.array(side) for side in zip(*MPII16.symmetric_pairs, strict=True))
    assert (points[right, 0] < points[left, 0]).all()
    np.testing.assert_allclose(points[:, :2], places[0], atol=6)


def test_find_mirrored_reads_the_mirror_image_in_the_last_crop_only() -> None:
    image, _ = draw((240, 20, 200))
    system, predictor = build()
    for options in (
        DetectionOptions("mirror"),
        DetectionOptions("mirror", boxes=(Region(150, 20, 330, 220),)),
    ):
        system.find(picture_of(image), options, FrameContext())  # type: ignore[attr-defined]
        assert predictor.batches == [1, 2]
        predictor.batches.clear()


def test_find_whole_picture_reads_the_one_person_twice() -> None:
    image, places = draw((240, 20, 200))
    system, predictor = build()
    (points,) = system.find(picture_of(image), DetectionOptions("dark"), FrameContext()).keypoints  # type: ignore[attr-defined]
    assert predictor.batches == [1, 1]
    np.testing.assert_allclose(points[:, :2], places[0], atol=6)


def test_find_region_looks_at_nothing_else() -> None:
    image, places = draw((120, 20, 200), (360, 20, 200))
    poses = find(image, region=Region(240, 0, 480, 240))
    np.testing.assert_allclose(poses.keypoints[0, :, :2], places[1], atol=6)


def test_find_in_an_empty_picture_finds_nobody() -> None:
    assert len(find(np.zeros((240, 480, 3), np.uint8))) == 0


def test_find_in_an_empty_box_answers_with_a_low_score() -> None:
    poses = find(np.zeros((240, 480, 3), np.uint8), boxes=(Region(0, 0, 50, 50),))
    assert poses.scores == pytest.approx([0.05])


def test_find_with_bodies_reads_each_once_in_the_crop_of_its_height() -> None:
    image, places = draw((120, 20, 200), (360, 20, 200))
    bodies = Bodies((120, 20, 200), (360, 20, 200))
    system, predictor = build(bodies)
    poses = system.find(picture_of(image), DetectionOptions("dark"), FrameContext())  # type: ignore[attr-defined]
    assert predictor.batches == [2]
    assert len(poses) == 2
    order = np.argsort(poses.keypoints[:, 0, 0])
    np.testing.assert_allclose(poses.keypoints[order, :, :2], places, atol=6)


def test_find_with_bodies_hands_the_region_on() -> None:
    bodies = Bodies()
    poses = find(draw((120, 20, 200))[0], bodies=bodies, region=Region(0, 0, 100, 240))
    assert len(poses) == 0
    assert bodies.asked == [DetectionOptions("fast", Region(0, 0, 100, 240))]


def test_find_following_frame_reads_once_and_keeps_the_id() -> None:
    bodies = Bodies((120, 20, 200))
    system, _ = build(bodies)
    stream = TrackedStream(system, MPII16)  # type: ignore[arg-type]
    for shift in range(0, 30, 10):
        image, places = draw((120 + shift, 20, 200))
        poses = stream.find(image, DetectionOptions("dark"))
        np.testing.assert_allclose(poses.keypoints[0, :, :2], places[0], atol=6)
        assert poses.ids is not None
        assert poses.ids.tolist() == [1]
    assert len(bodies.asked) == 1


@pytest.mark.parametrize(
    "box", [(500, 0, 600, 100), (50, 50, 50, 60), (60, 50, 50, 90), (np.nan, 0, 10, 10)]
)
def test_find_bad_box_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(RegionError) as caught:
        find(draw((120, 20, 200))[0], boxes=(Region(*box),))
    assert caught.value.reason == "REGION_INVALID"


def test_find_many_boxes_runs_bounded_batches() -> None:
    image, _ = draw((120, 20, 200))
    system, predictor = build()
    boxes = tuple(Region(x, 0, x + 100, 200) for x in range(40))
    poses = system.find(picture_of(image), DetectionOptions("dark", boxes=boxes), FrameContext())  # type: ignore[attr-defined]
    assert len(poses) == 40
    assert max(predictor.batches) <= 16


def test_people_are_persons_that_the_body_network_finds() -> None:
    assert PEOPLE.networks[0] is PERSON.networks[0]
    assert [network.name for network in PEOPLE.networks] == ["efficientpose", "body"]
