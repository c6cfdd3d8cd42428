"""Puts a model's networks together to its system."""

from collections.abc import Mapping

from posewire_server.engine.network import Network
from posewire_server.models.catalog import BODY
from posewire_server.models.mediapipe_networks import POSE_DETECTION
from posewire_server.models.spec import ModelSpec
from posewire_server.skeletons import IBUG68
from posewire_server.systems.blaze import build_blaze
from posewire_server.systems.face import FaceReader, build_faces
from posewire_server.systems.hand import HandReader, build_hands
from posewire_server.systems.originals import build_original
from posewire_server.systems.paf import PafSystem
from posewire_server.systems.person import build_persons
from posewire_server.systems.system import System
from posewire_server.systems.wholebody import WholeBodySystem


def build_system(spec: ModelSpec, networks: Mapping[str, Network]) -> System:
    """Returns the system of a model.

    Args:
        spec: The model.
        networks: All that it names, loaded, by their names.
    """
    main = networks[spec.networks[0].name]
    match spec.system:
        case "paf":
            return PafSystem(spec, main)
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
            hands = HandReader(networks["hand"])
            faces = FaceReader(networks["face-mesh"], is_68=True)
            return WholeBodySystem(PafSystem(BODY, main), hands, faces)
        case _:
            raise ValueError(f"model {spec.name!r} wants the system {spec.system!r}")


def _bodies(networks: Mapping[str, Network]) -> System | None:
    """Returns the body model's system where its network is there."""
    body = networks.get(BODY.networks[0].name)
    return PafSystem(BODY, body) if body else None
