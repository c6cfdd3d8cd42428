"""Families of models: a new one is one entry here, and the file of its estimator."""

from collections.abc import Callable, Mapping
from typing import Final

from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.blazepose import build_blazepose
from posewire_server.inference.estimators.face import FaceMeshHead, build_faces
from posewire_server.inference.estimators.hand import HandHead, build_hands
from posewire_server.inference.estimators.originals.paddlehub_estimators import (
    build_original_body,
    build_original_hand,
    build_original_person,
)
from posewire_server.inference.estimators.originals.vanface import build_original_face
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.estimators.person import build_persons
from posewire_server.inference.estimators.pose_estimator import PoseEstimator
from posewire_server.inference.estimators.whole_body import WholeBodyEstimator
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.spec import ModelSpec


def build_estimator(spec: ModelSpec, networks: Mapping[str, Network]) -> PoseEstimator:
    """Returns the estimator of a model; the networks are by their names."""
    return FAMILIES[spec.family](spec, *(networks[network.name] for network in spec.networks))


def _build_persons(spec: ModelSpec, network: Network, body: Network | None = None) -> PoseEstimator:
    return build_persons(spec, network, PafEstimator(BODY, body) if body else None)


def _build_whole_body(
    _spec: ModelSpec, body: Network, hand: Network, face_mesh: Network
) -> PoseEstimator:
    heads = HandHead(hand), FaceMeshHead(face_mesh, is_68=True)
    return WholeBodyEstimator(PafEstimator(BODY, body), *heads)


FAMILIES: Final[dict[str, Callable[..., PoseEstimator]]] = {
    "part-affinity": PafEstimator,
    "person": _build_persons,
    "blazepose": build_blazepose,
    "whole-body": _build_whole_body,
    "hand": build_hands,
    "face": build_faces,
    "original-body": build_original_body,
    "original-hand": build_original_hand,
    "original-face": build_original_face,
    "original-person": build_original_person,
}
"""Builders by ``ModelSpec.family``; they take the spec and its networks in the spec's order."""
