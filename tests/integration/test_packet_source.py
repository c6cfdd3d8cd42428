"""``video --packets``: files are demultiplexed, and decoded where their poses are looked for."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import posewire
import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import VideoPacket
from posewire_server.inference.reader import SourceReader
from posewire_server.skeletons import OPENPOSE18
from posewire_server.tools.commands import video
from posewire_server.tools.media.annotator import open_annotator
from posewire_server.tools.media.detector import Detector, DetectorConfig
from posewire_server.tools.media.local_detector import LocalDetector
from posewire_server.tools.media.remote_detector import RemoteDetector
from posewire_server.tools.media.source import DetectedFrame
from posewire_server.tools.media.video_source import PacketSource

from tests.clips import drawn, read_number, write_video
from tests.serving.gated_predictor import GatedPredictor
from tests.serving.hosted_server import HostedServer

PICTURES = [drawn(number) for number in range(20)]


@pytest.fixture(params=["local", "remote"])
def detector(request: pytest.FixtureRequest) -> Iterator[Detector]:
    if request.param == "local":
        yield LocalDetector(GatedPredictor().pipeline(), DetectorConfig())
        return
    with HostedServer() as hosted, posewire.Client(hosted.address) as client:
        yield RemoteDetector(client, DetectorConfig())


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("clip.mp4", "libx264"),
        ("clip.mkv", "libx264"),
        ("clip.h264", "libx264"),
        ("clip.ts", "libx264"),
        ("clip.mp4", "libx265"),
        ("clip.mkv", "libx265"),
        ("clip.hevc", "libx265"),
    ],
)
def test_packets_of_a_file_are_its_pictures(tmp_path: Path, name: str, encoder: str) -> None:
    source = PacketSource(str(write_video(tmp_path / name, PICTURES, encoder)))
    assert (source.fps, source.is_live) == (25, False)
    reader, frames = SourceReader(10**6), list(source)
    assert [read_number(reader.read(frame.source).image) for frame in frames] == [*range(20)]
    assert [frame.name for frame in frames] == [f"frame {number}" for number in range(20)]
    played = [frame.capture_time - frames[0].capture_time for frame in frames]
    assert played == [timedelta(milliseconds=40 * number) for number in range(20)]
    packets = [frame.source for frame in frames]
    assert all(isinstance(packet, VideoPacket) for packet in packets)


def test_detect_answers_every_packet(tmp_path: Path, detector: Detector) -> None:
    path = write_video(tmp_path / "clip.mp4", PICTURES)
    answers = list(detector.detect(PacketSource(str(path))))
    assert [answer.frame.name for answer in answers] == [f"frame {n}" for n in range(20)]
    assert [answer.problem for answer in answers] == [""] * 20
    assert {answer.detection.size_image for answer in answers if answer.detection} == {(128, 96)}


def test_detect_b_frames_are_problems_that_name_the_remedy(
    tmp_path: Path, detector: Detector
) -> None:
    path = write_video(tmp_path / "clip.mp4", PICTURES, parameters="bframes=1:b-adapt=0")
    answers = list(detector.detect(PacketSource(str(path))))
    problems = [answer for answer in answers if answer.problem]
    assert {answer.reason for answer in problems} == {"VIDEO_UNSUPPORTED"}
    assert all("encode without B-frames" in answer.message for answer in problems)
    assert len(answers) - len(problems) >= 10


class LiveVideo(PacketSource):
    """A video file that comes as a camera does."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.is_live = True


def test_local_live_packets_that_are_overtaken_are_decoded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", PICTURES[:12])
    predictor = GatedPredictor()
    answers = list(
        LocalDetector(predictor.pipeline(), DetectorConfig()).detect(LiveVideo(str(path)))
    )
    assert len(answers) == 12
    assert {answer.problem for answer in answers} <= {"", "dropped"}
    assert answers[-1].problem == ""


def test_video_packets_give_lines_and_an_annotated_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", PICTURES)
    with HostedServer() as hosted:
        config = video.VideoConfig(
            str(path),
            DetectorConfig(server=hosted.address),
            output=tmp_path / "out.mp4",
            json_lines=tmp_path / "out.jsonl",
            packets=True,
        )
        assert video.run(config) == 0
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["frame"] for record in records] == [f"frame {n}" for n in range(20)]
    assert _numbers(tmp_path / "out.mp4") == [*range(20)]


def test_annotated_video_of_packets_has_all_but_the_dropped_and_the_undecodable(
    tmp_path: Path,
) -> None:
    source = PacketSource(str(write_video(tmp_path / "clip.mp4", PICTURES)))
    with open_annotator(tmp_path / "out.mp4", source, OPENPOSE18) as annotator:
        for number, frame in enumerate(source):
            problem = {1: "dropped", 2: "dropped", 4: "error"}.get(number, "")
            if number != 8:
                annotator.write(DetectedFrame(frame, None, problem=problem))
    assert _numbers(tmp_path / "out.mp4") == [0, 3, 4, 5, 6, 7, *range(12, 20)]


def _numbers(path: Path) -> list[int]:
    capture, numbers = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        numbers.append(read_number(np.asarray(read[1], np.uint8)))
    capture.release()
    return numbers


def test_packets_of_another_codec_are_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", PICTURES, "mpeg4")
    with pytest.raises(SourceError, match="mpeg4") as caught:
        PacketSource(str(path))
    assert caught.value.reason == "SOURCE_UNREADABLE"


@pytest.mark.parametrize("content", [None, b"no video", b""])
def test_packets_of_no_video_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match="cannot be opened"):
        PacketSource(str(path))
