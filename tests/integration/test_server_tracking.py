"""Tracking over the wire: ids, smoothing and filled gaps, around a system that a test scripts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import posewire
import pytest
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.pose import Poses

from tests.benchmarks.walks import SIZE, Walker
from tests.serving.gated_predictor import SPEC, GatedPredictor
from tests.serving.hosted_server import HostedServer
from tests.walking import poses_of, standing

FPS = 30
PICTURE = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
NOSE = 0


class Script(GatedPredictor):
    """Finds in the n-th frame of the server who the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.scenes: list[Poses] = []

    abilities = Abilities()

    def find(self, _picture: Picture, _options: DetectionOptions, _context: FrameContext) -> Poses:
        return self.scenes.pop(0)

    def pipeline(self, max_pixels: int = 40_000_000) -> Pipeline:
        return Pipeline(SPEC, "v1", self, EngineConfig("plain", "fp32", 1), max_pixels)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def client(script: Script) -> Iterator[posewire.Client]:
    with HostedServer(predictor=script) as hosted, posewire.Client(hosted.address) as client:
        yield client


def frames(count: int, passed_s: float = 1 / FPS) -> list[posewire.Frame]:
    begin = datetime(2001, 2, 3, tzinfo=UTC)
    return [
        posewire.Frame(PICTURE, number, begin + timedelta(seconds=number * passed_s))
        for number in range(count)
    ]


def found(
    client: posewire.Client,
    sent: list[posewire.Frame],
    tracking: bool | posewire.TrackingOptions = False,
    smoothing: bool | posewire.SmoothingOptions = False,
) -> list[posewire.Poses]:
    outcomes = list(client.detect(sent, model="body", tracking=tracking, smoothing=smoothing))
    assert all(isinstance(outcome, posewire.Result) for outcome in outcomes), outcomes
    return [each.poses for each in outcomes if isinstance(each, posewire.Result)]


def test_stream_without_tracking_has_no_ids(client: posewire.Client, script: Script) -> None:
    script.scenes = [poses_of(standing(300)), poses_of(standing(300))]
    for poses in found(client, frames(2)):
        assert poses.ids.tolist() == [0]
        assert not poses.interpolated.any()


def test_stream_that_tracks_keeps_ids_by_the_capture_time(
    client: posewire.Client, script: Script
) -> None:
    people = poses_of(standing(300)), poses_of(), poses_of(standing(300))
    script.scenes = list(people)
    assert [p.ids.tolist() for p in found(client, frames(3, 0.4), True)] == [[1], [], [1]]
    script.scenes = list(people)
    assert [p.ids.tolist() for p in found(client, frames(3, 0.6), True)] == [[1], [], [2]]
    script.scenes = list(people)
    patient = posewire.TrackingOptions(max_gap_s=5)
    assert [p.ids.tolist() for p in found(client, frames(3, 2), patient)] == [[1], [], [1]]


def test_streams_side_by_side_have_ids_of_their_own(
    client: posewire.Client, script: Script
) -> None:
    script.scenes = [poses_of(standing(300))] * 4
    first, second = (found(client, frames(2), True) for _ in range(2))
    assert [p.ids.tolist() for p in first + second] == [[1]] * 4


def test_stream_that_fills_gaps_says_what_was_not_seen(
    client: posewire.Client, script: Script
) -> None:
    noseless = standing(300)
    noseless[NOSE] = np.nan
    script.scenes = [poses_of(standing(300)), poses_of(noseless), poses_of()]
    poses = found(client, frames(3), posewire.TrackingOptions(fill_gap_s=0.5))
    assert [len(each) for each in poses] == [1, 1, 1]
    assert not poses[0].interpolated.any()
    assert np.flatnonzero(poses[1].interpolated[0]).tolist() == [NOSE]
    assert poses[2].interpolated.all()
    np.testing.assert_allclose(poses[2].keypoints[0, :, :2], standing(300), atol=1)
    assert poses[2].scores[0] < poses[1].scores[0]


def test_stream_that_smooths_is_steadier(client: posewire.Client, script: Script) -> None:
    rng = np.random.default_rng(0)
    noisy = [standing(300) + rng.normal(0, 1, (18, 2)) for _ in range(60)]
    spreads = []
    for smoothing in (False, True):
        script.scenes = [poses_of(points) for points in noisy]
        poses = found(client, frames(60), tracking=True, smoothing=smoothing)
        spreads.append(np.stack([each.keypoints[0, :, :2] for each in poses[20:]]).std(0).mean())
    assert spreads[1] < 0.4 * spreads[0]


def test_stream_that_smooths_is_hardly_late_for_who_walks(
    client: posewire.Client, script: Script
) -> None:
    walker = Walker((200.0, 600.0), (200.0, 0.0), 300.0)
    script.scenes = [poses_of(walker.points(number / FPS)) for number in range(60)]
    poses = found(client, frames(60), tracking=True, smoothing=True)
    late_px = walker.points(59 / FPS)[1, 0] - poses[59].keypoints[0, 1, 0]
    assert 0 <= late_px < 200 / FPS


def test_smoothing_without_tracking_is_refused(client: posewire.Client) -> None:
    with pytest.raises(posewire.InvalidArgumentError) as caught:
        found(client, frames(1), smoothing=True)
    assert caught.value.reason == "CONFIG_INVALID"
