"""Two processes at one cache, and one that dies at work."""

import subprocess
import sys
from pathlib import Path

from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.network_store import NetworkStore

PULL = """
import sys
from pathlib import Path
from posewire_server.models.weights.network_store import NetworkStore
from tests.quick_store import pass_plain
from tests.tiny_model import tiny_spec
stages = []
model = NetworkStore(Path(sys.argv[1]), pass_plain).pull(
    tiny_spec(Path(sys.argv[2])), lambda stage, done, total: stages.append(stage)
)
print(model.folder.name, *dict.fromkeys(stages))
"""

DIE_AT_WORK = """
import os, signal, sys
from pathlib import Path
from posewire_server.models.weights.network_store import NetworkStore
from tests.quick_store import pass_plain
from tests.tiny_model import tiny_spec
die = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
NetworkStore(Path(sys.argv[1]), pass_plain, die).pull(tiny_spec(Path(sys.argv[2])))
"""


def start(script: str, cache: NetworkStore, wheels: Path) -> subprocess.Popen[str]:
    wheel = wheels / "tinypose-1.0-py3-none-any.whl"
    command = [sys.executable, "-c", script, str(cache.root), str(wheel)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def test_pull_by_two_processes_at_once_imports_once(
    pip_cache: NetworkStore, spec: NetworkSpec, wheels: Path
) -> None:
    processes = [start(PULL, pip_cache, wheels) for _ in range(2)]
    replies = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert {reply[0] for reply in replies} == {pip_cache.folder(spec).name}
    assert sum("import" in reply for reply in replies) == 1
    assert pip_cache.find(spec) is not None


def test_pull_after_the_holder_of_the_lock_died_succeeds(
    pip_cache: NetworkStore, spec: NetworkSpec, wheels: Path
) -> None:
    process = start(DIE_AT_WORK, pip_cache, wheels)
    process.communicate()
    assert process.returncode == -9
    assert [path for path in pip_cache.root.iterdir() if path.is_dir()]  # What it left behind.
    model = pip_cache.pull(spec)
    assert [path for path in pip_cache.root.iterdir() if path.is_dir()] == [model.folder]
