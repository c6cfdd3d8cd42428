"""``python -m posewire_server``."""

import sys

from posewire_server.cli import main

sys.exit(main())
