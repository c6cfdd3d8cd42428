from dataclasses import replace

import pytest
from posewire_server.errors import ModelError
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.catalog.spec import UserSource
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.server_config import Limits

from tests.serving.gated_predictor import GatedPredictor

PADDLEHUB_NAME = "openpose_body_estimation"
ORIGINAL = replace(
    BODY,
    name="body-original",
    aliases=(),
    networks=(replace(TFPOSE, source=UserSource("somebody's files", "MIT", PADDLEHUB_NAME)),),
)


def served(*, original: bool) -> Models:
    pipelines = {"body": GatedPredictor().pipeline()}
    if original:
        estimator = pipelines["body"]._estimator
        engine = EngineConfig("plain", "fp32", 1)
        pipelines[ORIGINAL.name] = Pipeline(ORIGINAL, "v1", estimator, engine)
    return Models(pipelines, Limits())


@pytest.mark.parametrize(("original", "name"), [(False, "body"), (True, "body-original")])
def test_serving_paddlehubs_name_means_the_original_where_it_is_served(
    original: bool, name: str
) -> None:
    models = served(original=original)
    assert models.serving(PADDLEHUB_NAME).spec.name == name
    assert models.describe(PADDLEHUB_NAME).name == name


def test_serving_own_name_means_that_model() -> None:
    assert served(original=True).serving("body").spec.name == "body"


def test_serving_unknown_name_raises() -> None:
    with pytest.raises(ModelError) as caught:
        served(original=False).serving("nobody")
    assert caught.value.reason == "MODEL_UNKNOWN"
