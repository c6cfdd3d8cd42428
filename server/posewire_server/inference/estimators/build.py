"""Puts a model's networks together to its system."""

from collections.abc import Mapping

from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.blazepose import build_blaze
from posewire_server.inference.estimators.face import FaceMeshHead, build_faces
from posewire_server.inference.estimators.hand import HandHead, build_hands
from posewire_server.inference.estimators.originals.build_original import build_original
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.estimators.person import build_persons
from posewire_server.inference.estimators.pose_estimator import PoseEstimator
from posewire_server.inference.estimators.whole_body import WholeBodyEstimator
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.mediapipe_networks import POSE_DETECTION
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.skeletons import IBUG68


def build_estimator(spec: ModelSpec, networks: Mapping[str, Network]) -> PoseEstimator:
    """Returns the system of a model.

    Args:
        spec: The model.
        networks: All that it names, loaded, by their names.
    """
    main = networks[spec.networks[0].name]
    match spec.system:
        case "paf":
            return PafEstimator(spec, main)
        case "hub-body" | "hub-hand" | "hub-face" | "hub-person":
            return build_original(spec, networks)
        case "person":
            return build_persons(spec, main, _bodies(networks))
        case "hand":
            return build_hands(networks["palm"], networks["hand"])
        case "face":
            detectors = networks["face-short"], networks["face-full"]
            return build_faces(*detectors, networks["face-mesh"], is_68=spec.skeleton is IBUG68)
        case "blaze":
            return build_blaze(networks[POSE_DETECTION.name], main)
        case "wholebody":
            hands = HandHead(networks["hand"])
            faces = FaceMeshHead(networks["face-mesh"], is_68=True)
            return WholeBodyEstimator(PafEstimator(BODY, main), hands, faces)
        case _:
            raise ValueError(f"model {spec.name!r} wants the system {spec.system!r}")


def _bodies(networks: Mapping[str, Network]) -> PoseEstimator | None:
    """Returns the body model's system where its network is there."""
    body = networks.get(BODY.networks[0].name)
    return PafEstimator(BODY, body) if body else None
