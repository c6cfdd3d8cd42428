"""MediaPipe's face mesh of 468 vertices to the 68 points of iBUG.

Each of the 68 is a point on the mesh's surface: a vertex, or the weighted mean of the two or three
corners of one of its edges or triangles. Weights are at least 0 and add up to 1, therefore a point
never leaves its triangle. Weights of the left side are those of the right side, mirrored. They were
fitted to labelled faces that are turned by up to 45 degrees, regularised towards the customary
choice of one vertex for each point. The fit mostly corrects the jaw and the brows, which annotators
place differently from the mesh. With faces left out one at a time, the error fell from 0.065 to
0.053 of the distance between the outer corners of the eyes for labels in the picture's plane (300W,
300VW, LFPW, menpo), and from 0.085 to 0.074 for all faces.
"""

import numpy as np
import numpy.typing as npt

_VERTICES = 468

# For each point of ibug68: (vertex, weight).
_SURFACE_POINTS: tuple[tuple[tuple[int, float], ...], ...] = (
    # Jaw, from the right ear over the chin to the left one.
    ((127, 0.95), (162, 0.05)),
    ((93, 0.4), (234, 0.6)),
    ((132, 0.58), (93, 0.42)),
    ((132, 0.18), (58, 0.82)),
    ((58, 0.07), (172, 0.93)),
    ((136, 0.81), (150, 0.19)),
    ((150, 0.26), (149, 0.74)),
    ((148, 0.49), (176, 0.51)),
    ((152, 1),),
    ((377, 0.49), (400, 0.51)),
    ((379, 0.26), (378, 0.74)),
    ((365, 0.81), (379, 0.19)),
    ((288, 0.07), (397, 0.93)),
    ((361, 0.18), (288, 0.82)),
    ((361, 0.58), (323, 0.42)),
    ((323, 0.4), (454, 0.6)),
    ((356, 0.95), (389, 0.05)),
    # Right brow, outwards in.
    ((70, 0.48), (71, 0.31), (156, 0.21)),
    ((63, 0.56), (53, 0.29), (105, 0.15)),
    ((105, 0.38), (52, 0.35), (66, 0.27)),
    ((66, 0.35), (65, 0.47), (107, 0.18)),
    ((55, 0.46), (107, 0.46), (65, 0.08)),
    # Left brow, inwards out.
    ((285, 0.46), (336, 0.46), (295, 0.08)),
    ((296, 0.35), (295, 0.47), (336, 0.18)),
    ((334, 0.38), (282, 0.35), (296, 0.27)),
    ((293, 0.56), (283, 0.29), (334, 0.15)),
    ((300, 0.48), (301, 0.31), (383, 0.21)),
    # Nose, the bridge downwards.
    ((6, 0.37), (168, 0.63)),
    ((195, 0.03), (197, 0.97)),
    ((5, 0.83), (195, 0.17)),
    ((1, 0.23), (4, 0.77)),
    # Nose, its base from right to left.
    ((240, 0.69), (99, 0.16), (75, 0.15)),
    ((99, 0.42), (97, 0.58)),
    ((2, 0.9), (164, 0.1)),
    ((328, 0.42), (326, 0.58)),
    ((460, 0.69), (328, 0.16), (305, 0.15)),
    # Right eye.
    ((7, 0.71), (33, 0.15), (25, 0.14)),
    ((159, 0.2), (160, 0.66), (145, 0.14)),
    ((158, 0.84), (154, 0.16)),
    ((155, 0.75), (133, 0.25)),
    ((22, 0.08), (153, 0.81), (23, 0.11)),
    ((24, 0.19), (23, 0.06), (144, 0.75)),
    # Left eye.
    ((382, 0.75), (362, 0.25)),
    ((385, 0.84), (381, 0.16)),
    ((386, 0.2), (387, 0.66), (374, 0.14)),
    ((249, 0.71), (263, 0.15), (255, 0.14)),
    ((254, 0.19), (253, 0.06), (373, 0.75)),
    ((252, 0.08), (380, 0.81), (253, 0.11)),
    # Outer lip.
    ((61, 0.9), (185, 0.05), (57, 0.05)),
    ((39, 0.71), (40, 0.21), (73, 0.08)),
    ((0, 0.07), (164, 0.08), (37, 0.85)),
    ((0, 1),),
    ((0, 0.07), (164, 0.08), (267, 0.85)),
    ((269, 0.71), (270, 0.21), (303, 0.08)),
    ((291, 0.9), (409, 0.05), (287, 0.05)),
    ((405, 0.51), (404, 0.12), (321, 0.37)),
    ((314, 0.8), (315, 0.13), (405, 0.07)),
    ((16, 0.18), (17, 0.82)),
    ((84, 0.8), (85, 0.13), (181, 0.07)),
    ((181, 0.51), (180, 0.12), (91, 0.37)),
    # Inner lip.
    ((78, 0.58), (191, 0.14), (62, 0.28)),
    ((38, 0.31), (41, 0.15), (82, 0.54)),
    ((12, 0.29), (13, 0.71)),
    ((268, 0.31), (271, 0.15), (312, 0.54)),
    ((308, 0.58), (415, 0.14), (292, 0.28)),
    ((317, 0.67), (312, 0.18), (402, 0.15)),
    ((13, 0.17), (14, 0.83)),
    ((87, 0.67), (82, 0.18), (178, 0.15)),
)


def _matrix() -> npt.NDArray[np.float32]:
    matrix = np.zeros((len(_SURFACE_POINTS), _VERTICES), np.float32)
    for row, corners in zip(matrix, _SURFACE_POINTS, strict=True):
        for vertex, weight in corners:
            row[vertex] = weight
    return matrix


_MATRIX = _matrix()


def ibug68(mesh: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns the 68 points of faces.

    Args:
        mesh: (..., 468, C) coordinates of the vertices, in any frame.

    Returns:
        (..., 68, C) in the same frame.
    """
    return np.asarray(_MATRIX @ mesh)
