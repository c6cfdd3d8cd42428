"""What frames cost a server in processor time."""

from collections.abc import Sequence

import psutil
from posewire import Client, Result, Source
from posewire_server.serving.server_process import ServerProcess


def processor_ms(
    server: ServerProcess,
    client: Client,
    sources: Sequence[Source],
    *,
    max_in_flight: int = 1,
    shared_memory: bool = False,
) -> float:
    """Returns the milliseconds of processor time that a server takes for each of some frames."""
    process = psutil.Process(server.process.pid)
    before = process.cpu_times()
    for outcome in client.detect(sources, max_in_flight=max_in_flight, shared_memory=shared_memory):
        assert isinstance(outcome, Result), outcome
    after = process.cpu_times()
    spent_s = after.user + after.system - before.user - before.system
    return 1e3 * spent_s / len(sources)
