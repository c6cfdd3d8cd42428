from posewire import ModelState
from posewire.model import read_model
from posewire.v1 import model_pb2


def test_model_of_a_newer_server_has_a_state_without_a_name() -> None:
    message = model_pb2.Model(name="body")
    message.state = 99  # type: ignore[assignment]
    assert read_model(message).state is ModelState.UNSPECIFIED
