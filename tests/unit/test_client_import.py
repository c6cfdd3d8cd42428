import subprocess
import sys

import posewire


def test_import_is_light() -> None:
    code = "import sys, posewire; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    assert {"posewire", "grpc", "numpy"} <= loaded
    assert loaded.isdisjoint({"cv2", "paddle", "posewire_server", "scipy", "tqdm"})


def test_all_names_exist_and_are_sorted() -> None:
    assert all(hasattr(posewire, name) for name in posewire.__all__)
    assert len(set(posewire.__all__)) == len(posewire.__all__)
