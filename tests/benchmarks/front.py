"""A front whose workers have a network that does nothing: what is left is what the front costs."""

import sys

from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.serving.serve import serve_front

_WORKER = (sys.executable, "-m", "posewire_server.tools.benchmarks.noop")


def _serve(workers: str, metrics_address: str = "") -> int:
    config = ServerConfig("127.0.0.1:0", workers=int(workers), metrics_address=metrics_address)
    return serve_front(config, lambda address: (*_WORKER, address))


if __name__ == "__main__":
    sys.exit(_serve(*sys.argv[1:]))
