"""Models of a server: those it serves, and all of the catalogue as messages."""

from collections.abc import Mapping

from posewire.v1 import model_pb2

from posewire_server.errors import ErrorReason, ModelError
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import CATALOG, find_model
from posewire_server.models.catalog.spec import ModelSpec, WeightsSource
from posewire_server.serving.rpc.server_config import Limits
from posewire_server.skeletons import Skeleton


class Models:
    """Models that requests can name: the catalogue, some of it with a loaded pipeline."""

    def __init__(self, pipelines: Mapping[str, Pipeline], limits: Limits) -> None:
        self.limits = limits
        self._pipelines = pipelines
        specs = [pipeline.spec for pipeline in pipelines.values()]
        self._originals = {spec.paddlehub_name: spec for spec in specs if spec.paddlehub_name}

    def serving(self, name: str) -> Pipeline:
        """Returns the pipeline of a model.

        PaddleHub's name of a model means the original if it is served, otherwise ours.

        Raises:
            ModelError: MODEL_UNKNOWN, MODEL_NOT_SERVING.
        """
        spec = self._find(name)
        pipeline = self._pipelines.get(spec.name)
        if pipeline is None:
            text = f"model '{spec.name}' is not served here; start the server with it"
            raise ModelError(ErrorReason.MODEL_NOT_SERVING, text, model=spec.name)
        return pipeline

    def describe(self, name: str) -> model_pb2.Model:
        """Returns the message of a model, found by the names of ``serving``.

        Raises:
            ModelError: MODEL_UNKNOWN.
        """
        return self._to_model(self._find(name))

    def describe_all(self) -> list[model_pb2.Model]:
        """Returns the messages of all models, sorted by name."""
        return [self._to_model(spec) for spec in sorted(CATALOG, key=lambda spec: spec.name)]

    def _find(self, name: str) -> ModelSpec:
        return self._originals.get(name) or find_model(name)

    def _to_model(self, spec: ModelSpec) -> model_pb2.Model:
        pipeline = self._pipelines.get(spec.name)
        model = model_pb2.Model(
            name=spec.name,
            aliases=spec.aliases,
            state=model_pb2.MODEL_STATE_SERVING if pipeline else model_pb2.MODEL_STATE_AVAILABLE,
            skeleton=to_skeleton(spec.skeleton),
            input_size=model_pb2.InputSize(
                height=spec.input.height, max_width=spec.input.max_width
            ),
            modes=spec.modes,
            limits=model_pb2.Limits(
                max_message_bytes=self.limits.max_message_bytes,
                max_image_pixels=self.limits.max_image_pixels,
                max_streams=self.limits.max_streams,
                max_in_flight=self.limits.max_in_flight,
                max_bytes_in_flight=self.limits.max_bytes_in_flight,
            ),
            provenance=[_to_provenance(network.source) for network in spec.networks],
        )
        if pipeline:
            model.version = pipeline.version
            engine = pipeline.engine
            model.engine.name = engine.engine
            model.engine.precision = engine.precision
            model.engine.threads = engine.threads
        return model


def _to_provenance(source: WeightsSource) -> model_pb2.Provenance:
    return model_pb2.Provenance(source=source.label, sha256=source.sha256, licence=source.licence)


def to_skeleton(skeleton: Skeleton) -> model_pb2.Skeleton:
    """Returns the message of a skeleton."""
    message = model_pb2.Skeleton(name=skeleton.name, keypoint_names=skeleton.keypoints)
    for first, second in skeleton.limbs:
        message.limbs.add(**{"from": first, "to": second})
    for right, left in skeleton.symmetric_pairs:
        message.symmetric_pairs.add(**{"from": right, "to": left})
    return message
