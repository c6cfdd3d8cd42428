"""PaddleHub's own modules beside this project, live: the same weights, outputs and keypoints.

    git clone https://github.com/PaddlePaddle/PaddleHub
    export POSEWIRE_PADDLEHUB_MODULES=PaddleHub/modules/image/keypoint_detection
    pytest tests/parity/test_paddlehub_live.py

PaddleHub is installed into an environment of its own (2 GB), which POSEWIRE_PADDLEHUB_ENVIRONMENT
may name to keep it for the next time. With POSEWIRE_PADDLEHUB_GOLDEN=tests/golden the answers
replace the golden files.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from posewire_server.models.weights.collect_files import collect_files
from posewire_server.models.weights.paddlehub import REQUIREMENTS

from tests.parity.hub_parity import answer, check, import_original

ROOT = Path(__file__).resolve().parents[2]
MODULES = os.environ.get("POSEWIRE_PADDLEHUB_MODULES", "")
# The hands' module draws, which takes an older matplotlib.
MORE = ("scikit-image", "matplotlib<3.10")
# The files that a module's weights are in, which this project imports in two ways where it can.
FILES = {
    "body": ("openpose_body_estimation/openpose_body.pdparams",),
    "hand": (
        "hand_pose_localization/hand_pose_localization",
        "openpose_hands_estimation/openpose_hand.pdparams",
    ),
    "person": (
        "human_pose_estimation_resnet50_mpii/pose-resnet50-mpii-384x384",
        "human_pose_estimation_resnet50_mpii/pose_resnet.pdparams",
    ),
    "face": ("face_landmark_localization/face_landmark_localization",),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not MODULES, reason="POSEWIRE_PADDLEHUB_MODULES names no folder"),
]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has PaddleHub."""
    named = os.environ.get("POSEWIRE_PADDLEHUB_ENVIRONMENT", "")
    folder = Path(named) if named else tmp_path_factory.mktemp("paddlehub")
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pinned = ["-r", str(REQUIREMENTS)]
        subprocess.run([interpreter, "-m", "pip", "install", "-q", *pinned, *MORE], check=True)
    return interpreter


@pytest.mark.parametrize("system", FILES)
def test_system_answers_as_the_live_module(system: str, python: Path, tmp_path: Path) -> None:
    output = tmp_path / f"paddlehub_{system}.npz"
    environment = {
        **os.environ,
        "HUB_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [python, "-m", "tests.parity.hub_modules", MODULES, system, output]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=1800)
    for index, name in enumerate(FILES[system]):
        files = tmp_path / f"files-{index}"
        files.mkdir()
        collect_files([output.with_suffix("") / name], files)
        stored = import_original(system, files, tmp_path / f"network-{index}")
        with np.load(output) as golden:
            check(system, answer(system, stored), golden)
    keep = os.environ.get("POSEWIRE_PADDLEHUB_GOLDEN", "")
    if keep:
        shutil.copyfile(output, Path(keep) / output.name)
