"""Puts the networks of PaddleHub's systems together: their own way, and a better one beside it."""

from collections.abc import Mapping
from typing import Final

from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.by_mode import ByMode
from posewire_server.inference.estimators.face import FaceFinder
from posewire_server.inference.estimators.originals.heatmap_network import HeatmapEstimator
from posewire_server.inference.estimators.originals.paddlehub_body import PaddleHubBody
from posewire_server.inference.estimators.originals.paddlehub_hand import HEAT_MIN, PaddleHubHand
from posewire_server.inference.estimators.originals.paddlehub_person import PaddleHubPerson
from posewire_server.inference.estimators.originals.vanface import VanFaceEstimator
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.estimators.pose_estimator import PoseEstimator
from posewire_server.models.catalog.spec import ModelSpec

# The crop's side over the longer side of a box, in training: Simon et al., 2017, and Xiao et al.,
# 2018.
HAND_GROWTH: Final = 2.2
PERSON_GROWTH: Final = 1.25


def build_original(spec: ModelSpec, networks: Mapping[str, Network]) -> PoseEstimator:
    """Returns the system of a model whose weights users bring.

    Args:
        spec: The model.
        networks: All that it names, loaded, by their names.
    """
    main = networks[spec.networks[0].name]
    ours, hub = _build_faces(spec, networks) if spec.system == "hub-face" else _build(spec, main)
    return ByMode(dict.fromkeys(spec.modes, ours) | {"paddlehub": hub})


def _build_faces(
    spec: ModelSpec, networks: Mapping[str, Network]
) -> tuple[PoseEstimator, PoseEstimator]:
    main, short, full = (networks[network.name] for network in spec.networks)
    finder = FaceFinder(short, full)
    ours, hub = (VanFaceEstimator(spec, main, finder, is_hub=is_hub) for is_hub in (False, True))
    return ours, hub


def _build(spec: ModelSpec, main: Network) -> tuple[PoseEstimator, PoseEstimator]:
    """Returns our own system and PaddleHub's."""
    match spec.system:
        case "hub-body":
            return PafEstimator(spec, main), PaddleHubBody(spec, main)
        case "hub-hand":
            hand = HeatmapEstimator(spec, main, "dark", growth=HAND_GROWTH, heat_min=HEAT_MIN)
            return hand, PaddleHubHand(spec, main)
        case "hub-person":
            person = HeatmapEstimator(spec, main, "quarter", growth=PERSON_GROWTH, heat_min=0.0)
            return person, PaddleHubPerson(spec, main)
        case _:
            raise ValueError(f"model {spec.name!r} wants the system {spec.system!r}")
