"""A front of two portrait workers that have all the time to drain."""

import sys

from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.serving.serve import serve_front

GRACE_S = 60.0
WORKER = (sys.executable, "-m", "tests.serving.portrait_worker")

if __name__ == "__main__":
    config = ServerConfig("127.0.0.1:0", workers=2, grace_s=GRACE_S)
    sys.exit(serve_front(config, lambda address: (*WORKER, address, str(GRACE_S))))
