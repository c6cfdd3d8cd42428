"""Top-down detection with a detector and a head that see the marks of a drawn picture."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from posewire_server.errors import RegionError, StreamError
from posewire_server.frame import Region
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.preprocess.crop import Box, Crop
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.pose import Poses

from tests.serving.contexts import CheckedContext

PICTURE = np.zeros((100, 200, 3), np.uint8)
SIDE = 20.0


@dataclass
class Scene:
    """Marks with a score each; a detector that sees all, a head that sees the nearest."""

    marks: list[tuple[float, float, float]]
    first_passes: int = 1
    error: float = 0.0  # of the detector, in x
    finds: list[tuple[Box, bool]] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def detect(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        assert image is PICTURE
        context.check("infer")
        self.finds.append((part, is_thorough))
        return [
            Crop((x + self.error, y), (SIDE, SIDE))
            for x, y, _ in self.marks
            if part[0] <= x <= part[2] and part[1] <= y <= part[3]
        ]

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        assert image is PICTURE
        context.check("infer")
        self.reads.append(len(crops))
        seen = [self._nearest(crop) for crop in crops]
        corners = np.array([[-5, -5], [5, -5], [0, 5]], np.float32)
        keypoints = np.zeros((len(crops), 3, 3), np.float32)
        for row, (x, y, _) in zip(keypoints, seen, strict=True):
            row[:, :2] = corners + np.array([x, y])
        scores = np.array([score for *_, score in seen], np.float32)
        return Estimates(
            Poses(keypoints, scores), tuple(Crop((x, y), crops[0].size) for x, y, _ in seen)
        )

    def crops_in(self, box: Box) -> Sequence[Crop]:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return [Crop((x + 1000, y), (SIDE, SIDE)), Crop((x, y), (SIDE, SIDE))]

    def _nearest(self, crop: Crop) -> tuple[float, float, float]:
        x, y = crop.centre
        best = min(self.marks, key=lambda mark: abs(mark[0] - x) + abs(mark[1] - y), default=None)
        if best is None or abs(best[0] - x) + abs(best[1] - y) > SIDE:
            return x, y, 0.1 if 0 <= x <= 200 else 0.05
        return best


def find(scene: Scene, **request: object) -> Poses:
    options = DetectionOptions(**{"mode": "tiled", **request})  # type: ignore[arg-type]
    return TopDownEstimator(scene, scene).find(picture_of(PICTURE), options, FrameContext())


def follow(scene: Scene, regions: RegionsOfInterest, **request: object) -> Poses:
    """Finds the instances of the next frame; numbers new ones as a tracker does."""
    poses = find(scene, regions=regions, **request)
    assert poses.ids is not None
    regions.ids = np.array([int(known) or next(scene.numbers) for known in poses.ids], np.int64)
    return replace(poses, ids=regions.ids)


def places(poses: Poses) -> list[tuple[float, float]]:
    """Returns the centre of the upper two keypoints of each pose, at whole pixels."""
    return [(float(k[:2, 0].mean()), float(k[2, 1] - 5)) for k in poses.keypoints]


def test_find_gives_the_best_first_and_leaves_out_what_is_none() -> None:
    scene = Scene([(20, 30, 0.6), (60, 30, 0.9), (120, 40, 0.2)])
    assert places(find(scene)) == [(60, 30), (20, 30)]
    assert scene.finds == [((0, 0, 200, 100), True)]


def test_find_reads_new_instances_as_often_as_the_head_wants() -> None:
    scene = Scene([(20, 30, 0.6), (120, 40, 0.2)], first_passes=2)
    find(scene)
    assert scene.reads == [2, 1]


def test_find_by_mediapipes_rules_looks_and_reads_once() -> None:
    scene = Scene([(20, 30, 0.6)], first_passes=2)
    assert len(find(scene, mode="mediapipe")) == 1
    assert scene.finds == [((0, 0, 200, 100), False)]
    assert scene.reads == [1]


def test_find_gives_an_instance_found_twice_once() -> None:
    assert places(find(Scene([(20, 30, 0.6), (21, 30, 0.8)]))) == [(21, 30)]


def test_find_in_a_picture_without_any_is_an_empty_result() -> None:
    poses = find(Scene([]))
    assert poses.keypoints.shape == (0, 3, 3)
    assert poses.boxes.shape == (0, 4)


def test_find_reads_no_more_than_the_best_256() -> None:
    scene = Scene([(20.0 * n, 30, 0.9) for n in range(-500, 10)])
    scene.marks = [(n % 20 * 10.0, n // 20 * 3.0, 0.9) for n in range(600)]
    find(scene)
    assert scene.reads == [256]


def test_find_in_a_region_looks_at_its_pixels_only() -> None:
    scene = Scene([(20, 30, 0.6), (120, 40, 0.9)])
    assert places(find(scene, region=Region(0.5, 10.5, 60.2, 90))) == [(20, 30)]
    assert scene.finds == [((0, 10, 61, 90), True)]


@pytest.mark.parametrize(
    "box", [(0, 0, np.nan, 5), (5, 5, 5, 9), (9, 5, 5, 9), (300, 0, 310, 9), (0, 0, np.inf, 1)]
)
@pytest.mark.parametrize("field_name", ["region", "boxes"])
def test_find_in_no_region_is_a_region_error(
    box: tuple[float, float, float, float], field_name: str
) -> None:
    region = Region(*box)
    with pytest.raises(RegionError) as caught:
        find(Scene([]), **{field_name: (region,) if field_name == "boxes" else region})
    assert caught.value.reason == "REGION_INVALID"


def test_find_in_boxes_gives_one_pose_each_in_their_order_without_a_detector() -> None:
    scene = Scene([(20, 30, 0.6), (60, 30, 0.9)])
    boxes = (Region(15, 20, 35, 40), Region(140, 40, 160, 60), Region(50, 20, 70, 40))
    poses = find(scene, boxes=boxes)
    assert places(poses) == [(20, 30), (150, 50), (60, 30)]
    np.testing.assert_allclose(poses.scores, [0.6, 0.1, 0.9], rtol=1e-6)
    assert scene.finds == []
    assert scene.reads == [6, 3]


def test_follow_a_steady_clip_searches_once_in_thirty_frames() -> None:
    scene, regions = Scene([(20, 30, 0.6), (60, 30, 0.9)]), RegionsOfInterest()
    ids = [follow(scene, regions).ids for _ in range(90)]
    assert all(each is not None and each.tolist() == [1, 2] for each in ids)
    assert scene.finds == [((0, 0, 200, 100), True)] * 3


def test_follow_moves_with_an_instance_and_keeps_its_id() -> None:
    scene, regions = Scene([(20, 30, 0.9)]), RegionsOfInterest()
    for step in range(20):
        scene.marks = [(20.0 + 8 * step, 30, 0.9)]
        poses = follow(scene, regions)
        assert places(poses) == [(20 + 8 * step, 30)]
        assert poses.ids is not None
        assert poses.ids.tolist() == [1]
    assert len(scene.finds) == 1


def test_follow_looks_at_once_for_a_lost_instance_and_closely_a_little_later() -> None:
    scene, regions = Scene([(20, 30, 0.9), (120, 30, 0.8)]), RegionsOfInterest()
    follow(scene, regions)
    scene.marks = [(20, 30, 0.9)]
    for _ in range(10):
        assert places(follow(scene, regions)) == [(20, 30)]
    assert [is_thorough for _, is_thorough in scene.finds] == [True, False, True]


def test_follow_by_mediapipes_rules_never_looks_closely() -> None:
    scene, regions = Scene([(20, 30, 0.9)]), RegionsOfInterest()
    for _ in range(31):
        follow(scene, regions, mode="mediapipe")
    assert [is_thorough for _, is_thorough in scene.finds] == [False, False]


def test_follow_gives_a_new_instance_a_new_id() -> None:
    scene, regions = Scene([(20, 30, 0.8)]), RegionsOfInterest()
    follow(scene, regions)
    scene.marks = []
    assert len(follow(scene, regions)) == 0
    scene.marks = [(20, 30, 0.8), (60, 30, 0.7)]
    ids = follow(scene, regions).ids
    assert ids is not None
    assert ids.tolist() == [2, 3]


def test_follow_prefers_a_known_instance_to_a_better_reading_of_it() -> None:
    scene = Scene([(20, 30, 0.7), (22, 30, 0.9)], error=8)
    regions = RegionsOfInterest((Crop((14, 30), (SIDE, SIDE)),), np.array([7]))
    poses = follow(scene, regions)
    assert scene.reads == [1, 2]
    assert places(poses) == [(20, 30)]
    assert poses.ids is not None
    assert poses.ids.tolist() == [7]


def test_follow_forgets_what_leaves_the_region() -> None:
    scene, regions = Scene([(20, 30, 0.9)]), RegionsOfInterest()
    region = Region(0, 0, 50, 100)
    assert len(follow(scene, regions, region=region)) == 1
    for x in (34, 46):  # At 46 it is still half inside.
        scene.marks = [(x, 30, 0.9)]
        assert len(follow(scene, regions, region=region)) == 1
    scene.marks = [(58, 30, 0.9)]
    assert len(follow(scene, regions, region=region)) == 0
    assert regions.crops == ()


def test_find_stops_where_its_passage_does() -> None:
    scene = Scene([(20, 30, 0.9)])

    def check(stage: str) -> None:
        if scene.finds:
            raise StreamError("FRAME_DEADLINE_EXCEEDED", stage)

    with pytest.raises(StreamError):
        TopDownEstimator(scene, scene).find(
            picture_of(PICTURE), DetectionOptions("tiled"), CheckedContext(check)
        )
    assert scene.reads == []
