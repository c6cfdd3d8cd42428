"""Settings of the engine, as plain data."""

from dataclasses import dataclass
from typing import Literal

Engine = Literal["auto", "openvino", "onednn", "plain", "gpu"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class EngineConfig:
    """Settings of the engine that runs networks.

    Attributes:
        engine: ``auto``: the fastest that passed its self-check.
        threads: CPU threads of one run; 0: one for each core.
        max_batch: Most inputs to join into one run, if ``Networks.calibrate`` finds that it pays.
        batch_wait_s: Longest time that an input waits for others to join it.
    """

    engine: Engine = "auto"
    precision: Precision = "fp32"
    threads: int = 0
    max_batch: int = 8
    batch_wait_s: float = 0.004
