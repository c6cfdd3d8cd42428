from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import ConfigError
from posewire_server.outcome import Detection, Timings
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.annotator import open_annotator
from posewire_server.tools.media.open_source import ImageSource
from posewire_server.tools.media.source import ClipSource, DetectedFrame, SourceFrame

PAIR = Skeleton("pair", ("a", "b"), ((0, 1),), ())
BLACK = np.zeros((48, 64, 3), np.uint8)
CLIP = ClipSource("clip", lambda _: BLACK, 3, 12.0)


def answer(
    image: bytes | npt.NDArray[np.uint8], name: str = "a.png", problem: str = ""
) -> DetectedFrame:
    poses = Poses(np.array([[[8, 8, 1], [40, 40, 1]]], np.float32), np.ones(1, np.float32))
    detection = None if problem else Detection(poses, (64, 48), Timings(0, 0, 0, 0))
    return DetectedFrame(SourceFrame(name, image, datetime.now(UTC)), detection, problem=problem)


def png() -> bytes:
    return cv2.imencode(".png", BLACK)[1].tobytes()


def read_video(path: Path) -> list[npt.NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1].astype(np.uint8))
    capture.release()
    return frames


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_video_has_a_frame_for_each_answer_but_dropped_ones(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"out{suffix}"
    with open_annotator(path, CLIP, PAIR) as annotator:
        for problem in ("", "error", "dropped", "lost", ""):
            annotator.write(answer(BLACK, problem=problem))
    frames = read_video(path)
    assert [frame.shape for frame in frames] == [BLACK.shape] * 3
    assert frames[0].max() > 150
    assert frames[1].max() < 60
    assert frames[2].max() > 150


def test_image_to_a_file_of_another_format_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.jpg, \.png, \.webp, not to .*out\.gif"):
        open_annotator(tmp_path / "out.gif", ImageSource("a", [Path("a.jpg")]), PAIR)


def test_image_goes_into_a_folder_with_a_dot_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "run.2"
    folder.mkdir()
    with open_annotator(folder, ImageSource("a", [Path("a.jpg")]), PAIR) as annotator:
        annotator.write(answer(png()))
    assert (folder / "a.png").is_file()


def test_image_is_written_to_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    with open_annotator(path, ImageSource("a", [Path("a.jpg")]), PAIR) as annotator:
        annotator.write(answer(png()))
    written = cv2.imread(str(path))
    assert written is not None
    assert written.shape == BLACK.shape
    assert written.any()


def test_images_are_written_into_a_folder_under_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with open_annotator(folder, ImageSource("a", [Path("a.png")] * 3), PAIR) as annotator:
        annotator.write(answer(png(), "a.png"))
        annotator.write(answer(png(), "b.jpg"))
        annotator.write(answer(png(), "noname"))
        annotator.write(answer(b"", "c.png", problem="error"))
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "b.jpg", "noname.png"]


def test_video_into_another_kind_of_file_raises(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.mp4 or \.avi"):
        open_annotator(tmp_path / "out.png", CLIP, PAIR)


def test_many_images_into_one_file_raises(tmp_path: Path) -> None:
    source = ImageSource("a", [Path("a.jpg"), Path("b.jpg")])
    with pytest.raises(ConfigError, match="give a folder"):
        open_annotator(tmp_path / "out.png", source, PAIR)


def test_folder_below_a_file_raises(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--output"):
        open_annotator(tmp_path / "file" / "out", ImageSource("a", [Path("a.jpg")]), PAIR)


def test_video_that_can_not_be_opened_raises(tmp_path: Path) -> None:
    (tmp_path / "out.avi").mkdir()
    annotator = open_annotator(tmp_path / "out.avi", CLIP, PAIR)
    with annotator, pytest.raises(ConfigError, match="--output"):
        annotator.write(answer(BLACK))
