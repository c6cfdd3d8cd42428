"""Following a source to its end: every answer to everyone who wants it."""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing

from posewire_server.tools.media.answer import Answer
from posewire_server.tools.media.detector import Detector
from posewire_server.tools.media.source import Source

Consumer = Callable[[Answer], object]


def follow(detector: Detector, source: Source, consumers: Iterable[Consumer]) -> float:
    """Hands each answer to every consumer, until the source ends; returns the seconds it took.

    Raises:
        KeyboardInterrupt: Ctrl-C, but for a video: what was seen of it by then is what was wanted.
    """
    consumers = list(consumers)
    begin_s = time.perf_counter()
    with closing(detector.detect(source)) as answers:
        try:
            for answer in answers:
                for consume in consumers:
                    consume(answer)
        except KeyboardInterrupt:
            if not source.is_video:
                raise
            print("\nstopped", file=sys.stderr)
    return time.perf_counter() - begin_s
