import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.errors import SourceError
from posewire_server.tools.media.open_source import open_images, open_source
from posewire_server.tools.media.source import ClipSource


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (64, 48))
    for level in (0, 100, 200):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path


def test_image_is_sent_as_its_own_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.JPG"
    path.write_bytes(b"not looked at")
    source = open_source(str(path))
    (frame,) = source
    assert (frame.name, frame.image) == ("a.JPG", b"not looked at")
    assert frame.capture_time.tzinfo is not None
    assert (source.frame_count, source.is_video, source.is_live) == (1, False, False)


def test_folder_gives_its_images_in_order(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "c.webp", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    source = open_source(str(tmp_path))
    assert [frame.name for frame in source] == ["a.jpg", "b.png", "c.webp"]
    assert source.frame_count == 3


def test_folder_without_images_raises(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no images; looked for .*\.jpg") as caught:
        open_source(str(tmp_path))
    assert caught.value.reason == "SOURCE_EMPTY"


def test_video_gives_pixels_and_knows_its_rate(video: Path) -> None:
    source = open_source(str(video))
    assert (source.fps, source.frame_count) == (12.0, 3)
    assert (source.is_video, source.is_live) == (True, False)
    frames = list(source)
    assert [frame.name for frame in frames] == ["frame 0", "frame 1", "frame 2"]
    levels = [float(np.mean(frame.image)) for frame in frames]  # type: ignore[arg-type]
    np.testing.assert_allclose(levels, [0, 100, 200], atol=3)


def test_video_counts_time_by_its_rate_however_fast_it_is_read(video: Path) -> None:
    clip = ClipSource("test", lambda _: np.zeros((2, 2, 3), np.uint8), 3, 12.0)
    for source in (open_source(str(video)), clip):
        times = [frame.capture_time for frame in source]
        passed_s = [(time - times[0]).total_seconds() for time in times]
        assert passed_s == pytest.approx([0, 1 / 12, 2 / 12], abs=1e-5)


def test_video_closed_early_is_released(video: Path) -> None:
    source = open_source(str(video))
    frames = iter(source)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match="no frame"):
        list(source)


def test_file_that_is_no_video_raises_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(SourceError, match="MP4") as caught:
        open_source(str(path))
    assert caught.value.reason == "SOURCE_UNREADABLE"


def test_missing_file_raises() -> None:
    with pytest.raises(SourceError, match=r"no file or folder 'nowhere\.jpg'") as caught:
        open_source("nowhere.jpg")
    assert caught.value.reason == "SOURCE_NOT_FOUND"


def test_camera_that_is_not_there_raises_with_a_remedy() -> None:
    with pytest.raises(SourceError, match=r"camera 97 cannot be opened; .*plugged in") as caught:
        open_source("97")
    assert caught.value.reason == "SOURCE_UNREADABLE"


def test_url_of_a_video_file_is_not_live(video: Path) -> None:
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(video.parent))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            source = open_source(f"http://127.0.0.1:{server.server_port}/{video.name}")
            assert len(list(source)) == 3
            assert (source.frame_count, source.is_live) == (3, False)
        finally:
            server.shutdown()


def test_url_that_does_not_answer_raises_with_a_remedy() -> None:
    with pytest.raises(SourceError, match="does the host answer") as caught:
        open_source("rtsp://127.0.0.1:1/none")
    assert caught.value.reason == "SOURCE_UNREADABLE"


def test_images_take_files_and_folders_and_give_each_its_own_name(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(folder.encode())
    source = open_images([str(tmp_path / "one"), str(tmp_path / "two" / "a.jpg")])
    assert [(frame.name, frame.image) for frame in source] == [
        ("a.jpg", b"one"),
        ("a-2.jpg", b"two"),
    ]


def test_images_missing_file_raises_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"b\.jpg"):
        open_images([str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")])


def test_image_removed_meanwhile_raises(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    source = open_source(str(path))
    path.unlink()
    with pytest.raises(SourceError) as caught:
        list(source)
    assert caught.value.reason == "SOURCE_NOT_FOUND"


def test_clip_makes_its_frames_one_by_one() -> None:
    clip = ClipSource("test", lambda number: np.full((2, 2, 3), number, np.uint8), 3, 15.0)
    assert [int(np.max(frame.image)) for frame in clip] == [0, 1, 2]
