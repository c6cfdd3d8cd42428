"""PaddleHub's own installation: where its server is out of reach, a clear error and no work."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights import paddlehub
from posewire_server.models.weights.package_manager import silent


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A server that answers everybody with a status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/paddlehub"
        server.shutdown()


def refused(server: str, folder: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        paddlehub.install("hand_pose_localization", folder, silent, server)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"
    assert list(folder.iterdir()) == []  # No environment was made for nothing.
    return str(caught.value)


def test_install_unreachable_server_names_it_and_the_remedy(tmp_path: Path) -> None:
    said = refused("http://paddlehub.invalid/paddlehub", tmp_path)
    assert "http://paddlehub.invalid/paddlehub cannot be reached" in said
    assert "models import hand_pose_localization FOLDER" in said


def test_install_refusing_server_says_how(tmp_path: Path) -> None:
    with answering(403) as server:  # As a company's proxy does.
        assert "403" in refused(server, tmp_path)


def test_install_failing_step_tells_its_last_line(tmp_path: Path) -> None:
    with (
        answering(404) as server,
        pytest.raises(WeightsError, match="could not be fetched") as caught,
    ):
        paddlehub.install("hand_pose_localization", tmp_path, silent, server, "/bin/false")
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"


def test_requirements_pin_paddlehub() -> None:
    assert "paddlehub==" in paddlehub.REQUIREMENTS.read_text()
