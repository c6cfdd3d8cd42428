"""Downloads of PaddleHub's modules by PaddleHub itself, in an environment that is thrown away.

PaddleHub needs packages of its time. Nothing of a module is run but what its installation runs.
"""

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.package_manager import Progress

SERVER: Final = "http://paddlepaddle.org.cn/paddlehub"
REQUIREMENTS: Final = Path(__file__).with_name("paddlehub_requirements.txt")
PIP_TIMEOUT_S: Final = 1800.0
INSTALL_TIMEOUT_S: Final = 900.0
_CONNECT_TIMEOUT_S: Final = 10.0
_REFUSALS: Final = (403, 407, 502, 503, 504)
_INSTALL: Final = (
    "import os, sys; os.environ['HUB_HOME'] = sys.argv[2]; "
    "from paddlehub.module.manager import LocalModuleManager; "
    "LocalModuleManager().install(name=sys.argv[1])"
)


def install(
    module: str,
    workspace: Path,
    progress: Progress,
    server: str = SERVER,
    interpreter: str = sys.executable,
) -> Path:
    """Fetches a module of PaddleHub and returns its folder.

    The workspace is for the environment, of 2 GB, which the interpreter makes, and the module.

    Raises:
        WeightsError: WEIGHTS_UNAVAILABLE if the server cannot be reached, the environment cannot be
            made, or PaddleHub does not get the module.
    """
    _check_server(module, server)
    environment = workspace / "paddlehub"
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    steps = (
        ([interpreter, "-m", "venv", str(environment)], PIP_TIMEOUT_S),
        ([str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], PIP_TIMEOUT_S),
        ([str(python), "-c", _INSTALL, module, str(workspace / "home")], INSTALL_TIMEOUT_S),
    )
    for done, (command, timeout_s) in enumerate(steps):
        progress("install", done, len(steps))
        _run(command, timeout_s, module)
    progress("install", len(steps), len(steps))
    folder = workspace / "home" / "modules" / module
    if not folder.is_dir():
        raise _unavailable(module, "PaddleHub installed nothing")
    return folder


def _check_server(module: str, server: str) -> None:
    """Asks before 2 GB are installed for nothing; any answer of the server itself will do."""
    try:
        with urllib.request.urlopen(server, timeout=_CONNECT_TIMEOUT_S):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        if error.code not in _REFUSALS:
            return
        reason = f"{error.code} {error.reason}"
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "reason", error))
    raise _unavailable(module, f"PaddleHub's server {server} cannot be reached ({reason})")


def _run(command: list[str], timeout_s: float, module: str) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise _unavailable(module, f"its environment could not be made: {error}") from error
    if done.returncode:
        said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise _unavailable(module, " ".join(said[-1:]))


def _unavailable(module: str, why: str) -> WeightsError:
    text = (
        f"the original of {module} could not be fetched: {why}. Take the module's folder from a "
        f"machine that has it (~/.paddlehub/modules/{module}) and run `posewire-server models "
        f"import {module} FOLDER`; or leave it: posewire's own models need no original"
    )
    return WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text, module=module)
