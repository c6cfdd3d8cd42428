"""The example of proto/README.md, as it stands there, against a real server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import JPEG

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "proto" / "README.md").read_text()
(COMMAND,) = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
(ANSWER,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(shutil.which("buf") is None, reason="buf is not installed")
@pytest.mark.parametrize("schema", ["--schema proto ", ""], ids=["files", "reflection"])
def test_example_of_the_page_answers_as_the_page_says(tmp_path: Path, schema: str) -> None:
    (tmp_path / "person.jpg").write_bytes(JPEG)
    (tmp_path / "proto").symlink_to(ROOT / "proto")
    with HostedServer() as hosted:
        command = COMMAND.replace("127.0.0.1:50051", hosted.address)
        assert "--schema proto " in command
        command = command.replace("--schema proto ", schema)
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    answers, rest = [], done.stdout.lstrip()
    while rest:
        answer, end = json.JSONDecoder().raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    started, result, error = answers
    assert started["started"]["config"]["maxInFlight"] == 2
    assert (result["result"]["sequenceId"], result["result"]["imageWidth"]) == ("1", 96)
    assert error["frameError"] == json.loads(ANSWER)["frameError"]
