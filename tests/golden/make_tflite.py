"""Makes the golden files of MediaPipe's networks: what they answer in LiteRT's reference kernels.

The reference kernels share nothing with the engines that are checked. They are not a dependency of
the project; in an environment of its own:

    pip install ai-edge-litert==2.3.0 numpy
    PYTHONPATH=server:. python -m tests.golden.make_tflite WHEEL FOLDER

WHEEL is that of MediaPipe 0.10.21, whichever platform it is for; FOLDER is models/golden.
"""

import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.spec import InputSpec, NetworkSpec

from tests.golden.drawing import draw_face, draw_hand
from tests.golden.make_body import SEED, draw_figure

RUNTIME = "ai-edge-litert 2.3.0, reference kernels"
# Of the mantissa's 23; the outputs are right to 6e-5 of their value, in half the bytes.
MANTISSA_BITS = 13

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def draw_person(side: int, seed: int) -> Image:
    """Returns (H, W, 3) uint8 RGB: a figure, and coarse noise in a strip beside it."""
    image = np.ascontiguousarray(draw_figure(side, side)[:, :, ::-1])
    noise = np.random.default_rng(seed).integers(0, 256, (side // 16, 2, 3), np.uint8)
    image[: side // 16 * 16, :32] = noise.repeat(16, axis=0).repeat(16, axis=1)
    return image


DRAWINGS: dict[str, Callable[[int, int], Image]] = {
    "palm": draw_hand,
    "hand": draw_hand,
    "face-short": draw_face,
    "face-full": draw_face,
    "face-mesh": draw_face,
    "pose-detection": draw_person,
    "blazepose": draw_person,
}


def make_images(spec: NetworkSpec) -> list[Image]:
    """Returns a picture of what the network looks for and, where its answer is short, another."""
    draw, side = DRAWINGS[spec.name], spec.input.height
    is_detector = len(spec.outputs[0].shape) > 1
    return [draw(side, SEED + index) for index in range(1 if is_detector else 2)]


def to_input(image: Image, spec: InputSpec) -> Floats:
    """Returns (1, H, W, 3) float32, as the network takes it."""
    values = (image - np.array(spec.mean, np.float32)) * np.array(spec.scale, np.float32)
    return values[None].astype(np.float32)


def run_litert(content: bytes, spec: NetworkSpec, image: Image) -> list[Floats]:
    """Returns the network's outputs for an image, in the order and shapes of the spec."""
    litert: Any = import_module("ai_edge_litert.interpreter")
    kind = litert.OpResolverType.BUILTIN_REF
    interpreter = litert.Interpreter(model_content=content, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    interpreter.set_tensor(entry["index"], to_input(image, spec.input))
    interpreter.invoke()
    found = {
        each["name"]: interpreter.get_tensor(each["index"])
        for each in interpreter.get_output_details()
    }
    return [found[output.name].reshape(1, *output.shape) for output in spec.outputs]


def shorten(values: Floats) -> Floats:
    """Returns the values rounded to fewer bits, which compress better."""
    spare = 23 - MANTISSA_BITS
    bits = values.view(np.uint32) + np.uint32(1 << (spare - 1))
    return (bits >> np.uint32(spare) << np.uint32(spare)).view(np.float32)


def main(wheel: Path, folder: Path) -> None:
    """Writes the golden files."""
    with zipfile.ZipFile(wheel) as archive:
        for spec in MEDIAPIPE_NETWORKS:
            content = archive.read(spec.source.members[0])
            arrays: dict[str, Any] = {"runtime": np.array(RUNTIME)}
            for index, image in enumerate(make_images(spec)):
                arrays[f"image_{index}"] = image
                for number, output in enumerate(run_litert(content, spec, image)):
                    arrays[f"output_{index}_{number}"] = shorten(output)
            np.savez_compressed(folder / spec.golden, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
