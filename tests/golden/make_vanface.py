"""Makes ``vanface.npz``: what OpenCV's own reader of Caffe answers for VanFace and seeded faces.

pip install 'opencv-python-headless<5'    # 5 reads no Caffe
python tests/golden/make_vanface.py FOLDER_OF_VANFACE
"""

import sys
from pathlib import Path

import cv2
import numpy as np


def make(folder: Path) -> None:
    network = cv2.dnn.readNetFromCaffe(
        str(folder / "landmark_deploy.prototxt"), str(folder / "VanFace.caffemodel")
    )
    inputs = np.random.default_rng(0).standard_normal((3, 1, 60, 60), np.float32)
    outputs = []
    for each in inputs:
        network.setInput(each[None])
        outputs.append(network.forward().reshape(136, 1, 1).copy())
    path = Path(__file__).with_name("vanface.npz")
    header = f"seed 0, standard normal; OpenCV {cv2.__version__}; see make_vanface.py"
    np.savez_compressed(path, input=inputs, output_0=np.array(outputs), header=np.array(header))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
