"""Puts the networks of PaddleHub's systems together: their own way, and a better one beside it."""

from collections.abc import Mapping
from typing import Final

from posewire_server.engine.network import Network
from posewire_server.models.spec import ModelSpec
from posewire_server.systems.by_decoder import ByDecoder
from posewire_server.systems.face import FaceFinder
from posewire_server.systems.heatmap import HeatmapSystem
from posewire_server.systems.hub_body import HubBodySystem
from posewire_server.systems.hub_hand import HEAT_MIN, HubHandSystem
from posewire_server.systems.hub_person import HubPersonSystem
from posewire_server.systems.paf import PafSystem
from posewire_server.systems.system import System
from posewire_server.systems.vanface import VanFaceSystem

# The crop's side over the longer side of a box, in training: Simon et al., 2017, and Xiao et al.,
# 2018.
HAND_GROWTH: Final = 2.2
PERSON_GROWTH: Final = 1.25


def build_original(spec: ModelSpec, networks: Mapping[str, Network]) -> System:
    """Returns the system of a model whose weights users bring.

    Args:
        spec: The model.
        networks: All that it names, loaded, by their names.
    """
    main = networks[spec.networks[0].name]
    ours, hub = _build_faces(spec, networks) if spec.system == "hub-face" else _build(spec, main)
    return ByDecoder(dict.fromkeys(spec.decoders, ours) | {"paddlehub": hub})


def _build_faces(spec: ModelSpec, networks: Mapping[str, Network]) -> tuple[System, System]:
    main, short, full = (networks[network.name] for network in spec.networks)
    finder = FaceFinder(short, full)
    ours, hub = (VanFaceSystem(spec, main, finder, is_hub=is_hub) for is_hub in (False, True))
    return ours, hub


def _build(spec: ModelSpec, main: Network) -> tuple[System, System]:
    """Returns our own system and PaddleHub's."""
    match spec.system:
        case "hub-body":
            return PafSystem(spec, main), HubBodySystem(spec, main)
        case "hub-hand":
            hand = HeatmapSystem(spec, main, "dark", growth=HAND_GROWTH, heat_min=HEAT_MIN)
            return hand, HubHandSystem(spec, main)
        case "hub-person":
            person = HeatmapSystem(spec, main, "quarter", growth=PERSON_GROWTH, heat_min=0.0)
            return person, HubPersonSystem(spec, main)
        case _:
            raise ValueError(f"model {spec.name!r} wants the system {spec.system!r}")
