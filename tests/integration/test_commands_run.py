"""The commands from their settings to what they print and write."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.config import default_cache
from posewire_server.errors import ConfigError, SourceError
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.tools.commands import demo, detect, video
from posewire_server.tools.media.detector import DetectorConfig
from posewire_server.tools.media.source import DetectedFrame, SourceFrame

from tests.integration.scripted_service import RunningService
from tests.serving.hosted_server import HostedServer


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((48, 64, 3), 128, np.uint8))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (64, 48))
    for level in range(0, 250, 50):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path


def test_detect_prints_a_table(
    hosted: HostedServer, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = detect.DetectConfig((str(picture),), DetectorConfig(server=hosted.address))
    assert detect.run(config) == 0
    header, _, row = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["image", "size", "persons"]
    assert row.split()[:3] == ["grey.png", "64x48", "0"]


def test_detect_json_prints_an_object_a_picture_and_fails_where_one_failed(
    hosted: HostedServer, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff")
    images = (str(picture), str(bad))
    config = detect.DetectConfig(images, DetectorConfig(server=hosted.address), json=True)
    assert detect.run(config) == 1
    printed = capsys.readouterr()
    good_record, bad_record = map(json.loads, printed.out.splitlines())
    assert (good_record["frame"], good_record["poses"]) == ("grey.png", [])
    assert bad_record["problem"] == "error"
    assert printed.err.startswith("bad.jpg: ")


def test_detect_writes_annotated_pictures(tmp_path: Path, picture: Path) -> None:
    with RunningService() as running:
        config = detect.DetectConfig(
            (str(picture),), DetectorConfig(server=running.address), output=tmp_path / "out"
        )
        assert detect.run(config) == 0
    drawn = cv2.imread(str(tmp_path / "out" / "grey.png"))
    assert drawn is not None
    assert (drawn != 128).any()


def test_detect_missing_picture_raises_before_a_server_is_asked() -> None:
    with pytest.raises(SourceError):
        detect.run(detect.DetectConfig(("nowhere.jpg",), DetectorConfig(server="unix:nobody")))


def test_detect_at_an_address_without_a_server_says_how_to_start_one(picture: Path) -> None:
    detector = DetectorConfig(server="unix:/nowhere/server.sock")
    with pytest.raises(ConfigError, match=r"serve --address unix:/nowhere/server\.sock"):
        detect.run(detect.DetectConfig((str(picture),), detector))


def test_detect_stopped_by_ctrl_c_is_no_success(
    hosted: HostedServer, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_answer: DetectedFrame) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(detect, "_row", interrupt)
    with pytest.raises(KeyboardInterrupt):
        detect.run(detect.DetectConfig((str(picture),), DetectorConfig(server=hosted.address)))


def test_video_that_fails_says_why(
    hosted: HostedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    assert video.run(video.VideoConfig(str(bad), DetectorConfig(server=hosted.address))) == 1
    assert "1 x IMAGE_FORMAT_UNSUPPORTED: " in capsys.readouterr().err


def test_video_writes_json_lines_and_an_annotated_video(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunningService() as running:
        config = video.VideoConfig(
            str(clip),
            DetectorConfig(server=running.address),
            output=tmp_path / "out.mp4",
            json_lines=tmp_path / "out.jsonl",
        )
        assert video.run(config) == 0
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["frame"] for record in records] == [f"frame {n}" for n in range(5)]
    assert all(len(record["poses"]) == 1 for record in records)
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert (capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)) == (5, 12)
    capture.release()
    assert "5 frames, 5 persons (1.0 a frame)" in capsys.readouterr().err


def test_video_stopped_by_ctrl_c_keeps_what_it_has(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[SourceFrame] = []

    def interrupt(answer: DetectedFrame, _skeleton: object) -> dict[str, object]:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(answer.frame)
        return {"frame": answer.frame.name}

    monkeypatch.setattr(video, "frame_record", interrupt)
    lines = tmp_path / "out.jsonl"
    with RunningService() as running:
        detector = DetectorConfig(server=running.address)
        assert video.run(video.VideoConfig(str(clip), detector, json_lines=lines)) == 0
    assert len(lines.read_text().splitlines()) == 2


@pytest.mark.slow
@pytest.mark.weights
def test_demo_finds_the_person_of_the_photograph(
    weights: StoredModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del weights
    config = demo.DemoConfig(cache=default_cache(), output=tmp_path / "demo.mp4")
    assert demo.run(config) == 0
    printed = capsys.readouterr().out
    assert "90 frames" in printed
    assert "0 dropped, 0 errors, 0 lost" in printed
    assert f"annotated: {tmp_path / 'demo.mp4'}" in printed
    for stage in ("wait", "decode", "infer", "post", "round trip"):
        assert f"\n{stage}" in printed
    persons = int(printed.split(" frames, ")[1].split(" persons")[0])
    assert persons >= 90
    capture = cv2.VideoCapture(str(tmp_path / "demo.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 90
    capture.release()
