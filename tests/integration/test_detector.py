"""The two detectors, in this process and over a server, give the commands the same answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import cv2
import grpc
import numpy as np
import posewire
import pytest
from google.rpc import code_pb2
from posewire.v1 import keypoint_service_pb2 as service_pb2
from posewire_server.errors import ModelError
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.catalog import BODY
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18
from posewire_server.tools.media.detector import Detector, DetectorConfig
from posewire_server.tools.media.local_detector import LocalDetector
from posewire_server.tools.media.open_source import ImageSource
from posewire_server.tools.media.remote_detector import RemoteDetector
from posewire_server.tools.media.source import ClipSource, SourceFrame

from tests.integration.scripted_service import (
    Requests,
    Responses,
    RunningService,
    Script,
    ScriptedService,
    answer_all,
    answer_then_abort,
    dropped,
    result,
    started,
)
from tests.serving.gated_predictor import GatedPredictor
from tests.serving.hosted_server import HostedServer

GREY = np.full((40, 60, 3), 128, np.uint8)
Make = Callable[..., Detector]


@pytest.fixture(params=["local", "remote"])
def make_detector(request: pytest.FixtureRequest) -> Iterator[Make]:
    if request.param == "local":
        yield lambda **options: LocalDetector(
            GatedPredictor().pipeline(), DetectorConfig(**options)
        )
        return
    with HostedServer() as hosted, posewire.Client(hosted.address) as client:
        yield lambda **options: RemoteDetector(client, DetectorConfig(**options))


class Camera:
    """A live source of grey pictures."""

    name = "camera"
    is_live = True
    is_video = True
    fps = 30.0

    def __init__(self, count: int) -> None:
        self._count = count
        self.frame_count: int | None = None

    def __iter__(self) -> Iterator[SourceFrame]:
        for number in range(self._count):
            yield SourceFrame(f"frame {number}", GREY, datetime.now(UTC))


def test_detect_answers_every_frame_of_a_clip_in_order(make_detector: Make) -> None:
    detector = make_detector()
    answers = list(detector.detect(ClipSource("clip", lambda _: GREY, 8, 15.0)))
    assert [answer.frame.name for answer in answers] == [f"frame {n}" for n in range(8)]
    for answer in answers:
        assert answer.problem == ""
        assert answer.detection is not None
        assert answer.detection.size_image == (60, 40)
        assert answer.detection.poses.keypoints.shape == (0, 18, 3)
        assert 0 < answer.detection.timings.infer_s < answer.round_trip_s


def test_detect_knows_the_skeleton(make_detector: Make) -> None:
    skeleton = make_detector().skeleton
    assert skeleton.keypoints == OPENPOSE18.keypoints
    assert skeleton.limbs == OPENPOSE18.limbs
    assert skeleton.symmetric_pairs == OPENPOSE18.symmetric_pairs


def test_detect_picture_that_can_not_be_read_is_a_problem(
    make_detector: Make, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(cv2.imencode(".png", GREY)[1].tobytes())
    bad.write_bytes(good.read_bytes()[:40])
    detector = make_detector()
    answers = list(detector.detect(ImageSource("", [good, bad, good])))
    assert [answer.problem for answer in answers] == ["", "error", ""]
    assert answers[1].reason == "IMAGE_UNDECODABLE"
    assert answers[1].message
    assert answers[1].frame.name == "bad.png"


def test_detect_unknown_decoder_raises(make_detector: Make) -> None:
    detector = make_detector(mode="guess")
    with pytest.raises((ModelError, posewire.PosewireError)) as caught:
        list(detector.detect(ClipSource("clip", lambda _: GREY, 2, 15.0)))
    assert getattr(caught.value, "reason", "") == "MODE_UNKNOWN"


@pytest.mark.parametrize("tracking", [False, True])
def test_local_tracking_has_regions_of_its_own_for_a_source(tracking: bool) -> None:
    given: list[RegionsOfInterest | None] = []

    class Following:
        abilities = Abilities(follows=True)

        def find(
            self, _picture: Picture, options: DetectionOptions, _context: FrameContext
        ) -> Poses:
            given.append(options.regions)
            return Poses(np.zeros((0, 18, 3), np.float32), np.zeros(0, np.float32))

    pipeline = Pipeline(BODY, "1", Following(), EngineConfig("plain", "fp32", 1))
    config = DetectorConfig(tracking=TrackingSettings() if tracking else None)
    detector = LocalDetector(pipeline, config)
    for _ in range(2):
        list(detector.detect(ClipSource("clip", lambda _: GREY, 3, 15.0)))
    assert [regions is not None for regions in given] == [tracking] * 6
    assert len({id(regions) for regions in given}) == (2 if tracking else 1)


def test_detect_closed_early_stops(make_detector: Make) -> None:
    detector = make_detector()
    with closing(detector.detect(Camera(10**9))) as answers:
        assert next(answer for answer in answers if answer.detection).problem == ""


def test_local_live_source_is_answered_by_the_newest_frame() -> None:
    predictor = GatedPredictor()
    detector = LocalDetector(predictor.pipeline(), DetectorConfig())
    read = threading.Event()

    class Pausing(Camera):
        def __iter__(self) -> Iterator[SourceFrame]:
            frames = super().__iter__()
            yield next(frames)
            predictor.wait_until_started()
            yield from frames
            read.set()
            predictor.gate.set()

    predictor.gate.clear()
    answers = list(detector.detect(Pausing(10)))
    assert read.is_set()
    names = [answer.frame.name for answer in answers]
    assert names == [f"frame {n}" for n in range(10)]
    assert [answer.problem for answer in answers] == ["", *["dropped"] * 8, ""]


def test_local_live_source_that_fails_raises_after_its_frames() -> None:
    class Failing(Camera):
        def __iter__(self) -> Iterator[SourceFrame]:
            yield from super().__iter__()
            raise OSError("unplugged")

    answers = LocalDetector(GatedPredictor().pipeline(), DetectorConfig()).detect(Failing(3))
    names = [next(answers).frame.name for _ in range(3)]
    assert names == ["frame 0", "frame 1", "frame 2"]
    with pytest.raises(OSError, match="unplugged"):
        next(answers)


def test_remote_unknown_model_raises() -> None:
    with (
        RunningService() as running,
        posewire.Client(running.address) as client,
        pytest.raises(posewire.ModelUnknownError),
    ):
        RemoteDetector(client, DetectorConfig(model="foot"))


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], RemoteDetector]]:
    services: list[RunningService] = []
    clients: list[posewire.Client] = []

    def make(*scripts: Script) -> RemoteDetector:
        services.append(RunningService(*scripts).__enter__())
        quick = posewire.Reconnect(initial_s=0.01)
        clients.append(posewire.Client(services[0].address, reconnect=quick))
        return RemoteDetector(clients[0], DetectorConfig())

    yield make
    for client in clients:
        client.close()
    for service in services:
        service.stop()


def test_remote_live_source_asks_for_the_newest_and_gets_drops(
    scripted: Callable[..., RemoteDetector],
) -> None:
    policies = []

    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del context
        policies.append(service.configs[0].overflow_policy)
        yield started(policy=policies[0])
        taken = [next(requests).frame.sequence_id for _ in range(4)]
        yield dropped(taken[0], taken[2])
        yield result(taken[3])
        assert not list(requests)

    answers = list(scripted(script).detect(Camera(4)))
    assert policies == [service_pb2.OVERFLOW_POLICY_DROP_OLDEST]
    assert [answer.problem for answer in answers] == ["dropped"] * 3 + [""]
    assert {answer.reason for answer in answers[:3]} == {"OVERFLOW"}
    assert [answer.frame.name for answer in answers] == [f"frame {n}" for n in range(4)]


def test_remote_broken_connection_costs_no_answer(
    scripted: Callable[..., RemoteDetector],
) -> None:
    detector = scripted(answer_then_abort(1, lost=2, code=code_pb2.UNAVAILABLE), answer_all)
    answers = list(detector.detect(ClipSource("clip", lambda _: GREY, 9, 15.0)))
    assert [answer.frame.name for answer in answers] == [f"frame {n}" for n in range(9)]
    assert {answer.problem for answer in answers} == {""}
