"""The 68 points of iBUG on the face mesh."""

import numpy as np
from posewire_server.inference.decode.face_mapping import _MATRIX, ibug68
from posewire_server.skeletons import FACEMESH468, IBUG68


def test_ibug68_points_are_interpolated_on_the_mesh() -> None:
    assert _MATRIX.shape == (68, 468)
    assert _MATRIX.min() == 0
    assert (np.count_nonzero(_MATRIX, axis=1) <= 3).all()
    np.testing.assert_allclose(_MATRIX.sum(1), 1, atol=1e-6)


def test_ibug68_of_a_mirrored_mesh_is_the_mirrored_face() -> None:
    mirrored = np.arange(468)
    for right, left in FACEMESH468.symmetric_pairs:
        mirrored[[right, left]] = left, right
    points = np.arange(68)
    for right, left in IBUG68.symmetric_pairs:
        points[[right, left]] = left, right
    np.testing.assert_array_equal(_MATRIX[points][:, mirrored], _MATRIX)


def test_ibug68_moves_and_scales_with_the_mesh() -> None:
    mesh = np.random.default_rng(1).normal(size=(3, 468, 2)).astype(np.float32)
    np.testing.assert_allclose(ibug68(mesh * 2 + 5), ibug68(mesh) * 2 + 5, atol=1e-5)


def test_facemesh468_names_every_vertex_once() -> None:
    assert len(set(FACEMESH468.keypoints)) == 468
    paired = [vertex for pair in FACEMESH468.symmetric_pairs for vertex in pair]
    assert len(paired) == len(set(paired)) == 440
    assert all(0 <= vertex < 468 for limb in FACEMESH468.limbs for vertex in limb)


def test_facemesh468_limbs_are_symmetric() -> None:
    other = {a: b for pair in FACEMESH468.symmetric_pairs for a, b in (pair, pair[::-1])}
    limbs = {frozenset(limb) for limb in FACEMESH468.limbs}
    assert {frozenset(other.get(vertex, vertex) for vertex in limb) for limb in limbs} == limbs
